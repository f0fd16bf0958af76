"""What monitors ask: is the process there, does the database answer, how much work is open. No name needed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_address
from typing import Any

import msgspec
import sqlalchemy as sa
from litestar import Request, Response, get
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from fireline import __version__
from fireline.access import Access
from fireline.api.problem import says_no
from fireline.core.refusal import Refused
from fireline.durable import Durable, Standing, standing
from fireline.store import clocks, lists
from fireline.store.alerts import AlertStore
from fireline.store.database import Database

TAGS = ("health",)
# the engine's states, as an operator would say them
WORK = {"PENDING": "running", "ENQUEUED": "queued", "DELAYED": "scheduled", "ERROR": "failed"}


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """`status` is ok or down; `work` counts open durable work by state.

    `replicas` are alive on this database; `late` has the seconds by which the oldest clock and the oldest look at
    alerts are overdue, 0 when none is.
    """

    status: str
    version: str
    database: str
    work: dict[str, int] = {}
    replicas: int = 0
    late: dict[str, float] = {}


@get("/healthz", tags=TAGS, responses={503: says_no()[503]}, sync_to_thread=True)
def healthz(*, database: Database, durable: Durable, now: Callable[[], datetime]) -> Response[Health]:
    """Is fireline well? 503 when the database does not answer or no work is done."""
    answers = _answers(database)
    work = open_work(durable) if answers and durable.running else {}
    stands = standing(database, now()) if answers else Standing(replicas=(), late={})
    well = answers and durable.running
    said = Health(
        status="ok" if well else "down", version=__version__,
        database="answers" if answers else "does not answer", work=work,
        replicas=len(stands.replicas), late=stands.late,
    )  # fmt: skip
    return Response(said, status_code=200 if well else 503, headers={"Cache-Control": "no-store"})


@get("/-/ready", tags=TAGS, media_type="text/plain", responses={503: says_no()[503]}, sync_to_thread=True)
def ready(*, database: Database, durable: Durable) -> Response[str]:
    """May requests be sent here? Cheaper than /healthz: it counts nothing."""
    well = durable.running and _answers(database)
    return Response("ready\n" if well else "not ready\n", status_code=200 if well else 503)


@get("/metrics", tags=TAGS, media_type="text/plain", responses=says_no(), sync_to_thread=True)
def metrics(
    *,
    request: Request[Any, Any, Any],
    access: Access,
    database: Database,
    alerts: AlertStore,
    durable: Durable,
    now: Callable[[], datetime],
) -> Response[str]:
    """Give figures for Prometheus. From another machine an `api` token is needed."""
    if not _loopback(request):
        access.person(request)
    return Response(figures(database, alerts, durable, now()), media_type=CONTENT_TYPE_LATEST)


handlers = (healthz, ready, metrics)


def figures(database: Database, alerts: AlertStore, durable: Durable, at: datetime) -> str:
    """Incidents open by severity, approvals waiting, alerts firing, work open and overdue; Prometheus' text format."""
    registry = CollectorRegistry()
    incidents = Gauge("fireline_incidents_open", "Incidents that are not resolved.", ["severity"], registry=registry)
    waiting = Gauge("fireline_approvals_waiting", "Commands that wait for a yes.", registry=registry)
    firing = Gauge("fireline_alerts_firing", "Alerts that fire now.", registry=registry)
    work = Gauge("fireline_work_open", "Durable work that is not done.", ["state"], registry=registry)
    set_ = Gauge("fireline_clocks_open", "Promises that have not rung.", registry=registry)
    alive = Gauge("fireline_replicas_alive", "Replicas that work on this database.", registry=registry)
    late = Gauge("fireline_work_late_seconds", "By which the oldest is overdue.", ["work"], registry=registry)
    for row in lists.all_incidents(database, state=lists.OPEN, limit=10_000):
        incidents.labels(row.severity).inc()
        waiting.inc(row.waiting)
    firing.set(len(alerts.firing()))
    for state, count in open_work(durable).items() if durable.running else ():
        work.labels(state).set(count)
    stands = standing(database, at)
    set_.set(clocks.count(database))
    alive.set(len(stands.replicas))
    for what, seconds in stands.late.items():
        late.labels(what).set(seconds)
    return generate_latest(registry).decode()


def open_work(durable: Durable) -> dict[str, int]:
    """Open work by state, in an operator's words."""
    return {WORK.get(state, state.lower()): count for state, count in durable.health().items()}


def _answers(database: Database) -> bool:
    try:
        with database.reading() as connection:
            connection.scalar(sa.select(sa.literal(1)))
    except Refused:
        return False
    return True


def _loopback(request: Request[Any, Any, Any]) -> bool:
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False
