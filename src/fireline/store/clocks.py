"""Clocks: promises with a due time, one row each, written in the transaction of the event that set them.

They have rows of their own because what a page counts down has to be the truth and not an engine's inside, and
because an open row costs nothing while it waits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

from fireline.core.follow import Clock, Work
from fireline.store.database import Database, metadata
from fireline.store.lists import Utc

clocks = sa.Table(
    "clock",
    metadata,
    sa.Column("incident", sa.Integer, sa.ForeignKey("incident.number"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),  # of the event that set it
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("due_at", Utc, nullable=False),
    sa.Column("rung_at", Utc),
    sa.Index(
        "ix_clock_open_due_at",
        "due_at",
        sqlite_where=sa.text("rung_at IS NULL"),
        postgresql_where=sa.text("rung_at IS NULL"),
    ),
)
KEY = (clocks.c.incident, clocks.c.seq, clocks.c.kind)
OPEN = clocks.c.rung_at.is_(None)


def write(connection: sa.Connection, work: Iterable[Work]) -> None:
    """Set the clocks among what follows from an event."""
    rows = [
        {"incident": one.incident, "seq": one.seq, "kind": one.kind, "due_at": one.due_at}
        for one in work
        if isinstance(one, Clock)
    ]
    if rows:
        connection.execute(clocks.insert(), rows)


def next_due(database: Database, aside: Collection[Clock] = ()) -> datetime | None:
    """When the next open clock is due, of those not set aside; one look at the end of an index."""
    query = sa.select(clocks.c.due_at).where(OPEN, *_without(aside)).order_by(clocks.c.due_at).limit(1)
    with database.asking() as connection:
        return connection.scalar(query)


def count(database: Database) -> int:
    """How many have not rung."""
    with database.asking() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(clocks).where(OPEN)) or 0


def claim(connection: sa.Connection, at: datetime, limit: int, aside: Collection[Clock] = ()) -> tuple[Clock, ...]:
    """Clocks due by then, the longest due first, held until the transaction ends; none that another one holds."""
    query = sa.select(clocks).where(OPEN, clocks.c.due_at <= at, *_without(aside))
    query = query.order_by(clocks.c.due_at).limit(limit).with_for_update(skip_locked=True)
    return _read(connection.execute(query).all())


def rang(connection: sa.Connection, rung: Collection[Clock], at: datetime) -> None:
    """Note that these have rung. The second time changes nothing."""
    if rung:
        connection.execute(clocks.update().where(OPEN, sa.tuple_(*KEY).in_(_keys(rung))).values(rung_at=at))


def open_clocks(database: Database, number: int) -> tuple[Clock, ...]:
    """Clocks of one incident that have not rung, the next first."""
    query = sa.select(clocks).where(clocks.c.incident == number, OPEN).order_by(clocks.c.due_at)
    with database.asking() as connection:
        return _read(connection.execute(query).all())


def waiting_for(database: Database, kind: str) -> tuple[int, ...]:
    """Incidents that an open clock of this kind counts for."""
    query = sa.select(clocks.c.incident).where(clocks.c.kind == kind, OPEN).distinct()
    with database.asking() as connection:
        return tuple(connection.scalars(query))


def _without(aside: Collection[Clock]) -> list[sa.ColumnElement[bool]]:
    return [sa.tuple_(*KEY).not_in(_keys(aside))] if aside else []


def _keys(these: Collection[Clock]) -> list[tuple[int, int, str]]:
    return [(one.incident, one.seq, one.kind) for one in these]


def _read(rows: Sequence[sa.Row[tuple[int, int, str, datetime, datetime]]]) -> tuple[Clock, ...]:
    return tuple(Clock(kind=row.kind, incident=row.incident, seq=row.seq, due_at=row.due_at) for row in rows)
