"""A person ends a command that runs: the log says who and why first, the end is told honestly, and it happens once."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from fireline.core import approval, cancellation
from fireline.core.events import CancellationAsked, CommandFinished
from fireline.core.refusal import Refused
from fireline.house import House
from kiosk import Open, until


def begin(house: House, street: Path) -> tuple[int, str]:
    """Ana's change, which ben approved, runs and waits at a pipe until somebody ends it."""
    os.mkfifo(street / "pipe")
    made = house.declare.by_person("Something odd", by="ana", severity="P2")
    house.propose.text(made.number, "echo half >> door; cat pipe >> door", title="Paint the door", reason="x", by="ana")
    (ask,) = approval.asks(house.ledger.log(made.number))
    house.ledger.act(made.number, partial(approval.give, number=ask.number, shown=ask.digest, by="ben"))
    until(lambda: (street / "door").exists() and (street / "door").read_text())  # the shell opens it before it writes
    return made.number, f"{made.number}.ask{ask.number}"


def end(house: House, number: int, run: str) -> CommandFinished:
    until(lambda: house.ledger.read(number).runs[run].finished)
    ended = house.ledger.read(number).runs[run].finished
    assert ended is not None
    return ended


@pytest.mark.req(48, 60)
def test_a_change_that_is_cancelled_says_that_it_may_have_changed_something(house: House, street: Path) -> None:
    number, run = begin(house, street)
    house.ledger.act(number, partial(cancellation.ask, run=run, reason="wrong door", by="cleo"))
    ended = end(house, number, run)
    assert ended.ending == "cancelled"
    says = "Cancelled by cleo: wrong door. It may have changed something: look before you go on."
    assert (ended.findings[0], ended.summary) == (says, says)
    log = house.ledger.log(number)
    asked = next(seq for seq, event in enumerate(log) if isinstance(event, CancellationAsked))
    assert asked < next(seq for seq, event in enumerate(log) if event == ended)
    assert (street / "door").read_text() == "half\n"
    with pytest.raises(Refused, match="ended already: cancelled"):
        house.ledger.act(number, partial(cancellation.ask, run=run, reason="again", by="ben"))


@pytest.mark.req(48)
def test_two_people_at_once_cancel_once(house: House, street: Path) -> None:
    number, run = begin(house, street)

    def cancel(who: str) -> str:
        try:
            house.ledger.act(number, partial(cancellation.ask, run=run, reason=f"{who} said so", by=who))
        except Refused as refused:
            return refused.sentence
        return "done"

    with ThreadPoolExecutor(2) as crowd:
        said = sorted(crowd.map(cancel, ("ben", "cleo")))
    end(house, number, run)
    assert said.count("done") == 1
    assert "already" in said[0] or "already" in said[1]
    assert sum(isinstance(event, CancellationAsked) for event in house.ledger.log(number)) == 1


@pytest.mark.req(48)
def test_a_house_that_was_restarted_cancels_what_the_one_before_had_started(open_house: Open, street: Path) -> None:
    first = open_house()
    number, run = begin(first, street)
    first.durable.close(grace=0)
    first.close()
    again = open_house()
    again.ledger.act(number, partial(cancellation.ask, run=run, reason="wrong door", by="ben"))
    assert end(again, number, run).ending == "cancelled"
