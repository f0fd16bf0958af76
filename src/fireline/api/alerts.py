"""Alerts: what fires, and what fires without belonging to an open incident."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from litestar import get

from fireline.api.problem import says_no
from fireline.core.alert import shown_state
from fireline.core.people import Person
from fireline.store.alerts import AlertStore, Kept

MOST = 10_000  # in one answer


class Firing(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm that fires now. `state` is firing, no data, flapping or silenced.

    `verdict` is what was decided about it last (declared, joined, suggested, ignored or silenced), `why` the
    sentence behind it, `incident` the one it belongs to; null while nobody has looked at it.
    """

    fingerprint: str
    name: str
    source: str
    service: str | None
    summary: str
    starts_at: datetime
    labels: dict[str, str]
    annotations: dict[str, str]
    state: str
    verdict: str | None
    why: str | None
    incident: int | None
    first_seen: datetime


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """`firing`: all that fire, at most 10,000. `to_triage`: those of them that wait for somebody, oldest first.

    What a rule ignores, or a silence covers, waits for nobody.
    """

    firing: tuple[Firing, ...]
    to_triage: tuple[Firing, ...]


@get("/alerts", tags=("alerts",), responses=says_no(), sync_to_thread=True)
def list_alerts(*, person: Person, alerts: AlertStore, now: Callable[[], datetime]) -> Alerts:
    """Give the alerts that fire, and those that nobody looks after yet."""
    at = now()
    alone = {row.fingerprint: None for row in alerts.to_triage()}
    firing = {one.fingerprint: _firing(one, at) for one in alerts.firing_rows(MOST)}
    return Alerts(firing=tuple(firing.values()), to_triage=tuple(firing[one] for one in alone if one in firing))


handlers = (list_alerts,)


def _firing(one: Kept, at: datetime) -> Firing:
    alert = one.alert
    return Firing(
        fingerprint=one.fingerprint, name=alert.name, source=alert.source, service=alert.service,
        summary=alert.summary, starts_at=alert.starts_at, labels=alert.labels, annotations=alert.annotations,
        state=shown_state(alert, turns=one.turns, verdict=one.verdict, at=at), verdict=one.verdict, why=one.why,
        incident=one.incident, first_seen=one.first_seen,
    )  # fmt: skip
