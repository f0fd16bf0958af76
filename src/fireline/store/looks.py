"""Looks: the durable wishes that somebody looks at some alerts, written with what changed them.

Whoever wrote one does it at once and takes the row away. A row that still stands after a while was left by
a process that died, or is due later on purpose; whoever sees it first takes it for a minute. Looking twice
is harmless, so nothing here has to be exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from fireline.store.database import Database, metadata
from fireline.store.lists import Utc

looks = sa.Table(
    "look",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("fingerprints", sa.Text, nullable=False),  # JSON list
    sa.Column("asked_at", Utc, nullable=False),
    sa.Column("due_at", Utc),  # None: at once, by whoever asked
    sa.Column("tries", sa.Integer, nullable=False),
)

LEFT = timedelta(seconds=10)  # older than this, whoever asked for it is gone
LEASE = timedelta(seconds=60)  # for which a row that somebody took is nobody else's
AT_ONCE = 50  # rows taken together
STUCK = 5  # tries after which a person should know


class Look(msgspec.Struct, frozen=True):
    """One wish."""

    id: int
    fingerprints: tuple[str, ...]
    tries: int = 0


def take_due(database: Database, at: datetime, *, left: timedelta = LEFT) -> tuple[Look, ...]:
    """Looks that are due, or were left by somebody who is gone; for a minute they are ours."""
    due = sa.or_(looks.c.due_at <= at, sa.and_(looks.c.due_at.is_(None), looks.c.asked_at <= at - left))
    first = sa.select(looks.c.id).where(due).order_by(looks.c.id).limit(AT_ONCE)
    with database.asking() as connection:
        if connection.scalar(first.limit(1)) is None:
            return ()
    if not database.is_sqlite:
        first = first.with_for_update(skip_locked=True)
    with database.writing() as connection:
        rows = connection.execute(
            looks.update().where(looks.c.id.in_(first)).values(due_at=at + LEASE).returning(looks)
        ).all()
    return tuple(
        Look(row.id, msgspec.json.decode(row.fingerprints, type=tuple[str, ...]), row.tries)
        for row in sorted(rows, key=lambda row: row.id)
    )


def next_due(database: Database) -> datetime | None:
    """When the next look that somebody takes care of later is due."""
    with database.asking() as connection:
        found: datetime | None = connection.scalar(sa.select(sa.func.min(looks.c.due_at, type_=Utc)))
    return found


def keep(database: Database, look: int, fingerprints: Sequence[str], *, tries: int, due_at: datetime) -> None:
    """What of a look could not be done, to be tried again then."""
    with database.writing() as connection:
        connection.execute(
            looks.update()
            .where(looks.c.id == look)
            .values(fingerprints=msgspec.json.encode(fingerprints).decode(), tries=tries, due_at=due_at)
        )


def stuck(database: Database) -> int:
    """How many looks fail again and again: mistakes of ours, which a person has to read about in the log."""
    with database.asking() as connection:
        return connection.scalar(sa.select(sa.func.count()).where(looks.c.tries >= STUCK)) or 0
