"""What only reads runs by itself; what changes anything waits for another person, and then runs once."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from fireline import clock
from fireline.core import approval, gate, incident, timeline
from fireline.core.events import CommandFinished, CommandStarted, StepSkipped, WalkEnded
from fireline.core.refusal import Refused
from fireline.house import House
from kiosk import kiosk_shut, over, until


def asked(house: House, number: int = 1) -> approval.Ask:
    """Wait for the walk to propose something, and give it."""
    until(partial(_waiting, house))
    return _waiting(house)[number - 1]


def _waiting(house: House) -> list[approval.Ask]:
    if not house.ledger.head(1):
        return []
    return [one for one in approval.asks(house.ledger.log(1)) if one.waiting(clock.now())]


def answered(house: House, number: int) -> bool:
    """Nobody waits for an answer to this ask any more."""
    return all(one.number != number for one in _waiting(house))


def say_yes(house: House, ask: approval.Ask, by: str = "ben") -> None:
    house.ledger.act(1, partial(approval.give, number=ask.number, shown=ask.digest, by=by))


@pytest.mark.req(60)
def test_the_diagnosis_runs_by_itself_and_its_whole_output_is_kept_without_its_secret(house: House) -> None:
    house.alerts.take([kiosk_shut()], clock.now())
    asked(house)
    log = house.ledger.log(1)
    runs = {event.run: event for event in log if isinstance(event, CommandStarted)}
    outputs = {runs[e.run].title: house.evidence.read(e.evidence) for e in log if isinstance(e, CommandFinished)}
    assert outputs["Look at the door"] == ".\n..\ntill\n"
    assert outputs["Look at the till"].startswith("12.50 in the till\n")
    assert "hunter2" not in outputs["Look at the till"]
    assert all(event.lane == "read" and event.by == "fireline" for event in runs.values())


def test_a_step_with_a_value_nobody_gave_is_skipped_and_says_which(house: House) -> None:
    house.alerts.take([kiosk_shut()], clock.now())
    asked(house)
    skipped = [event for event in house.ledger.log(1) if isinstance(event, StepSkipped)]
    assert [(event.title, "<wholesaler>" in event.reason) for event in skipped] == [("Ask the wholesaler", True)]


def test_an_alert_label_fills_the_placeholder_of_its_name(house: House, street: Path) -> None:
    (street / "agnes").write_text("closed on Mondays\n")
    house.alerts.take([kiosk_shut(wholesaler="agnes")], clock.now())
    asked(house)
    commands = [event.command for event in house.ledger.log(1) if isinstance(event, CommandStarted)]
    assert "cat agnes" in commands


def test_nothing_changes_before_the_yes_and_once_after_it(house: House, street: Path) -> None:
    house.alerts.take([kiosk_shut()], clock.now())
    ask = asked(house)
    assert ask.asked.command == "echo opened >> door"
    assert not (street / "door").exists()
    say_yes(house, ask)
    until(lambda: house.ledger.read(1).status == "Monitoring")
    assert (street / "door").read_text() == "opened\n"


def test_the_verification_decides_and_a_way_that_does_not_work_is_followed_by_the_next(
    house: House, street: Path
) -> None:
    (street / "door").mkdir()  # nobody can write into it: the first way out must fail
    house.alerts.take([kiosk_shut()], clock.now())
    say_yes(house, asked(house))
    until(lambda: any(one.asked.command == "echo broken >> window" for one in _waiting(house)))
    say_yes(house, asked(house))
    until(lambda: house.ledger.read(1).status == "Monitoring")
    assert (street / "window").read_text() == "broken\n"


def test_a_no_leads_to_the_next_way_and_no_way_left_is_said(house: House, street: Path) -> None:
    house.alerts.take([kiosk_shut()], clock.now())
    for _ in range(2):
        ask = asked(house)
        house.ledger.act(1, partial(approval.deny, number=ask.number, reason="Agnes has the key", by="ben"))
        until(partial(answered, house, ask.number))
    until(lambda: any(isinstance(event, WalkEnded) for event in house.ledger.log(1)))
    assert not (street / "door").exists()
    assert not (street / "window").exists()


def test_a_person_s_own_ask_runs_after_another_person_s_yes(house: House, street: Path) -> None:
    house.declare.by_person("A poster hangs crooked", by="ana")
    house.propose.text(1, "echo straight > poster", reason="it looks bad", by="ana")
    waiting = asked(house)
    with pytest.raises(Refused, match="Somebody else has to say yes"):
        say_yes(house, waiting, by="ana")
    say_yes(house, waiting)
    until((street / "poster").exists)
    until(lambda: [run.state for run in house.ledger.read(1).runs.values()] == ["ok"])
    assert [run.started.lane for run in house.ledger.read(1).runs.values()] == ["write"]


def test_a_look_that_a_person_asks_for_needs_nobody_and_runs_in_the_read_lane(house: House) -> None:
    house.declare.by_person("What is in the till?", by="ana")
    house.propose.text(1, "cat till", reason="", by="ana")
    until(lambda: [run.state for run in house.ledger.read(1).runs.values()] == ["ok"])
    [run] = house.ledger.read(1).runs.values()
    assert (run.started.lane, run.started.ask, run.started.purpose) == ("read", 1, "diagnosis")


def test_a_destructive_command_waits_for_two_other_people(house: House, street: Path) -> None:
    house.declare.by_person("The till has to go", by="ana")
    house.propose.text(1, "rm -rf till", reason="it is cursed", by="ana")
    say_yes(house, asked(house), by="ben")
    assert asked(house).yes == ("ben",)
    assert (street / "till").exists()
    say_yes(house, asked(house), by="cleo")
    until(lambda: not (street / "till").exists())


@pytest.mark.req(100, 121)
def test_the_whole_story_ends_with_a_review(house: House) -> None:
    alert = kiosk_shut()
    house.alerts.take([alert], clock.now())
    say_yes(house, asked(house))
    until(lambda: house.ledger.read(1).status == "Monitoring")
    with pytest.raises(Refused, match="gates are shut"):
        house.ledger.act(1, partial(gate.resolve, by="ana"))
    house.alerts.take([over(alert)], clock.now())
    house.ledger.act(1, partial(incident.state_root_cause, text="The key was lost", by="ana"))
    house.ledger.act(1, partial(gate.tick, gate="g5", by="ana"))
    until(lambda: all(one.open for one in gate.standings(house.ledger.log(1), clock.now())))
    house.ledger.act(1, partial(gate.resolve, by="ana"))
    until(lambda: house.ledger.read(1).review)
    text = house.evidence.read(house.ledger.read(1).review.evidence)  # type: ignore[union-attr]  # until saw it
    assert text.startswith("# Post-Mortem: INC-1 The kiosk is shut\n")
    assert "The key was lost" in text
    assert "`echo opened >> door` (ok" in text
    assert "yes from ben" in text
    assert house.ledger.verify() is None
    log = house.ledger.log(1)
    assert len(timeline.entries(log)) == len(log)
