"""Watch: what the house looks at by itself, beat by beat.

Health URLs become alerts of our own; overdue clocks that lost their work are rung again; changed runbooks
are read anew; finished work is swept at night. Losing this thread loses nothing that was promised: it only
repairs and observes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import structlog

from fireline.connectors.probes import Probe, check
from fireline.core.alert import Alert, fingerprint
from fireline.core.refusal import Refused
from fireline.durable import KEEP, Durable
from fireline.settings import ProbeSettings
from fireline.store import lists
from fireline.store.alerts import AlertStore
from fireline.store.database import Database
from fireline.workflows.library import Library

SOURCE = "probe"
BEAT = 0.5  # seconds
LATE = timedelta(seconds=30)  # a clock this late has lost its work
REPAIR_EVERY = timedelta(seconds=15)
SWEEP_EVERY = timedelta(hours=24)
FIRST_SWEEP = timedelta(minutes=10)  # after the start
PROBES_AT_ONCE = 8

log = structlog.get_logger(__name__)


class Watch:
    """One thread that beats."""

    def __init__(
        self,
        *,
        database: Database,
        durable: Durable,
        alerts: AlertStore,
        library: Library,
        probes: tuple[ProbeSettings, ...],
        now: Callable[[], datetime],
        sweep: Callable[[datetime], object],
    ) -> None:
        """`sweep` removes what ended before a time and is kept nowhere but in the engine's tables and the spool."""
        self._database, self._durable, self._alerts, self._library = database, durable, alerts, library
        self._now, self._sweep = now, sweep
        self._probes = tuple(Pulse(probe) for probe in probes)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._repaired = now()
        self._swept = now() - SWEEP_EVERY + FIRST_SWEEP  # a house restarted every day sweeps too

    def start(self) -> None:
        """Begin to beat. A health alert that fired before the restart is remembered, so that it can end."""
        for pulse in self._probes:
            pulse.remember(self._alerts.find(pulse.fingerprint))
        self._thread = threading.Thread(target=self._beat, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the beat under way."""
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=10)

    def _beat(self) -> None:
        with ThreadPoolExecutor(PROBES_AT_ONCE, thread_name_prefix="probe") as pool:
            while not self._stop.wait(BEAT):
                try:
                    self._look(pool)
                except Refused as refused:  # the database is away: the next beat tries again
                    log.warning("watch", trouble=refused.sentence)
                except Exception:  # a mistake of ours in one look must not end all later ones
                    log.exception("watch")

    def _look(self, pool: ThreadPoolExecutor) -> None:
        at = self._now()
        due = [pulse for pulse in self._probes if pulse.due(at)]
        seen = [alert for alert in pool.map(lambda pulse: pulse.look(at), due) if alert]
        if seen:
            self._alerts.take(seen, at)
        if at - self._repaired >= REPAIR_EVERY:
            self._repaired = at
            for clock in lists.overdue(self._database, at - LATE):
                self._durable.ring_again(clock)
            self._library.load()
        if at - self._swept >= SWEEP_EVERY:
            self._swept = at
            self._sweep(at - KEEP)


class Pulse:
    """One health URL and what it said lately."""

    def __init__(self, probe: ProbeSettings) -> None:
        self._probe = probe
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
            self._since, self._failed = alert.starts_at, self._probe.failures

    def due(self, at: datetime) -> bool:
        """It is time to look again."""
        return self._next is None or at >= self._next

    def look(self, at: datetime) -> Alert | None:
        """Look once. An alert when it fires (said again at every look) or has just ended."""
        self._next = at + timedelta(seconds=self._probe.every)
        seen = check(self._probe.url, timeout=self._probe.timeout)
        if seen.verdict == "up":
            began, self._failed, self._since = self._since, 0, None
            return self._alert(seen, began, ends_at=at) if began else None
        self._failed += 1
        if self._failed < self._probe.failures:
            return None
        self._since = self._since or at
        return self._alert(seen, self._since, ends_at=None)

    def _alert(self, seen: Probe, starts_at: datetime, *, ends_at: datetime | None) -> Alert:
        probe = self._probe
        return Alert(
            source=SOURCE,
            labels=self._labels,
            annotations={"summary": f"{probe.service} does not answer its health check", "description": seen.detail},
            starts_at=starts_at,
            ends_at=ends_at,
            generator_url=probe.url,
        )
