"""A silenced alert wakes nobody while it is silent, and is looked at as if it had just come when that ends."""

from __future__ import annotations

from datetime import timedelta

from fireline import clock
from fireline.core.alert import Alert
from fireline.core.silence import Silence
from fireline.house import House
from fireline.store import lists
from kiosk import kiosk_shut, over, until


def hush(house: House, **more: timedelta) -> Silence:
    at = clock.now()
    lasts = more.get("lasts", timedelta(hours=1))
    return house.hush.add(
        matchers='alertname="KioskShut"', by="ana", reason="the door is mended", starts_at=None, ends_at=at + lasts,
        kind="silence",
    )  # fmt: skip


def incidents(house: House) -> int:
    return len(lists.all_incidents(house.database))


def verdict(house: House, alert: Alert) -> str | None:
    [kept] = house.alerts.kept([alert.fingerprint])
    return kept.verdict


def test_it_is_kept_with_the_reason_declares_nothing_and_waits_for_nobody(house: House) -> None:
    silence = hush(house)
    house.alerts.take([kiosk_shut()], clock.now())
    until(lambda: verdict(house, kiosk_shut()) == "silenced")
    [kept] = house.alerts.kept([kiosk_shut().fingerprint])
    assert kept.why == silence.why
    assert house.alerts.to_triage() == []
    assert incidents(house) == 0


def test_when_somebody_ends_it_what_still_fires_declares(house: House) -> None:
    number = hush(house).number
    house.alerts.take([kiosk_shut()], clock.now())
    until(lambda: verdict(house, kiosk_shut()) == "silenced")
    house.hush.end(number, by="ben")
    until(lambda: incidents(house) == 1)


def test_when_its_time_is_over_what_still_fires_declares_by_itself(house: House) -> None:
    hush(house, lasts=timedelta(seconds=3))
    house.alerts.take([kiosk_shut()], clock.now())
    until(lambda: verdict(house, kiosk_shut()) == "silenced")
    assert incidents(house) == 0
    until(lambda: incidents(house) == 1)


def test_what_ended_meanwhile_wakes_nobody_afterwards(house: House) -> None:
    number = hush(house).number
    alert = kiosk_shut()
    house.alerts.take([alert], clock.now())
    until(lambda: verdict(house, alert) == "silenced")
    house.alerts.take([over(alert)], clock.now())
    house.hush.end(number, by="ben")
    other = Alert(source="prometheus", labels={"alertname": "MoonTooBright"}, starts_at=clock.now())
    house.alerts.take([other], clock.now())
    until(lambda: verdict(house, other))  # looks are taken in order, so the first one has been
    assert incidents(house) == 0


def test_an_incident_that_is_open_stays_open_and_one_that_waits_for_triage_waits_no_longer(house: House) -> None:
    house.alerts.take([kiosk_shut()], clock.now())
    until(lambda: incidents(house) == 1 and house.ledger.read(1).alerts)
    stranger = Alert(source="prometheus", labels={"alertname": "MoonTooBright"}, starts_at=clock.now())
    house.alerts.take([stranger], clock.now())
    until(lambda: verdict(house, stranger) == "suggested")
    house.hush.add(
        matchers="alertname=~KioskShut|Moon.*", by="ana", reason="quiet, please", starts_at=None,
        ends_at=clock.now() + timedelta(hours=1), kind="maintenance",
    )  # fmt: skip
    until(lambda: verdict(house, stranger) == "silenced")
    assert not house.ledger.read(1).resolved
    assert len(house.ledger.read(1).firing) == 1
