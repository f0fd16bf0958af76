"""What has to call and does not, is an alert; never heard is not gone silent, and a restart accuses nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fireline.core.alert import Alert
from fireline.settings import HeartbeatSettings
from fireline.store.alerts import AlertStore
from fireline.store.database import Database
from fireline.store.heard import Heard
from fireline.workflows.heartbeats import Heartbeats

BACKUP = HeartbeatSettings(name="backup", service="till", every=3600, grace=300)
CHAIN = HeartbeatSettings(name="alerting", service="alerting", every=300, grace=60, watchdog="Watchdog")


class Ward:
    """A store, and heartbeats listened to on a clock that only moves when told."""

    def __init__(self, folder: Path) -> None:
        self.at = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
        self.database = Database(f"sqlite:///{folder / 'fireline.db'}")
        self.database.migrate()
        self.heard = Heard(self.database)
        self.alerts = AlertStore(self.database)
        self.alerts.start(self.at, lambda _look, _fingerprints: None)

    def beats(self, *known: HeartbeatSettings) -> Heartbeats:
        return Heartbeats(heartbeats=known, alerts=self.alerts, heard=self.heard, now=lambda: self.at)

    def call(self, name: str = "backup") -> None:
        self.heard.keep("heartbeat", [name], self.at)

    def passes(self, beats: Heartbeats, **span: float) -> list[str]:
        """Time passes; what fires then."""
        beats.look()
        self.at += timedelta(**span)
        beats.look()
        return [one.summary for one in self.alerts.firing() if one.source == "heartbeat"]


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    made = Ward(tmp_path)
    yield made
    made.alerts.stop()
    made.database.close()


def test_whoever_calls_in_time_raises_nothing(ward: Ward) -> None:
    beats = ward.beats(BACKUP)
    for _ in range(3):
        ward.call()
        assert ward.passes(beats, minutes=64) == []


def test_silence_is_an_alert_and_the_next_call_ends_it(ward: Ward) -> None:
    beats = ward.beats(BACKUP)
    ward.call()
    assert ward.passes(beats, minutes=66) == ["backup has gone silent"]
    assert ward.passes(beats, minutes=66) == ["backup has gone silent"]
    (one,) = ward.alerts.firing()
    assert (one.starts_at, "last heard 02 Mar 12:00:00" in one.annotations["description"]) == (
        datetime(2026, 3, 2, 13, 5, tzinfo=UTC),
        True,
    )
    ward.call()
    assert ward.passes(beats, minutes=1) == []
    assert ward.passes(beats, minutes=70) == ["backup has gone silent"]


def test_who_never_called_is_told_in_other_words(ward: Ward) -> None:
    assert ward.passes(ward.beats(BACKUP), minutes=66) == ["backup was never heard"]


def test_a_restart_gives_a_fresh_grace(ward: Ward) -> None:
    beats = ward.beats(BACKUP)
    ward.call()
    ward.passes(beats, minutes=30)
    ward.at += timedelta(hours=5)  # nobody could call: we were down
    after = ward.beats(BACKUP)
    assert ward.passes(after, minutes=64) == []
    assert ward.passes(after, minutes=2) == ["backup has gone silent"]


def test_a_restart_remembers_who_is_silent_and_hears_the_call(ward: Ward) -> None:
    ward.passes(ward.beats(BACKUP), minutes=66)
    after = ward.beats(BACKUP)
    assert ward.passes(after, minutes=1) == ["backup was never heard"]
    ward.call()
    assert ward.passes(after, minutes=1) == []


def test_a_heartbeat_that_nobody_waits_for_any_more_ends(ward: Ward) -> None:
    ward.passes(ward.beats(BACKUP), minutes=66)
    assert ward.passes(ward.beats(), minutes=1) == []


def test_an_alert_that_always_fires_counts_as_the_call(ward: Ward) -> None:
    beats = ward.beats(CHAIN)
    watchdog = Alert(source="alertmanager", labels={"alertname": "Watchdog"}, starts_at=ward.at)
    for _ in range(3):
        ward.alerts.take([watchdog], ward.at)
        ward.alerts.flush()
        assert ward.passes(beats, minutes=5) == []
    assert ward.passes(beats, minutes=8) == ["alerting has gone silent"]
    ward.alerts.take([watchdog], ward.at)
    ward.alerts.flush()
    assert ward.passes(beats, minutes=1) == []
