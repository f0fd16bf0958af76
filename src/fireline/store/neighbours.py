"""Neighbours: what else is wrong just now, which an alert may belong to. Questions only, about open incidents."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from fireline.core.events import IncidentDeclared, from_json
from fireline.core.join import Near
from fireline.core.joined import begun
from fireline.core.storm import Lately, Stormy
from fireline.store.alerts import alerts
from fireline.store.database import Database
from fireline.store.ledger import events
from fireline.store.lists import OPEN, incidents

ONE_AT_A_TIME = 7_215_002  # the advisory lock of declarations by alerts, so that each sees the ones before it
NEWEST = 20  # events read from the end of a storm's log
# What only some know of takes in no alert of its service, rule or storm: nobody else would see that it fires.
OPEN_TO_ALL = sa.and_(incidents.c.state == OPEN, ~incidents.c.private)
FIRST = sa.and_(events.c.incident == incidents.c.number, events.c.seq == 1)


def lately(connection: sa.Connection, since: datetime) -> tuple[Lately, ...]:
    """What alerts declared since then, oldest first, in the caller's transaction.

    Until that ends nobody else declares for an alert: two replicas in the same storm see each other's incidents.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})"))
    query = (
        sa.select(
            incidents.c.number, incidents.c.severity, incidents.c.acknowledged_at, incidents.c.state, events.c.body
        )
        .join(events, FIRST)
        .where(incidents.c.join_key.is_not(None), incidents.c.declared_at >= since, ~incidents.c.private)
        .order_by(incidents.c.number)
    )
    return tuple(
        Lately(
            number=row.number,
            declared=_declared(row.body),
            severity=row.severity,
            acknowledged=row.acknowledged_at is not None,
            open=row.state == OPEN,
        )
        for row in connection.execute(query)
    )


def by_key(database: Database, keys: Collection[str]) -> dict[str, int]:
    """The open incident of each of these faults."""
    query = sa.select(incidents.c.join_key, incidents.c.number)
    query = query.where(incidents.c.join_key.in_(keys), incidents.c.state == OPEN)
    with database.asking() as connection:
        return {row.join_key: row.number for row in connection.execute(query)}


def by_group(database: Database, groups: Collection[str]) -> dict[str, int]:
    """The open incident that an alert of the same rule and service belongs to; the newest of several."""
    query = (
        sa.select(alerts.c.group, sa.func.max(incidents.c.number).label("number"))
        .join(incidents, incidents.c.number == alerts.c.incident)
        .where(alerts.c.group.in_(groups), OPEN_TO_ALL)
        .group_by(alerts.c.group)
    )
    with database.asking() as connection:
        return {row.group: row.number for row in connection.execute(query)}


def by_service(database: Database, services: Collection[str]) -> list[Near]:
    """The open incidents of these services, oldest first."""
    query = (
        sa.select(incidents.c.number, incidents.c.service, events.c.body)
        .join(events, FIRST)
        .where(sa.func.lower(incidents.c.service).in_([one.lower() for one in services]), OPEN_TO_ALL)
        .order_by(incidents.c.number)
    )
    with database.asking() as connection:
        rows = connection.execute(query).all()
    return [Near(number=row.number, service=row.service, began=_declared(row.body).detected_at) for row in rows]


def storm(database: Database) -> Stormy | None:
    """The newest open incident that a storm was said of. Its log may be long: only the end of it is read."""
    said = sa.literal("storm:") + sa.cast(incidents.c.number, sa.Text)
    query = sa.select(incidents.c.number, incidents.c.severity).join(events, events.c.key == said)
    with database.asking() as connection:
        found = connection.execute(query.where(OPEN_TO_ALL).order_by(incidents.c.number.desc())).first()
        if found is None:
            return None
        log = sa.select(events.c.body).where(events.c.incident == found.number).order_by(events.c.seq.desc())
        newest = map(from_json, connection.scalars(log.limit(NEWEST)))
        joined = next((event.at for event in newest if begun(event)), None)
    return Stormy(number=found.number, severity=found.severity, joined_at=joined)


def severities(database: Database, numbers: Collection[int]) -> dict[int, str]:
    """How grave these incidents are now."""
    query = sa.select(incidents.c.number, incidents.c.severity).where(incidents.c.number.in_(numbers))
    with database.asking() as connection:
        return {row.number: row.severity for row in connection.execute(query)}


def _declared(body: str) -> IncidentDeclared:
    event = from_json(body)
    assert isinstance(event, IncidentDeclared)
    return event
