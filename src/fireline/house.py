"""The house: every part put together once, each handed what it needs. Serves nothing by itself.

Doors come on top in `app`; the command line uses the house without them, because starting a web framework to
declare an incident would take longer than declaring it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from fireline import clock
from fireline.connectors.http import Http
from fireline.connectors.pagerduty import PagerDuty
from fireline.core import incident
from fireline.core.events import HOUSE
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
from fireline.workflows.library import Library, use_tables
from fireline.workflows.propose import Propose
from fireline.workflows.respond import Respond
from fireline.workflows.walk import Walk
from fireline.workflows.watch import Watch


@dataclass(frozen=True, slots=True)
class House:
    """All parts, put together. `open` makes it ready; `app.asgi` serves it."""

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
    propose: Propose
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
    """Put the parts together. Touches nothing yet but the settings and the guard's tables that they name."""
    use_tables(settings.guard.tables)
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
    executor = Executor(Path(settings.store.spool))
    walk = Walk(
        ledger,
        library,
        evidence,
        executor,
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

    def gave_up(one: Effect, why: str) -> None:
        text = f"fireline could not do this ({one.kind} {one.key}): {why}. Do it by hand; its log says more."
        ledger.act(one.incident, partial(incident.note, text=text, by=HOUSE), key=f"gave up:{one.key}")

    handlers = Handlers(
        effect=effect,
        gave_up=gave_up,
        clock=Respond(ledger, now),
        intake=Intake(ledger, alerts, declare, settings.alerts.declare),
        walk=walk,
    )
    watch = Watch(
        database=database,
        durable=durable,
        alerts=alerts,
        library=library,
        probes=settings.probes,
        now=now,
        sweep=lambda before: (durable.clean(before), executor.sweep(before)),
    )
    return House(
        settings=settings,
        database=database,
        durable=durable,
        ledger=ledger,
        alerts=alerts,
        accounts=Accounts(database),
        evidence=evidence,
        library=library,
        declare=declare,
        close_=close,
        propose=Propose(ledger, library, settings.values),
        handlers=handlers,
        watch=watch,
        now=now,
    )


def _lane(name: str, lane: LaneSettings) -> Lane:
    return Lane(
        name=name,  # type: ignore[arg-type]
        environment={"PATH": lane.path, "LANG": "C.UTF-8"} | lane.environment,
        directory=Path(lane.directory).resolve(),
        seconds=lane.seconds,
        memory_bytes=lane.memory_mib * 1024 * 1024,
        output_bytes=lane.output_kib * 1024,
    )
