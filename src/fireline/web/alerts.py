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
from fireline.store.alerts import ASIDE, AlertStore, Kept
from fireline.store.database import Database
from fireline.store.ledger import Ledger
from fireline.web.answer import Ask, Frame, moved, whole
from fireline.web.deeds import URL, Form


@dataclass(frozen=True, slots=True)
class Waiting:
    """An alert to triage, with how often it was sent, and why it waits."""

    alert: Alert
    first_seen: datetime
    times: int
    why: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """An alert of a list, with what is known and was decided."""

    alert: Alert
    fingerprint: str
    state: str  # firing, no data, flapping, silenced
    verdict: str | None
    why: str | None
    incident: int | None


class Attach(Form, frozen=True, kw_only=True):
    """The alert that belongs to the incident."""

    fingerprint: str = ""


def waiting(alerts: AlertStore) -> list[Waiting]:
    """Firing alerts of no open incident, oldest first."""
    return [
        Waiting(msgspec.json.decode(row.body, type=Alert), row.first_seen, row.times, row.why)
        for row in alerts.to_triage()
    ]


@get("/alerts", sync_to_thread=True)
def page(frame: Frame, alerts: AlertStore, database: Database, now: Callable[[], datetime]) -> Template:
    """To triage, with the incidents they may belong to; and everything else that fires."""
    at, triage = now(), waiting(alerts)
    shown = {one.fingerprint: _shown(one, at) for one in alerts.firing_rows()}
    waits = {one.alert.fingerprint for one in triage}
    states = {key: one.state for key, one in shown.items() if key in waits}
    rest = [one for key, one in shown.items() if key not in waits]
    aside = [one for one in rest if one.verdict in ASIDE]
    return whole(
        "alerts/page.html", frame, triage=triage, states=states, rest=[one for one in rest if one not in aside],
        aside=aside, incidents=lists.all_incidents(database, state=lists.OPEN), now=at,
    )  # fmt: skip


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
    why = f"{by} attached it"
    ledger.act(number, partial(core.join, alert=alert, why=why, by=by))
    alerts.settle(alert.fingerprint, verdict="joined", why=why, incident=number)


def _shown(one: Kept, at: datetime) -> Shown:
    state = core.shown_state(one.alert, turns=one.turns, verdict=one.verdict, at=at)
    return Shown(one.alert, one.fingerprint, state, one.verdict, one.why, one.incident)


handlers = (page, attach)
