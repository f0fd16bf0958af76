"""The ringer: one thread that sleeps until the next clock is due, and rings it.

Clocks are rows of our own, so a hundred thousand open ones cost nothing but their rows, and a killed process
leaves nothing to recover: what is due and has not rung is due. Every replica rings; rows that another one is
ringing are passed over, and a replica that dies in between has changed nothing (docs/decisions/0010).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
import structlog

from fireline.core.follow import Clock
from fireline.core.refusal import Refused
from fireline.store import clocks
from fireline.store.database import Database

BATCH = 200  # clocks in one transaction: enough to share its cost, and over in a moment
IDLE = 2.0  # seconds between looks when nothing nudges: what a dead replica was to ring is late by this at most
BUSY = 0.05  # seconds to the next look when all that is due is in another replica's hands
ASIDE = timedelta(minutes=1)  # a clock that a mistake of ours keeps from ringing is tried again after this

log = structlog.get_logger(__name__)


class Rung(msgspec.Struct, frozen=True):
    """What became of one batch."""

    count: int  # clocks that rang
    stuck: tuple[Clock, ...] = ()  # those that could not be asked; they stay open


class Ring(Protocol):
    """Rings what is due, in one transaction."""

    def __call__(self, limit: int, aside: Collection[Clock], /) -> Rung:
        """Ring up to `limit` due clocks, but none of those set aside."""


class Ringer:
    """One thread. Its clock is the house's, so that what is due here is due to the deed as well."""

    def __init__(self, database: Database, ring: Ring, now: Callable[[], datetime]) -> None:
        self._database, self._ring, self._now = database, ring, now
        self._aside: dict[Clock, datetime] = {}  # until when
        self._stop, self._nudged = threading.Event(), threading.Event()
        self._next: datetime | None = None  # when the thread wakes by itself; None while it is awake
        self._thread = threading.Thread(target=self._run, name="ringer", daemon=True)
        self._thread.start()

    def nudge(self, due_at: datetime) -> None:
        """A clock was committed; it matters only if it is due before what we sleep for."""
        wakes = self._next
        if wakes is None or due_at < wakes:
            self._nudged.set()

    def stop(self) -> None:
        """Stop after the batch under way."""
        self._stop.set()
        self._nudged.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                pause = self._look()
            except Refused as away:
                log.warning("ringer", trouble=away.sentence)
                pause = IDLE
            except Exception:  # a mistake of ours in one look must not end all later ones
                log.exception("ringer")
                pause = IDLE
            self._nudged.wait(pause)

    def _look(self) -> float:
        """Ring what is due; how long to sleep, in seconds."""
        self._nudged.clear()
        self._next = None  # from here on any new clock has to nudge, for it may not be in what we read
        at = self._now()
        self._aside = {one: until for one, until in self._aside.items() if until > at}
        due = clocks.next_due(self._database, self._aside)
        if due is None or due > at:
            pause = IDLE if due is None else min(IDLE, (due - at).total_seconds())
            self._next = at + timedelta(seconds=pause)
            return pause
        began = time.monotonic()
        rung = self._ring(BATCH, self._aside)
        for one in rung.stuck:
            self._aside[one] = at + ASIDE
        if not rung.count and not rung.stuck:
            return BUSY
        if not self._database.is_sqlite:
            return 0.0
        return (time.monotonic() - began) / 4  # leave the one writer of SQLite to others for a while
