"""500 different alerts in a minute are one page and one incident that holds them all, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from contracts.pagerduty import ROUTING_KEY, PagerDutyStandIn
from fireline import clock
from fireline.core import delivery, incident
from fireline.core.alert import Alert
from fireline.core.events import PageReleased, StormBegan
from fireline.house import House
from fireline.settings import Alerts, PagerDutySettings, Storm
from fireline.store import lists
from kiosk import Open, until

MANY = 500


@pytest.fixture
def pager(shared: Path) -> Iterator[PagerDutyStandIn]:
    """PagerDuty's wire, every request and answer checked against its own document."""
    folder = shared / "contracts"
    with PagerDutyStandIn(folder / "pagerduty" / "events-v2-openapiv3.json", folder / "errata.json") as stand_in:
        yield stand_in


@pytest.fixture
def paging(open_house: Open, pager: PagerDutyStandIn) -> House:
    """A house that pages, and in which every alert declares."""
    settings = PagerDutySettings(routing_key=ROUTING_KEY, url=pager.url)
    return open_house(pagerduty=settings, alerts=Alerts(declare="all"), storm=Storm(hold_seconds=300))


def fault(n: int, severity: str = "critical") -> Alert:
    """A rule and a service that no other alert has."""
    return Alert(
        source="prometheus",
        labels={"alertname": f"Thing{n}Broken", "service": f"service-{n}", "severity": severity},
        annotations={"summary": f"Thing {n} is broken"},
        starts_at=clock.now(),
    )


def open_ones(house: House) -> list[int]:
    return [row.number for row in lists.all_incidents(house.database, state=lists.OPEN)]


def until_open(house: House, count: int) -> None:
    until(lambda: len(open_ones(house)) == count)


def until_decided(house: House, alert: Alert) -> None:
    until(lambda: house.alerts.kept([alert.fingerprint])[0].verdict)


def pages(pager: PagerDutyStandIn) -> int:
    return sum(alert.pages for alert in pager.alerts.values())


def one_incident_holds(house: House, alerts: list[Alert]) -> None:
    """All of them, each found with its own reason in its row, too."""
    until(lambda: all(one.verdict for one in house.alerts.kept([a.fingerprint for a in alerts])), seconds=60)
    until(lambda: len(open_ones(house)) == 1)
    [number] = open_ones(house)
    until(lambda: len(house.ledger.read(number).alerts) == len(alerts))
    names = [one.fingerprint for one in alerts]
    until(lambda: {one.incident for one in house.alerts.kept(names)} == {number})  # rows follow the log
    kept = house.alerts.kept(names)
    assert len(kept) == len(alerts)
    assert all(one.why for one in kept)
    now = house.ledger.read(number)
    assert {one.fingerprint for one in alerts} == set(now.alerts)
    assert all(one.joined.why for one in now.alerts.values())
    assert sum(isinstance(event, StormBegan) for event in house.ledger.log(number)) == 1


@pytest.mark.req(18, 24)
def test_500_different_alerts_one_after_another_page_once(paging: House, pager: PagerDutyStandIn) -> None:
    began = clock.now()
    alerts = [fault(n) for n in range(MANY)]
    for one in alerts:
        paging.alerts.take([one], clock.now())
    assert clock.now() - began < timedelta(minutes=1)
    one_incident_holds(paging, alerts)
    until(lambda: pages(pager) == 1)
    until(lambda: paging.durable.health()["ENQUEUED"] == 0)
    assert pages(pager) == 1
    [number] = open_ones(paging)
    for row in lists.all_incidents(paging.database):
        now = paging.ledger.read(row.number)
        assert row.number == number or (now.merged and now.merged.into == number)


@pytest.mark.req(18, 24)
def test_500_different_alerts_in_one_batch_page_once(paging: House, pager: PagerDutyStandIn) -> None:
    alerts = [fault(n) for n in range(MANY)]
    paging.alerts.take(alerts, clock.now())
    one_incident_holds(paging, alerts)
    until(lambda: pages(pager) == 1)
    assert len(lists.all_incidents(paging.database)) == 1
    assert len(paging.ledger.log(1)) < 10  # and not an event for each


@pytest.mark.req(18)
def test_incidents_of_the_storm_s_first_moments_become_part_of_the_one_that_paged(
    paging: House, pager: PagerDutyStandIn
) -> None:
    alerts = [fault(n) for n in range(12)]
    for n, one in enumerate(alerts[:10], 1):
        paging.alerts.take([one], clock.now())
        until_open(paging, n)
    paging.ledger.act(5, partial(incident.acknowledge, by="ana"))  # nobody takes this one from her hands
    for one in alerts[10:]:
        paging.alerts.take([one], clock.now())
        until_decided(paging, one)
    until(lambda: open_ones(paging) == [1, 5])
    first = paging.ledger.read(1)
    assert first.storm
    assert (first.storm.count, first.storm.incidents) == (11, (2, 3, 4, 6, 7, 8, 9, 10))
    assert len(first.alerts) == 11
    assert {one.taken_from for one in first.alerts.values()} == {None, 2, 3, 4, 6, 7, 8, 9, 10}
    assert "a storm" in first.alerts[alerts[11].fingerprint].joined.why
    until(lambda: pages(pager) == 1)


def test_a_second_fault_waits_with_its_page_and_pages_if_nobody_answers(
    open_house: Open, pager: PagerDutyStandIn
) -> None:
    settings = PagerDutySettings(routing_key=ROUTING_KEY, url=pager.url)
    house = open_house(pagerduty=settings, alerts=Alerts(declare="all"), storm=Storm(hold_seconds=2))
    house.alerts.take([fault(1), fault(2)], clock.now())  # in one look: the second comes within the hold
    until_open(house, 2)
    until(lambda: pages(pager) == 1)
    hold = house.ledger.read(2).declared.hold
    assert hold
    assert "the on-call is being paged for INC-1" in hold.why
    until(lambda: pages(pager) == 2)
    assert clock.now() >= hold.until
    assert any(isinstance(event, PageReleased) for event in house.ledger.log(2))


def test_a_held_page_is_dropped_when_somebody_has_that_incident(open_house: Open, pager: PagerDutyStandIn) -> None:
    settings = PagerDutySettings(routing_key=ROUTING_KEY, url=pager.url)
    house = open_house(pagerduty=settings, alerts=Alerts(declare="all"), storm=Storm(hold_seconds=3))
    house.alerts.take([fault(1), fault(2)], clock.now())  # in one look: the second comes within the hold
    until_open(house, 2)
    house.ledger.act(2, partial(incident.acknowledge, by="ana"))
    hold = house.ledger.read(2).declared.hold
    assert hold
    until(lambda: clock.now() > hold.until + timedelta(seconds=1))
    assert pages(pager) == 1
    assert delivery.deliveries(house.ledger.log(2)) == ()


def test_something_graver_does_not_wait(paging: House, pager: PagerDutyStandIn) -> None:
    paging.alerts.take([fault(1)], clock.now())
    until(lambda: pages(pager) == 1)
    paging.ledger.act(
        1, partial(incident.change_severity, severity="P2", severity_name="", response_minutes=60, reason="w", by="ana")
    )
    paging.alerts.take([fault(2)], clock.now())  # the other one is P2 by now, and nobody is paged for a P2
    until(lambda: pages(pager) == 2)
