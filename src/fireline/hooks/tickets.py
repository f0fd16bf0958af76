"""Tickets come in: by our own plain door, as Zendesk's webhooks, or as whatever JSON the settings can read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from litestar import Request, post
from litestar.status_codes import HTTP_200_OK

from fireline.access import Access
from fireline.connectors.tickets import from_json, from_ticket, from_zendesk
from fireline.core.alert import Alert
from fireline.core.refusal import Refused
from fireline.hooks.signature import Scheme, check
from fireline.settings import IntakeSettings, Settings
from fireline.store.alerts import AlertStore

# https://developer.zendesk.com/documentation/webhooks/verifying/
ZENDESK = Scheme(
    vendor="Zendesk",
    header="X-Zendesk-Webhook-Signature",
    where="`secrets` in [zendesk]",
    encoding="base64",
    time_header="X-Zendesk-Webhook-Signature-Timestamp",
)
Ask = Request[Any, Any, Any]


@post("/intake/ticket", status_code=HTTP_200_OK)
async def ticket(request: Ask, access: Access, alerts: AlertStore, now: Callable[[], datetime]) -> dict[str, int]:
    """Take one ticket, with a token for hooks. The same `id` again is the same ticket."""
    await asyncio.to_thread(access.hook, request)
    return await _take(alerts, from_ticket(await request.body(), now()), now())


@post("/hooks/zendesk", status_code=HTTP_200_OK)
async def zendesk(request: Ask, alerts: AlertStore, settings: Settings, now: Callable[[], datetime]) -> dict[str, int]:
    """Take a Zendesk webhook. An event that is about no ticket stores nothing."""
    known = settings.zendesk
    if known is None:
        raise Refused("Zendesk is not set up: the settings have no [zendesk].", status=404)
    body = await request.body()
    check(ZENDESK, headers=request.headers, body=body, secrets=known.secrets, at=now())
    return await _take(alerts, from_zendesk(body, now(), known), now())


@post("/hooks/json/{name:str}", status_code=HTTP_200_OK)
async def mapped(
    *, request: Ask, name: str, access: Access, alerts: AlertStore, settings: Settings, now: Callable[[], datetime]
) -> dict[str, int]:
    """Take the JSON that the `[[intake]]` of this name can read."""
    known = next((one for one in settings.intake if one.name == name), None)
    if known is None:
        await asyncio.to_thread(access.hook, request)  # who may not come in learns no names
        raise Refused(f"The settings have no [[intake]] named {name}.", status=404)
    body = await request.body()
    if known.secrets:
        check(_scheme(known, request), headers=request.headers, body=body, secrets=known.secrets, at=now())
    else:
        await asyncio.to_thread(access.hook, request)
    return await _take(alerts, from_json(body, now(), known), now())


handlers = (ticket, zendesk, mapped)


def _scheme(known: IntakeSettings, request: Ask) -> Scheme:
    """Some senders write `sha256=` before the signature, some do not."""
    prefix = "sha256=" if "sha256=" in request.headers.get(known.signature, "") else ""
    where = f"`secrets` of the [[intake]] {known.name}"
    return Scheme(vendor=known.name, header=known.signature, where=where, prefix=prefix)


async def _take(alerts: AlertStore, alert: Alert | None, at: datetime) -> dict[str, int]:
    changes = await asyncio.to_thread(alerts.take, (alert,), at) if alert else ()
    return {"stored": len(changes), "changed": sum(change != "same" for change in changes)}
