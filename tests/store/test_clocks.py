"""A clock is a row: it rings once, its due time is the same on both databases, and no two ring it at once."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest
import sqlalchemy as sa

from fireline.core.follow import Clock
from fireline.store import clocks
from fireline.store.database import Database
from fireline.store.ledger import Ledger
from store.conftest import NOON, declare

DAY = timedelta(days=1)


def rung_at(database: Database) -> list[object]:
    with database.reading() as connection:
        return list(connection.scalars(sa.select(clocks.clocks.c.rung_at)))


def test_a_clock_is_next_until_it_has_rung(ledger: Ledger) -> None:
    database = ledger.database
    assert clocks.next_due(database) is None
    ledger.open(declare())
    (clock,) = clocks.open_clocks(database, 1)
    assert clock == Clock(kind="acknowledge", incident=1, seq=1, due_at=ledger.read(1).acknowledge_by)
    assert clocks.next_due(database) == clock.due_at
    with database.writing() as connection:
        assert clocks.claim(connection, clock.due_at - timedelta(microseconds=1), 10) == ()
        assert clocks.claim(connection, clock.due_at, 10) == (clock,)
        clocks.rang(connection, [clock], clock.due_at)
        clocks.rang(connection, [clock], clock.due_at + DAY)  # the second time changes nothing
    assert clocks.next_due(database) is None
    assert clocks.open_clocks(database, 1) == ()
    assert rung_at(database) == [clock.due_at]


def test_the_longest_due_come_first_and_those_set_aside_not_at_all(ledger: Ledger) -> None:
    for _ in range(3):
        ledger.open(declare())
    first, second, third = (clocks.open_clocks(ledger.database, number)[0] for number in (1, 2, 3))
    assert clocks.next_due(ledger.database, {first}) == second.due_at
    with ledger.database.writing() as connection:
        assert clocks.claim(connection, NOON + DAY, 2) == (first, second)
        assert clocks.claim(connection, NOON + DAY, 2, {first}) == (second, third)


def test_a_time_comes_back_as_utc_whatever_zone_it_went_in(ledger: Ledger) -> None:
    ledger.open(declare())
    local = NOON.astimezone(timezone(timedelta(hours=2)))
    with ledger.database.writing() as connection:
        clocks.rang(connection, clocks.claim(connection, NOON + DAY, 1), local)
    (rang,) = rung_at(ledger.database)
    assert str(rang) == "2026-03-02 12:00:00+00:00"


def test_what_another_replica_is_ringing_is_passed_over(ledger: Ledger) -> None:
    if ledger.database.is_sqlite:
        pytest.skip("skipped: SQLite has one writer, and one process")
    ledger.open(declare())
    ledger.open(declare())
    with ledger.database.writing() as one, ledger.database.writing() as other:
        assert [clock.incident for clock in clocks.claim(one, NOON + DAY, 1)] == [1]
        assert [clock.incident for clock in clocks.claim(other, NOON + DAY, 10)] == [2]
