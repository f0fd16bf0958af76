"""Heartbeats come in: a call with a token says that its sender lives. It is answered once that is on the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from litestar import Request, get, post
from litestar.status_codes import HTTP_200_OK

from fireline.access import Access
from fireline.core.refusal import Refused
from fireline.settings import Settings
from fireline.store.heard import Heard

SOURCE = "heartbeat"
Ask = Request[Any, Any, Any]


@post("/hooks/heartbeat/{name:str}", status_code=HTTP_200_OK)
async def beat(
    *, request: Ask, name: str, access: Access, heard: Heard, settings: Settings, now: Callable[[], datetime]
) -> dict[str, str]:
    """Take a call. Answers the name that was heard."""
    return await _hear(request, name, access, heard, settings, now)


@get("/hooks/heartbeat/{name:str}", status_code=HTTP_200_OK, cache=False)
async def beat_by_get(
    *, request: Ask, name: str, access: Access, heard: Heard, settings: Settings, now: Callable[[], datetime]
) -> dict[str, str]:
    """Take a call from whatever can only GET, such as a cron job with wget."""
    return await _hear(request, name, access, heard, settings, now)


handlers = (beat, beat_by_get)


async def _hear(  # noqa: PLR0917  # what the two doors above were handed
    request: Ask, name: str, access: Access, heard: Heard, settings: Settings, now: Callable[[], datetime]
) -> dict[str, str]:
    await asyncio.to_thread(access.hook, request)
    if all(one.name != name for one in settings.heartbeats):
        raise Refused(f"The settings have no [[heartbeats]] named {name}.", status=404)
    await asyncio.to_thread(heard.keep, SOURCE, [name], now())
    return {"heard": name}
