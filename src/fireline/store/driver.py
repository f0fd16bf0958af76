"""Driver: what the alert writer says to the database, in each database's own tongue.

Alerts come by the thousand, so this one path goes past SQLAlchemy: one connection of its own, prepared
statements, a whole batch in one statement. On PostgreSQL arrays travel in binary form, because there the
text form costs ten times as much in the client. Everything here runs inside the writer's transaction.
"""

# ruff: noqa: D102  # the protocol says what each word does, the classes how

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

import msgspec
import psycopg

from fireline.core.refusal import Refused
from fireline.store.arrays import Texts, Times, register
from fireline.store.database import Database

CHANNEL = "fireline_alerts"  # where a replica tells the others which alerts are not what they remember
TOLD = 7900  # bytes of one notification; PostgreSQL takes no 8000
ROWS = 128  # of one statement, a power of two
CACHE = 8_000  # KiB of pages: the index of 100,000 fingerprints
OPENED = (
    "SELECT i.number, i.join_key, i.service, e.body FROM incident AS i {} "
    "JOIN event AS e ON e.incident = i.number AND e.seq = 1 WHERE i.state = 'open' ORDER BY i.number"
)
CHECKPOINT = 8_000  # pages of SQLite's log before it is folded in: 32 MB, so that a storm is not interrupted


# An alert's first row: fingerprint, body, group, firing, at, turns, verdict, why. Plain, for there are thousands.
New = tuple[str, str, str, bool, datetime, str, str | None, str | None]


class Changed(NamedTuple):
    """What an alert's row says from now on."""

    fingerprint: str
    body: str
    firing: bool
    changed_at: datetime
    turns: str


class Stored(NamedTuple):
    """What an alert's row said when it was read, and locked."""

    body: str
    changed_at: datetime
    turns: str


class Seen(NamedTuple):
    """An alert was told again: `times` more, last then; `until` is what its source promised last."""

    fingerprint: str
    last_seen: datetime
    until: datetime | None
    times: int


class Decided(NamedTuple):
    """What was decided about an alert."""

    fingerprint: str
    verdict: str | None
    why: str | None
    incident: int | None


class Driver(Protocol):
    """One connection, used by one thread."""

    def begin(self) -> None: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def close(self) -> None: ...

    def insert(self, rows: Sequence[New]) -> int:
        """Write rows of alerts nobody has told of yet, sorted; how many of them were not there."""

    def read(self, fingerprints: Iterable[str]) -> dict[str, Stored]:
        """The rows of these alerts, locked until the commit, in one order so that replicas wait in turn."""

    def promises(self, fingerprints: Iterable[str]) -> dict[str, datetime]:
        """Until when any replica was promised to hear of these again."""

    def opened(self) -> list[tuple[int, str | None, str | None, str]]:
        """Each open incident: number, fault, service, and the event that declared it."""

    def groups(self, incidents: Iterable[int]) -> frozenset[str]:
        """The groups of all alerts of these incidents."""

    def update(self, rows: Sequence[Changed]) -> None: ...
    def see(self, rows: Sequence[Seen]) -> None: ...

    def look(self, fingerprints: Sequence[str], asked_at: datetime, due_at: datetime | None = None) -> int:
        """Ask for a look at these; its number."""

    def looked(self, ids: Sequence[int]) -> None:
        """These looks are done."""

    def tell(self, me: str, fingerprints: Iterable[str]) -> None:
        """Let the other replicas forget what they remember of these, once this has committed."""

    def settle(self, rows: Sequence[Decided]) -> None:
        """Note what was decided; what is None stays as it is."""


class Sqlite:
    """The writer's connection to SQLite. One process serves a file, so there is nobody to tell."""

    def __init__(self, database: Database) -> None:
        self._connection: sqlite3.Connection = database.driver()
        self._connection.isolation_level = None  # transactions begin where this file says so
        self._connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT}")
        self._connection.execute(f"PRAGMA cache_size=-{CACHE}")
        # What could fail half-way through a statement makes SQLite keep a journal of it, in a file. Nothing here can:
        # rows that are there are passed over, and the one number of another table is of an incident that was read.
        self._connection.execute("PRAGMA foreign_keys=OFF")
        self._connection.execute("PRAGMA temp_store=MEMORY")

    def begin(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()

    def insert(self, rows: Sequence[New]) -> int:
        cells: list[Any] = []
        said, text = None, ""
        for name, body, group, firing, at, turns, verdict, why in rows:
            if at is not said:  # one delivery has one time
                said, text = at, _text(at)
            cells += (name, body, group, firing, turns, verdict, why, text, text)
        return self._many(
            "INSERT OR IGNORE INTO alert "
            '(fingerprint, body, "group", firing, turns, verdict, why, first_seen, changed_at) VALUES ',
            9,
            cells,
        )

    def read(self, fingerprints: Iterable[str]) -> dict[str, Stored]:
        rows = self._connection.execute(
            "SELECT fingerprint, body, changed_at, turns FROM alert "
            "WHERE fingerprint IN (SELECT value FROM json_each(?))",
            (_json(sorted(fingerprints)),),
        )
        return {one: Stored(body, _time(changed_at), turns) for one, body, changed_at, turns in rows}

    def opened(self) -> list[tuple[int, str | None, str | None, str]]:
        # by the index of open ones: it is asked with every transaction, and most incidents are closed
        query = OPENED.format("INDEXED BY ix_incident_open_join_key")
        return list(self._connection.execute(query))

    def groups(self, incidents: Iterable[int]) -> frozenset[str]:
        rows = self._connection.execute(
            'SELECT DISTINCT "group" FROM alert WHERE incident IN (SELECT value FROM json_each(?))',
            (_json(sorted(incidents)),),
        )
        return frozenset(group for (group,) in rows)

    def promises(self, fingerprints: Iterable[str]) -> dict[str, datetime]:  # noqa: ARG002  # nobody else hears any
        return {}

    def update(self, rows: Sequence[Changed]) -> None:
        self._connection.executemany(
            "UPDATE alert SET body = ?, firing = ?, changed_at = ?, turns = ? WHERE fingerprint = ?",
            [(one.body, one.firing, _text(one.changed_at), one.turns, one.fingerprint) for one in rows],
        )

    def see(self, rows: Sequence[Seen]) -> None:
        cells: list[Any] = []
        texts: dict[datetime | None, str | None] = {None: None}
        for name, last_seen, until, times in sorted(rows, key=_by_name):  # in the order of the table: each page once
            for at in (last_seen, until):
                if at not in texts:
                    texts[at] = _text(at)
            cells += (name, texts[last_seen], texts[until], times + 1)
        self._many(
            "INSERT INTO sighting (fingerprint, last_seen, until, times) VALUES ",
            4,
            cells,
            " ON CONFLICT DO UPDATE SET last_seen = max(last_seen, excluded.last_seen), "
            "until = excluded.until, times = times + excluded.times - 1",
        )

    def look(self, fingerprints: Sequence[str], asked_at: datetime, due_at: datetime | None = None) -> int:
        done = self._connection.execute(
            "INSERT INTO look (fingerprints, asked_at, due_at, tries) VALUES (?, ?, ?, 0)",
            (_json(fingerprints), _text(asked_at), _text(due_at) if due_at else None),
        )
        return done.lastrowid or 0

    def looked(self, ids: Sequence[int]) -> None:
        self._connection.executemany("DELETE FROM look WHERE id = ?", [(one,) for one in ids])

    def tell(self, me: str, fingerprints: Iterable[str]) -> None:
        """See the class."""

    def settle(self, rows: Sequence[Decided]) -> None:
        self._connection.execute(
            "UPDATE alert SET verdict = coalesce(json_extract(value, '$[1]'), verdict), "
            "why = coalesce(json_extract(value, '$[2]'), why), "
            "incident = coalesce(json_extract(value, '$[3]'), incident) "
            "FROM json_each(?) WHERE fingerprint = json_extract(value, '$[0]')",
            (_json(rows),),
        )

    def _many(self, insert: str, width: int, cells: list[Any], conflict: str = "") -> int:
        """Rows of `width` cells, many in one step: `executemany` hands the interpreter to the event loop at each."""
        done, start, size = 0, 0, ROWS * width
        while start < len(cells):
            while size > len(cells) - start:
                size //= 2  # few different statements, so that each is prepared once
            statement = insert + _marks(size // width, width) + conflict
            done += self._connection.execute(statement, cells[start : start + size]).rowcount
            start += size
        return done


class Postgres:
    """The writer's connection to PostgreSQL, where other replicas write the same rows."""

    def __init__(self, database: Database) -> None:
        self._connection: psycopg.Connection[Any] = database.driver()
        self._connection.autocommit = True  # transactions begin where this file says so
        register(self._connection)
        self._cursor = self._connection.cursor(binary=True)

    def begin(self) -> None:
        self._cursor.execute("BEGIN")

    def commit(self) -> None:
        self._cursor.execute("COMMIT")

    def rollback(self) -> None:
        if not self._connection.closed:
            self._cursor.execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()

    def insert(self, rows: Sequence[New]) -> int:
        fingerprints, bodies, groups, firing, at, turns, verdicts, why = zip(*rows, strict=True)
        done = self._cursor.execute(
            'INSERT INTO alert (fingerprint, body, "group", firing, first_seen, changed_at, turns, verdict, why) '
            "SELECT f, b, g, o, t, t, n, v, w "
            "FROM unnest(%b, %b, %b, %b, %b, %b, %b, %b) AS x(f, b, g, o, t, n, v, w) ON CONFLICT DO NOTHING",
            (
                Texts(fingerprints), Texts(bodies), Texts(groups), list(firing), Times(at), Texts(turns),
                Texts(verdicts), Texts(why),
            ),
        )  # fmt: skip
        return int(done.rowcount)

    def read(self, fingerprints: Iterable[str]) -> dict[str, Stored]:
        rows = self._cursor.execute(
            "SELECT fingerprint, body, changed_at, turns FROM alert WHERE fingerprint = ANY(%b) "
            "ORDER BY fingerprint FOR UPDATE",
            (Texts(sorted(fingerprints)),),
        )
        return {one: Stored(body, changed_at, turns) for one, body, changed_at, turns in rows}

    def opened(self) -> list[tuple[int, str | None, str | None, str]]:
        return list(self._cursor.execute(OPENED.format("").encode()))

    def groups(self, incidents: Iterable[int]) -> frozenset[str]:
        rows = self._cursor.execute('SELECT DISTINCT "group" FROM alert WHERE incident = ANY(%b)', (list(incidents),))
        return frozenset(group for (group,) in rows)

    def promises(self, fingerprints: Iterable[str]) -> dict[str, datetime]:
        rows = self._cursor.execute(
            "SELECT fingerprint, until FROM sighting WHERE fingerprint = ANY(%b) AND until IS NOT NULL",
            (Texts(fingerprints),),
        )
        return dict(rows.fetchall())

    def update(self, rows: Sequence[Changed]) -> None:
        fingerprints, bodies, firing, changed_at, turns = zip(*rows, strict=True)
        self._cursor.execute(
            "UPDATE alert SET body = b, firing = o, changed_at = t, turns = n "
            "FROM unnest(%b, %b, %b, %b, %b) AS x(f, b, o, t, n) WHERE fingerprint = f",
            (Texts(fingerprints), Texts(bodies), list(firing), Times(changed_at), Texts(turns)),
        )

    def see(self, rows: Sequence[Seen]) -> None:
        # sorted: another replica may have heard of the same alerts
        fingerprints, last_seen, until, times = zip(*sorted(rows, key=lambda one: one.fingerprint), strict=True)
        self._cursor.execute(
            "INSERT INTO sighting (fingerprint, last_seen, until, times) "
            "SELECT f, s, u, 1 + n FROM unnest(%b, %b, %b, %b) AS x(f, s, u, n) "
            "ON CONFLICT (fingerprint) DO UPDATE SET last_seen = greatest(sighting.last_seen, excluded.last_seen), "
            "until = greatest(sighting.until, excluded.until), times = sighting.times + excluded.times - 1",
            (Texts(fingerprints), Times(last_seen), Times(until), list(times)),
        )

    def look(self, fingerprints: Sequence[str], asked_at: datetime, due_at: datetime | None = None) -> int:
        row = self._cursor.execute(
            "INSERT INTO look (fingerprints, asked_at, due_at, tries) VALUES (%b, %b, %b, 0) RETURNING id",
            (_json(fingerprints), asked_at, due_at),
        ).fetchone()
        return int(row[0]) if row else 0

    def looked(self, ids: Sequence[int]) -> None:
        self._cursor.execute("DELETE FROM look WHERE id = ANY(%b)", (list(ids),))

    def tell(self, me: str, fingerprints: Iterable[str]) -> None:
        names = list(fingerprints)
        each = (TOLD - len(me)) // 33  # 32 digits and a space
        for start in range(0, len(names), each):
            text = " ".join([me, *names[start : start + each]])
            self._cursor.execute("SELECT pg_notify(%s, %s)", (CHANNEL, text))

    def settle(self, rows: Sequence[Decided]) -> None:
        fingerprints, verdicts, why, incidents = zip(*sorted(rows), strict=True)
        self._cursor.execute(
            "UPDATE alert SET verdict = coalesce(v, verdict), why = coalesce(w, why), incident = coalesce(i, incident) "
            "FROM unnest(%b::text[], %b::text[], %b::text[], %b::int[]) AS x(f, v, w, i) WHERE fingerprint = f",
            (Texts(fingerprints), list(verdicts), list(why), list(incidents)),
        )


@lru_cache(maxsize=64)
def _marks(rows: int, width: int) -> str:
    return ",".join((f"({','.join('?' * width)})",) * rows)


def connect(database: Database) -> Driver:
    """A connection of the writer's own. Raises `Refused(503)` when there is none to be had."""
    return Sqlite(database) if database.is_sqlite else Postgres(database)


def trouble_of(database: Database, trouble: Exception) -> Exception:
    """What a sender should hear of trouble in a transaction."""
    if isinstance(trouble, psycopg.DataError):
        return Refused(f"The database cannot hold this: {str(trouble).splitlines()[0]}.", status=400)
    if isinstance(trouble, sqlite3.Error | psycopg.Error):
        return database.away(trouble)
    return trouble


def again(trouble: Exception) -> bool:
    """Two replicas were in each other's way: the same transaction succeeds when tried again."""
    return isinstance(trouble, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure)


_by_name = itemgetter(0)
_encode = msgspec.json.Encoder().encode


def _json(names: Iterable[Any]) -> str:
    return _encode(names).decode()


@lru_cache(maxsize=64)  # one delivery has one time
def _text(at: datetime) -> str:
    """As SQLAlchemy writes a time on SQLite: sortable, UTC."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
