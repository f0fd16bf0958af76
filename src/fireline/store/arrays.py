"""Arrays: lists of texts and times as PostgreSQL takes them in binary form, which costs a tenth of the text form."""

from __future__ import annotations

from datetime import UTC, datetime
from struct import Struct
from typing import Any

import psycopg
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format


class Texts(tuple[str | None, ...]):
    """An array of texts for PostgreSQL."""

    __slots__ = ()


class Times(tuple[datetime | None, ...]):
    """An array of times for PostgreSQL."""

    __slots__ = ()


# The binary form of a one-dimensional array: dimensions, whether there are nulls, the type of the elements,
# their number, the first index; then each with its length (PostgreSQL, src/backend/utils/adt/arrayfuncs.c, array_recv).
_HEAD = Struct("!iiIii").pack
_LENGTH = Struct("!i").pack
_TIME = Struct("!iq").pack
_NULL = _LENGTH(-1)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # from which PostgreSQL counts microseconds


class _Texts(Dumper):
    of = Texts
    format = Format.BINARY
    oid = psycopg.postgres.types["text"].array_oid

    def dump(self, obj: Texts) -> Buffer:
        parts = [_HEAD(1, 1, 25, len(obj), 1)]
        for text in obj:
            if text is None:
                parts.append(_NULL)
                continue
            data = text.encode()
            parts += (_LENGTH(len(data)), data)
        return b"".join(parts)


class _Times(Dumper):
    of = Times
    format = Format.BINARY
    oid = psycopg.postgres.types["timestamptz"].array_oid

    def dump(self, obj: Times) -> Buffer:
        known: dict[datetime | None, bytes] = {None: _NULL}  # one batch has one time, mostly
        parts = [_HEAD(1, 1, 1184, len(obj), 1)]
        for at in obj:
            if at not in known:
                since = at - _EPOCH  # type: ignore[operator]  # None is known
                known[at] = _TIME(8, (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds)
            parts.append(known[at])
        return b"".join(parts)


def register(connection: psycopg.Connection[Any]) -> None:
    """Let this connection take both."""
    for dumper in (_Texts, _Times):
        connection.adapters.register_dumper(dumper.of, dumper)
