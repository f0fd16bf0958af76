"""`fireline silence`: alerts that wake nobody for a while, through the running fireline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from cyclopts import App, Parameter

from fireline import clock
from fireline.cli.server import Json, Token, Url, server
from fireline.cli.speak import as_json, say, table
from fireline.cli.speak import clock as written
from fireline.core import silence as core
from fireline.core.refusal import Refused

app = App(name="silence", help="Alerts that wake nobody for a while.")


@app.command
def add(
    matcher: Annotated[list[str], Parameter(help='Which alerts: service=checkout, alertname=~"Disk.*".')], /,
    *,
    reason: Annotated[str, Parameter(name=["--reason", "-r"], help="Why, in a sentence.")],
    for_: Annotated[str, Parameter(name="--for", help="How long: 2h, 90m, 1d12h.")],
    from_: Annotated[str, Parameter(name="--from", help="When it begins, UTC: 2026-11-24T02:00. Now, without.")] = "",
    maintenance: Annotated[bool, Parameter(negative="", help="Planned work.")] = False,
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Make alerts silent. They are kept and shown, but declare and join nothing."""
    length = core.span(for_)
    starts_at = _time(from_) if from_ else None
    body: dict[str, Any] = {
        "matchers": ", ".join(matcher), "reason": reason, "kind": "maintenance" if maintenance else "silence",
        "ends_at": _end(starts_at, length), "starts_at": starts_at and starts_at.isoformat(),
    }  # fmt: skip
    made = server(url, token).post("/silences", body)
    if json:
        return as_json(made)
    return say(f"Silence {made['number']} for {made['matchers']} until {written(made['ends_at'])} UTC.")


@app.command(name="list")
def list_(*, url: Url = None, token: Token = None, json: Json = False) -> None:
    """List silences, the newest first."""
    found = server(url, token).get("/silences")
    if json:
        return as_json(found)
    rows = [
        (one["number"], one["state"], one["matchers"], one["kind"], one["by"], written(one["starts_at"]),
         written(one["ends_at"]), one["reason"])
        for one in found["silences"]
    ]  # fmt: skip
    return table("", ("silence", "state", "alerts", "kind", "by", "from (UTC)", "until (UTC)", "why"), rows)


@app.command
def end(
    number: Annotated[int, Parameter(help="As `silence list` says.")], /, *, url: Url = None, token: Token = None,
    json: Json = False,
) -> None:  # fmt: skip
    """End a silence now. Its alerts that still fire are looked at again."""
    ended = server(url, token).post(f"/silences/{number}/ending")
    return as_json(ended) if json else say(f"Silence {number} is over.")


def _end(starts_at: datetime | None, length: timedelta) -> str:
    try:
        return ((starts_at or clock.now()) + length).isoformat()
    except OverflowError:
        raise Refused("That is longer than there is time.", status=400) from None


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text!r} is no time: write 2026-11-24T02:00 (UTC).", status=400) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
