"""What people write joins the open incident of its service, is counted on its page, and keeps no gate shut."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from litestar.testing import TestClient

from fireline import clock
from fireline.access import COOKIE
from fireline.app import asgi
from fireline.connectors.github import from_webhook
from fireline.connectors.tickets import from_ticket
from fireline.core.alert import Alert
from fireline.core.gate import standings
from fireline.house import House
from fireline.settings import HeartbeatSettings, ProbeSettings
from fireline.store import lists
from fireline.workflows.reports import Reports
from kiosk import Open, kiosk_shut, over, resolve, until


def ticket(number: int, service: str = "kiosk") -> Alert:
    body = {"id": str(number), "subject": "<b>I cannot buy</b>", "service": service}
    return from_ticket(json.dumps(body | {"url": f"https://desk.example/{number}"}).encode(), clock.now())


def verdict(house: House, alert: Alert) -> str | None:
    [kept] = house.alerts.kept([alert.fingerprint])
    return kept.verdict


def page(house: House, path: str) -> str:
    house.accounts.add("ana", "Ana Duarte")
    session = house.accounts.sign_in(house.accounts.link("ana", clock.now()), clock.now())
    with_house_open = TestClient(asgi(house), cookies={COOKIE: session})  # not entered: it would open the house again
    answer = with_house_open.get(path)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.req(14)
def test_six_tickets_stand_on_the_page_as_six_reports_with_links(house: House) -> None:
    house.alerts.take([kiosk_shut()], clock.now())
    until(lambda: house.ledger.heads() and house.ledger.read(1).alerts)
    house.alerts.take([ticket(number) for number in range(6)], clock.now())
    until(lambda: len(house.ledger.read(1).alerts) == 7)
    shown = page(house, "/incidents/1")
    assert "6 reports" in shown
    assert 'href="https://desk.example/5" rel="noreferrer">&lt;b&gt;I cannot buy&lt;/b&gt;</a>' in shown
    assert [row.number for row in lists.all_incidents(house.database)] == [1]
    assert house.ledger.read(1).sources == ("alertmanager", "ticket")


@pytest.mark.req(18)
def test_one_fault_told_by_three_sources_is_one_incident(house: House) -> None:
    house.alerts.take([kiosk_shut()], clock.now())
    until(lambda: house.ledger.heads() and house.ledger.read(1).alerts)
    labels = {"alertname": "DoorError", "service": "kiosk"}
    house.alerts.take([Alert(source="sentry", labels=labels, starts_at=clock.now())], clock.now())
    house.alerts.take([ticket(1)], clock.now())
    until(lambda: len(house.ledger.read(1).alerts) == 3)
    assert house.ledger.read(1).sources == ("alertmanager", "sentry", "ticket")
    assert [row.number for row in lists.all_incidents(house.database)] == [1]


def test_a_report_of_a_service_without_an_incident_waits_for_a_person(house: House) -> None:
    one = ticket(1, service="newsstand")
    house.alerts.take([one], clock.now())
    until(lambda: verdict(house, one))
    assert verdict(house, one) == "suggested"
    assert lists.all_incidents(house.database) == []


def test_reports_that_name_no_service_are_not_taken_for_one_fault(house: House) -> None:
    house.alerts.take([kiosk_shut()], clock.now())
    until(lambda: house.ledger.heads() and house.ledger.read(1).alerts)
    first, second = ticket(1, service=""), ticket(2, service="")
    house.alerts.take([first], clock.now())
    until(lambda: verdict(house, first))
    house.alerts.take([second], clock.now())
    until(lambda: verdict(house, second))
    assert {verdict(house, first), verdict(house, second)} == {"suggested"}


def test_a_report_keeps_no_gate_shut_and_ends_with_its_incident(house: House) -> None:
    alert, said = kiosk_shut(), ticket(1)
    house.alerts.take([alert], clock.now())
    until(lambda: house.ledger.heads() and house.ledger.read(1).alerts)
    house.alerts.take([said], clock.now())
    until(lambda: len(house.ledger.read(1).alerts) == 2)
    house.alerts.take([over(alert)], clock.now())
    until(lambda: not house.ledger.read(1).firing)
    gates = {one.spec.kind: one.open for one in standings(house.ledger.log(1), clock.now())}
    assert gates["alerts"]
    resolve(house)
    house.alerts.take([ticket(2, service="newsstand")], clock.now())
    Reports(house.alerts, clock.now).look()
    assert [one.service for one in house.alerts.firing()] == ["newsstand"]
    in_a_week: datetime = clock.now() + timedelta(days=7)
    Reports(house.alerts, lambda: in_a_week).look()
    assert house.alerts.firing() == ()


def test_the_page_shows_what_changed_before_the_incident_began(house: House) -> None:
    at = clock.now()
    repository = {"full_name": "lantern/kiosk", "name": "kiosk", "default_branch": "main"}
    pull = {"id": 1, "number": 2, "title": "New <lock>", "base": {"ref": "main"}, "merged": True}
    body = {"action": "closed", "pull_request": pull, "repository": repository}
    change = from_webhook("pull_request", json.dumps(body).encode(), at - timedelta(minutes=20), {})
    assert change is not None
    house.deploys.keep(change)
    house.alerts.take([kiosk_shut()], at)
    until(lambda: house.ledger.heads() and house.ledger.read(1).alerts)
    shown = page(house, "/incidents/1")
    assert "What changed?" in shown
    assert "1 change in the last hour before it" in shown
    assert "#2 New &lt;lock&gt;" in shown


@pytest.mark.req(18)
def test_a_house_watches_by_itself_what_its_settings_name(open_house: Open) -> None:
    dead = ProbeSettings(name="KioskShut", url="http://127.0.0.1:9/health", service="kiosk", every=1, failures=1)
    beat = HeartbeatSettings(name="backup", service="newsstand", every=0.5, grace=0.5)
    house = open_house(probes=(dead,), heartbeats=(beat,))
    until(lambda: {one.source for one in house.alerts.firing()} == {"probe", "heartbeat"})
    until(lambda: house.ledger.heads() and house.ledger.read(1).alerts)
    assert house.ledger.read(1).declared.source == "probe"
