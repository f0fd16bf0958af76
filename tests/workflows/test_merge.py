"""A merge and a split are told in two logs, once, whatever dies in between; alerts go on where they are now."""

from __future__ import annotations

from functools import partial

import pytest

from fireline import clock
from fireline.core import merge as core
from fireline.core.alert import Alert
from fireline.core.events import AlertsMoved, IncidentTakenIn, Part
from fireline.core.refusal import Refused
from fireline.house import House
from fireline.settings import Alerts
from fireline.store import lists
from kiosk import Open, over, until


def fault(name: str, service: str) -> Alert:
    return Alert(source="monitor", labels={"alertname": name, "service": service}, starts_at=clock.now())


def until_declared(house: House, number: int) -> None:
    until(lambda: len(lists.all_incidents(house.database)) == number and house.ledger.read(number).alerts)


def two(house: House) -> tuple[Alert, Alert]:
    """INC-1 and INC-2, with an alert each."""
    first, second = fault("Slow", "till"), fault("Leak", "roof")
    for n, one in enumerate((first, second), 1):
        house.alerts.take([one], clock.now())
        until_declared(house, n)
        until(lambda one=one: where(house, one))  # type: ignore[misc]
    return first, second


@pytest.fixture
def eager(open_house: Open) -> House:
    """A house in which every alert declares."""
    return open_house(alerts=Alerts(declare="all"))


def where(house: House, alert: Alert) -> int | None:
    return house.alerts.kept([alert.fingerprint])[0].incident


@pytest.mark.req(18)
def test_after_a_merge_its_alerts_go_on_in_the_other_one(eager: House) -> None:
    first, second = two(eager)
    now = eager.merges.merge(2, into=1, why="the rain", by="ana")
    assert {one.joined.name: one.taken_from for one in now.alerts.values()} == {"Slow": None, "Leak": 2}
    assert [row.number for row in lists.all_incidents(eager.database, state=lists.OPEN)] == [1]
    assert where(eager, second) == 1
    eager.alerts.take([over(second)], clock.now())
    until(lambda: len(eager.ledger.read(1).firing) == 1)
    again = fault("Leak", "roof")  # fires again
    other = Alert(source="monitor", labels=again.labels | {"corner": "north"}, starts_at=clock.now())
    eager.alerts.take([again, other], clock.now())
    until(lambda: len(eager.ledger.read(1).firing) == 3)
    until(lambda: where(eager, other) == 1)  # the same rule and service as what came with INC-2; rows follow the log
    assert where(eager, first) == 1
    assert len(lists.all_incidents(eager.database)) == 2


@pytest.mark.req(18)
def test_alerts_that_are_split_off_go_on_in_an_incident_of_their_own(eager: House) -> None:
    first, second = two(eager)
    eager.merges.merge(2, into=1, why="the rain", by="ana")
    new = eager.merges.split(1, fingerprints=[second.fingerprint], title="The roof leaks", why="no rain", by="ben")
    assert (new.number, new.declared.title, new.declared.by) == (3, "The roof leaks", "ben")
    assert [one.joined.name for one in new.alerts.values()] == ["Leak"]
    assert [one.joined.name for one in eager.ledger.read(1).alerts.values()] == ["Slow"]
    assert (where(eager, first), where(eager, second)) == (1, 3)
    eager.alerts.take([over(second)], clock.now())
    until(lambda: not eager.ledger.read(3).firing)


def test_a_merge_that_died_half_way_is_finished_once_at_the_next_start(open_house: Open) -> None:
    house = open_house(alerts=Alerts(declare="all"))
    _, second = two(house)
    house.durable.close(grace=0)
    into = house.ledger.read(1)
    house.ledger.act(2, partial(core.merge, number=2, into=into, why="the rain", by="ana"))
    house.close()  # the other half is not written
    assert "Leak" not in [one.joined.name for one in into.alerts.values()]
    reopened = open_house(alerts=Alerts(declare="all"))
    until(lambda: len(reopened.ledger.read(1).alerts) == 2)
    until(lambda: where(reopened, second) == 1)
    reopened.merges._take_in(2)  # an effect is made at least once
    assert sum(isinstance(event, IncidentTakenIn) for event in reopened.ledger.log(1)) == 1


def test_a_split_that_died_half_way_is_finished_once_at_the_next_start(open_house: Open) -> None:
    house = open_house(alerts=Alerts(declare="all"))
    _, second = two(house)
    house.merges.merge(2, into=1, why="the rain", by="ana")
    house.durable.close(grace=0)
    part = Part(number=1, fingerprints=(second.fingerprint,), why="no rain")
    deed = house.declare.deed(
        title="The roof leaks", text="", found=None, by="ben", source="monitor", values={}, split_from=part
    )
    number = house.ledger.open(deed).number
    house.close()
    reopened = open_house(alerts=Alerts(declare="all"))
    until(lambda: where(reopened, second) == number)
    until(lambda: list(reopened.ledger.read(number).alerts) == [second.fingerprint])
    assert list(reopened.ledger.read(1).alerts) != [second.fingerprint]
    reopened.merges._bring(number)
    assert sum(isinstance(event, AlertsMoved) for event in reopened.ledger.log(1)) == 1
    assert len(reopened.ledger.read(number).alerts) == 1


def test_where_the_other_was_merged_meanwhile_the_alerts_follow(eager: House) -> None:
    _, second = two(eager)
    third = fault("Smoke", "oven")
    eager.alerts.take([third], clock.now())
    until(lambda: len(lists.all_incidents(eager.database)) == 3)
    before = eager.ledger.read(1)
    eager.merges.merge(1, into=3, why="fire", by="ana")
    eager.ledger.act(2, partial(core.merge, number=2, into=before, why="the rain", by="ben"))  # it read INC-1 before
    until(lambda: len(eager.ledger.read(3).alerts) == 3)
    until(lambda: where(eager, second) == 3)


def test_a_merge_into_itself_or_into_nothing_is_refused(eager: House) -> None:
    two(eager)
    with pytest.raises(Refused, match="part of itself"):
        eager.merges.merge(1, into=1, why="w", by="ana")
    with pytest.raises(Refused, match="no incident 9"):
        eager.merges.merge(1, into=9, why="w", by="ana")
