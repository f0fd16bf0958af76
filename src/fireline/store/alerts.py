"""Alert rows: what every source last said about each of its alarms.

Writing a batch and enqueueing the intake of each changed group is one transaction, so an answer of 2xx
means that the alerts are on the disk and will be looked at, whatever dies next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from fireline.core.alert import Alert, Change, change
from fireline.store.database import Database, metadata
from fireline.store.lists import OPEN, Utc, incidents

alerts = sa.Table(
    "alert",
    metadata,
    sa.Column("fingerprint", sa.String(32), primary_key=True),
    sa.Column("body", sa.Text, nullable=False),  # the Alert's JSON
    sa.Column("group", sa.Text, nullable=False, index=True),
    sa.Column("firing", sa.Boolean, nullable=False),
    sa.Column("first_seen", Utc, nullable=False),
    sa.Column("last_seen", Utc, nullable=False),
    sa.Column("times", sa.Integer, nullable=False),  # how often it was sent
    sa.Column("incident", sa.Integer, sa.ForeignKey("incident.number")),
)

OLDEST = (alerts.c.first_seen, alerts.c.fingerprint)  # first; those of one batch in an order that never changes

EnqueueIntake = Callable[[sa.Connection, str, datetime], None]


class AlertStore:
    """Takes alerts in and finds them again."""

    def __init__(self, database: Database, *, enqueue_intake: EnqueueIntake) -> None:
        """`enqueue_intake(connection, group, at)` asks for a look at a group, within the transaction."""
        self.database = database
        self._enqueue_intake = enqueue_intake

    def take(self, batch: Iterable[Alert], at: datetime) -> tuple[Change, ...]:
        """Store a batch durably. Unchanged re-sends only refresh `last_seen`. One answer an alert, in order."""
        batch = tuple(batch)
        changes: list[Change] = []
        with self.database.writing() as connection:
            known = _known(connection, {alert.fingerprint for alert in batch}, lock=not self.database.is_sqlite)
            groups: dict[str, None] = {}
            times: dict[str, int] = {}
            for alert in batch:
                before = known.get(alert.fingerprint)
                kind = change(before, alert)
                changes.append(kind)
                if before and kind == "stale":
                    alert = before  # noqa: PLW2901  # what is known is newer
                elif before and kind in {"same", "changed"} and alert.starts_guessed:
                    alert = msgspec.structs.replace(alert, starts_at=before.starts_at)  # noqa: PLW2901  # it began then
                known[alert.fingerprint] = alert
                times[alert.fingerprint] = times.get(alert.fingerprint, 0) + 1
                if kind in {"new", "again", "over"}:
                    groups[alert.group] = None
            for one in sorted(times):  # in the order of the locks, so that new rows cannot deadlock either
                self._write(connection, known[one], at, times[one])
            for group in groups:
                self._enqueue_intake(connection, group, at)
        return tuple(changes)

    def group(self, group: str) -> tuple[tuple[Alert, int | None], ...]:
        """The alerts of a group with the incident each belongs to."""
        query = sa.select(alerts.c.body, alerts.c.incident).where(alerts.c.group == group).order_by(*OLDEST)
        with self.database.reading() as connection:
            return tuple((_alert(body), incident) for body, incident in connection.execute(query))

    def attach(self, fingerprint: str, incident: int) -> None:
        """Note which incident an alert belongs to."""
        with self.database.writing() as connection:
            connection.execute(alerts.update().where(alerts.c.fingerprint == fingerprint).values(incident=incident))

    def find(self, fingerprint: str) -> Alert | None:
        """The alert with this fingerprint."""
        with self.database.reading() as connection:
            body = connection.scalar(sa.select(alerts.c.body).where(alerts.c.fingerprint == fingerprint))
        return _alert(body) if body else None

    def to_triage(self, limit: int = 100) -> Sequence[sa.Row[Any]]:
        """Firing alerts that belong to no open incident, oldest first."""
        mine = sa.select(incidents.c.number).where(incidents.c.state == OPEN)
        query = (
            sa.select(alerts)
            .where(alerts.c.firing, sa.or_(alerts.c.incident.is_(None), alerts.c.incident.not_in(mine)))
            .order_by(*OLDEST)
            .limit(limit)
        )
        with self.database.reading() as connection:
            return connection.execute(query).all()

    def firing(self) -> tuple[Alert, ...]:
        """Every alert that fires now."""
        with self.database.reading() as connection:
            rows = connection.scalars(sa.select(alerts.c.body).where(alerts.c.firing).order_by(*OLDEST))
            return tuple(_alert(body) for body in rows)

    def _write(self, connection: sa.Connection, alert: Alert, at: datetime, times: int) -> None:
        values = {"body": msgspec.json.encode(alert).decode(), "firing": alert.firing, "last_seen": at}
        row = self.database.insert(alerts).values(
            fingerprint=alert.fingerprint, group=alert.group, first_seen=at, times=times, **values
        )
        connection.execute(
            row.on_conflict_do_update(index_elements=["fingerprint"], set_=values | {"times": alerts.c.times + times})
        )


def _known(connection: sa.Connection, fingerprints: set[str], *, lock: bool) -> dict[str, Alert]:
    query = sa.select(alerts.c.fingerprint, alerts.c.body).where(alerts.c.fingerprint.in_(fingerprints))
    # sorted, so that two replicas with the same batch wait for each other instead of deadlocking
    query = query.order_by(alerts.c.fingerprint)
    rows = connection.execute(query.with_for_update() if lock else query)
    return {fingerprint: _alert(body) for fingerprint, body in rows}


def _alert(body: str) -> Alert:
    return msgspec.json.decode(body, type=Alert)
