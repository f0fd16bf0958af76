"""One fault is one incident, however many alarms tell of it; what no runbook knows waits for a person."""

from __future__ import annotations

from functools import partial

import msgspec
import pytest

from fireline import clock
from fireline.core import approval, incident
from fireline.core.alert import Alert
from fireline.core.events import AlertCleared, AlertJoined
from fireline.house import House
from fireline.store import lists
from kiosk import kiosk_shut, over, resolve, until


def numbers(house: House) -> list[int]:
    return [row.number for row in lists.all_incidents(house.database)]


def test_an_alarm_declares_with_the_runbook_s_severity_and_says_why(house: House) -> None:
    house.alerts.take([kiosk_shut()], clock.now())
    until(lambda: house.ledger.head(1) >= 2)
    declared = house.ledger.read(1).declared
    assert (declared.severity, declared.response_minutes, declared.scenario) == ("P1", 15, "Kiosk Shut")
    assert "Kiosk Shut" in (declared.match_why or "")
    assert declared.source == "alertmanager"


@pytest.mark.req(18)
def test_three_alarms_of_one_fault_are_one_incident_and_each_says_why_it_joined(house: House) -> None:
    batch = [kiosk_shut(instance=name) for name in ("north", "south", "harbour")]
    house.alerts.take(batch[:1], clock.now())
    house.alerts.take(batch, clock.now())
    until(
        lambda: sum(isinstance(event, AlertJoined) for event in house.ledger.log(1)) == 3 if numbers(house) else False
    )
    assert numbers(house) == [1]
    assert all("service kiosk" in event.why for event in house.ledger.log(1) if isinstance(event, AlertJoined))


def test_sending_the_same_alarm_again_changes_nothing(house: House) -> None:
    alert = kiosk_shut()
    assert house.alerts.take([alert], clock.now()) == ("new",)
    until(lambda: house.ledger.head(1) >= 2)
    assert house.alerts.take([alert], clock.now()) == ("same",)
    assert len(house.alerts.group(alert.group)) == 1


@pytest.mark.req(24)
def test_an_alarm_that_ends_and_begins_again_is_told_in_the_same_incident(house: House) -> None:
    alert = kiosk_shut()
    house.alerts.take([alert], clock.now())
    until(lambda: house.ledger.head(1) >= 2)
    house.alerts.take([over(alert)], clock.now())
    until(lambda: any(isinstance(event, AlertCleared) for event in house.ledger.log(1)))
    house.alerts.take([msgspec.structs.replace(alert, starts_at=clock.now())], clock.now())
    until(lambda: sum(isinstance(event, AlertJoined) for event in house.ledger.log(1)) == 2)
    assert numbers(house) == [1]
    assert len(house.ledger.read(1).firing) == 1


def test_after_the_end_the_same_alarm_opens_a_new_incident(house: House) -> None:
    alert = kiosk_shut()
    house.alerts.take([alert], clock.now())
    until(lambda: house.ledger.head(1) >= 2)
    resolve(house)
    house.alerts.take([msgspec.structs.replace(alert, starts_at=clock.now())], clock.now())
    until(lambda: numbers(house) == [2, 1])
    until(lambda: house.ledger.read(1).review)
    until(lambda: approval.asks(house.ledger.log(2)))  # nothing is under way when the house closes


def test_what_no_runbook_knows_waits_for_a_person(house: House) -> None:
    stranger = Alert(source="alertmanager", labels={"alertname": "MoonTooBright"}, starts_at=clock.now())
    house.alerts.take([stranger], clock.now())
    until(lambda: house.durable.health()["ENQUEUED"] == 0)
    until(lambda: [row.fingerprint for row in house.alerts.to_triage()] == [stranger.fingerprint])
    assert numbers(house) == []


@pytest.mark.req(17)
def test_a_person_declares_with_a_title_alone(house: House) -> None:
    declared = house.declare.by_person("Long queue in front of the kiosk", by="ana")
    assert (declared.number, declared.severity, declared.declared.by) == (1, "P2", "ana")
    with pytest.raises(Exception, match="few words"):
        house.declare.by_person("   ", by="ana")
    assert house.ledger.act(1, partial(incident.acknowledge, by="ana")).acknowledged
