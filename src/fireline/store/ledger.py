"""The ledger: the one write path. Everything that happens to an incident happens here.

`act` runs one transaction: read the log, ask the deed, append its event at the next number, refresh the
lists, and write down the work that follows. Two writers at once both see the truth: the second is asked
again on the newer log. Each row carries the hash of the one before it, so that a changed row is found.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from itertools import groupby
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from fireline.core.events import AnyEvent, IncidentDeclared, Log, from_json, to_json
from fireline.core.follow import Work, follow
from fireline.core.incident import Incident, fold
from fireline.core.refusal import AWAY, Refused
from fireline.store import clocks, copies, lists
from fireline.store.database import Database, after_commit, metadata

ATTEMPTS = 20  # writers of one incident are a handful of people and a few workflows
REMEMBERED = 128  # logs kept in memory as they were read last
BUSY = "Too many people are changing this incident at once. Try again."
Deed = Callable[[Log, datetime], AnyEvent]
Seeing = Callable[[sa.Connection, Deed], Deed]

events = sa.Table(
    "event",
    metadata,
    sa.Column("incident", sa.Integer, sa.ForeignKey("incident.number"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),  # the event's JSON, exactly the hashed bytes
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("key", sa.Text, unique=True),  # names a deed that must not happen twice, e.g. of a retried step
)


class Enqueue(Protocol):
    """Writes work into the caller's transaction."""

    def __call__(self, connection: sa.Connection, work: Sequence[Work], /) -> None:
        """Write it; it happens if, and only if, the transaction commits."""


class AlreadyOpen(Exception):  # noqa: N818  # an answer, not an error
    """There is an open incident for this already: join that one."""

    def __init__(self, number: int) -> None:
        super().__init__(f"INC-{number} is open for this")
        self.number = number


@dataclass(frozen=True, slots=True)
class Offer:
    """A deed of the house's own on one incident, and the key that names it for ever."""

    number: int
    deed: Deed
    key: str


@dataclass(frozen=True, slots=True)
class Book:
    """A log, and the hash of its newest row."""

    log: Log
    head: str


@dataclass(frozen=True, slots=True)
class Line:
    """An event with its row, and the book once it is written there."""

    number: int
    row: dict[str, Any]
    book: Book


@dataclass(frozen=True, slots=True)
class Broken:
    """The first row of a log that is not what was written."""

    incident: int
    seq: int
    why: str


class Ledger:
    """Reads and writes incidents."""

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], datetime],
        enqueue: Enqueue,
        vendors: frozenset[str] = frozenset(),
    ) -> None:
        """`enqueue` writes the work that follows; `vendors` are those set up (see `core.follow`)."""
        self.database = database
        self._now = now
        self._enqueue = enqueue
        self.vendors = vendors
        self._books: dict[int, Book] = {}  # as last seen committed; only what came since is read again

    def open(
        self, deed: Deed, *, join_key: str | None = None, key: str | None = None, seeing: Seeing | None = None
    ) -> Incident:
        """Declare an incident. Raises `AlreadyOpen` when one with this `join_key` is open; `key` as in `act`.

        `seeing` tells the deed what else is going on, as of the same transaction.
        """
        for _ in range(ATTEMPTS):
            try:
                with self.database.writing() as connection:
                    if (earlier := _by_key(connection, key)) is not None:
                        return fold(earlier, self._log(connection, earlier))
                    if (joined := lists.open_for(connection, join_key)) is not None:
                        raise AlreadyOpen(joined)
                    asked = seeing(connection, deed) if seeing else deed
                    event = asked((), self._now())  # before the number: a refusal or a storm of alerts uses up none
                    number = lists.reserve(connection, join_key)
                    return self._append(connection, number, Book((), _genesis(number)), event, key)
            except IntegrityError:
                continue  # another replica was faster: look again
        raise Refused(BUSY, status=503)

    def act(self, number: int, deed: Deed, *, key: str | None = None) -> Incident:
        """Do one deed on one incident and return what is true afterwards. Raises what the deed refuses.

        `key` names the deed for ever: a second `act` with the same key changes nothing.
        """
        for _ in range(ATTEMPTS):
            try:
                with self.database.writing() as connection:
                    lists.hold(connection, [number])
                    book = self._book(connection, number)
                    if _by_key(connection, key) is not None:
                        return fold(number, book.log)
                    return self._append(connection, number, book, deed(book.log, self._now()), key)
            except IntegrityError:
                # somebody else wrote first: ask the deed again on the newer log
                with self.database.asking() as connection:
                    other = lists.twin(connection, number)
                if other is not None:
                    raise Refused(f"INC-{other} is open for the same fault by now. Go on there.") from None
        raise Refused(BUSY, status=503)

    def offer(self, number: int, deed: Deed, *, key: str | None = None) -> bool:
        """Do a deed of the house's own that may have become pointless meanwhile; False when the state refuses it.

        `key` may be left out where the state refuses the second time anyway.

        A database that is away refuses nothing: that is raised, so that whoever offers tries again.
        """
        try:
            self.act(number, deed, key=key)
        except Refused as refused:
            if refused.status == AWAY:
                raise
            return False
        return True

    def offer_all(self, connection: sa.Connection, offers: Iterable[Offer]) -> dict[Offer, Exception]:
        """Offer many deeds in the caller's transaction of `writing`. Those which a mistake of ours kept back.

        One that the state refuses, or that was done before, leaves the others as they are.
        """
        offers = tuple(offers)
        numbers = {one.number for one in offers}
        lists.hold(connection, numbers)
        rows, books = _rows(connection, numbers), dict[int, Book]()
        done = set(connection.scalars(sa.select(events.c.key).where(events.c.key.in_([one.key for one in offers]))))
        lines: list[Line] = []
        failed: dict[Offer, Exception] = {}
        for one in offers:
            if one.key in done:
                continue
            done.add(one.key)
            try:
                book = books.get(one.number) or _book(rows.get(one.number, ()))
                line = _line(one.number, book, one.deed(book.log, self._now()), one.key)
            except Refused:
                continue
            except Exception as trouble:  # noqa: BLE001  # the caller tells; the others go on
                failed[one] = trouble
                continue
            lines.append(line)
            books[one.number] = line.book
        self._write(connection, lines)
        return failed

    def log(self, number: int) -> Log:
        """Everything that happened, oldest first."""
        with self.database.asking() as connection:
            log = self._log(connection, number)
        if not log:
            raise Refused(f"There is no incident {number}.", status=404)
        return log

    def read(self, number: int) -> Incident:
        """What is true now."""
        return fold(number, self.log(number))

    def done(self, key: str | None) -> int | None:
        """The incident in which the deed of this name was done; None when it was not."""
        with self.database.asking() as connection:
            return _by_key(connection, key)

    def head(self, number: int) -> int:
        """How many events the log has; 0 when there is no such incident. One indexed look-up, for live pages."""
        with self.database.asking() as connection:
            if not lists.shown(connection, number):
                return 0
            return connection.scalar(sa.select(sa.func.max(events.c.seq)).where(events.c.incident == number)) or 0

    def heads(self) -> int:
        """Changes whenever anything happens anywhere: the number of events in all logs that may be read."""
        with self.database.asking() as connection:
            return connection.scalar(sa.select(sa.func.sum(lists.incidents.c.seq)).where(lists.seen())) or 0

    def verify(self) -> Broken | None:
        """Recompute every hash. The first changed, missing or added row, or None when all is as written."""
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(events).order_by(events.c.incident, events.c.seq))
            incident, seq, before = None, 0, ""
            for row in rows:
                if row.incident != incident:
                    incident, seq, before = row.incident, 0, _genesis(row.incident)
                if row.seq != seq + 1:
                    return Broken(row.incident, seq + 1, "missing")
                if row.hash != _hash(before, row.body):
                    return Broken(row.incident, row.seq, "changed")
                seq, before = row.seq, row.hash
            return self._shortened(connection)

    def rebuild_lists(self) -> int:
        """Write the lists anew from the logs; how many incidents."""
        with self.database.writing() as connection:
            numbers = connection.scalars(sa.select(events.c.incident).distinct()).all()
            for number in numbers:
                lists.write(connection, {number: _rows_book(connection, number).log})
            return len(numbers)

    def _log(self, connection: sa.Connection, number: int) -> Log:
        return self._book(connection, number).log

    def _book(self, connection: sa.Connection, number: int) -> Book:
        """Of what whoever is reading may not know, there is nothing: the one place where a person meets a log.

        A row never changes and carries the hash of all before it, so of a log that was read before only its newest row
        is read again, and what follows it; when that row is another one, everything is.
        """
        if not lists.shown(connection, number):
            return Book((), _genesis(number))
        book = _rows_book(connection, number, self._books.get(number))
        if book.log:
            self._remember(number, book)
        return book

    def _remember(self, number: int, book: Book) -> None:
        if len(self._books) >= REMEMBERED:
            self._books.clear()
        self._books[number] = book

    def _append(self, connection: sa.Connection, number: int, book: Book, event: AnyEvent, key: str | None) -> Incident:
        line = _line(number, book, event, key)
        self._write(connection, [line])
        return fold(number, line.book.log)

    def _write(self, connection: sa.Connection, lines: Sequence[Line]) -> None:
        """Append events, and write down what follows from each."""
        if not lines:
            return
        connection.execute(events.insert(), [line.row for line in lines])
        for line in lines:
            after_commit(connection, partial(self._remember, line.number, line.book))
        lists.write(connection, {line.number: line.book.log for line in lines})
        work = [one for line in lines for one in follow(line.number, line.book.log, vendors=self.vendors)]
        clocks.write(connection, work)
        copies.write(connection, work)
        self._enqueue(connection, work)

    def _shortened(self, connection: sa.Connection) -> Broken | None:
        """A log cut off or grown at its end keeps its chain; the list, written with it, still knows its length."""
        counted = sa.select(events.c.incident, sa.func.count().label("n")).group_by(events.c.incident).subquery()
        row = connection.execute(
            sa.select(lists.incidents.c.number, lists.incidents.c.seq, counted.c.n)
            .outerjoin(counted, counted.c.incident == lists.incidents.c.number)
            .where(lists.incidents.c.seq != sa.func.coalesce(counted.c.n, 0))
            .order_by(lists.incidents.c.number)
        ).first()
        if row is None:
            return None
        n = row.n or 0
        return Broken(row.number, n + 1, "missing") if n < row.seq else Broken(row.number, row.seq + 1, "added")


def door_key(path: str, value: str) -> str:
    """What a deed is called that came with this key to this path; the command line uses it without a server, too."""
    return f"api:{path}:{value}"


def _line(number: int, book: Book, event: AnyEvent, key: str | None) -> Line:
    """The next row of a log."""
    if bool(book.log) is isinstance(event, IncidentDeclared):
        raise Refused("There is no such incident.", status=404)
    body = to_json(event).decode()
    event = from_json(body)  # a log that cannot be read back is worse than a deed that crashes here, unwritten
    head = _hash(book.head, body)
    row = {"incident": number, "seq": len(book.log) + 1, "body": body, "hash": head, "key": key}
    return Line(number, row, Book((*book.log, event), head))


def _rows(connection: sa.Connection, numbers: Collection[int]) -> dict[int, Sequence[sa.Row[Any]]]:
    """The rows of many logs in one look."""
    query = sa.select(events.c.incident, events.c.body, events.c.hash).where(events.c.incident.in_(numbers))
    rows: Sequence[Any] = connection.execute(query.order_by(events.c.incident, events.c.seq)).all()
    return {number: tuple(log) for number, log in groupby(rows, key=lambda row: row.incident)}


def _book(rows: Sequence[sa.Row[Any]]) -> Book:
    return Book(tuple(from_json(row.body) for row in rows), rows[-1].hash if rows else "")


def _rows_book(connection: sa.Connection, number: int, known: Book | None = None) -> Book:
    """The log as its rows say; `known`: as they were before."""
    log, head = (known.log, known.head) if known else ((), _genesis(number))
    query = sa.select(events.c.seq, events.c.body, events.c.hash).where(
        events.c.incident == number, events.c.seq >= len(log)
    )
    rows = connection.execute(query.order_by(events.c.seq)).all()
    if known:
        if not rows or rows[0].seq != len(log) or rows[0].hash != head:
            return _rows_book(connection, number)
        rows = rows[1:]
    if not rows:
        return Book(log, head)
    return Book((*log, *(from_json(row.body) for row in rows)), rows[-1].hash)


def _by_key(connection: sa.Connection, key: str | None) -> int | None:
    return connection.scalar(sa.select(events.c.incident).where(events.c.key == key)) if key else None


def _hash(before: str, body: str) -> str:
    return sha256(f"{before}\n{body}".encode()).hexdigest()


def _genesis(number: int) -> str:
    """What the first row of a log follows: another one for each incident, so that whole logs cannot change places."""
    return sha256(f"INC-{number}".encode()).hexdigest()
