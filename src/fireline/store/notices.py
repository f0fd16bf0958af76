"""Notices as rows: what our own status page says, planned maintenance, and a letter for each subscriber.

A notice and its letters are written in one transaction, so nobody who asked for it is forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from fireline.core.board import Maintenance, Notice
from fireline.core.refusal import Refused
from fireline.store import subscribers
from fireline.store.database import Database, metadata
from fireline.store.lists import Utc, incidents

NEWEST = 5_000  # notices a page is made of: some years of a service with bad luck

notices = sa.Table(
    "notice",
    metadata,
    sa.Column("incident", sa.String(32), primary_key=True),  # the public id
    sa.Column("update", sa.Integer, primary_key=True),
    sa.Column("number", sa.Integer),  # our own incident; none of what was brought in from elsewhere
    sa.Column("at", Utc, nullable=False, index=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("impact", sa.Text, nullable=False),
    sa.Column("components", sa.Text, nullable=False),  # JSON
)
maintenances = sa.Table(
    "maintenance",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("starts_at", Utc, nullable=False),
    sa.Column("ends_at", Utc, nullable=False, index=True),
    sa.Column("told_at", Utc, nullable=False),
    sa.Column("components", sa.Text, nullable=False),  # JSON
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("called_off_by", sa.Text),
    sa.Column("called_off_key", sa.Text),
    sa.Column("key", sa.Text, unique=True),  # names a request that was sent twice
    sqlite_autoincrement=True,
)


class Notices:
    """What the public page says."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def publish(self, notice: Notice, *, number: int | None = None) -> bool:
        """Write it, with a letter to everybody subscribed now; False when it was published before."""
        row = self.database.insert(notices).values(number=number, **_row(notice))
        with self.database.writing() as connection:
            new = connection.execute(row.on_conflict_do_nothing().returning(notices.c.incident)).first() is not None
            if new:
                subscribers.write_to_all(connection, self.database, notice.incident, notice.update)
        return new

    def bring_in(self, found: Sequence[Notice]) -> int:
        """Notices of another page's history. Nobody is written to; how many were new."""
        count = 0
        with self.database.writing() as connection:
            for one in found:
                row = self.database.insert(notices).values(number=None, **_row(one)).on_conflict_do_nothing()
                count += connection.execute(row.returning(notices.c.incident)).first() is not None
        return count

    def find(self, incident: str, update: int) -> Notice | None:
        """The notice, as the page shows it."""
        query = sa.select(notices).where(notices.c.incident == incident, notices.c.update == update, _told())
        with self.database.reading() as connection:
            row = connection.execute(query).first()
        return _notice(row) if row else None

    def read(self) -> tuple[tuple[Notice, ...], tuple[Maintenance, ...]]:
        """Everything a page is made of, in one look."""
        newest = sa.select(notices).where(_told()).order_by(notices.c.at.desc(), notices.c.update.desc()).limit(NEWEST)
        planned = sa.select(maintenances).where(maintenances.c.called_off_by.is_(None))
        with self.database.reading() as connection:
            said = tuple(_notice(row) for row in connection.execute(newest))
            work = tuple(_maintenance(row) for row in connection.execute(planned.order_by(maintenances.c.starts_at)))
        return said, work

    def plan(self, work: Maintenance, *, by: str, key: str | None = None) -> Maintenance:
        """Tell of planned work; the answer has its number. A second one with the same `key` is the first one."""
        values = msgspec.structs.asdict(work) | {"components": msgspec.json.encode(work.components).decode()}
        del values["number"]
        row = self.database.insert(maintenances).values(by=by, key=key, **values)
        with self.database.writing() as connection:
            number = connection.scalar(row.on_conflict_do_nothing().returning(maintenances.c.number))
            if number is None:
                known = connection.execute(sa.select(maintenances).where(maintenances.c.key == key)).one()
                return _maintenance(known)
        return msgspec.structs.replace(work, number=number)

    def call_off(self, number: int, *, by: str, key: str | None = None) -> None:
        """It will not happen: the page no longer tells of it. Not refused for the same `key` again."""
        done = (
            maintenances.update()
            .where(maintenances.c.number == number, maintenances.c.called_off_by.is_(None))
            .values(called_off_by=by, called_off_key=key)
            .returning(maintenances.c.number)
        )
        with self.database.writing() as connection:
            again = sa.select(maintenances.c.number).where(
                maintenances.c.number == number, maintenances.c.called_off_key == key, sa.literal(value=key is not None)
            )
            if connection.execute(done).first() is None and connection.execute(again).first() is None:
                raise Refused(f"There is no planned maintenance {number}.", status=404)


def _row(notice: Notice) -> dict[str, Any]:
    return msgspec.structs.asdict(notice) | {"components": msgspec.json.encode(notice.components).decode()}


def _notice(row: sa.Row[Any]) -> Notice:
    values = {name: row._mapping[name] for name in Notice.__struct_fields__}  # noqa: SLF001  # SQLAlchemy's own name
    return msgspec.convert(values | {"components": msgspec.json.decode(row.components)}, Notice)


def _maintenance(row: sa.Row[Any]) -> Maintenance:
    values = {name: row._mapping[name] for name in Maintenance.__struct_fields__}  # noqa: SLF001
    return msgspec.convert(values | {"components": msgspec.json.decode(row.components)}, Maintenance)


def planned(title: str, text: str, *, starts_at: datetime, ends_at: datetime, at: datetime, known: Sequence[str],
            components: Sequence[str]) -> Maintenance:  # fmt: skip
    """Planned work from what somebody typed. Raises `Refused` naming the field."""
    title, text = " ".join(title.split()), text.strip()
    if not title or not text:
        raise Refused("Say in a title and a sentence what is going to happen.", field="title", status=400)
    if ends_at <= starts_at or ends_at <= at:
        raise Refused("It has to end after it begins, and later than now.", field="ends_at", status=400)
    if strange := sorted(set(components) - set(known)):
        raise Refused(f"The status page has no component {strange[0]}.", field="components", status=400)
    return Maintenance(
        number=0, title=title, text=text, starts_at=starts_at, ends_at=ends_at, told_at=at, components=tuple(components)
    )


def _told() -> sa.ColumnElement[bool]:
    """Notices of incidents that everybody may know of. What became private later is no longer on the page."""
    only_some = sa.select(incidents.c.number).where(incidents.c.private)
    return sa.or_(notices.c.number.is_(None), notices.c.number.not_in(only_some))
