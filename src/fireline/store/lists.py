"""Lists: what pages show across incidents, written in the same transaction as the event.

They hold nothing that the logs do not say, but for the key alerts join by; `Ledger.rebuild_lists` can write
them anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from fireline.core import approval
from fireline.core.events import Log
from fireline.core.incident import fold
from fireline.core.readers import readers
from fireline.store import eyes
from fireline.store.database import Database, metadata

OPEN = "open"
CLOSED = "closed"


class Utc(sa.types.TypeDecorator[datetime]):
    """An aware UTC time on both databases; SQLite keeps it as sortable text."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """To the database: UTC, whatever zone it came in."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """From the database: aware. SQLite forgets the zone, and it was UTC."""
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


incidents = sa.Table(
    "incident",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("seq", sa.Integer, nullable=False, default=0),
    sa.Column("title", sa.Text, nullable=False, default=""),
    sa.Column("severity", sa.Text, nullable=False, default=""),
    sa.Column("status", sa.Text, nullable=False, default=""),
    sa.Column("service", sa.Text),
    sa.Column("scenario", sa.Text),
    sa.Column("declared_at", Utc),
    sa.Column("acknowledged_by", sa.Text),
    sa.Column("acknowledge_by", Utc),
    sa.Column("acknowledged_at", Utc),
    sa.Column("resolved_at", Utc),
    sa.Column("waiting", sa.Integer, nullable=False, default=0),  # approvals without an answer
    sa.Column("drill", sa.Boolean, nullable=False, default=False),
    sa.Column("join_key", sa.Text),  # what alerts of the same fault share
    sa.Column("state", sa.Text, nullable=False, default=OPEN),
    sa.Column("private", sa.Boolean, nullable=False, default=False, server_default=sa.false()),
    # one open incident per fault, enforced by the database whatever two replicas do at once
    sa.Index(
        "ix_incident_open_join_key",
        "join_key",
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    ),
    sqlite_autoincrement=True,  # a number said aloud is never used again
)
known_to = sa.Table(
    "incident_reader",  # who knows of a private one; what stands here of an open one is old and not asked
    metadata,
    sa.Column("incident", sa.Integer, sa.ForeignKey("incident.number"), primary_key=True),
    sa.Column("handle", sa.Text, primary_key=True),
)
SAY = incidents.update().where(incidents.c.number == sa.bindparam("of"))


def reserve(connection: sa.Connection, join_key: str | None) -> int:
    """The next incident number. An open incident with this join key makes it an IntegrityError."""
    row = connection.execute(incidents.insert().values(join_key=join_key).returning(incidents.c.number))
    return int(row.scalar_one())


def hold(connection: sa.Connection, numbers: Iterable[int]) -> None:
    """Let the writers of these incidents pass one after another. SQLite has one writer at a time anyway."""
    if connection.dialect.name != "sqlite":
        query = sa.select(incidents.c.number).where(incidents.c.number.in_(numbers))
        # sorted, so that two who hold several wait for each other instead of deadlocking
        connection.execute(query.order_by(incidents.c.number).with_for_update(key_share=True))


def open_for(connection: sa.Connection, join_key: str | None) -> int | None:
    """The open incident that alerts with this key belong to."""
    query = sa.select(incidents.c.number).where(incidents.c.join_key == join_key, incidents.c.state == OPEN)
    return connection.scalar(query) if join_key else None


def twin(connection: sa.Connection, number: int) -> int | None:
    """Another incident that is open for the same fault, which keeps this one from being reopened."""
    mine = sa.select(incidents.c.join_key).where(incidents.c.number == number, incidents.c.state == CLOSED)
    return connection.scalar(
        sa.select(incidents.c.number).where(incidents.c.join_key == mine.scalar_subquery(), incidents.c.state == OPEN)
    )


def write(connection: sa.Connection, logs: Mapping[int, Log]) -> None:
    """Make the lists say what these logs say."""
    if not logs:
        return
    connection.execute(SAY, [_row(number, log) for number, log in logs.items()])
    for number, log in logs.items():
        if (among := readers(log)) is not None:
            connection.execute(known_to.delete().where(known_to.c.incident == number))
            connection.execute(known_to.insert(), [{"incident": number, "handle": one} for one in sorted(among)])


def seen() -> sa.ColumnElement[bool]:
    """Of `incident`'s rows those that whoever is reading may know of (see `store.eyes`)."""
    mine = eyes.whose()
    if mine is None:
        return sa.true()
    if mine.who is None:
        return ~incidents.c.private
    listed = sa.exists().where(known_to.c.incident == incidents.c.number, known_to.c.handle == mine.who)
    return sa.or_(~incidents.c.private, listed)


def hidden() -> sa.Select[tuple[int]]:
    """The numbers of those they may not know of."""
    return sa.select(incidents.c.number).where(~seen())


def shown(connection: sa.Connection, number: int) -> bool:
    """Whether this incident is there, for whoever is reading. One look-up, whether it is or not."""
    if eyes.whose() is None:
        return True
    return connection.scalar(sa.select(incidents.c.number).where(incidents.c.number == number, seen())) is not None


def all_incidents(database: Database, *, state: str | None = None, limit: int = 100) -> Sequence[sa.Row[Any]]:
    """Rows of the list, active ones by severity, ended ones newest first."""
    query = sa.select(incidents).where(incidents.c.seq > 0, seen())
    if state:
        query = query.where(incidents.c.state == state)
    order = (
        (incidents.c.drill, incidents.c.severity, incidents.c.number) if state == OPEN else (incidents.c.number.desc(),)
    )
    with database.reading() as connection:
        return connection.execute(query.order_by(*order).limit(limit)).all()


def _row(number: int, log: Log) -> dict[str, Any]:
    incident, last = fold(number, log), log[-1].at
    return {
        "of": number,
        "seq": len(log),
        "title": incident.declared.title,
        "severity": incident.severity,
        "status": incident.status,
        "service": incident.declared.service,
        "scenario": incident.declared.scenario,
        "declared_at": incident.declared.at,
        "acknowledge_by": incident.acknowledge_by,
        "resolved_at": incident.ended_at,
        "acknowledged_by": incident.acknowledged.by if incident.acknowledged else None,
        "acknowledged_at": incident.acknowledged.at if incident.acknowledged else None,
        "waiting": sum(one.waiting(last) for one in approval.asks(log)),
        "drill": incident.declared.drill,
        "state": CLOSED if incident.resolved else OPEN,
        "private": incident.private,
    }
