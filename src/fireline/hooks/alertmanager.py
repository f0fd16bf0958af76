"""Alertmanager's webhook, and Alertmanager's own API for a Prometheus that points straight at fireline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from litestar import MediaType, Request, Response, post
from litestar.status_codes import HTTP_200_OK

from fireline.access import Access
from fireline.connectors.alertmanager import from_api, from_webhook
from fireline.store.alerts import AlertStore


@post("/hooks/alertmanager", status_code=HTTP_200_OK)
async def webhook(
    request: Request[Any, Any, Any], access: Access, alerts: AlertStore, now: Callable[[], datetime]
) -> dict[str, int]:
    """Take a v4 webhook. Answers how many alerts were stored, how many of them were new or changed."""
    await asyncio.to_thread(access.hook, request)
    batch = from_webhook(await request.body())
    changes = await asyncio.to_thread(alerts.take, batch, now())
    return {"stored": len(changes), "changed": sum(change != "same" for change in changes)}


@post("/api/v2/alerts", status_code=HTTP_200_OK)
async def api(
    request: Request[Any, Any, Any], access: Access, alerts: AlertStore, now: Callable[[], datetime]
) -> Response[bytes]:
    """Take alerts as Alertmanager's API v2 does: an empty 200."""
    await asyncio.to_thread(access.hook, request)
    batch = from_api(await request.body(), now())
    await asyncio.to_thread(alerts.take, batch, now())
    return Response(b"", status_code=HTTP_200_OK, media_type=MediaType.TEXT)  # None would be sent as `null`


handlers = (webhook, api)
