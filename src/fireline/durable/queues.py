"""Queues: threads that take work from the engine's rows, the moment it is written.

The engine looks into a queue at an interval: short costs idle CPU, long makes a page wait. So it is told to
listen to none of ours, and its own worker runs in our threads with a bell in place of the event that would
stop it. The worker sleeps on that event between looks; a bell wakes it when work was committed. The rows stay
the truth: a nudge that is lost costs one idle interval, never the work (docs/decisions/0009).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import structlog
from dbos import DBOS, Queue
from dbos._queue import queue_worker_thread  # the one private name we use; tests/durable says what it has to do

IDLE = 3.0  # seconds between looks when nothing nudges: what another replica left behind waits this long
QUICK = 0.01  # seconds to the next look after something happened; each later one waits ten times as long, up to IDLE
CALM = 0.1  # the same for a queue that keeps no order: what it has is taken at the first look
SLOWER = 10

log = structlog.get_logger(__name__)


class Bell(threading.Event):
    """A stop event whose `wait` also ends when somebody nudges, and soon again for a while afterwards.

    The looks after the first are for work that was not ready yet at the nudge: behind a full row of workers,
    or behind an earlier effect of the same incident.
    """

    def __init__(self, quick: float = QUICK) -> None:
        super().__init__()
        self._bell = threading.Condition()
        self._quick = self._pause = quick
        self._look_at = 0.0  # monotonic seconds: the next look by itself

    def nudge(self, after: float = 0.0) -> None:
        """There may be work, `after` so many seconds."""
        with self._bell:
            self._pause = self._quick
            self._look_at = min(self._look_at, time.monotonic() + after)
            self._bell.notify()

    def set(self) -> None:
        """Stop."""
        super().set()
        self.nudge()

    def wait(self, timeout: float | None = None) -> bool:
        """Sleep until it is time to look, at most so many seconds; True when stopped."""
        limit = time.monotonic() + (IDLE if timeout is None else timeout)
        with self._bell:
            while not self.is_set() and (left := min(self._look_at, limit) - time.monotonic()) > 0:
                self._bell.wait(left)
            # before the look: what is nudged during it is looked at after it
            self._look_at = time.monotonic() + self._pause
            self._pause = min(self._pause * SLOWER, IDLE)
        return self.is_set()


class Queues:
    """One thread and one bell a queue."""

    def __init__(self, dbos: DBOS, queues: Mapping[str, Queue], in_order: str) -> None:
        """`in_order`: the queue in which work may have to wait for work before it."""
        self._dbos = dbos
        self._quick = {name: QUICK if name == in_order else CALM for name in queues}
        self._bells = {name: Bell(quick) for name, quick in self._quick.items()}
        for queue in queues.values():
            queue.database_backed_queue = False  # they are as this release says: no look has to ask for that first
        self._threads = [
            threading.Thread(target=self._serve, args=(queue, self._bells[name]), name=f"queue-{name}", daemon=True)
            for name, queue in queues.items()
        ]
        for thread in self._threads:
            thread.start()

    def nudge(self, name: str, after: float = 0.0) -> None:
        """Work for this queue was committed; it may wait so many seconds."""
        self._bells[name].nudge(after)

    def freed(self, name: str) -> None:
        """A worker of this queue is about to be free: the engine notes the end of its work within a moment."""
        self._bells[name].nudge(after=self._quick[name])

    def stop(self) -> None:
        """Take nothing more. What was taken goes on."""
        for bell in self._bells.values():
            bell.set()
        for thread in self._threads:
            thread.join(timeout=10)

    def _serve(self, queue: Queue, bell: Bell) -> None:
        while not bell.is_set():
            try:
                queue_worker_thread(bell, self._dbos, queue)
            except Exception:  # whatever it is, a queue nobody looks into would be worse
                log.exception("queue", queue=queue.name)
                bell.wait(IDLE)
