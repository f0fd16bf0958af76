"""Evidence kept by content: masked outputs and attached files, under the sha256 of their bytes.

A short text is one row. Anything longer comes in as a stream and lies in pieces, so that neither who writes nor who
reads it ever holds more than a few of them. What was begun and never ended is swept.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa

from fireline.core.evidence import PIECE, SHOWN, even, not_here
from fireline.core.refusal import Refused
from fireline.store.database import Database, metadata

CHANGED = "This evidence is not what was kept: its bytes were changed."
TOGETHER = 8  # pieces a transaction: 2 MiB in memory, and one wait for the disk

outputs = sa.Table(
    "evidence",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
streams = sa.Table(
    "evidence_stream",
    metadata,
    sa.Column("key", sa.String(32), primary_key=True),
    sa.Column("digest", sa.String(64), unique=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("lines", sa.BigInteger, nullable=False),
    sa.Column("pieces", sa.Integer, nullable=False),
    sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
)
pieces = sa.Table(
    "evidence_piece",
    metadata,
    sa.Column("key", sa.String(32), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("line", sa.BigInteger, nullable=False),  # lines that ended before it
    sa.Column("body", sa.LargeBinary, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a piece of evidence: its sha256, its bytes, its lines."""

    digest: str
    size: int
    lines: int


class EvidenceStore:
    """Keeps texts and files; the same bytes are kept once."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def keep(self, text: str) -> str:
        """Keep `text`, which must be masked already. Returns its sha256, hexadecimal."""
        return self._keep(text.encode())

    def keep_stream(self, source: Iterable[bytes], at: datetime) -> Kept:
        """Keep what comes in pieces of any length, masked already if it is an output. `at` is now."""
        rest = even(source)
        first: list[bytes] = []
        for piece in rest:
            first.append(piece)
            if len(first) * PIECE > SHOWN:
                break
        else:
            body = b"".join(first)
            return Kept(self._keep(body), len(body), _lines(body))
        key, hashed, size, line, last = secrets.token_hex(16), sha256(), 0, 0, b""
        self._begin(key, at)
        number, rows = 0, []
        for piece in _chain(first, rest):
            rows.append({"key": key, "number": number, "line": line, "body": piece})
            hashed.update(piece)
            size, line, last, number = size + len(piece), line + piece.count(b"\n"), piece, number + 1
            if len(rows) == TOGETHER:
                self._write(rows)
                rows = []
        self._write(rows)
        found = Kept(hashed.hexdigest(), size, line + (not last.endswith(b"\n")))
        self._end(key, found, number)
        return found

    def take(self, key: str, number: int, body: bytes, at: datetime) -> int:
        """One piece of an output that travels, from 0 on. How many are here in a row: the number of the next.

        A piece that is here already, or comes too early, changes nothing. All but the last are of one length.
        """
        with self.database.writing() as connection:
            row = {"key": key, "size": 0, "lines": 0, "pieces": 0, "begun_at": at}
            connection.execute(self.database.insert(streams).values(**row).on_conflict_do_nothing())
            mine = streams.update().where(streams.c.key == key, streams.c.digest.is_(None), streams.c.pieces == number)
            size, lines = streams.c.size + len(body), streams.c.lines + body.count(b"\n")
            moved = mine.values(pieces=number + 1, size=size, lines=lines).returning(streams.c.lines)
            line = connection.execute(moved).scalar()
            if line is not None:
                before = line - body.count(b"\n")
                connection.execute(pieces.insert().values(key=key, number=number, line=before, body=body))
                return number + 1
            return int(connection.scalar(sa.select(streams.c.pieces).where(streams.c.key == key)) or 0)

    def whole(self, key: str, digest: str) -> Kept | None:
        """What was taken under this key is the whole of it, and its hash proves that. None: it is not, and is gone."""
        if self._stream(digest) is not None:
            return self.known(digest)
        with self.database.reading() as connection:
            row = connection.execute(sa.select(streams).where(streams.c.key == key)).one_or_none()
        hashed, last = sha256(), b""
        for number in range(row.pieces if row else 0):
            last = self._piece(key, number)
            hashed.update(last)
        if row is None or hashed.hexdigest() != digest:
            with self.database.writing() as connection:
                connection.execute(sa.delete(pieces).where(pieces.c.key == key))
                connection.execute(sa.delete(streams).where(streams.c.key == key))
            return None
        found = Kept(digest, row.size, row.lines + (not last.endswith(b"\n")))
        self._end(key, found, row.pieces)
        return found

    def read(self, digest: str) -> str:
        """The text; of one longer than 1 MiB its first and last half MiB around a line that says so.

        Raises `Refused` when nothing is kept under this digest, or when it no longer matches it.
        """
        stream = self._stream(digest)
        if stream is None:
            return self._row(digest).decode(errors="replace")
        half = SHOWN // PIECE // 2
        head = b"".join(self._piece(stream.key, n) for n in range(half))
        tail = b"".join(self._piece(stream.key, n) for n in range(max(stream.pieces - half - 1, half), stream.pieces))
        tail = tail[-SHOWN // 2 :]
        return (head + not_here(stream.size - len(head) - len(tail)) + tail).decode(errors="replace")

    def known(self, digest: str) -> Kept:
        """How large it is. Raises `Refused(404)`."""
        if stream := self._stream(digest):
            return Kept(digest, stream.size, stream.lines)
        body = self._row(digest)
        return Kept(digest, len(body), _lines(body))

    def pieces(self, digest: str, *, from_line: int = 0) -> Iterator[tuple[int, bytes]]:
        """The bytes in order, each with the number of lines before it; from a piece that begins before `from_line`.

        Raises `Refused` at once when there is none. Whoever reads all of it learns before the last piece is given out
        if the bytes are not what was kept.
        """
        stream = self._stream(digest)
        if stream is None:
            return iter([(0, self._row(digest))])
        return self._read(stream, from_line)

    def tail(self, digest: str) -> tuple[int, bytes]:
        """How many lines end before the last two pieces, and the bytes of these."""
        stream = self._stream(digest)
        if stream is None:
            return 0, self._row(digest)
        before, last = max(stream.pieces - 2, 0), stream.pieces - 1
        with self.database.reading() as connection:
            line = connection.scalar(
                sa.select(pieces.c.line).where(pieces.c.key == stream.key, pieces.c.number == before)
            )
        return int(line or 0), b"".join(self._piece(stream.key, n) for n in sorted({before, last}))

    def sweep(self, before: datetime) -> int:
        """Remove what was begun before this time and never ended; how many."""
        with self.database.writing() as connection:
            lost = sa.select(streams.c.key).where(streams.c.digest.is_(None), streams.c.begun_at < before)
            connection.execute(sa.delete(pieces).where(pieces.c.key.in_(lost)))
            gone = connection.execute(sa.delete(streams).where(streams.c.digest.is_(None), streams.c.begun_at < before))
        return gone.rowcount

    def _keep(self, body: bytes) -> str:
        digest = sha256(body).hexdigest()
        with self.database.writing() as connection:
            row = self.database.insert(outputs).values(digest=digest, body=body)
            connection.execute(row.on_conflict_do_nothing(index_elements=["digest"]))
        return digest

    def _begin(self, key: str, at: datetime) -> None:
        with self.database.writing() as connection:
            connection.execute(streams.insert().values(key=key, size=0, lines=0, pieces=0, begun_at=at))

    def _write(self, rows: list[dict[str, object]]) -> None:
        if rows:
            with self.database.writing() as connection:
                connection.execute(pieces.insert(), rows)

    def _end(self, key: str, found: Kept, count: int) -> None:
        with self.database.writing() as connection:
            same = connection.scalar(sa.select(streams.c.key).where(streams.c.digest == found.digest))
            if same is not None:  # the same bytes are kept already
                connection.execute(sa.delete(pieces).where(pieces.c.key == key))
                connection.execute(sa.delete(streams).where(streams.c.key == key))
                return
            whole = streams.update().where(streams.c.key == key)
            connection.execute(whole.values(digest=found.digest, size=found.size, lines=found.lines, pieces=count))

    def _stream(self, digest: str) -> sa.Row[tuple[object, ...]] | None:
        with self.database.reading() as connection:
            return connection.execute(sa.select(streams).where(streams.c.digest == digest)).one_or_none()

    def _row(self, digest: str) -> bytes:
        with self.database.reading() as connection:
            body = connection.scalar(sa.select(outputs.c.body).where(outputs.c.digest == digest))
        if body is None:
            raise Refused("There is no such evidence.", status=404)
        if sha256(body).hexdigest() != digest:
            raise Refused(CHANGED, status=500)
        return bytes(body)

    def _piece(self, key: str, number: int) -> bytes:
        with self.database.reading() as connection:
            body = connection.scalar(sa.select(pieces.c.body).where(pieces.c.key == key, pieces.c.number == number))
        if body is None:
            raise Refused(CHANGED, status=500)
        return bytes(body)

    def _read(self, stream: sa.Row[tuple[object, ...]], from_line: int) -> Iterator[tuple[int, bytes]]:
        key, count, first = str(stream.key), int(stream.pieces), 0
        if from_line:
            with self.database.reading() as connection:
                wanted = sa.select(sa.func.max(pieces.c.number))
                first = connection.scalar(wanted.where(pieces.c.key == key, pieces.c.line < from_line)) or 0
        with self.database.reading() as connection:
            line = int(
                connection.scalar(sa.select(pieces.c.line).where(pieces.c.key == key, pieces.c.number == first)) or 0
            )
        hashed = sha256()
        for number in range(first, count):
            body = self._piece(key, number)
            hashed.update(body)
            if not first and number == count - 1 and hashed.hexdigest() != stream.digest:
                raise Refused(CHANGED, status=500)
            yield line, body
            line += body.count(b"\n")


def _chain(first: list[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    while first:  # let go of as they are written
        yield first.pop(0)
    yield from rest


def _lines(body: bytes) -> int:
    return body.count(b"\n") + bool(body and not body.endswith(b"\n"))
