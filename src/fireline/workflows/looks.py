"""Looks: the thread that hands alerts whose state changed to the intake, the moment they are on the disk.

A wish for a look is a row, so none is lost; the nudge only saves the waiting. Many wishes that came together
are one look. One alert that cannot be looked at, by a mistake of ours, does not hold up the others: it is
tried again by itself, later and later, and `fireline doctor` says so. The same thread does the alerts' small
duties: once a minute what was heard is written down, and broken promises are found.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

import structlog

from fireline.core.refusal import Refused
from fireline.store import looks
from fireline.store.alerts import AlertStore
from fireline.store.looks import STUCK, Look
from fireline.store.room import Sift

AT_ONCE = 1_000  # alerts in one look
IDLE = 2.0  # seconds between looks for rows that nobody nudged us about
AWAY = (0.2, 0.5, 1.0, 2.0, 5.0)  # seconds between tries while the database does not answer
FLUSH_EVERY = timedelta(seconds=60)  # no longer than `sightings.GRACE`: other replicas count on it
SILENCE_EVERY = timedelta(seconds=15)
HOUR = timedelta(hours=1)  # until a look that failed again and again is tried once more

log = structlog.get_logger(__name__)


class Looks:
    """One thread."""

    def __init__(
        self,
        alerts: AlertStore,
        intake: Callable[[tuple[str, ...]], None],
        now: Callable[[], datetime],
        sift: Sift | None = None,
    ) -> None:
        """`sift` spares the intake those new alerts after which nothing follows."""
        self._alerts, self._intake, self._now, self._sift = alerts, intake, now, sift
        self._queue: SimpleQueue[Look | None] = SimpleQueue()  # None only wakes
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._flushed = self._silenced = now()

    def start(self) -> None:
        """Begin: with what an earlier process left, on SQLite, where it cannot be at it any more."""
        self._alerts.start(self._now(), self.nudge, self._sift)
        self._thread = threading.Thread(target=self._run, name="looks", daemon=True)
        self._thread.start()

    def nudge(self, look: int, fingerprints: tuple[str, ...]) -> None:
        """This look is on the disk. Without alerts: one for later is, so that we have to look when to wake."""
        self._queue.put(Look(look, fingerprints) if fingerprints else None)

    def stop(self) -> None:
        """Stop after the look under way; then let the alerts finish. What waits is done at the next start."""
        self._stop.set()
        self._queue.put(None)
        if self._thread:
            self._thread.join(timeout=30)
        self._alerts.stop()

    def _run(self) -> None:
        left = timedelta(0) if self._alerts.database.is_sqlite else looks.LEFT
        due: datetime | None = self._now()
        while not self._stop.is_set():
            try:
                wanted = self._wanted(due)
                if not wanted:
                    wanted = list(looks.take_due(self._alerts.database, self._now(), left=left))
                    left = looks.LEFT
                    due = looks.next_due(self._alerts.database)
                self._look(wanted)
                self._duties(self._now())
            except Refused as no:  # the database is away
                log.warning("looks", trouble=no.sentence)
                self._stop.wait(IDLE)
            except Exception:  # whatever it is, alerts that nobody looks at would be worse
                log.exception("looks")
                self._stop.wait(IDLE)

    def _wanted(self, due: datetime | None) -> list[Look]:
        """What was nudged; nothing when it is time to look for other rows."""
        seconds = IDLE if due is None else min(IDLE, max(0.0, (due - self._now()).total_seconds()))
        found: list[Look] = []
        size = 0
        with suppress(Empty):
            one = self._queue.get(timeout=seconds) if seconds else self._queue.get_nowait()
            while not self._stop.is_set():
                if one:
                    found.append(one)
                    size += len(one.fingerprints)
                if size >= AT_ONCE:
                    break
                one = self._queue.get_nowait()
        return found

    def _look(self, wanted: list[Look]) -> None:
        """Do them all as one; what goes wrong together is tried alone."""
        everything = tuple(dict.fromkeys(name for one in wanted for name in one.fingerprints))
        tries = 0
        while everything and not self._stop.is_set():
            try:
                self._intake(everything)
            except Exception as trouble:  # noqa: BLE001  # told below, for the alerts it is about
                if not self._answers():
                    self._stop.wait(AWAY[min(tries, len(AWAY) - 1)])
                    tries += 1
                    continue
                for one in wanted:
                    self._alone(one, trouble)
            else:
                self._alerts.looked([one.id for one in wanted])
            return

    def _alone(self, look: Look, trouble: Exception) -> None:
        """Each alert by itself; those that fail again are kept for later."""
        failed: list[str] = []
        for fingerprint in look.fingerprints:
            try:
                self._intake((fingerprint,))
            except Exception as again:  # noqa: BLE001  # told below
                failed.append(fingerprint)
                trouble = again
        if not failed:
            self._alerts.looked([look.id])
            return
        tries = look.tries + 1
        due_at = self._now() + (HOUR if tries >= STUCK else timedelta(seconds=2**tries))
        log.error("look", alerts=failed, tries=tries, next=due_at.isoformat(), exc_info=trouble)
        looks.keep(self._alerts.database, look.id, failed, tries=tries, due_at=due_at)

    def _answers(self) -> bool:
        """The database is there, so the trouble is with the look itself."""
        try:
            looks.next_due(self._alerts.database)
        except Refused:
            return False
        return True

    def _duties(self, at: datetime) -> None:
        if at - self._silenced >= SILENCE_EVERY:
            self._silenced = at
            self._alerts.silence(at)
        if at - self._flushed >= FLUSH_EVERY:
            self._flushed = at
            self._alerts.flush()
            self._alerts.sightings.drop(at)
