"""`fireline red`: exactly what is red now, and what nobody can say."""

from __future__ import annotations

from fireline.cli.house import Config
from fireline.cli.server import Json
from fireline.cli.speak import as_json, say, table
from fireline.core.refusal import Refused
from fireline.settings import load
from fireline.workflows.library import files, read
from fireline.workflows.probes import addresses
from fireline.workflows.red import look


def red(*, config: Config = None, json: Json = False) -> int:
    """List what is red now. Ends with status 1 when anything is, or when something could not be asked."""
    settings = load(config)
    books = [read(path) for path in files(settings.runbooks.paths)]
    known = addresses(settings.probes, books)
    if not known and settings.prometheus is None:
        raise Refused("Nothing is known to ask: set up [prometheus] or [[probes]] in the settings.", status=404)
    found = look(settings.prometheus, books, known)
    if json:
        as_json(
            {
                "red": [
                    {
                        "kind": one.kind, "name": one.name, "service": one.service, "labels": dict(one.labels),
                        "since": one.since, "value": one.value, "says": one.says,
                    }
                    for one in found.red
                ],
                "unknown": found.unknown,
                "asked": found.asked,
            }
        )  # fmt: skip
    else:
        rows = [
            (
                one.kind, one.name, one.service, f"{one.since:%d %b %H:%M:%S}" if one.since else "",
                "" if one.value is None else f"{one.value:g}", one.says,
            )
            for one in found.red
        ]  # fmt: skip
        if rows:
            table("", ("red", "name", "service", "since (UTC)", "value", "says"), rows)
        for sentence in found.unknown:
            say(f"Unknown: {sentence}")
        if not rows and not found.unknown:
            say(f"Nothing is red. Asked: {', '.join(found.asked)}.")
    return 1 if found.red or found.unknown else 0
