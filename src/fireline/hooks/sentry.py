"""Sentry's webhook: issues, issue alerts and metric alerts, signed with the integration's client secret."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import structlog
from litestar import Request, post
from litestar.status_codes import HTTP_200_OK

from fireline.connectors import sentry
from fireline.core.alert import Alert
from fireline.core.refusal import Refused
from fireline.hooks.order import in_order
from fireline.hooks.signature import Scheme, check
from fireline.settings import SentrySettings, Settings
from fireline.store.alerts import AlertStore

# https://docs.sentry.io/organization/integrations/integration-platform/webhooks/#verifying-the-signature
SCHEME = Scheme(vendor="Sentry", header="Sentry-Hook-Signature", where="`client_secrets` in [sentry]")
RESOURCE = "Sentry-Hook-Resource"

log = structlog.get_logger(__name__)


@post("/hooks/sentry", status_code=HTTP_200_OK)
async def webhook(
    request: Request[Any, Any, Any], settings: Settings, alerts: AlertStore, now: Callable[[], datetime]
) -> dict[str, str]:
    """Take a webhook of any resource. Answers what was done: stored or nothing."""
    body, mine = await request.body(), settings.sentry or SentrySettings()
    check(SCHEME, headers=request.headers, body=body, secrets=mine.client_secrets, at=now())
    resource = request.headers.get(RESOURCE, "")
    if not resource:
        raise Refused(f"The header {RESOURCE} is missing: it says what this is about.", status=400, field=RESOURCE)
    told = sentry.from_webhook(body, resource, services=mine.services, at=now())
    did, why = await asyncio.to_thread(_do, told, alerts, now(), new_issues=mine.new_issues)
    log.info("sentry", resource=resource, did=did, why=why)
    return {"did": did, "why": why}


def _do(told: Alert | None, alerts: AlertStore, at: datetime, *, new_issues: bool) -> tuple[str, str]:
    """What was done about it, and why."""
    if told is None:
        return "nothing", "fireline does nothing about this resource"
    known = alerts.find(told.fingerprint)
    life = told.key.startswith("issue/") and "rule" not in told.labels
    if known is None and life and not new_issues:
        return "nothing", "no alert rule fired about this issue"
    alert = in_order(known, told)
    if alert is None:
        return "nothing", "it was over already: this came late"
    (change,) = alerts.take([_named(known, alert)], at)
    return "stored", change


def _named(known: Alert | None, alert: Alert) -> Alert:
    """The first alert rule that fires about an issue names it, and it is looked at anew under that name."""
    if known is None or not (known.firing and alert.firing):
        return alert
    if "rule" in known.labels:
        return msgspec.structs.replace(alert, labels=known.labels)
    return msgspec.structs.replace(alert, starts_guessed=False) if "rule" in alert.labels else alert


handlers = (webhook,)
