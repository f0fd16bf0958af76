"""Alerts: what fires and belongs to nobody yet, and what fires at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import Body
from litestar.response import Template

from fireline.core import alert as core
from fireline.core.alert import Alert
from fireline.core.refusal import Refused
from fireline.store import lists
from fireline.store.alerts import AlertStore
from fireline.store.database import Database
from fireline.store.ledger import Ledger
from fireline.web.answer import Ask, Frame, moved, whole
from fireline.web.deeds import URL, Form


@dataclass(frozen=True, slots=True)
class Waiting:
    """An alert to triage, with how often it was sent."""

    alert: Alert
    first_seen: datetime
    times: int


class Attach(Form, frozen=True, kw_only=True):
    """The alert that belongs to the incident."""

    fingerprint: str = ""


def waiting(alerts: AlertStore) -> list[Waiting]:
    """Firing alerts of no open incident, oldest first."""
    return [Waiting(msgspec.json.decode(row.body, type=Alert), row.first_seen, row.times) for row in alerts.to_triage()]


@get("/alerts", sync_to_thread=True)
def page(frame: Frame, alerts: AlertStore, database: Database, now: Callable[[], datetime]) -> Template:
    """To triage, with the incidents they may belong to; and everything else that fires."""
    triage = waiting(alerts)
    mine = {one.alert.fingerprint for one in triage}
    rest = [one for one in alerts.firing() if one.fingerprint not in mine]
    incidents = lists.all_incidents(database, state=lists.OPEN)
    return whole("alerts/page.html", frame, triage=triage, rest=rest, incidents=incidents, now=now())


@post("/incidents/{number:int}/alerts", sync_to_thread=True)
def attach(
    *, request: Ask, frame: Frame, number: int, data: Annotated[Attach, Body(media_type=URL)], alerts: AlertStore,
    ledger: Ledger,
) -> Any:  # fmt: skip
    """This alert belongs to that incident, says a person."""
    alert = alerts.find(data.fingerprint)
    if alert is None:
        raise Refused("There is no such alert any more. Reload the page.", status=404)
    join(number, alert, ledger, alerts, by=frame.person.handle)
    return moved(request, f"/incidents/{number}")


def join(number: int, alert: Alert, ledger: Ledger, alerts: AlertStore, *, by: str) -> None:
    """Make the alert part of the incident, in its log and in its own row."""
    ledger.act(number, partial(core.join, alert=alert, why=f"{by} attached it", by=by))
    alerts.attach(alert.fingerprint, number)


handlers = (page, attach)
