"""Overrides of on-call as rows: who takes whose turn, from when to when, who said so and why."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from fireline.core.refusal import Refused
from fireline.core.rota import Override
from fireline.store import spans
from fireline.store.database import Database, metadata
from fireline.store.lists import Utc

FRESH = timedelta(seconds=5)  # so soon an override made at another replica holds here too

overrides = sa.Table(
    "override",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("rotation", sa.Text, nullable=False),
    sa.Column("who", sa.String(32), nullable=False),
    sa.Column("starts_at", Utc, nullable=False),
    sa.Column("ends_at", Utc, nullable=False, index=True),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("ended_by", sa.Text),
    sa.Column("key", sa.Text, unique=True),  # names a request that was sent twice
    sa.Column("ended_key", sa.Text),
    sqlite_autoincrement=True,
)


class Overrides:
    """Keeps overrides, and knows by heart those that are not over."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._known: tuple[Override, ...] = ()
        self._read_at: datetime | None = None

    def add(self, one: Override, *, key: str | None = None) -> Override:
        """Keep it; the answer has its number. A second one with the same `key` is the first one."""
        row = self.database.insert(overrides).values(
            rotation=one.rotation, who=one.who, starts_at=one.starts_at, ends_at=one.ends_at, by=one.by, why=one.why,
            key=key,
        )  # fmt: skip
        with self.database.writing() as connection:
            made = connection.execute(row.on_conflict_do_nothing().returning(overrides)).first()
            if made is None:
                made = connection.execute(sa.select(overrides).where(overrides.c.key == key)).one()
        self._read_at = None
        return _override(made)

    def end(self, number: int, *, by: str, at: datetime, key: str | None = None) -> Override:
        """Take it back now. Raises `Refused` when there is none, or it is over; not for the same `key` again."""
        row, news = spans.end(self.database, overrides, number, by=by, at=at, key=key)
        if news:
            self._read_at = None
        return _override(row)

    def between(self, start: datetime, end: datetime) -> tuple[Override, ...]:
        """Those that hold at some time between the two, in the order they were made."""
        query = sa.select(overrides).where(overrides.c.ends_at > start, overrides.c.starts_at < end)
        with self.database.reading() as connection:
            return tuple(_override(row) for row in connection.execute(query.order_by(overrides.c.number)))

    def coming(self, at: datetime) -> tuple[Override, ...]:
        """Those that hold now or will, from memory that is at most some seconds old."""
        if self._read_at is None or not timedelta() <= at - self._read_at < FRESH:
            query = sa.select(overrides).where(overrides.c.ends_at > at).order_by(overrides.c.number)
            try:
                with self.database.reading() as connection:
                    self._known = tuple(_override(row) for row in connection.execute(query))
            except Refused:  # whoever is asked by an older plan is asked, and that is what counts
                return self._known
            self._read_at = at
        return self._known


def _override(row: sa.Row[Any]) -> Override:
    return Override(
        number=row.number, rotation=row.rotation, who=row.who, starts_at=row.starts_at, ends_at=row.ends_at, by=row.by,
        why=row.why, ended_by=row.ended_by,
    )  # fmt: skip
