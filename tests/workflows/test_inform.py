"""A vendor that is away delays nothing: the incident exists, says what is not delivered, and pages once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from contracts.pagerduty import ROUTING_KEY, PagerDutyStandIn
from fireline import clock
from fireline.core import delivery, incident
from fireline.house import House
from fireline.settings import PagerDutySettings
from kiosk import RUNBOOK, Open, resolve, until


@pytest.fixture
def pager(shared: Path) -> Iterator[PagerDutyStandIn]:
    """PagerDuty's wire, every request and answer checked against its own document."""
    folder = shared / "contracts"
    with PagerDutyStandIn(folder / "pagerduty" / "events-v2-openapiv3.json", folder / "errata.json") as stand_in:
        yield stand_in


@pytest.fixture
def paging(open_house: Open, pager: PagerDutyStandIn, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house that pages, and soon again."""
    monkeypatch.setattr(delivery, "FIRST_WAIT", timedelta(milliseconds=50))
    return open_house(pagerduty=PagerDutySettings(routing_key=ROUTING_KEY, url=pager.url))


def states(house: House) -> list[str]:
    return [one.state for one in delivery.deliveries(house.ledger.log(1))]


@pytest.mark.req(12, 109)
def test_a_p1_pages_once_is_acknowledged_and_closed(paging: House, pager: PagerDutyStandIn) -> None:
    paging.declare.by_person("Kiosk shut", by="ana", severity="P1")
    until(lambda: states(paging) == ["made"])
    [alert] = pager.open_alerts
    assert pager.pages(alert) == 1
    paging.ledger.act(1, partial(incident.acknowledge, by="ana"))
    until(lambda: states(paging) == ["made", "made"])
    resolve(paging)
    until(lambda: states(paging) == ["made", "made", "made"])
    assert list(pager.open_alerts) == []


@pytest.mark.req(26)
def test_a_p2_wakes_nobody(paging: House, pager: PagerDutyStandIn) -> None:
    paging.declare.by_person("Long queue", by="ana", severity="P2")
    paging.ledger.act(1, partial(incident.acknowledge, by="ana"))
    until(lambda: paging.durable.health()["ENQUEUED"] == 0)
    assert pager.requests == []


def test_while_it_refuses_the_incident_says_so_and_the_retry_pages_once(paging: House, pager: PagerDutyStandIn) -> None:
    with pager.refusing():
        paging.declare.by_person("Kiosk shut", by="ana", severity="P1")
        until(lambda: states(paging) == ["waiting"])
        [one] = delivery.deliveries(paging.ledger.log(1))
        assert "refused" in one.reason
        assert one.again_at is not None
        assert one.again_at > clock.now().replace(year=2020)
    until(lambda: states(paging) == ["made"])
    [alert] = pager.open_alerts
    assert pager.pages(alert) == 1


def test_an_answer_that_got_lost_does_not_page_twice(paging: House, pager: PagerDutyStandIn) -> None:
    pager.fail_next(1, "drop")
    paging.declare.by_person("Kiosk shut", by="ana", severity="P1")
    until(lambda: states(paging) == ["made"])
    assert len(pager.requests) == 2
    [alert] = pager.open_alerts
    assert pager.pages(alert) == 1


def test_a_page_still_waiting_when_somebody_has_it_is_dropped(paging: House, pager: PagerDutyStandIn) -> None:
    with pager.refusing():
        paging.declare.by_person("Kiosk shut", by="ana", severity="P1")
        until(lambda: states(paging) == ["waiting"])
        paging.ledger.act(1, partial(incident.acknowledge, by="ana"))
    until(lambda: states(paging) == ["dropped", "made"])
    assert list(pager.open_alerts) == []


def test_a_page_outlives_the_house(open_house: Open, pager: PagerDutyStandIn) -> None:
    settings = PagerDutySettings(routing_key=ROUTING_KEY, url=pager.url)
    house = open_house(pagerduty=settings)
    with pager.refusing():
        house.declare.by_person("Kiosk shut", by="ana", severity="P1")
        until(lambda: states(house) == ["waiting"])
        house.durable.close(grace=0)
        house.close()
    reopened = open_house(pagerduty=settings, runbook=RUNBOOK)
    until(lambda: states(reopened) == ["made"])
    [alert] = pager.open_alerts
    assert pager.pages(alert) == 1
