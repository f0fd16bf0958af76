"""The ringer sleeps until something is due, wakes for what is due before that, and nothing stops it for good."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

import pytest

from durable.conftest import Errands
from fireline import clock
from fireline.core import incident
from fireline.core.events import IncidentDeclared, Log
from fireline.core.follow import Clock
from fireline.core.refusal import AWAY, Refused
from fireline.durable.ringer import IDLE, Ringer, Rung
from fireline.store import clocks
from fireline.store.database import Database, after_commit
from fireline.store.ledger import Deed, Ledger
from kiosk import until


class Tower:
    """A ringer whose strokes are written down; `trouble` is what the next stroke meets."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = Ledger(database, now=clock.now, enqueue=lambda _connection, _work: None)
        self.strokes: list[tuple[datetime, Clock]] = []
        self.asides: list[int] = []
        self.trouble: list[Exception] = []
        self.stuck: set[int] = set()
        self.ringer = Ringer(database, self.ring, clock.now)

    def ring(self, limit: int, aside: Collection[Clock]) -> Rung:
        self.asides.append(len(aside))
        if self.trouble:
            raise self.trouble.pop()
        with self.database.writing() as connection:
            due = clocks.claim(connection, clock.now(), limit, aside)
            rung = [one for one in due if one.incident not in self.stuck]
            clocks.rang(connection, rung, clock.now())
            self.strokes += [(clock.now(), one) for one in rung]
        return Rung(len(rung), tuple(one for one in due if one.incident in self.stuck))

    def set(self, seconds: float) -> int:
        """A clock due in so many seconds, on an incident of its own."""
        number = self.ledger.open(declaration()).number
        one = Clock(kind="watch", incident=number, seq=9, due_at=clock.now() + timedelta(seconds=seconds))
        with self.database.writing() as connection:
            clocks.write(connection, [one])
            after_commit(connection, lambda: self.ringer.nudge(one.due_at))
        return number

    def rung(self) -> list[int]:
        return [one.incident for _, one in self.strokes]


def declaration() -> Deed:
    def deed(log: Log, at: datetime) -> IncidentDeclared:
        return incident.declare(
            log, at, title="Kiosk shut", severity="P2", severity_name="", severity_why="", response_minutes=60, by="ana"
        )

    return deed


@pytest.fixture
def tower(url: str) -> Iterator[Tower]:
    """See Tower."""
    database = Database(url)
    database.migrate()
    found = Tower(database)
    yield found
    found.ringer.stop()
    database.close()


def test_a_clock_rings_at_its_time_and_one_set_for_earlier_before_it(tower: Tower) -> None:
    later = tower.set(0.6)
    sooner = tower.set(0.3)
    until(lambda: len(tower.strokes) == 2)
    assert tower.rung() == [sooner, later]
    for at, one in tower.strokes:
        assert timedelta(0) <= at - one.due_at < timedelta(milliseconds=250)


def test_nothing_is_asked_of_anybody_while_nothing_is_due(tower: Tower) -> None:
    tower.set(3600)
    last = tower.set(0.2)
    until(lambda: tower.rung() == [last])
    assert len(tower.asides) == 1


def test_a_database_that_is_away_or_a_mistake_ends_one_look_and_not_the_ringer(tower: Tower) -> None:
    tower.trouble = [Refused("The database does not answer.", status=AWAY), ZeroDivisionError("a mistake")]
    number = tower.set(0)
    until(lambda: tower.rung() == [number], 4 * IDLE)


def test_a_clock_that_is_stuck_is_set_aside_and_the_others_ring(tower: Tower) -> None:
    tower.stuck = {1}
    assert [tower.set(0), tower.set(0)] == [1, 2]
    until(lambda: tower.rung() == [2])
    third = tower.set(0.1)
    until(lambda: tower.rung() == [2, third])
    assert tower.asides[-1] == 1
    assert len(tower.asides) < 10  # and nobody is asked about it again and again


def test_an_open_clock_is_rung_by_the_house_that_starts_next(errands: Errands) -> None:
    ledger = Ledger(errands.database, now=clock.now, enqueue=errands.durable.enqueue)
    errands.durable.close(grace=0)
    ledger.open(declaration())
    assert errands.durable.health()["DELAYED"] == 0  # the engine does not know of it
    began = time.monotonic()
    with errands.database.writing() as connection:
        assert clocks.claim(connection, clock.now() + timedelta(days=1), 10)
    assert time.monotonic() - began < 10  # nothing to recover, nothing to wait for
