"""Replicas: several processes on one PostgreSQL, of which any may die for ever.

The engine gives work under way back to the process that had it, when that starts again. A replica that never
does would keep it for good. So each one holds a lock of the database's, in a session of its own, for as long as
it lives; when a lock has been free for a while, whoever sees it puts that replica's work back into the queues.
The engine fences the old owner: should it live after all, it cannot note an end, and what it had already called
outside is named by a key.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
import sqlalchemy as sa
import structlog

from fireline.core.refusal import Refused
from fireline.store.database import Database

LOCKS = 7215002  # the first half of our locks' names in pg_locks; the other half is the replica's
BEAT = 1.0  # seconds between looks
# seconds that a lock has to be free, on one unbroken session of the observer: longer than everybody needs to come
# back after PostgreSQL was restarted, for then all locks are free at once and nobody is dead
GRACE = 15.0
FROZEN = 15.0  # seconds without a beat on a session that is still there: a stopped process, a hung machine
NAME = "fireline "  # before the replica's name in pg_stat_activity

PENDING = "SELECT DISTINCT executor_id FROM dbos.workflow_status WHERE status = 'PENDING' AND executor_id <> %s"
HELD = """
    SELECT l.objid, l.pid, a.application_name, clock_timestamp() - a.state_change > make_interval(secs => %(frozen)s)
    FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.classid = %(locks)s AND l.objsubid = 2 AND l.granted
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY a.application_name
"""

log = structlog.get_logger(__name__)


class Replicas:
    """This replica's own session, and a thread that looks after the others' work."""

    def __init__(self, database: Database, me: str, take_over: Callable[[str], int]) -> None:
        """`me` is known to be alive when this returns. `take_over(replica)` frees its work and says how much."""
        self._url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._me, self._take_over = me, take_over
        self._stop = threading.Event()
        try:
            first = self._connect()
        except psycopg.OperationalError as trouble:
            raise Refused(f"The database does not answer: {str(trouble).strip()}.", status=503) from trouble
        self._thread = threading.Thread(target=self._run, args=(first,), name="replicas", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Give the lock back: from now on what we left unfinished is anybody's, after their grace."""
        self._stop.set()
        self._thread.join(timeout=10)

    def _connect(self) -> psycopg.Connection[Any]:
        """A session that holds our lock, unless one of ours that the server has not missed yet still does."""
        session = psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=5,
            application_name=f"{NAME}{self._me}"[:63],  # PostgreSQL keeps no more
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=10_000,
        )
        for name, seconds in (("idle", 5), ("interval", 2), ("count", 3)):  # the server misses us as soon
            session.execute(f"SET tcp_keepalives_{name} = {seconds}".encode())
        self._lock(session, self._me)
        return session

    def _lock(self, session: psycopg.Connection[Any], replica: str) -> bool:
        row = session.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCKS, _key(replica))).fetchone()
        return bool(row and row[0])

    def _run(self, session: psycopg.Connection[Any]) -> None:
        while not self._stop.is_set():
            try:
                with session:
                    self._watch(session)
            except (psycopg.Error, sa.exc.DBAPIError) as trouble:
                log.warning("replicas", trouble=str(trouble).strip())
            while not self._stop.wait(BEAT):
                with suppress(psycopg.OperationalError):
                    session = self._connect()
                    break

    def _watch(self, session: psycopg.Connection[Any]) -> None:
        """Look until stopped, or until this session breaks: what was seen before it broke proves nothing."""
        free_since: dict[str, float] = {}
        while not self._stop.wait(BEAT):
            held = session.execute(HELD, {"locks": LOCKS, "frozen": FROZEN}).fetchall()
            alive = {objid for objid, *_ in held}
            if _key(self._me) not in alive:
                self._lock(session, self._me)
            for _objid, pid, name, frozen in held:
                if frozen:
                    self._cut_off(session, pid, name)
            for (other,) in session.execute(PENDING, (self._me,)).fetchall():
                if _key(other) in alive:
                    free_since.pop(other, None)
                elif time.monotonic() - free_since.setdefault(other, time.monotonic()) >= GRACE:
                    self._bury(session, other)

    def _cut_off(self, session: psycopg.Connection[Any], pid: int, name: str) -> None:
        """End the session of a replica that has stopped to beat. Should it wake up, it begins a new one."""
        log.warning("replicas", frozen=name)
        with suppress(psycopg.errors.InsufficientPrivilege):
            session.execute("SELECT pg_terminate_backend(%s)", (pid,))

    def _bury(self, session: psycopg.Connection[Any], other: str) -> None:
        if not self._lock(session, other):
            return  # it came back, or somebody else is at it
        try:
            log.warning("replicas", died=other, work=self._take_over(other))
        finally:
            session.execute("SELECT pg_advisory_unlock(%s, %s)", (LOCKS, _key(other)))


def alive(database: Database) -> tuple[str, ...]:
    """The replicas that hold their lock now, by name. On PostgreSQL only."""
    query = sa.text(HELD.replace("%(locks)s", ":locks").replace("%(frozen)s", ":frozen"))
    with database.reading() as connection:
        rows = connection.execute(query, {"locks": LOCKS, "frozen": FROZEN}).all()
    return tuple((name or f"process {pid} of another role").removeprefix(NAME) for _objid, pid, name, _frozen in rows)


def _key(replica: str) -> int:
    """The second half of a lock's name; 31 bits, because PostgreSQL takes a signed number and shows an unsigned one."""
    return zlib.crc32(replica.encode()) & 0x7FFF_FFFF
