"""Alertmanager's webhook, and Alertmanager's own API for a Prometheus that points straight at fireline.

Both are busy, so `door` answers them before the framework sees them. The routes say the same to whoever has
the framework alone, and to the document at /api/docs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from litestar import MediaType, Request, Response, post
from litestar.status_codes import HTTP_200_OK

from fireline.access import Access
from fireline.connectors.alertmanager import Glance, from_api, from_webhook, glance_at_api, glance_at_webhook
from fireline.core.alert import Change
from fireline.hooks.door import Take
from fireline.store.alerts import AlertStore
from fireline.store.sightings import digest

WEBHOOK, API = "/hooks/alertmanager", "/api/v2/alerts"


def takes(alerts: AlertStore) -> Mapping[str, Take]:
    """What the door does with a body, by path."""
    return {WEBHOOK: partial(take_webhook, alerts), API: partial(take_api, alerts)}


def take_webhook(alerts: AlertStore, body: bytes, at: datetime) -> bytes | Awaitable[bytes]:
    """Store a v4 webhook; how many alerts it had, and how many of them were new or changed, as JSON."""
    digests = _heard(alerts, glance_at_webhook(body), at)
    if isinstance(digests, int):
        return b'{"stored":%d,"changed":0}' % digests
    return _stored(alerts.take_soon(from_webhook(body), at, digests))


def take_api(alerts: AlertStore, body: bytes, at: datetime) -> bytes | Awaitable[bytes]:
    """Store alerts as Alertmanager's API v2 does; it answers nothing."""
    digests = _heard(alerts, glance_at_api(body, at), at)
    if isinstance(digests, int):
        return b""
    return _empty(alerts.take_soon(from_api(body, at), at, digests))


def _heard(alerts: AlertStore, glance: Glance | None, at: datetime) -> int | list[int] | None:
    """How many alerts were told again, when all are known as they stand and need not be understood; else digests."""
    if glance is None:
        return None
    digests = [digest(one) for one in glance.alerts]
    return len(digests) if alerts.sightings.hear(digests, at, glance.until) else digests


async def _stored(taken: Awaitable[tuple[Change, ...]]) -> bytes:
    changes = await taken
    return b'{"stored":%d,"changed":%d}' % (len(changes), len(changes) - changes.count("same"))


async def _soon(answer: bytes | Awaitable[bytes]) -> bytes:
    return answer if isinstance(answer, bytes) else await answer


async def _empty(taken: Awaitable[tuple[Change, ...]]) -> bytes:
    await taken
    return b""


@post(WEBHOOK, status_code=HTTP_200_OK)
async def webhook(
    request: Request[Any, Any, Any], access: Access, alerts: AlertStore, now: Callable[[], datetime]
) -> Response[bytes]:
    """Take a v4 webhook. Answers how many alerts were stored, how many of them were new or changed."""
    await asyncio.to_thread(access.hook, request)
    return Response(await _soon(take_webhook(alerts, await request.body(), now())), media_type=MediaType.JSON)


@post(API, status_code=HTTP_200_OK)
async def api(
    request: Request[Any, Any, Any], access: Access, alerts: AlertStore, now: Callable[[], datetime]
) -> Response[bytes]:
    """Take alerts as Alertmanager's API v2 does: an empty 200."""
    await asyncio.to_thread(access.hook, request)
    return Response(await _soon(take_api(alerts, await request.body(), now())), media_type=MediaType.TEXT)


handlers = (webhook, api)
