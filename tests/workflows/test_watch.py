"""The house repairs and tidies by itself: what ended long ago goes, what is open stays."""

from __future__ import annotations

from datetime import timedelta

from fireline import clock
from fireline.house import House
from kiosk import kiosk_shut, until


def test_finished_work_is_swept_and_open_work_stays(house: House) -> None:
    house.alerts.take([kiosk_shut()], clock.now())
    until(lambda: house.ledger.heads() and house.ledger.read(1).alerts)
    until(lambda: house.durable.health()["ENQUEUED"] == 0)
    assert house.durable.clean(clock.now() - timedelta(days=7)) == 0
    until(lambda: house.durable.clean(clock.now() + timedelta(minutes=1)) >= 1)  # the first look at health addresses
    assert sum(house.durable.health().values()) > 0  # the walk that waits
