"""PagerDuty's V3 webhook: its own incidents become alerts, and what people do with our pages comes home."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from litestar import Request, post
from litestar.status_codes import HTTP_200_OK

from fireline.connectors import pagerduty
from fireline.connectors.pagerduty import Told
from fireline.hooks.order import in_order
from fireline.hooks.signature import Scheme, check
from fireline.settings import Settings
from fireline.store.alerts import AlertStore
from fireline.workflows.hear import Hear, from_a_house

SCHEME = Scheme(  # https://developer.pagerduty.com/docs/verifying-webhook-signatures
    vendor="PagerDuty",
    header="X-PagerDuty-Signature",
    prefix="v1=",
    where="`webhook_secrets` in [pagerduty]",
)

log = structlog.get_logger(__name__)


@post("/hooks/pagerduty", status_code=HTTP_200_OK)
async def webhook(
    request: Request[Any, Any, Any], settings: Settings, alerts: AlertStore, hear: Hear, now: Callable[[], datetime]
) -> dict[str, str]:
    """Take a V3 webhook. Answers what was done: stored, acknowledged, noted or nothing."""
    body = await request.body()
    secrets = settings.pagerduty.webhook_secrets if settings.pagerduty else ()
    check(SCHEME, headers=request.headers, body=body, secrets=secrets, at=now())
    told = pagerduty.from_webhook(body)
    did, why = await asyncio.to_thread(_do, told, alerts, hear, now())
    log.info("pagerduty", kind=told.kind, id=told.id, did=did, why=why)
    return {"did": did, "why": why}


def _do(told: Told, alerts: AlertStore, hear: Hear, at: datetime) -> tuple[str, str]:
    """What was done about it, and why."""
    if told.incident is None:
        return "nothing", "fireline does nothing about events of this type"
    number = hear.number(told.incident.incident_key)
    if number is not None:
        return _ours(told, number, hear)
    if from_a_house(told.incident.incident_key):
        return "nothing", "another fireline paged for it"
    alert = pagerduty.alert(told.incident, told.at)
    alert_now = in_order(alerts.find(alert.fingerprint), alert)
    if alert_now is None:
        return "nothing", "it was resolved already: this event came late"
    (change,) = alerts.take([alert_now], at)
    return "stored", change


def _ours(told: Told, number: int, hear: Hear) -> tuple[str, str]:
    key, by = f"pagerduty:{told.id}", f"{told.person} in PagerDuty" if told.person else "PagerDuty"
    match told.kind:
        case "incident.acknowledged" if told.person is None:
            return "nothing", "no person did it"  # the echo of our own acknowledgement, or a robot's
        case "incident.acknowledged":
            done = hear.acknowledged(number, by=by, key=key)
            return ("acknowledged", f"INC-{number}") if done else ("nothing", f"INC-{number} needs it no more")
        case _ if not told.note:
            return "nothing", f"INC-{number} knows: it sent the page"
        case kind:
            done = hear.said(number, text=told.note, by=by, key=key, over=kind == "incident.resolved")
            return ("noted", f"INC-{number}") if done else ("nothing", f"INC-{number} needs it no more")


handlers = (webhook,)
