"""Heartbeats: a dead man's switch. What has to call and does not, is an alert; its next call ends it.

A call is one to our door, or an alert that always fires, such as Prometheus's Watchdog: then the silence of the
whole alerting chain is heard. After a restart everybody gets a fresh grace, because nobody could call meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from fireline.core.alert import Alert, fingerprint
from fireline.core.timeline import duration
from fireline.settings import HeartbeatSettings
from fireline.store.alerts import AlertStore
from fireline.store.heard import Heard

SOURCE = "heartbeat"
NAME = "HeartbeatMissing"
WATCHDOGS_EVERY = timedelta(seconds=10)  # a look through all alerts' names
LATE_ROWS = timedelta(seconds=60)  # an alert that is told again reaches the disk this much later


class Heartbeats:
    """The heartbeats of the settings, and one look at who is silent."""

    def __init__(
        self,
        *,
        heartbeats: tuple[HeartbeatSettings, ...],
        alerts: AlertStore,
        heard: Heard,
        now: Callable[[], datetime],
    ) -> None:
        self._settings, self._alerts, self._heard, self._now = heartbeats, alerts, heard, now
        self._began: datetime | None = None
        self._silent: dict[str, Alert] = {}  # by fingerprint, as stored
        self._watched: dict[str, datetime] = {}  # alerts that count as calls -> when they were last told
        self._asked: datetime | None = None

    def look(self) -> None:
        """Raise an alert for whoever has become silent, end those of who called. Raises `Refused` when it cannot."""
        at = self._now()
        if self._began is None:
            self._remember(at)
        if not self._settings:
            return
        called = {name: when for name, (when, _) in self._heard.of(SOURCE).items()}
        self._watch(at)
        told: dict[str, Alert] = {}
        for one in self._settings:
            times = [when for when in (called.get(one.name), self._watched.get(one.watchdog)) if when]
            self._judge(one, max(times, default=None), at, told)
        if told:
            self._alerts.take(tuple(told.values()), at)
            self._silent = {key: one for key, one in (self._silent | told).items() if one.firing}

    def _watch(self, at: datetime) -> None:
        names = {one.watchdog for one in self._settings if one.watchdog}
        if names and (self._asked is None or at - self._asked >= WATCHDOGS_EVERY):
            self._watched, self._asked = self._heard.alerts(names), at

    def _remember(self, at: datetime) -> None:
        wanted = {fingerprint(SOURCE, _labels(one)) for one in self._settings}
        mine = {one.fingerprint: one for one in self._alerts.firing() if one.source == SOURCE}
        gone = [_over(one, at, "Nobody waits for it any more.") for key, one in mine.items() if key not in wanted]
        if gone:
            self._alerts.take(gone, at)
        self._silent = {key: one for key, one in mine.items() if key in wanted}
        self._began = at

    def _judge(self, one: HeartbeatSettings, last: datetime | None, at: datetime, told: dict[str, Alert]) -> None:
        assert self._began is not None
        labels = _labels(one)
        key = fingerprint(SOURCE, labels)
        patience = timedelta(seconds=one.every + one.grace) + (LATE_ROWS if one.watchdog else timedelta())
        known = self._silent.get(key)
        if known:
            if last and last > known.starts_at - patience and at - last < patience:
                told[key] = _over(known, max(last, known.starts_at), f"{one.name} is heard again.")
            return
        due = max(last or self._began, self._began) + patience
        if at >= due:
            told[key] = Alert(
                source=SOURCE, labels=labels, annotations=_words(one, last, due), starts_at=due, starts_guessed=True
            )


def _labels(one: HeartbeatSettings) -> dict[str, str]:
    return {"alertname": NAME, "service": one.service, "heartbeat": one.name}


def _words(one: HeartbeatSettings, last: datetime | None, due: datetime) -> dict[str, str]:
    every = duration(timedelta(seconds=one.every))
    if last is None:
        return {
            "summary": f"{one.name} was never heard",
            "description": f"It should call every {every}, and has not called once until {due:%d %b %H:%M:%S} UTC. "
            "Is its address right, and its token?",
        }
    return {
        "summary": f"{one.name} has gone silent",
        "description": f"It should call every {every}, and was last heard {last:%d %b %H:%M:%S} UTC.",
    }


def _over(alert: Alert, at: datetime, why: str) -> Alert:
    return msgspec.structs.replace(alert, ends_at=at, annotations=alert.annotations | {"description": why})
