"""A promise with a due time is kept across restarts, rings once, and a late or lost one is found."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import sqlalchemy as sa

from fireline import clock
from fireline.core import incident
from fireline.core.events import AcknowledgementMissed
from fireline.core.follow import Clock
from fireline.house import House
from fireline.store import lists
from kiosk import Open, until

PAST = timedelta(minutes=20)


def missed(house: House) -> int:
    return sum(isinstance(event, AcknowledgementMissed) for event in house.ledger.log(1))


def declared_long_ago(house: House, *, response_minutes: int = 15) -> None:
    deed = partial(
        incident.declare,
        title="Kiosk shut",
        severity="P1",
        severity_name="High",
        severity_why="its row",
        response_minutes=response_minutes,
        detected_at=clock.now() - PAST,
        by="ana",
    )
    house.ledger.open(deed)


def test_the_acknowledge_clock_counts_from_detection_and_rings_once(house: House) -> None:
    declared_long_ago(house)
    until(lambda: missed(house) == 1)
    until(lambda: lists.open_clocks(house.database, 1) == ())
    [seq] = [row.seq for row in clocks(house)]
    house.handlers.clock(Clock(kind="acknowledge", incident=1, seq=seq, due_at=clock.now()))  # a second ring
    assert missed(house) == 1


def test_a_clock_that_rings_after_somebody_has_it_is_stale(house: House) -> None:
    declared_long_ago(house, response_minutes=60)
    house.ledger.act(1, partial(incident.acknowledge, by="ana"))
    [seq] = [row.seq for row in clocks(house)]
    house.handlers.clock(Clock(kind="acknowledge", incident=1, seq=seq, due_at=clock.now()))
    assert missed(house) == 0
    assert lists.open_clocks(house.database, 1) == ()


def test_a_clock_due_while_the_house_was_closed_rings_when_it_opens(open_house: Open) -> None:
    house = open_house()
    house.durable.close(grace=0)  # nothing rings from here on
    declared_long_ago(house)
    house.close()
    reopened = open_house()
    until(lambda: missed(reopened) == 1)


def test_a_clock_whose_work_was_lost_is_found_overdue_and_rung(house: House) -> None:
    house.durable.close(grace=0)
    declared_long_ago(house)
    with house.database.writing() as connection:
        connection.execute(sa.text("DELETE FROM workflow_status WHERE name = 'clock'"))
    house.durable.launch(house.handlers)
    lost = lists.overdue(house.database, clock.now())
    assert [one.kind for one in lost] == ["acknowledge"]
    for one in lost:
        house.durable.ring_again(one)
    until(lambda: missed(house) == 1)


def clocks(house: House) -> list[sa.Row[tuple[int, ...]]]:
    with house.database.reading() as connection:
        return list(connection.execute(sa.select(lists.clocks)).all())
