"""Writer: the one thread that makes alerts durable, many deliveries in one transaction.

Whatever came while the last commit ran is committed together: the busier, the cheaper each alert, and no
timer makes anybody wait. A delivery is answered when everything in it is on the disk, together with the wish
that somebody looks at it. What could not be committed is refused, and nothing of it is remembered.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from functools import partial
from queue import Empty, SimpleQueue

import psycopg
import structlog

from fireline.core.alert import Alert, Change
from fireline.core.refusal import AWAY, Refused
from fireline.store.database import Database
from fireline.store.driver import Driver, again, connect, trouble_of
from fireline.store.judging import Answer, Delivery, Raced, judge
from fireline.store.room import Aside, Rooms, Sift
from fireline.store.sightings import Sightings

WAITING = 50_000  # alerts that may wait for the disk; more is too fast
AT_ONCE = 5_000  # alerts in one transaction: longer ones make everybody wait for the slowest
TRIES = 5  # at one transaction, when replicas are in each other's way

log = structlog.get_logger(__name__)

Looked = Callable[[int, tuple[str, ...]], None]


class Errand:
    """Something else to write in the same transactions."""

    __slots__ = ("answer", "changes", "run")

    size = 0

    def __init__(self, run: Callable[[Driver], object], answer: Answer | None) -> None:
        self.run, self.answer = run, answer
        self.changes: tuple[Change, ...] = ()


Job = Delivery | Errand


class Writer:
    """Takes jobs from any thread, writes them in their order, answers."""

    def __init__(self, database: Database, sightings: Sightings) -> None:
        self.me = secrets.token_hex(4)  # among replicas
        self.looked: Looked = lambda _look, _fingerprints: None  # called with each look that was committed
        self.sift: Sift | None = None  # who says at once what becomes of new alerts
        self.rooms = Rooms()
        self._database, self._sightings = database, sightings
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._waiting = 0
        self._gate = threading.Lock()
        self._thread: threading.Thread | None = None
        self._driver: Driver | None = None
        self._stopped = False

    def put(self, job: Job) -> None:
        """Write this soon. Raises `Refused`: 429 when too much waits already, 503 when the house closes."""
        with self._gate:
            if self._stopped:
                raise Refused("fireline is closing. Nothing was stored; send it again.", status=AWAY)
            if job.size and self._waiting >= WAITING:
                raise Refused(
                    f"{self._waiting} alerts wait to be stored already. Nothing of this was; send it again.",
                    status=429,
                    retry_after=1,
                )
            self._waiting += job.size
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="alert-writer", daemon=True)
                self._thread.start()
            self._queue.put(job)

    def start(self) -> None:
        """Take jobs, again after a stop."""
        with self._gate:
            self._stopped = False

    def stop(self) -> None:
        """Finish what was taken; take no more."""
        with self._gate:
            self._stopped = True
            thread, self._thread = self._thread, None
            self._queue.put(None)
        if thread:
            thread.join()
        with suppress(Empty):
            self._queue.get_nowait()  # the None, when no thread was there to take it

    def _run(self) -> None:
        for jobs in self._groups():
            self._finish(jobs)
        self._drop()

    def _groups(self) -> Iterator[list[Job]]:
        """Whatever waits, in order; ends after what was put before the stop."""
        queue = self._queue
        while (job := queue.get()) is not None:
            jobs, size = [job], job.size
            with suppress(Empty):
                while size < AT_ONCE:
                    following = queue.get_nowait()
                    if following is None:
                        yield jobs
                        return
                    jobs.append(following)
                    size += following.size
            yield jobs

    def _finish(self, jobs: list[Job]) -> None:
        """Write them together and answer. When that is somebody's fault, each by itself: nobody pays for another."""
        try:
            self._write(jobs)
            trouble = None
        except Exception as error:
            trouble = trouble_of(self._database, error)
            self._sightings.forget(one for job in jobs if isinstance(job, Delivery) for one in job.fingerprints)
            self._drop()
            if not isinstance(trouble, Refused):
                log.exception("alerts could not be written", jobs=len(jobs))
        if trouble and len(jobs) > 1 and not (isinstance(trouble, Refused) and trouble.status == AWAY):
            for job in jobs:
                self._finish([job])
            return
        with self._gate:
            self._waiting -= sum(job.size for job in jobs)
        _answer(jobs, trouble)

    def _write(self, jobs: list[Job]) -> None:
        """One transaction, and what to remember of it."""
        known: frozenset[str] | None = None  # None: as the sightings say
        deliveries = [job for job in jobs if isinstance(job, Delivery)]
        ready = bool(deliveries) and self._ready(deliveries[-1].at)
        for last in (*(False,) * (TRIES - 1), True):
            driver = self._begin()
            try:
                sift = partial(self._sift, driver, deliveries[-1].at) if ready else None
                judged = judge(driver, deliveries, self._sightings, known, sift)
                for job in jobs:
                    if isinstance(job, Errand):
                        job.run(driver)
                look = driver.look(judged.looks, deliveries[-1].at) if judged.looks else 0
                if judged.changed:
                    driver.tell(self.me, judged.changed)
                driver.commit()
            except Raced as raced:
                driver.rollback()
                known = raced.known
            except Exception as trouble:
                if last or not again(trouble):
                    raise
                driver.rollback()
            else:
                judged.remember(self._sightings)
                if look:
                    self.rooms.asked(look, self._claims(judged.looked_at))
                    self.looked(look, judged.looks)
                return
        raise Refused("Too many write the same alerts at once. Send it again.", status=AWAY)

    def _ready(self, at: datetime) -> bool:
        """Whoever sifts knows all it has to. When not, alerts are looked at, which is never wrong."""
        try:
            if self.sift:
                self.sift.refresh(at)
        except Exception:
            log.exception("sift")
            return False
        return self.sift is not None

    def _sift(self, driver: Driver, at: datetime, alerts: Sequence[Alert]) -> Sequence[Aside | None]:
        """What becomes of new alerts; None: a look will say."""
        room = self.rooms.read(driver, at)
        try:
            return self.sift(alerts, at, room) if self.sift else [None] * len(alerts)
        except Exception:
            log.exception("sift")
            return [None] * len(alerts)

    def _claims(self, alerts: Sequence[Alert]) -> frozenset[str]:
        try:
            return frozenset(one for alert in alerts for one in self.sift.claims(alert)) if self.sift else frozenset()
        except Exception:
            log.exception("sift")
            return frozenset()

    def _begin(self) -> Driver:
        if self._driver:
            try:
                self._driver.begin()
            except psycopg.OperationalError:  # the server went away while nobody asked anything of it
                self._drop()
            else:
                return self._driver
        self._driver = connect(self._database)
        self._driver.begin()
        return self._driver

    def _drop(self) -> None:
        """Give the connection up; the next job takes a new one."""
        driver, self._driver = self._driver, None
        if driver:
            with suppress(Exception):
                driver.rollback()
            with suppress(Exception):
                driver.close()


def _answer(jobs: Sequence[Job], trouble: Exception | None) -> None:
    """Wake everybody who waits: an event loop once, however many wait in it."""
    loops: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in jobs:
        match job.answer:
            case None:
                pass
            case Future() as future:
                if trouble:
                    future.set_exception(trouble)
                else:
                    future.set_result(job.changes)
            case future:
                loops.setdefault(future.get_loop(), []).append(job)
    for loop, waiting in loops.items():
        with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
            loop.call_soon_threadsafe(_settle, waiting, trouble)


def _settle(jobs: Sequence[Job], trouble: Exception | None) -> None:
    for job in jobs:
        future = job.answer
        if future is None or future.done():  # whoever waited has gone
            continue
        if trouble:
            future.set_exception(trouble)
        else:
            future.set_result(job.changes)
