"""The rule: a command goes to the network its incident is in, and of a change whose end nobody knows that is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fireline.core import approval, command, errand, incident, timeline
from fireline.core.errand import Route, Told, route
from fireline.core.events import HOUSE, Log
from fireline.core.place import Environment
from fireline.core.refusal import Refused

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BERLIN, PARIS = Environment(name="berlin", runner="eu"), Environment(name="paris")
LOST = "was lost while it ran this"


def test_the_environment_says_which_runner_else_the_lane_does() -> None:
    assert route((BERLIN, PARIS), {"environment": "berlin"}, "") == Route("eu", "berlin")
    assert route((BERLIN, PARIS), {"env": "paris"}, "") == Route("", "paris")
    assert route((BERLIN, PARIS), {"env": "paris"}, "far") == Route("far", "paris")
    assert route((), {}, "far") == Route("far")
    assert route((), {"environment": "berlin"}, "") == Route("")


def test_what_every_environment_agrees_on_needs_no_name() -> None:
    assert route((BERLIN, Environment(name="rome", runner="eu")), {}, "") == Route("eu")


def test_where_nobody_knows_the_network_nothing_runs() -> None:
    with pytest.raises(Refused, match="different runners"):
        route((BERLIN, PARIS), {}, "")


def changed(effect: str = "write") -> Log:
    """A command that ana asked for and ben allowed, and that ended without anybody knowing how."""
    log: Log = (
        incident.declare(
            (), NOON, title="Odd smell", severity="P1", severity_name="High", severity_why="", response_minutes=15,
            by="ana",
        ),
    )  # fmt: skip
    asked = approval.ask(
        log, NOON, step="s", title="Open the door", command="open door", effect=effect, rule="r", reason="it is shut",
        yes_needed=1, by="ana",
    )  # fmt: skip
    log = (*log, asked)
    log = (*log, approval.give(log, NOON, number=1, shown=approval.find(log, 1).digest, by="ben"))
    log = (*log, command.start_approved(log, NOON, run="1.ask1", number=1, by=HOUSE))
    return (
        *log,
        command.finish(
            log, NOON, run="1.ask1", ending="interrupted", exit_code=None, seconds=0, evidence="ef", size=0, by=HOUSE
        ),
    )


def test_of_a_lost_change_is_said_to_look_and_of_a_lost_read_to_ask_again() -> None:
    first, began, *_ = errand.unknown(changed(), "1.ask1", "eu", LOST, NOON)
    assert first == "Unknown outcome: look. The runner eu was lost while it ran this; it is not run again."
    assert "12:00:00 UTC" in began
    (only,) = errand.unknown(changed("read"), "1.ask1", "eu", LOST, NOON)
    assert only.endswith("It only reads: ask again when it is back.")


def test_late_word_is_heard_once_after_the_end_and_changes_nothing() -> None:
    log, late = changed(), NOON + timedelta(minutes=5)
    told = Told(instance="x", exit_code=0, output="open\n", seconds=2.0)
    with pytest.raises(Refused, match="not ended yet"):
        errand.hear(log[:-1], late, run="1.ask1", runner="eu", told=told, evidence="e", summary="open", by=HOUSE)
    heard = errand.hear(log, late, run="1.ask1", runner="eu", told=told, evidence="e", summary="open", by=HOUSE)
    log = (*log, heard)
    assert incident.fold(1, log).runs["1.ask1"].state == "interrupted"
    said = timeline.entries(log)[-1]
    assert said.sentence == "Open the door: the runner eu is back: it ended well, exit 0, 2.0 s"
    assert said.evidence == "e"
    with pytest.raises(Refused, match="heard already"):
        errand.hear(log, late, run="1.ask1", runner="eu", told=told, evidence="e", summary="open", by=HOUSE)
