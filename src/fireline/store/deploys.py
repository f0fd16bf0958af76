"""Changes that other systems told us of: one row each, found again by time and service."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa

from fireline.core.deploy import WINDOWS, Before, Deploy, before
from fireline.store.database import Database, metadata
from fireline.store.lists import Utc

changes = sa.Table(
    "change",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("at", Utc, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("ref", sa.Text, nullable=False),
    sa.Column("sha", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("environment", sa.Text, nullable=False),
)
SHOWN = 50  # of the service, and as many of others: nobody reads more at night


class Deploys:
    """Keeps changes and finds those before an incident."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def keep(self, deploy: Deploy) -> bool:
        """Keep a change durably; False when something newer is known of it, as when a webhook is sent again late."""
        values = msgspec.structs.asdict(deploy)
        insert = self.database.insert(changes).values(values)
        row = insert.on_conflict_do_update(
            index_elements=["key"], set_=values, where=changes.c.at <= insert.excluded.at
        )
        with self.database.writing() as connection:
            return connection.scalar(row.returning(changes.c.key)) is not None

    def before(self, began: datetime, service: str | None) -> Before:
        """What changed before this moment: of the service first, then of others."""
        return before(self.lately(began, service), began, service)

    def lately(self, until: datetime, service: str | None) -> tuple[Deploy, ...]:
        """What changed in the seven days before this moment: the newest of the service, and the newest of all."""
        recent = (
            sa.select(changes)
            .where(changes.c.at <= until, changes.c.at >= until - WINDOWS[-1])
            .order_by(changes.c.at.desc())
            .limit(SHOWN)
        )
        mine = recent.where(sa.func.lower(changes.c.service) == (service or "").lower())
        with self.database.reading() as connection:
            rows = [*connection.execute(mine), *connection.execute(recent)]
        return tuple({row.key: msgspec.convert(row, Deploy, from_attributes=True) for row in rows}.values())

    def forget(self, until: datetime) -> int:
        """Sweep what happened before this time; how many."""
        with self.database.writing() as connection:
            return connection.execute(changes.delete().where(changes.c.at < until)).rowcount
