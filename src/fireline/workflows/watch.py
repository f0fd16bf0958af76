"""Watch: what the house looks at by itself, beat by beat.

Changed runbooks are read anew; finished work is swept at night. Losing this thread loses nothing that was
promised.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from fireline.core.refusal import Refused
from fireline.durable import KEEP
from fireline.workflows.library import Library

BEAT = 0.5  # seconds
READ_EVERY = timedelta(seconds=15)
SWEEP_EVERY = timedelta(hours=24)
FIRST_SWEEP = timedelta(minutes=10)  # after the start

log = structlog.get_logger(__name__)


class Watch:
    """One thread that beats."""

    def __init__(
        self,
        *,
        library: Library,
        now: Callable[[], datetime],
        sweep: Callable[[datetime], object],
    ) -> None:
        """`sweep` removes what ended before a time and is kept nowhere but in the engine's tables and the spool."""
        self._library = library
        self._now, self._sweep = now, sweep
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._read = now()
        self._swept = now() - SWEEP_EVERY + FIRST_SWEEP  # a house restarted every day sweeps too

    def start(self) -> None:
        """Begin to beat."""
        self._thread = threading.Thread(target=self._beat, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the beat under way."""
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=10)

    def _beat(self) -> None:
        while not self._stop.wait(BEAT):
            try:
                self._look()
            except Refused as refused:  # the database is away: the next beat tries again
                log.warning("watch", trouble=refused.sentence)
            except Exception:  # a mistake of ours in one look must not end all later ones
                log.exception("watch")

    def _look(self) -> None:
        at = self._now()
        if at - self._read >= READ_EVERY:
            self._read = at
            self._library.load()
        if at - self._swept >= SWEEP_EVERY:
            self._swept = at
            self._sweep(at - KEEP)
