"""Alertmanager's webhook, and Alertmanager's own API for a Prometheus that points straight at fireline.

Both are busy, so `door` answers them before the framework sees them. The routes say the same to whoever has
the framework alone, and to the document at /api/docs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from litestar import MediaType, Request, Response, post
from litestar.status_codes import HTTP_200_OK

from fireline.access import Access
from fireline.connectors.alertmanager import (
    Glance,
    from_api,
    from_webhook,
    glance_at_api,
    glance_at_webhook,
    read,
)
from fireline.core.alert import Alert, Change
from fireline.hooks.door import Take
from fireline.store.alerts import AlertStore
from fireline.store.sightings import Sightings, digest

WEBHOOK, API = "/hooks/alertmanager", "/api/v2/alerts"


def takes(alerts: AlertStore) -> Mapping[str, Take]:
    """What the door does with a body, by path."""
    return {WEBHOOK: partial(take_webhook, alerts), API: partial(take_api, alerts)}


def take_webhook(alerts: AlertStore, body: bytes, at: datetime) -> bytes | Awaitable[bytes]:
    """Store a v4 webhook; how many alerts it had, and how many of them were new or changed, as JSON."""
    size, taken = _take(alerts, glance_at_webhook(body), at, lambda: from_webhook(body))
    return _stored(size, taken) if taken else b'{"stored":%d,"changed":0}' % size


def take_api(alerts: AlertStore, body: bytes, at: datetime) -> bytes | Awaitable[bytes]:
    """Store alerts as Alertmanager's API v2 does; it answers nothing."""
    _, taken = _take(alerts, glance_at_api(body, at), at, lambda: from_api(body, at))
    return _empty(taken) if taken else b""


Taken = Awaitable[tuple[Change, ...]]


def _take(
    alerts: AlertStore, glance: Glance | None, at: datetime, whole: Callable[[], Sequence[Alert]]
) -> tuple[int, Taken | None]:
    """How many alerts came, and those to wait for: only what is not known as it stands has to be understood."""
    digests, known = None, alerts.sightings
    if glance is not None:
        digests = [digest(one) for one in glance.keys]
        if known.hear(digests, at, glance.until):
            return len(digests), None
        strange = known.strange(digests)
        found = read(glance, strange)
        if found and _hear_others(known, digests, strange, at, glance):
            some = [digests[place] for place in strange]
            return len(digests), alerts.take_soon(found.alerts, at, some, found.rows)
    batch = whole()
    return len(batch), alerts.take_soon(batch, at, digests)


def _hear_others(
    known: Sightings, digests: Sequence[int], strange: Sequence[int], at: datetime, glance: Glance
) -> bool:
    """Note that the others were told again; False when one of them has become strange meanwhile."""
    if len(strange) == len(digests):
        return True
    others = sorted(set(range(len(digests))) - set(strange))
    return known.hear([digests[one] for one in others], at, [glance.until[one] for one in others])


async def _stored(size: int, taken: Taken) -> bytes:
    changes = await taken
    return b'{"stored":%d,"changed":%d}' % (size, len(changes) - changes.count("same"))


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
