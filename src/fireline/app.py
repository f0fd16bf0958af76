"""The composition: builds every part once and hands each what it needs. The only module that knows all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio.to_thread
from litestar import Litestar
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig

import fireline
from fireline import api, clock, hooks, web
from fireline.access import Access
from fireline.connectors.http import Http
from fireline.connectors.pagerduty import PagerDuty
from fireline.core.follow import Effect
from fireline.durable import Durable, Handlers
from fireline.executor import Executor, Lane
from fireline.settings import LaneSettings, Settings
from fireline.store.accounts import Accounts
from fireline.store.alerts import AlertStore
from fireline.store.database import Database
from fireline.store.evidence import EvidenceStore
from fireline.store.ledger import Ledger
from fireline.workflows.close import Close
from fireline.workflows.declare import Declare
from fireline.workflows.inform import Inform
from fireline.workflows.intake import Intake
from fireline.workflows.library import Library
from fireline.workflows.respond import Respond
from fireline.workflows.walk import Walk
from fireline.workflows.watch import Watch

__all__ = ["House", "asgi", "build"]


@dataclass(frozen=True, slots=True)
class House:
    """All parts, put together. `open` makes it ready; `asgi` serves it."""

    settings: Settings
    database: Database
    durable: Durable
    ledger: Ledger
    alerts: AlertStore
    accounts: Accounts
    evidence: EvidenceStore
    library: Library
    declare: Declare
    close_: Close
    handlers: Handlers
    watch: Watch
    now: Callable[[], datetime]

    def open(self) -> None:
        """Migrate the database, read the runbooks, and begin to work. Raises `Refused` in words."""
        self.database.claim()
        self.database.migrate()
        self.library.load()
        self.durable.launch(self.handlers)
        self.watch.start()

    def close(self) -> None:
        """Stop working; what is under way goes on at the next start."""
        self.watch.stop()
        self.durable.close()
        self.database.close()


def build(settings: Settings, *, now: Callable[[], datetime] = clock.now) -> House:
    """Put the parts together. Touches nothing yet but the settings."""
    database = Database(settings.store.url)
    durable = Durable(database)
    vendors = frozenset({"pagerduty"} if settings.pagerduty else ())
    ledger = Ledger(database, now=now, enqueue=durable.enqueue, vendors=vendors)
    alerts = AlertStore(database, enqueue_intake=durable.enqueue_intake)
    evidence = EvidenceStore(database)
    library = Library(settings.runbooks.paths, evidence)
    declare = Declare(ledger, library, settings.drill)
    pagerduty = (
        PagerDuty(Http(), settings.pagerduty.routing_key, settings.pagerduty.url) if settings.pagerduty else None
    )
    close = Close(ledger, evidence, library, now)
    walk = Walk(
        ledger,
        library,
        evidence,
        Executor(Path(settings.store.spool)),
        {"read": _lane("read", settings.lanes.read), "write": _lane("write", settings.lanes.write)},
        settings.values,
        now,
    )
    inform = Inform(ledger, pagerduty, settings.base_url)

    def effect(one: Effect) -> None:
        match one.kind:
            case "run":
                walk.run_approved(one)
            case "review":
                close(one)
            case _:
                inform(one)

    handlers = Handlers(
        effect=effect,
        clock=Respond(ledger, now),
        intake=Intake(ledger, alerts, declare, settings.alerts.declare),
        walk=walk,
    )
    watch = Watch(database=database, durable=durable, alerts=alerts, library=library, probes=settings.probes, now=now)
    return House(
        settings,
        database,
        durable,
        ledger,
        alerts,
        Accounts(database),
        evidence,
        library,
        declare,
        close,
        handlers,
        watch,
        now,
    )


def asgi(house: House) -> Litestar:
    """The web application: hooks, API and pages in front of one house."""

    @asynccontextmanager
    async def life(_: Litestar) -> AsyncIterator[None]:
        await anyio.to_thread.run_sync(house.open)
        try:
            yield
        finally:
            await anyio.to_thread.run_sync(house.close)

    return Litestar(
        [*hooks.handlers, api.router, web.router],
        lifespan=[life],
        dependencies={
            name: Provide(_give(part), use_cache=True, sync_to_thread=False) for name, part in _parts(house).items()
        },
        openapi_config=OpenAPIConfig(title="fireline", version=fireline.__version__, path="/api/docs"),
        logging_config=None,  # structlog is set up once, by whoever starts the process
        template_config=web.templates(),
        exception_handlers=api.exception_handlers,
        request_max_body_size=10_000_000,  # Alertmanager's largest groups stay below a tenth of this
    )


def _parts(house: House) -> dict[str, Any]:
    return {
        "access": Access(house.accounts, house.now),
        "accounts": house.accounts,
        "alerts": house.alerts,
        "close": house.close_,
        "database": house.database,
        "declare": house.declare,
        "durable": house.durable,
        "evidence": house.evidence,
        "ledger": house.ledger,
        "library": house.library,
        "now": house.now,
        "settings": house.settings,
    }


def _give(part: Any) -> Callable[[], Any]:
    return lambda: part


def _lane(name: str, lane: LaneSettings) -> Lane:
    return Lane(
        name=name,  # type: ignore[arg-type]
        environment={"PATH": lane.path, "LANG": "C.UTF-8"} | lane.environment,
        directory=Path(lane.directory).resolve(),
        seconds=lane.seconds,
        memory_bytes=lane.memory_mib * 1024 * 1024,
        output_bytes=lane.output_kib * 1024,
    )
