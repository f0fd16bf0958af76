"""`fireline investigate`: what may be behind it, where to look, and who is behind the 429s of an access log."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from cyclopts import App, Parameter

from fireline.cli.incident_deed import Number
from fireline.cli.server import Json, Token, Url, server
from fireline.cli.speak import as_json, clock, say, table
from fireline.core.refusal import Refused

app = App(name="investigate", help="What may be behind an incident, and where to look.")


@app.command
def causes(number: Number, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Show what may be behind it, ranked, with reasons. "Not sure" is an answer."""
    found = server(url, token).get(f"/incidents/{number}/causes")
    if json:
        return as_json(found)
    say(found["says"])
    rows = [
        (clock(one["at"]), one["title"], f"{one['score']:.2f}", " ".join(one["reasons"])) for one in found["suspects"]
    ]
    table("", ("time (UTC)", "suspect", "weight", "because"), rows)
    for sentence in found["unknown"]:
        say(f"Unknown: {sentence}")
    return None


@app.command
def signals(number: Number, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Show what is measured, whether it still happens, incidents like it, providers, and links into other tools."""
    found = server(url, token).get(f"/incidents/{number}/signals")
    if json:
        return as_json(found)
    say(f"Is it still happening? {found['pulse'] or 'not looked yet'}")
    for look in found["looks"][-1:]:
        say(f"  {clock(look['at'])} UTC: {' '.join(look['says'])}")
    for panel in found["panels"]:
        say(f"  {panel['says']}")
    alike = [(f"INC-{one['incident']}", one["title"], one["why"], one["cause"]) for one in found["similar"]]
    table("\nIncidents like it", ("incident", "title", "like it because", "it was"), alike)
    told = [(one["state"], one["name"], " ".join(one["says"])) for one in found["providers"]]
    table("\nProviders", ("", "name", "says"), told)
    table("\nLinks", ("to", "where"), [(one["name"], one["url"] or one["why"]) for one in found["links"]])
    return None


@app.command
def symptom(
    number: Number, text: Annotated[str, Parameter(help="What you see: 5xx errors, slow pages.")], /, *,
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Find the runbook's own check for what you see."""
    found = server(url, token).get(f"/incidents/{number}/symptoms?text={quote(text)}")
    if json:
        return as_json(found)
    rows = [(one["line"], one["symptom"], one["check"], one["command"]) for one in found["checks"]]
    return table("", ("line", "symptom", "check", "command"), rows)


@app.command(name="access-log")
def access_log(
    file: Annotated[Path | None, Parameter(help="As nginx writes it, .gz too; default: standard input.")] = None,
    /, *, json: Json = False,
) -> int:  # fmt: skip
    """Say who is behind the 429s of an access log. Needs no server. Status 1 when no line of it can be read."""
    from fireline.core.access_log import count, findings

    traffic = count(_lines(file))
    said = findings(traffic)
    if json:
        as_json(
            {
                "requests": traffic.known, "odd_lines": traffic.odd, "refused": traffic.refused.total(),
                "statuses": {str(status): n for status, n in sorted(traffic.statuses.items())},
                "clients": [
                    {"client": client, "refused": n, "requests": traffic.requests[client]}
                    for client, n in traffic.refused.most_common(50)
                ],
                "findings": said,
            }
        )  # fmt: skip
    else:
        for sentence in said:
            say(sentence)
        if traffic.odd and traffic.known:
            say(f"{traffic.odd} lines are no access log's and were left out.")
    return 0 if traffic.known else 1


def _lines(file: Path | None) -> Iterator[str]:
    """One line after the other, so that a log of any size fits."""
    try:
        if file is None:
            yield from sys.stdin
        elif file.suffix == ".gz":
            with gzip.open(file, "rt", encoding="utf-8", errors="replace") as packed:
                yield from packed
        else:
            with file.open(encoding="utf-8", errors="replace") as plain:
                yield from plain
    except (OSError, EOFError) as trouble:
        why = getattr(trouble, "strerror", None) or str(trouble)
        raise Refused(f"{file} cannot be read: {why}.", status=400) from trouble
