"""Probes: the house looks at health addresses by itself, and what fails becomes an alert like any other.

The addresses are those of the settings and, where the settings say so, those that the runbooks' own curl
commands ask. An alert whose address is no longer watched ends and says so, because nobody else would end it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import msgspec

from fireline.connectors.probes import Probe, check
from fireline.core.alert import Alert, fingerprint
from fireline.core.runbook import Runbook
from fireline.core.runbook.health import place_of, read_health_urls, service_of
from fireline.settings import ProbeSettings
from fireline.store.alerts import AlertStore
from fireline.workflows.library import Library

SOURCE = "probe"
AT_ONCE = 32  # threads; they wait on sockets
FOUND = "HealthCheckFailed"  # the name of an alert whose address a runbook gave


def addresses(probes: Iterable[ProbeSettings], books: Iterable[Runbook]) -> tuple[ProbeSettings, ...]:
    """Every address once: those of the settings, then the runbooks' own that the settings do not name."""
    found = list(probes)
    known = {one.url for one in found}
    for book in books:
        for one in read_health_urls(book):
            if one.url not in known:
                known.add(one.url)
                labels = {"instance": place_of(one.url)}
                found.append(ProbeSettings(name=FOUND, url=one.url, service=service_of(one.url), labels=labels))
    return tuple(found)


class Probes:
    """The addresses that are watched, and one look at those that are due."""

    def __init__(
        self,
        *,
        alerts: AlertStore,
        library: Library,
        probes: tuple[ProbeSettings, ...],
        runbooks: bool,
        now: Callable[[], datetime],
    ) -> None:
        """With `runbooks` the addresses in the runbooks are watched too, and follow the runbooks."""
        self._alerts, self._library, self._now = alerts, library, now
        self._settings, self._runbooks = probes, runbooks
        self._pulses: dict[str, Pulse] = {}
        self._wanted: tuple[ProbeSettings, ...] | None = None
        self._books: tuple[Runbook, ...] = ()
        self._unsaid: dict[str, Alert] = {}  # what was seen and could not be stored yet

    def look(self) -> None:
        """Look at every address that is due, all at once. Raises `Refused` when the alert cannot be stored now."""
        at = self._now()
        self._refresh(at)
        due = [pulse for pulse in self._pulses.values() if pulse.due(at)]
        if due:
            with ThreadPoolExecutor(min(AT_ONCE, len(due)), thread_name_prefix="probe") as pool:
                seen = [alert for alert in pool.map(lambda pulse: pulse.look(at), due) if alert]
            self._unsaid |= {alert.fingerprint: alert for alert in seen}
        if self._unsaid:
            self._alerts.take(tuple(self._unsaid.values()), at)
            self._unsaid.clear()

    def _refresh(self, at: datetime) -> None:
        """Watch what is wanted now. An alert that fired before is remembered; one that nobody watches ends."""
        books = self._library.runbooks if self._runbooks else ()
        if self._wanted is not None and books == self._books:
            return
        wanted = addresses(self._settings, books)
        if wanted != self._wanted:
            pulses = {pulse.fingerprint: pulse for pulse in map(Pulse, wanted)}
            firing = {one.fingerprint: one for one in self._alerts.firing() if one.source == SOURCE}
            for name, pulse in pulses.items():
                pulse.remember(firing.get(name))
            gone = [_no_longer(one, at) for name, one in firing.items() if name not in pulses]
            if gone:
                self._alerts.take(gone, at)
            known = {name: one for name, one in self._pulses.items() if one.probe in wanted}
            self._pulses = {name: known.get(name, pulse) for name, pulse in pulses.items()}
        self._wanted, self._books = wanted, books


def _no_longer(alert: Alert, at: datetime) -> Alert:
    words = alert.annotations | {"description": "This address is no longer watched, so nobody knows how it is."}
    return msgspec.structs.replace(alert, ends_at=at, annotations=words)


class Pulse:
    """One health URL and what it said lately."""

    def __init__(self, probe: ProbeSettings) -> None:
        self.probe = probe
        self._labels = {"alertname": probe.name, "service": probe.service, **probe.labels}
        self._next: datetime | None = None
        self._failed = 0
        self._since: datetime | None = None  # when the alert began

    @property
    def fingerprint(self) -> str:
        """Of the alert this URL raises."""
        return fingerprint(SOURCE, self._labels)

    def remember(self, alert: Alert | None) -> None:
        """Go on where an earlier process stood."""
        if alert and alert.firing:
            self._since, self._failed = alert.starts_at, self.probe.failures

    def due(self, at: datetime) -> bool:
        """It is time to look again."""
        return self._next is None or at >= self._next

    def look(self, at: datetime) -> Alert | None:
        """Look once. An alert when it fires (said again at every look) or has just ended."""
        self._next = at + timedelta(seconds=self.probe.every)
        seen = check(self.probe.url, timeout=self.probe.timeout)
        if seen.verdict == "up":
            began, self._failed, self._since = self._since, 0, None
            return self._alert(seen, began, ends_at=at) if began else None
        self._failed += 1
        if self._failed < self.probe.failures:
            return None
        self._since = self._since or at
        return self._alert(seen, self._since, ends_at=None)

    def _alert(self, seen: Probe, starts_at: datetime, *, ends_at: datetime | None) -> Alert:
        probe = self.probe
        return Alert(
            source=SOURCE,
            labels=self._labels,
            annotations={"summary": f"{probe.service} does not answer its health check", "description": seen.detail},
            starts_at=starts_at,
            starts_guessed=True,  # two replicas see it begin at two moments, and it is one alert
            ends_at=ends_at,
            generator_url=probe.url,
        )
