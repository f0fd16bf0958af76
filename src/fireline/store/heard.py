"""Heard: what a source told us once and must not count as news again, whatever restarts in between.

A mail by its Message-ID, a mention by its address, a heartbeat by its name. `body` is the source's own note.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from fireline.store.alerts import alerts
from fireline.store.database import Database, metadata
from fireline.store.lists import Utc
from fireline.store.sightings import sightings

heard = sa.Table(
    "heard",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),  # mail, heartbeat, feed NAME
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("at", Utc, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
NAME_MAX = 600  # characters of four bytes at most; a longer name is cut, for an index on PostgreSQL holds 2700 bytes


class Heard:
    """Keeps and finds what was heard."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def keep(self, source: str, names: Iterable[str], at: datetime, body: str = "") -> None:
        """Note that these were heard at this time; what was known before is told anew."""
        rows = {name[:NAME_MAX]: {"source": source, "name": name[:NAME_MAX], "at": at, "body": body} for name in names}
        if not rows:
            return
        insert = self.database.insert(heard)
        words = {"at": insert.excluded.at, "body": insert.excluded.body}
        row = insert.on_conflict_do_update(index_elements=["source", "name"], set_=words)
        with self.database.writing() as connection:
            # sorted, so that two replicas with the same names cannot deadlock
            connection.execute(row, [rows[name] for name in sorted(rows)])

    def of(self, source: str, names: Iterable[str] | None = None) -> dict[str, tuple[datetime, str]]:
        """When each was heard last, with its note; of these names, or all of the source."""
        query = sa.select(heard.c.name, heard.c.at, heard.c.body).where(heard.c.source == source)
        if names is not None:
            query = query.where(heard.c.name.in_({name[:NAME_MAX] for name in names}))
        with self.database.reading() as connection:
            return {name: (at, body) for name, at, body in connection.execute(query)}

    def alerts(self, names: Iterable[str]) -> dict[str, datetime]:
        """When the alerts with these names were last told, by name; those never told are left out."""
        found: dict[str, datetime] = {}
        with self.database.reading() as connection:
            for name in names:
                last = connection.scalar(
                    sa.select(sa.func.max(sa.func.coalesce(sightings.c.last_seen, alerts.c.changed_at), type_=Utc))
                    .select_from(alerts.outerjoin(sightings, sightings.c.fingerprint == alerts.c.fingerprint))
                    .where(alerts.c.group.startswith(f"{name}|", autoescape=True))
                )
                found |= {name: last} if last else {}
        return found

    def forget(self, source: str, before: datetime) -> int:
        """Sweep what was heard before this time; how many."""
        with self.database.writing() as connection:
            return connection.execute(heard.delete().where(heard.c.source == source, heard.c.at < before)).rowcount
