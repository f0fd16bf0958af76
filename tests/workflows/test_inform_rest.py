"""Through PagerDuty's REST API a page goes out once, keeps its title and priority, and says who is on call."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from contracts.pagerduty import ROUTING_KEY, PagerDutyStandIn
from contracts.pagerduty_rest import SENDER, TOKEN, PagerDutyRestStandIn
from fireline.core import delivery, incident
from fireline.house import House
from fireline.settings import PagerDutySettings
from kiosk import Open, resolve, until

KEY = "127.0.0.1:8000/INC-1"


@pytest.fixture
def account(shared_if_there: Path | None) -> Iterator[PagerDutyRestStandIn]:
    with PagerDutyRestStandIn(shared_if_there) as stand_in:
        yield stand_in


def settings(account: PagerDutyRestStandIn, service: str = "shop-platform", **more: Any) -> PagerDutySettings:
    return PagerDutySettings(api_token=TOKEN, from_=SENDER, service=service, api_url=account.url, **more)


@pytest.fixture
def paging(open_house: Open, account: PagerDutyRestStandIn) -> House:
    return open_house(pagerduty=settings(account))


def states(house: House) -> list[tuple[str, str]]:
    return [(one.verb, one.state) for one in delivery.deliveries(house.ledger.log(1))]


def raise_to(house: House, severity: str, minutes: int) -> None:
    level = partial(incident.change_severity, severity=severity, severity_name="", response_minutes=minutes)
    house.ledger.act(1, partial(level, reason="seen", by="ana"))


@pytest.mark.req(27, 109)
def test_a_p1_is_opened_renamed_noted_acknowledged_and_resolved(paging: House, account: PagerDutyRestStandIn) -> None:
    paging.declare.by_person("Kiosk shut", by="ana", severity="P1")
    until(lambda: states(paging) == [("trigger", "made")])
    [there] = account.of(KEY)
    assert (there.facts["title"], there.facts["urgency"]) == ("P1: Kiosk shut", "high")
    assert there.facts["priority"]["name"] == "P1"
    [page] = delivery.deliveries(paging.ledger.log(1))
    assert (page.ref, page.link) == (there.id, there.facts["html_url"])
    assert page.note == "PagerDuty woke Ana Duarte. PagerDuty says Ana Duarte is on call."
    paging.ledger.act(1, partial(incident.acknowledge, by="ana"))
    until(lambda: there.facts["status"] == "acknowledged")
    paging.ledger.act(1, partial(incident.change_status, status="Identified", why="a full till", by="ana"))
    until(lambda: there.notes)
    assert "Identified" in there.notes[0]
    assert "a full till" in there.notes[0]
    resolve(paging)
    until(lambda: there.facts["status"] == "resolved")
    assert account.opened(KEY) == 1


@pytest.mark.req(38)
def test_title_priority_and_urgency_follow_the_severity(paging: House, account: PagerDutyRestStandIn) -> None:
    paging.declare.by_person("Kiosk shut", by="ana", severity="P1")
    raise_to(paging, "P2", 60)
    until(lambda: states(paging) == [("trigger", "made"), ("retitle", "made")])
    [there] = account.of(KEY)
    assert (there.facts["title"], there.facts["urgency"]) == ("P2: Kiosk shut", "low")
    assert there.facts["priority"]["name"] == "P2"


@pytest.mark.req(27)
def test_an_unknown_service_is_said_with_those_there_are_and_never_pages(
    open_house: Open, account: PagerDutyRestStandIn
) -> None:
    house = open_house(pagerduty=settings(account, service="kiosks"))
    house.declare.by_person("Kiosk shut", by="ana", severity="P1")
    until(lambda: states(house) == [("trigger", "given up")])
    [page] = delivery.deliveries(house.ledger.log(1))
    assert page.reason == "PagerDuty has no service named kiosks. There are: shop-platform, shop-search."
    assert account.incidents == []


@pytest.mark.req(37)
def test_an_answer_that_got_lost_does_not_page_twice(paging: House, account: PagerDutyRestStandIn) -> None:
    declared = paging.declare.by_person
    # what is asked before the page: the incident, the service, the priority
    account.wire.let_pass(3)
    account.wire.fail_next(1, "drop")
    declared("Kiosk shut", by="ana", severity="P1")
    until(lambda: states(paging) == [("trigger", "made")])
    assert account.opened(KEY) == 1
    assert sum(one.method == "POST" for one in account.requests) == 1


def test_a_missing_priority_is_told_and_the_page_goes_out(open_house: Open, account: PagerDutyRestStandIn) -> None:
    house = open_house(pagerduty=settings(account))
    account.wire.let_pass(2)
    account.wire.fail_next(1, "500")
    house.declare.by_person("Kiosk shut", by="ana", severity="P1")
    until(lambda: states(house) == [("trigger", "made")])
    [page] = delivery.deliveries(house.ledger.log(1))
    assert "No priority: " in page.note
    assert "priority" not in account.of(KEY)[0].facts


def test_with_both_ways_the_event_pages_and_the_rest_api_adds_the_priority(
    open_house: Open, account: PagerDutyRestStandIn
) -> None:
    with PagerDutyStandIn(None) as events:
        house = open_house(pagerduty=settings(account, routing_key=ROUTING_KEY, url=events.url))
        house.declare.by_person("Kiosk shut", by="ana", severity="P1")
        until(lambda: events.pages(KEY) == 1)
        until(lambda: ("retitle", "waiting") in states(house))  # PagerDuty takes a moment to open it
        there = account.from_event(KEY, "P1: Kiosk shut")
        until(lambda: states(house) == [("trigger", "made"), ("retitle", "made")])
        assert there.facts["priority"]["name"] == "P1"
        assert account.opened(KEY) == 1


def test_nothing_is_asked_of_an_incident_whose_page_never_got_there(
    open_house: Open, account: PagerDutyRestStandIn
) -> None:
    house = open_house(pagerduty=settings(account, service="kiosks"))
    house.declare.by_person("Kiosk shut", by="ana", severity="P1")
    until(lambda: states(house) == [("trigger", "given up")])
    house.ledger.act(1, partial(incident.acknowledge, by="ana"))
    until(lambda: states(house) == [("trigger", "given up"), ("acknowledge", "dropped")])
