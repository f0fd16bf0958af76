"""The web application: hooks, API and pages in front of one house. The only module that knows all doors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
from litestar import Litestar, Request, Response
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import fireline
from fireline import api, chat, hooks, web
from fireline.access import Access
from fireline.hooks.door import LARGEST, Door
from fireline.house import House


def asgi(house: House) -> Litestar:
    """The web application: hooks, API, pages and chat in front of one house."""
    talk = chat.chat(house)

    @asynccontextmanager
    async def life(_: Litestar) -> AsyncIterator[None]:
        await anyio.to_thread.run_sync(house.open)
        try:
            bounced = house.customer_mail.bounced
            mailbox = hooks.mailbox(house.settings.mail, house.alerts, house.heard, house.now, bounced)
            async with mailbox, chat.listening(talk):
                yield
        finally:
            await anyio.to_thread.run_sync(house.close)

    for hook in hooks.handlers:  # the document says what every door does
        hook.responses = {**api.says_no(404, 413, 429), **(hook.responses or {})}
    return Litestar(
        [*hooks.handlers, *(chat.handlers if talk else ()), api.router, web.router],
        lifespan=[life],
        dependencies={
            name: Provide(_give(part), use_cache=True, sync_to_thread=False)
            for name, part in (_parts(house) | {"chat": talk}).items()
        },
        openapi_config=OpenAPIConfig(
            title="fireline",
            version=fireline.__version__,
            path="/api/docs",
            components=[api.components],
            render_plugins=[JsonRenderPlugin()],  # the viewers on offer load their scripts from elsewhere
        ),
        logging_config=None,  # structlog is set up once, by whoever starts the process
        template_config=web.templates(),
        exception_handlers={**api.exception_handlers, HTTPException: _nothing_there},
        request_max_body_size=LARGEST,
    )


def served(house: House) -> Door:
    """The same, with the door for alerts in front of it: what `fireline serve` serves."""
    behind: Any = ProxyHeadersMiddleware(asgi(house))  # type: ignore[arg-type]  # two spellings of ASGI
    check = Access(house.accounts, house.now).bringer
    return Door(behind, takes=hooks.takes(house.alerts), check=check, now=house.now)


def _parts(house: House) -> dict[str, Any]:
    return {
        "access": Access(house.accounts, house.now),
        "accounts": house.accounts,
        "alerts": house.alerts,
        "close": house.close_,
        "communicate": house.communicate,
        "customer_mail": house.customer_mail,
        "dashboards": house.dashboards,
        "attach": house.attach,
        "database": house.database,
        "declare": house.declare,
        "deliveries": house.deliveries,
        "deploys": house.deploys,
        "durable": house.durable,
        "errands": house.errands,
        "evidence": house.evidence,
        "hear": house.hear,
        "heard": house.heard,
        "investigate": house.investigate,
        "ledger": house.ledger,
        "library": house.library,
        "merges": house.merges,
        "now": house.now,
        "private": house.private,
        "propose": house.propose,
        "afterwards": house.afterwards,
        "restarts": house.restarts,
        "publish": house.publish,
        "settings": house.settings,
        "status_page": house.status_page,
        "summarise": house.summarise,
        "hush": house.hush,
        "on_call": house.on_call,
        "palette": house.palette,
        "cluster_events": house.cluster_events,
        "silences": house.silences,
    }


def _nothing_there(request: Request[Any, Any, Any], trouble: HTTPException) -> Response[Any]:
    """An address that no door has: a page for a browser, JSON for a program."""
    browser = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(("/api", "/hooks"))
    handlers: Any = web.exception_handlers if browser else api.exception_handlers
    answer: Response[Any] = handlers[HTTPException](request, trouble)
    return answer


def _give(part: Any) -> Callable[[], Any]:
    return lambda: part
