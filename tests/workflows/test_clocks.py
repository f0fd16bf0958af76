"""A promise with a due time is kept across restarts, rings once and in time, and keeps no other from ringing."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from fireline import clock
from fireline.core import incident
from fireline.core.events import AcknowledgementMissed
from fireline.core.follow import Clock
from fireline.durable import ringer
from fireline.house import House
from fireline.store import clocks
from fireline.store.ledger import events
from kiosk import Open, until

PAST = timedelta(minutes=20)


def missed(house: House, number: int = 1) -> list[datetime]:
    return [event.at for event in house.ledger.log(number) if isinstance(event, AcknowledgementMissed)]


def declared_long_ago(house: House, *, response_minutes: int = 15, ago: timedelta = PAST) -> int:
    deed = partial(
        incident.declare,
        title="Kiosk shut",
        severity="P1",
        severity_name="High",
        severity_why="its row",
        response_minutes=response_minutes,
        detected_at=clock.now() - ago,
        by="ana",
    )
    return house.ledger.open(deed).number


def set_clock(house: House, number: int, kind: str = "acknowledge", *, seq: int = 9) -> None:
    """One more clock, due by now."""
    with house.database.writing() as connection:
        clocks.write(connection, [Clock(kind=kind, incident=number, seq=seq, due_at=clock.now())])


def test_the_acknowledge_clock_counts_from_detection_and_rings_once(house: House) -> None:
    declared_long_ago(house)
    until(lambda: len(missed(house)) == 1)
    until(lambda: clocks.open_clocks(house.database, 1) == ())
    set_clock(house, 1)  # a second ring
    until(lambda: clocks.open_clocks(house.database, 1) == ())
    assert len(missed(house)) == 1


def test_a_clock_that_rings_after_somebody_has_it_is_stale(open_house: Open) -> None:
    house = open_house()
    declared_long_ago(house, response_minutes=60)
    house.ledger.act(1, partial(incident.acknowledge, by="ana"))
    set_clock(house, 1)
    until(lambda: len(clocks.open_clocks(house.database, 1)) == 1)  # the real one, of in forty minutes
    assert missed(house) == []


def test_a_clock_set_while_the_ringer_sleeps_wakes_it(open_house: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ringer, "IDLE", 600.0)  # seconds: without the nudge it would sleep on
    house = open_house()
    declared_long_ago(house, response_minutes=60)  # the ringer sleeps for as long as it may
    number = declared_long_ago(house, ago=timedelta(minutes=15, seconds=-0.3))
    until(lambda: missed(house, number))
    assert missed(house, number)[0] >= house.ledger.read(number).acknowledge_by


def test_a_clock_due_while_the_house_was_closed_rings_when_it_opens(open_house: Open) -> None:
    house = open_house()
    house.durable.close(grace=0)  # nothing rings from here on
    declared_long_ago(house)
    house.close()
    reopened = open_house()
    until(lambda: missed(reopened))


def test_many_that_are_due_together_ring_together_and_each_has_its_own_event(house: House) -> None:
    house.durable.close(grace=0)
    numbers = [declared_long_ago(house) for _ in range(5)]
    house.ledger.act(3, partial(incident.acknowledge, by="ana"))  # this one is stale
    rung = house.handlers.clock(10, ())
    assert (rung.count, rung.stuck) == (5, ())
    assert [len(missed(house, number)) for number in numbers] == [1, 1, 0, 1, 1]
    assert house.ledger.verify() is None
    assert house.handlers.clock(10, ()).count == 0


def test_a_clock_this_release_cannot_ring_stays_open_and_keeps_no_other_from_ringing(house: House) -> None:
    house.durable.close(grace=0)
    first, second, third = (declared_long_ago(house) for _ in range(3))
    set_clock(house, first, "of a newer release")
    with house.database.writing() as connection:  # an event of a newer release
        newer = sa.func.replace(events.c.body, "IncidentDeclared", "IncidentDreamt")
        connection.execute(events.update().where(events.c.incident == second).values(body=newer))
    rung = house.handlers.clock(10, ())
    assert sorted((one.incident, one.kind) for one in rung.stuck) == [
        (first, "of a newer release"),
        (second, "acknowledge"),
    ]
    assert rung.count == 2
    assert missed(house, first)
    assert missed(house, third)
    assert house.handlers.clock(10, rung.stuck) == type(rung)(0)  # set aside, nothing is left
    assert len(house.handlers.clock(10, ()).stuck) == 2  # and they are tried again


def test_a_deed_that_the_database_refuses_is_undone_alone(house: House) -> None:
    house.durable.close(grace=0)
    first, second, third = (declared_long_ago(house) for _ in range(3))
    with house.database.writing() as connection:
        refuse = (
            "CREATE TRIGGER refuse BEFORE INSERT ON event WHEN NEW.incident = 2 BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        connection.exec_driver_sql(refuse)
    rung = house.handlers.clock(10, ())
    assert [one.incident for one in rung.stuck] == [second]
    assert [len(missed(house, number)) for number in (first, second, third)] == [1, 0, 1]
    assert [one.incident for one in clocks.open_clocks(house.database, second)] == [second]
    assert house.ledger.verify() is None
