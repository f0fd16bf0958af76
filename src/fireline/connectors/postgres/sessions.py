"""Sessions with databases: opened once, unable to write, kept, and never more of them than a few.

https://www.postgresql.org/docs/current/protocol-flow.html. A statement is sent as it stands and its rows are read as
they come, until its time is over; a server that hangs is left then.
"""

from __future__ import annotations

import re
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fireline.connectors.postgres.where import Target
from fireline.core.question import Unusable, slots

if TYPE_CHECKING:  # psycopg is imported with the first question: a house that asks none stays small
    from psycopg import Connection

MOST = 4  # sessions with one database at once: a diagnosis must not be what takes the last slots
TARGETS = 16  # databases with sessions kept open
IDLE_SECONDS = 60.0  # a session beyond the first is given back when it has rested for so long
LAST_SECONDS = 900.0  # the first one, of a database that no setting names: an incident's questions come closer
CONNECT_SECONDS = 5.0  # to get a session; a healthy server needs milliseconds
GRACE_SECONDS = 1.0  # the server ends a statement that runs too long itself, and says so
LARGEST = 4 * 1024 * 1024  # bytes of an answer that are read into memory; psql gets what is larger
# What psql may get further with: another way to say who it is, a pooler that takes no parameters.
OTHERWISE = re.compile(
    r"password authentication failed|no password supplied|authentication (?:failed|method)|no pg_hba\.conf entry"
    r"|unsupported startup parameter|certificate|SSL|GSS"
)


class NoSessionError(Exception):
    """There is no session to be had, in the words of libpq and the server."""


class HangsError(Exception):
    """No answer in time."""


class LostError(Exception):
    """A session broke."""


@dataclass(slots=True)
class _Line:
    """The sessions with one database: those at rest with the time they came to it, and how many there are in all."""

    idle: list[tuple[Connection[Any], float]] = field(default_factory=list)
    count: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)


@dataclass(slots=True)
class Rows:
    """What one statement gave: its columns and rows, or the server's complaint with its SQLSTATE."""

    names: list[str] = field(default_factory=list)
    types: list[int] = field(default_factory=list)
    rows: list[list[str | None]] = field(default_factory=list)
    error: str = ""
    state: str = ""


class Sessions:
    """The sessions of a house. The server ends a statement of theirs after `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lines: dict[Target, _Line] = {}
        self._lock = threading.Lock()

    @contextmanager
    def take(self, target: Target, until: float) -> Iterator[Connection[Any]]:
        """A session that nobody else uses; it goes back to rest unless it broke."""
        with self._lock:
            if target not in self._lines and len(self._lines) >= TARGETS:
                self._lines = {known: line for known, line in self._lines.items() if line.count}
            if target not in self._lines and len(self._lines) >= TARGETS:
                raise Unusable("There are sessions with too many databases already.")
            line = self._lines.setdefault(target, _Line())
        session = _taken(line, target, until, self._seconds)
        good = False
        try:
            yield session
            good = True
        finally:
            with line.changed:
                if good:
                    line.idle.append((session, time.monotonic()))
                else:
                    session.close()
                    line.count -= 1
                line.changed.notify()

    def tend(self, held: tuple[Target, ...]) -> None:
        """Hold a session with each of `held`, and give back those at rest for long. To be called now and then."""
        for target in held:
            # taking one looks whether it is alive, and opens one if there is none
            with (
                suppress(NoSessionError, HangsError, LostError, Unusable),  # the next question says what is wrong
                self.take(target, time.monotonic() + CONNECT_SECONDS),
            ):
                pass
        with self._lock:
            lines = list(self._lines.items())
        for target, line in lines:
            with line.changed:
                now, last = time.monotonic(), line.idle[-1:]
                for one in list(line.idle):
                    patience = LAST_SECONDS if one in last else IDLE_SECONDS
                    if one[1] < now - patience and not (one in last and target in held):
                        line.idle.remove(one)
                        line.count -= 1
                        one[0].close()

    def close(self) -> None:
        """Give back every session."""
        with self._lock:
            lines, self._lines = list(self._lines.values()), {}
        for line in lines:
            with line.changed:
                for session, _ in line.idle:
                    session.close()
                line.idle.clear()


def _taken(line: _Line, target: Target, until: float, seconds: float) -> Connection[Any]:
    """One at rest, else a new one, else (the server or we have no more) the next that comes to rest."""
    turned_away: NoSessionError | None = None
    while True:
        with line.changed:
            while line.idle:
                session, _ = line.idle.pop()
                if _alive(session):
                    return session
                session.close()
                line.count -= 1
            if turned_away and not line.count:
                raise turned_away
            if turned_away or line.count >= MOST:
                if not line.changed.wait(max(until - time.monotonic(), 0)):
                    raise turned_away or HangsError
                continue
            line.count += 1
        try:
            return _connect(target, until, seconds)
        except BaseException as trouble:
            with line.changed:
                line.count -= 1
                line.changed.notify()
            if not isinstance(trouble, NoSessionError) or not slots.full(str(trouble)):
                raise
            turned_away = trouble


def _connect(target: Target, until: float, seconds: float) -> Connection[Any]:
    import psycopg  # noqa: PLC0415  # see the top

    options = f"-c default_transaction_read_only=on -c statement_timeout={int(seconds * 1000)}"
    patience = int(min(CONNECT_SECONDS, max(until - time.monotonic(), 2)))  # libpq's least is 2
    try:
        session = psycopg.connect(
            **dict(target),  # type: ignore[arg-type]
            options=options,
            connect_timeout=patience,
            application_name="fireline",
            client_encoding="UTF8",
            autocommit=True,
        )
    except psycopg.errors.ConnectionTimeout as trouble:
        raise HangsError from trouble
    except psycopg.Error as trouble:
        said = (
            str(trouble)
            .removeprefix("connection failed: ")
            .removeprefix("connection is bad: ")
            .partition("\nMultiple connection attempts")[0]
        )
        if OTHERWISE.search(said):
            raise Unusable(said.splitlines()[0]) from trouble
        raise NoSessionError(said) from trouble
    try:
        # a pooler may take the options and forget them
        safe = ask(session, "SHOW default_transaction_read_only", until)[0].rows == [["on"]]
    except BaseException:
        session.close()
        raise
    if not safe:
        session.close()
        raise Unusable("The session would be able to write: something between us and the server drops the options.")
    return session


def _alive(session: Connection[Any]) -> bool:
    """Whether a session at rest is still one; the server's parting words wait to be read if it is not."""
    import psycopg  # noqa: PLC0415  # see the top

    with suppress(psycopg.Error):
        waiting = select.poll()
        waiting.register(session.pgconn.socket, select.POLLIN)
        if waiting.poll(0):
            session.pgconn.consume_input()
        return session.pgconn.status == psycopg.pq.ConnStatus.OK
    return False


def ask(session: Connection[Any], sql: str, until: float) -> list[Rows]:
    """Send `sql` as it stands; a mistake in it is in its `Rows`. Raises `LostError`, and `HangsError` at `until`."""
    import psycopg  # noqa: PLC0415  # see the top

    server, found, size = session.pgconn, [Rows()], 0
    status = psycopg.pq.ExecStatus
    try:
        server.send_query(sql.encode())
        server.set_single_row_mode()  # else libpq would hold a table of any size
        while result := _next(session, until):
            now = found[-1]
            if result.status in (status.SINGLE_TUPLE, status.TUPLES_OK):
                columns = range(result.nfields)
                now.names = [(result.fname(n) or b"").decode() for n in columns]
                now.types = [result.ftype(n) for n in columns]
                for row in range(result.ntuples):
                    values = [result.get_value(row, n) for n in columns]
                    size += sum(map(len, filter(None, values)))
                    now.rows.append([None if value is None else value.decode(errors="replace") for value in values])
            elif result.status == status.FATAL_ERROR:
                now.error = result.error_message.decode(errors="replace")
                now.state = (result.error_field(psycopg.pq.DiagnosticField.SQLSTATE) or b"").decode()
            if result.status != status.SINGLE_TUPLE:  # the end of a statement
                found.append(Rows())
            if size > LARGEST:
                session.cancel_safe(timeout=GRACE_SECONDS)
                session.close()
                raise Unusable("The answer is too large to be kept in memory.")
    except psycopg.Error as trouble:
        raise LostError(str(trouble)) from trouble
    if server.status != psycopg.pq.ConnStatus.OK:
        raise LostError(found[-1].error)
    return found[:-1]


def _next(session: Connection[Any], until: float) -> Any:
    """The next result, None after the last."""
    server = session.pgconn
    waiting = select.poll()
    waiting.register(server.socket, select.POLLIN)
    while server.is_busy():
        if not waiting.poll(max(until - time.monotonic(), 0) * 1000):
            raise HangsError
        server.consume_input()
    return server.get_result()
