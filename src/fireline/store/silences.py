"""Silences as rows: who made which alerts silent, why, from when to when, and who ended it early."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

import msgspec
import sqlalchemy as sa

from fireline.core.silence import Matcher, Quiet, Silence
from fireline.store import spans
from fireline.store.database import Database, metadata
from fireline.store.lists import Utc

FRESH = timedelta(seconds=5)  # so soon a silence made at another replica holds here too
SHOWN = 200  # newest first

silences = sa.Table(
    "silence",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("matchers", sa.Text, nullable=False),  # JSON
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("starts_at", Utc, nullable=False),
    sa.Column("ends_at", Utc, nullable=False, index=True),
    sa.Column("ended_by", sa.Text),
    sa.Column("key", sa.Text, unique=True),  # names a request that was sent twice
    sa.Column("ended_key", sa.Text),
    sqlite_autoincrement=True,
)


class Silences:
    """Keeps silences, and knows by heart those that are not over."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._known = Quiet()
        self._reads = Lock()
        self._read_at: datetime | None = None

    def add(self, silence: Silence, *, key: str | None = None) -> Silence:
        """Keep it; the answer has its number. A second one with the same `key` is the first one."""
        row = self.database.insert(silences).values(key=key,
            matchers=msgspec.json.encode(silence.matchers).decode(), kind=silence.kind, by=silence.by,
            reason=silence.reason, starts_at=silence.starts_at, ends_at=silence.ends_at,
        )  # fmt: skip
        with self.database.writing() as connection:
            number = connection.scalar(row.on_conflict_do_nothing().returning(silences.c.number))
            if number is None:
                return _silence(connection.execute(sa.select(silences).where(silences.c.key == key)).one())
        self._read_at = None
        return msgspec.structs.replace(silence, number=number)

    def end(self, number: int, *, by: str, at: datetime, key: str | None = None) -> Silence:
        """End it now. Raises `Refused` when there is none, or it is over; not for the same `key` again."""
        row, news = spans.end(self.database, silences, number, by=by, at=at, key=key)
        if news:
            self._read_at = None
        return _silence(row)

    def all(self, limit: int = SHOWN) -> tuple[Silence, ...]:
        """The newest first, those that are over too."""
        query = sa.select(silences).order_by(silences.c.number.desc()).limit(limit)
        with self.database.reading() as connection:
            return tuple(_silence(row) for row in connection.execute(query))

    def covering(self, labels: Mapping[str, str], at: datetime) -> Silence | None:
        """The silence that holds for alerts with these labels now; of several the one that ends last."""
        self.refresh(at)
        return self._known.covering(labels, at)

    def known(self) -> Quiet:
        """Those that were not over when they were last read, the one that ends last first."""
        return self._known

    def refresh(self, at: datetime) -> None:
        """Read them anew when that was some seconds ago, or one was made or ended here since."""
        with self._reads:  # whoever comes meanwhile waits: what they decide by is new enough
            if self._read_at is not None and timedelta() <= at - self._read_at < FRESH:
                return
            query = sa.select(silences).where(silences.c.ends_at > at).order_by(silences.c.ends_at.desc())
            self._read_at = at  # before: one that is made while we read is read the next time
            try:
                with self.database.reading() as connection:
                    self._known = Quiet(_silence(row) for row in connection.execute(query))
            except BaseException:
                self._read_at = None
                raise


def _silence(row: sa.Row[Any]) -> Silence:
    return Silence(
        number=row.number, matchers=msgspec.json.decode(row.matchers, type=tuple[Matcher, ...]), kind=row.kind,
        by=row.by, reason=row.reason, starts_at=row.starts_at, ends_at=row.ends_at, ended_by=row.ended_by,
    )  # fmt: skip
