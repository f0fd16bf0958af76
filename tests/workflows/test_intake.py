"""One fault is one incident, however many alarms tell of it; what no runbook knows waits for a person."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from fireline import clock
from fireline.connectors.alertmanager import from_webhook
from fireline.core import approval, gate, incident
from fireline.core.alert import Alert
from fireline.core.events import AlertCleared, AlertJoined, AlertsCleared, AlertsJoined
from fireline.core.joined import ALERTS
from fireline.house import House
from fireline.settings import RuleSettings
from fireline.store import lists, looks
from fireline.store.alerts import Kept
from fireline.web.alerts import join
from kiosk import Open, kiosk_shut, over, resolve, until


def numbers(house: House) -> list[int]:
    return [row.number for row in lists.all_incidents(house.database)]


def kept(house: House, alert: Alert) -> Kept:
    [found] = house.alerts.kept([alert.fingerprint])
    return found


def until_decided(house: House, alert: Alert) -> None:
    until(lambda: kept(house, alert).verdict)


def test_an_alarm_declares_with_the_runbook_s_severity_and_says_why(house: House) -> None:
    house.alerts.take([kiosk_shut()], clock.now())
    until(lambda: numbers(house) and house.ledger.read(1).alerts)
    declared = house.ledger.read(1).declared
    assert (declared.severity, declared.response_minutes, declared.scenario) == ("P1", 15, "Kiosk Shut")
    assert "Kiosk Shut" in (declared.match_why or "")
    assert declared.source == "alertmanager"


@pytest.mark.req(18)
def test_three_alarms_of_one_fault_are_one_incident_and_each_says_why_it_joined(house: House) -> None:
    batch = [kiosk_shut(instance=name) for name in ("north", "south", "harbour")]
    house.alerts.take(batch[:1], clock.now())
    house.alerts.take(batch, clock.now())
    until(lambda: len(house.ledger.read(1).alerts) == 3 if numbers(house) else False)
    assert numbers(house) == [1]
    assert all("service kiosk" in one.joined.why for one in house.ledger.read(1).alerts.values())


def test_sending_the_same_alarm_again_changes_nothing(house: House) -> None:
    alert = kiosk_shut()
    assert house.alerts.take([alert], clock.now()) == ("new",)
    until(lambda: numbers(house) and house.ledger.read(1).alerts)
    assert house.alerts.take([alert], clock.now()) == ("same",)
    assert len(house.alerts.kept([alert.fingerprint])) == 1


@pytest.mark.req(24)
def test_an_alarm_that_ends_and_begins_again_is_told_in_the_same_incident(house: House) -> None:
    alert = kiosk_shut()
    house.alerts.take([alert], clock.now())
    until(lambda: numbers(house) and house.ledger.read(1).alerts)
    house.alerts.take([over(alert)], clock.now())
    until(lambda: any(isinstance(event, AlertCleared) for event in house.ledger.log(1)))
    house.alerts.take([msgspec.structs.replace(alert, starts_at=clock.now())], clock.now())
    until(lambda: sum(isinstance(event, AlertJoined) for event in house.ledger.log(1)) == 2)
    assert numbers(house) == [1]
    assert len(house.ledger.read(1).firing) == 1


def test_after_the_end_the_same_alarm_opens_a_new_incident(house: House) -> None:
    alert = kiosk_shut()
    house.alerts.take([alert], clock.now())
    until(lambda: numbers(house) and house.ledger.read(1).alerts)
    resolve(house)
    house.alerts.take([msgspec.structs.replace(alert, starts_at=clock.now())], clock.now())
    until(lambda: numbers(house) == [2, 1])
    assert house.ledger.read(2).declared.earlier == 1
    until(lambda: house.ledger.read(1).review)
    until(lambda: approval.asks(house.ledger.log(2)))  # nothing is under way when the house closes


def test_what_no_runbook_knows_waits_for_a_person(house: House) -> None:
    stranger = Alert(source="alertmanager", labels={"alertname": "MoonTooBright"}, starts_at=clock.now())
    house.alerts.take([stranger], clock.now())
    until(lambda: kept(house, stranger).verdict == "suggested")
    assert kept(house, stranger).why == "no runbook has a scenario for it, so a person decides"
    assert [row.fingerprint for row in house.alerts.to_triage()] == [stranger.fingerprint]
    assert numbers(house) == []


def about(source: str, name: str, **labels: str) -> Alert:
    return Alert(source=source, labels={"alertname": name, **labels}, starts_at=clock.now())


@pytest.mark.req(18)
def test_the_same_fault_told_by_three_sources_is_one_incident_and_each_says_why(house: House) -> None:
    told = [
        kiosk_shut(),
        about("ticket", "I cannot buy a newspaper", service="kiosk"),
        about("sentry", "ConnectionError", service="Kiosk"),
    ]
    for one in told:
        house.alerts.take([one], clock.now())
        until_decided(house, one)
    assert numbers(house) == [1]
    now = house.ledger.read(1)
    assert now.sources == ("alertmanager", "ticket", "sentry")
    assert [kept(house, one).incident for one in told] == [1, 1, 1]
    assert kept(house, told[1]).why == "people report kiosk, which INC-1 is about"
    assert kept(house, told[2]).why == "same service Kiosk, began 0 s after INC-1"
    assert all(now.alerts[one.fingerprint].joined.why == kept(house, one).why for one in told[1:])


def test_another_service_is_another_matter(house: House) -> None:
    house.alerts.take([kiosk_shut()], clock.now())
    until(lambda: numbers(house) == [1] and house.ledger.read(1).alerts)
    other, none = about("sentry", "TypeError", service="till"), about("sentry", "TypeError", namespace="kiosk")
    house.alerts.take([other, none], clock.now())
    until(lambda: kept(house, none).verdict == "suggested" and kept(house, other).verdict == "suggested")
    assert len(house.ledger.read(1).alerts) == 1


@pytest.mark.req(17, 18)
def test_rules_come_before_the_default_and_say_why(open_house: Open) -> None:
    house = open_house(
        rules=(
            RuleSettings(name="staging", match={"env": "~stag.*"}, do="ignore", why="nobody is woken for it"),
            RuleSettings(name="by hand", match={"alertname": "KioskShut", "by": "hand"}, do="suggest"),
            RuleSettings(name="roof", match={"source": "sentry"}, do="declare", severity="P1", service="roof"),
        )
    )
    staging, by_hand, roof = kiosk_shut(env="staging"), kiosk_shut(by="hand"), about("sentry", "Leak")
    house.alerts.take([staging, by_hand, roof], clock.now())
    until(lambda: all(kept(house, one).verdict for one in (staging, by_hand, roof)))
    assert [kept(house, one).verdict for one in (staging, by_hand, roof)] == ["ignored", "suggested", "declared"]
    assert kept(house, staging).why == "the rule “staging” says ignore: nobody is woken for it"
    declared = house.ledger.read(1).declared
    assert (declared.severity, declared.service) == ("P1", "roof")
    assert declared.severity_why == "The rule “roof” says P1."


@pytest.mark.req(24)
def test_in_a_group_that_fires_each_alert_counts_by_its_own_status(house: House, shared: Path) -> None:
    sample = shared / "contracts/samples/alertmanager/webhook_v4_firing_mixed_one_resolved.json"
    body = json.loads(sample.read_text())["body"]
    assert body["status"] == "firing"
    alerts = from_webhook(json.dumps(body).encode())
    assert {one.firing for one in alerts} == {True, False}
    number = house.declare.by_person("Redis is away", by="ana", service=alerts[0].service).number
    house.alerts.take([msgspec.structs.replace(one, ends_at=None) for one in alerts], clock.now())
    for one in alerts:
        until_decided(house, one)
        if kept(house, one).incident is None:
            join(number, one, house.ledger, house.alerts, by="ana")
    house.alerts.take(alerts, clock.now())
    over_ = {one.fingerprint for one in alerts if not one.firing}
    until(lambda: len(house.ledger.read(number).firing) == len(alerts) - len(over_))
    assert {one.joined.fingerprint for one in house.ledger.read(number).firing}.isdisjoint(over_)


@pytest.mark.req(24)
def test_an_alarm_whose_source_falls_silent_is_neither_good_nor_over_until_it_speaks_again(house: House) -> None:
    alert = kiosk_shut()
    house.alerts.take([alert], clock.now())
    until(lambda: numbers(house) and house.ledger.read(1).alerts)
    house.alerts.take([msgspec.structs.replace(alert, no_data=True)], clock.now())
    until(lambda: [one.state for one in house.ledger.read(1).alerts.values()] == ["no data"])
    shut = gate.standings(house.ledger.log(1), clock.now())[1]
    assert (shut.open, shut.detail) == (False, "no data: KioskShut")
    house.alerts.take([alert], clock.now())
    until(lambda: [one.state for one in house.ledger.read(1).alerts.values()] == ["firing"])
    until(lambda: "its source speaks again" in (kept(house, alert).why or ""))


@pytest.mark.req(24)
def test_nothing_is_declared_for_what_nobody_can_see(house: House) -> None:
    alert = msgspec.structs.replace(kiosk_shut(), no_data=True)
    house.alerts.take([alert], clock.now())
    until(lambda: kept(house, alert).verdict == "suggested")
    assert "no data" in (kept(house, alert).why or "")
    assert numbers(house) == []


@pytest.mark.req(24)
def test_an_alarm_that_comes_and_goes_is_told_once_and_counts_as_firing(house: House) -> None:
    alert = kiosk_shut()
    house.alerts.take([alert], clock.now())
    until(lambda: numbers(house) and house.ledger.read(1).alerts)
    for _ in range(6):
        house.alerts.take([over(alert)], clock.now())
        house.alerts.take([msgspec.structs.replace(alert, starts_at=clock.now())], clock.now())
    house.alerts.take([over(alert)], clock.now())
    until(lambda: [one.state for one in house.ledger.read(1).alerts.values()] == ["flapping"])
    assert len(house.ledger.read(1).firing) == 1
    settled = told(house)
    for _ in range(3):
        house.alerts.take([msgspec.structs.replace(alert, starts_at=clock.now())], clock.now())
        house.alerts.take([over(alert)], clock.now())
    until(lambda: looks_now(house) == 0)
    assert told(house) == settled
    later = looks.next_due(house.database)
    assert later
    assert timedelta(minutes=4) < later - clock.now() <= timedelta(minutes=5)  # to see whether it has settled


def told(house: House) -> int:
    """Events of INC-1 about alerts."""
    return sum(isinstance(event, ALERTS) for event in house.ledger.log(1))


def looks_now(house: House) -> int:
    """Looks that are asked for and not done."""
    with house.database.reading() as connection:
        return connection.scalar(sa.select(sa.func.count()).where(looks.looks.c.due_at.is_(None))) or 0


def test_alarms_of_one_fault_in_one_batch_are_told_in_two_events(house: House) -> None:
    batch = [kiosk_shut(instance=f"k{n}") for n in range(200)]
    house.alerts.take(batch, clock.now())
    until(lambda: len(house.ledger.read(1).alerts) == 200 if numbers(house) else False)
    told = [event for event in house.ledger.log(1) if isinstance(event, AlertJoined | AlertsJoined)]
    assert len(told) == 1
    house.alerts.take([over(one) for one in batch], clock.now())
    until(lambda: not house.ledger.read(1).firing)
    assert sum(isinstance(event, AlertsCleared) for event in house.ledger.log(1)) == 1


def test_an_alarm_graver_than_the_incident_it_joins_raises_it_unless_a_person_has_judged(house: House) -> None:
    mild = about("sentry", "KioskShut", service="kiosk", env="test")
    house.declare.by_person("Queue", by="ana", severity="P2", service="till")
    house.alerts.take([mild, about("sentry", "Slow", service="till", severity="critical")], clock.now())
    until(lambda: house.ledger.read(1).alerts)
    assert house.ledger.read(1).severity == "P2"  # ana said so
    number = max(numbers(house))
    worse = about("alertmanager", "Riot", service="kiosk", severity="P0")
    house.alerts.take([worse], clock.now())
    until(lambda: kept(house, worse).incident == number)
    assert house.ledger.read(number).severity == "P1"  # its runbook has no P0


@pytest.mark.req(17)
def test_a_person_declares_with_a_title_alone(house: House) -> None:
    declared = house.declare.by_person("Long queue in front of the kiosk", by="ana")
    assert (declared.number, declared.severity, declared.declared.by) == (1, "P2", "ana")
    with pytest.raises(Exception, match="few words"):
        house.declare.by_person("   ", by="ana")
    assert house.ledger.act(1, partial(incident.acknowledge, by="ana")).acknowledged
