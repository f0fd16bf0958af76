"""Grafana's webhook: unified alerting tells of alerts, with a token as bearer or as the password of basic."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from litestar import Request, post
from litestar.status_codes import HTTP_200_OK

from fireline.access import Access
from fireline.connectors.grafana import from_webhook
from fireline.store.alerts import AlertStore

log = structlog.get_logger(__name__)


@post("/hooks/grafana", status_code=HTTP_200_OK)
async def webhook(
    request: Request[Any, Any, Any], access: Access, alerts: AlertStore, now: Callable[[], datetime]
) -> dict[str, int]:
    """Take a webhook. Answers how many alerts were stored, and how many of them were new or changed."""
    await asyncio.to_thread(access.hook, request)
    batch, left_out = from_webhook(await request.body())
    if left_out:
        log.warning("grafana", left_out=left_out, why="the contact point's Max Alerts cut them off")
    changes = await asyncio.to_thread(alerts.take, batch, now())
    return {"stored": len(changes), "changed": sum(change != "same" for change in changes)}


handlers = (webhook,)
