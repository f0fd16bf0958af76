"""`fireline runner`: carries out commands inside a network that the server does not reach."""

from __future__ import annotations

import signal
import sys
from typing import Any

from fireline import clock
from fireline.cli.house import Config
from fireline.cli.server import Json
from fireline.cli.speak import plain, say

LINES = {
    "serves": "runner {name} has {lanes} and serves {environments}; it asks {url}",
    "shortens": "INC-{incident} {run} is told with the ends of its output only: {why}",
    "waits": "{why} Again in {seconds:g} s.",
    "begins": "INC-{incident} {run} begins in the {lane} lane: {command}",
    "told": "INC-{incident} {run} ended: {ending}",
    "refuses": "INC-{incident} {run} refused: {why}",
    "refused": "INC-{incident} {run}: {why}",
    "leaves": "INC-{incident} {run} left alone: {why}",
    "back": "INC-{incident} {run} was begun before this start, and given up by the server: telling what became of it",
    "cancels": "{run} is ended: it was cancelled",
    "stops": "stops{doing}",
}


def runner(*, config: Config = None, json: Json = False) -> None:
    """Carry out what the server leases to this runner, with the lanes of its own settings file, until Ctrl-C."""
    from fireline.runner import by
    from fireline.settings import load

    one = by(load(config), _as_json if json else _as_lines)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what runs goes on under its keepers
    one.serve()


def _as_json(what: str, facts: dict[str, Any]) -> None:
    import msgspec

    sys.stdout.write(msgspec.json.encode({"at": clock.now(), "what": what, **facts}).decode() + "\n")
    sys.stdout.flush()


def _as_lines(what: str, facts: dict[str, Any]) -> None:
    shown = {key: plain(value) if isinstance(value, str) else value for key, value in facts.items()}
    match what:
        case "serves":
            lanes = " and ".join(f"the {name} lane" for name in facts["lanes"])
            shown |= {"lanes": lanes, "environments": ", ".join(facts["environments"]) or "every environment"}
        case "told" if facts["exit_code"] is not None:
            shown |= {"ending": f"{facts['ending']}, exit {facts['exit_code']}, {facts['seconds']:.1f} s"}
        case "stops":
            going_on = ", ".join(facts["doing"])
            shown |= {"doing": f"; {going_on} goes on, and is told at the next start" if going_on else ""}
        case _:
            pass
    say(f"{clock.now():%H:%M:%S} {LINES[what].format(**shown)}")
