"""Alerts: what fires, and what fires without belonging to an open incident."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import get

from fireline.api.problem import says_no
from fireline.core.alert import Alert
from fireline.core.people import Person
from fireline.store.alerts import AlertStore


class Firing(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm that fires now."""

    fingerprint: str
    name: str
    source: str
    service: str | None
    summary: str
    starts_at: datetime
    labels: dict[str, str]
    annotations: dict[str, str]


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """`firing`: all that fire. `to_triage`: those of them that belong to no open incident, oldest first."""

    firing: tuple[Firing, ...]
    to_triage: tuple[Firing, ...]


@get("/alerts", tags=("alerts",), responses=says_no(), sync_to_thread=True)
def list_alerts(*, person: Person, alerts: AlertStore) -> Alerts:
    """Give the alerts that fire, and those that nobody looks after yet."""
    alone = {row.fingerprint: None for row in alerts.to_triage()}
    firing = {alert.fingerprint: _firing(alert) for alert in alerts.firing()}
    return Alerts(firing=tuple(firing.values()), to_triage=tuple(firing[one] for one in alone if one in firing))


handlers = (list_alerts,)


def _firing(alert: Alert) -> Firing:
    return msgspec.convert(alert, Firing, from_attributes=True)
