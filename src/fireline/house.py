"""The house: every part put together once, each handed what it needs. Serves nothing by itself.

Doors come on top in `app`; the command line uses the house without them, because starting a web framework to
declare an incident would take longer than declaring it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from fireline import clock
from fireline.connectors import grafana_rest
from fireline.connectors.grafana_rest import Grafana
from fireline.connectors.http import Http
from fireline.connectors.pagerduty import PagerDuty
from fireline.connectors.pagerduty_rest import PagerDutyRest
from fireline.core import incident, outbox
from fireline.core.events import HOUSE
from fireline.core.follow import Effect
from fireline.core.rules import Rules
from fireline.durable import Durable, Handlers
from fireline.executor import Executor, Lane
from fireline.settings import LaneSettings, Settings
from fireline.store.accounts import Accounts
from fireline.store.alerts import AlertStore
from fireline.store.database import Database
from fireline.store.deploys import Deploys
from fireline.store.evidence import EvidenceStore
from fireline.store.heard import Heard
from fireline.store.ledger import Ledger
from fireline.store.overrides import Overrides
from fireline.store.silences import Silences
from fireline.workflows.assess import Assess
from fireline.workflows.beat import Beat
from fireline.workflows.close import Close
from fireline.workflows.communicate import Communicate
from fireline.workflows.dashboards import Dashboards
from fireline.workflows.declare import Declare
from fireline.workflows.feeds import LARGEST, Feeds
from fireline.workflows.hear import Hear
from fireline.workflows.heartbeats import Heartbeats
from fireline.workflows.hush import Hush
from fireline.workflows.inform import Deliveries, Inform, Messenger
from fireline.workflows.inform.on_call import summoner
from fireline.workflows.inform.pagerduty import PagerDutyMessenger
from fireline.workflows.intake import Intake
from fireline.workflows.library import Library
from fireline.workflows.looks import Looks
from fireline.workflows.merge import Merge
from fireline.workflows.on_call import OnCall
from fireline.workflows.on_call import read as read_roster
from fireline.workflows.probes import Probes
from fireline.workflows.propose import Propose
from fireline.workflows.publish import Publish
from fireline.workflows.reports import EVERY, Reports
from fireline.workflows.respond import Respond
from fireline.workflows.sieve import Sieve
from fireline.workflows.status_page import StatusPage, status_page
from fireline.workflows.tables import SiteTables
from fireline.workflows.walk import Walk
from fireline.workflows.watch import Watch
from fireline.workflows.weigh import Weigh

YEAR = timedelta(days=365)  # how long pages of old incidents can say what changed, and replies to old mails be known


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
    heard: Heard
    deploys: Deploys
    library: Library
    declare: Declare
    merges: Merge
    close_: Close
    propose: Propose
    communicate: Communicate
    silences: Silences
    hush: Hush
    on_call: OnCall
    handlers: Handlers
    hear: Hear
    deliveries: Deliveries
    status_page: StatusPage
    publish: Publish
    looks: Looks
    dashboards: Dashboards
    watch: Watch
    sources: tuple[Beat, ...]  # what the house looks at by itself: health addresses, feeds, heartbeats
    now: Callable[[], datetime]

    def open(self) -> None:
        """Migrate the database, read the runbooks, and begin to work. Raises `Refused` in words."""
        with ExitStack() as undo:
            undo.callback(self.close)  # half a house would keep the engine, and the claim on the database
            self.database.claim()
            self.database.migrate()
            self.library.load()
            self.durable.launch(self.handlers)
            self.looks.start()
            self.watch.start()
            for source in self.sources:
                source.start()
            undo.pop_all()

    def close(self) -> None:
        """Stop working; what is under way goes on at the next start. Trouble with one part keeps no other open."""
        with ExitStack() as parts:
            parts.callback(self.database.close)
            parts.callback(self.durable.close)
            parts.callback(self.looks.stop)
            parts.callback(self.watch.stop)
            for source in self.sources:
                parts.callback(source.stop)


def build(settings: Settings, *, now: Callable[[], datetime] = clock.now) -> House:
    """Put the parts together. Touches nothing yet but the settings and the guard's tables that they name."""
    database = Database(settings.store.url)
    durable = Durable(database, now)
    accounts, evidence = Accounts(database), EvidenceStore(database)
    library = Library(settings.runbooks.paths, evidence, SiteTables(settings.guard.tables))
    phones = {who: one.phone for who, one in settings.people.items()}
    on_call = OnCall(read_roster(settings), Overrides(database), accounts, library, phones, now)
    public = status_page(settings, database, now)
    messengers = _messengers(settings, on_call) | public.messengers
    vendors = frozenset([*messengers, *_abilities(settings)])
    ledger = Ledger(database, now=now, enqueue=durable.enqueue, vendors=vendors)
    alerts = AlertStore(database, now)
    heard, deploys = Heard(database), Deploys(database)
    declare = Declare(ledger, library, settings.drill, settings.severity, settings.cadence)
    merges = Merge(ledger, alerts, declare, now)
    silences = Silences(database)
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
    inform = Inform(ledger, messengers)
    assess = Assess(ledger, library, settings.probes, now, settings.prometheus)

    def effect(one: Effect) -> None:
        match one.kind:
            case "assess":
                assess(one)
            case "run":
                walk.run_approved(one)
            case "merge" | "split":
                merges(one)
            case "review":
                close(one)
            case _:
                inform(one)

    def gave_up(one: Effect, why: str) -> None:
        if "verb" in one.data:
            inform.lost(one, why)
            return
        text = f"fireline could not do this ({one.kind} {one.key}): {why}. Do it by hand; its log says more."
        ledger.act(one.incident, partial(incident.note, text=text, by=HOUSE), key=f"gave up:{one.key}")

    weigh = Weigh(declare, Rules(settings.rules), settings.alerts.declare)
    together = timedelta(minutes=settings.alerts.together_minutes)
    handlers = Handlers(
        effect=effect,
        gave_up=gave_up,
        clock=Respond(ledger, now, on_call.go_on if on_call.roster.asks else None),
        intake=Intake(
            ledger=ledger,
            alerts=alerts,
            declare=declare,
            merges=merges,
            weigh=weigh,
            together=together,
            limits=settings.storm,
            now=now,
            silenced=silences.covering,
        ),
        walk=walk,
    )
    probes = Probes(alerts=alerts, library=library, probes=settings.probes, runbooks=settings.runbooks.probe, now=now)
    feeds = Feeds(feeds=settings.feeds, alerts=alerts, heard=heard, http=Http(largest=LARGEST), now=now)
    dashboards = Dashboards(_grafana(settings), library, now)
    heartbeats = Heartbeats(heartbeats=settings.heartbeats, alerts=alerts, heard=heard, now=now)
    watch = Watch(
        library=library,
        now=now,
        sweep=lambda before: (
            durable.clean(before),
            executor.sweep(before),
            deploys.forget(before - YEAR),
            heard.forget("mail", before - YEAR),
        ),
    )
    return House(
        settings=settings,
        database=database,
        durable=durable,
        ledger=ledger,
        alerts=alerts,
        accounts=accounts,
        evidence=evidence,
        heard=heard,
        deploys=deploys,
        library=library,
        declare=declare,
        merges=merges,
        close_=close,
        silences=silences,
        hush=Hush(silences, alerts, now),
        on_call=on_call,
        propose=Propose(ledger, library, settings.values),
        communicate=Communicate(ledger, library, accounts, settings.base_url, now),
        handlers=handlers,
        hear=Hear(ledger, settings.base_url),
        deliveries=Deliveries(ledger, library, messengers, now),
        status_page=public,
        publish=public.publish(ledger, library, accounts),
        looks=Looks(alerts, handlers.intake, now, Sieve(weigh, silences, together)),
        dashboards=dashboards,
        watch=watch,
        sources=(
            Beat("probes", probes.look),
            Beat("feeds", feeds.look, every=1.0),
            Beat("heartbeats", heartbeats.look, every=1.0),
            Beat("reports", Reports(alerts, now).look, every=EVERY),
            Beat("dashboards", dashboards.look),
            *public.beats(),
        ),
        now=now,
    )


def _messengers(settings: Settings, on_call: OnCall) -> dict[str, Messenger]:
    """One for each vendor that is set up; `core.outbox` says what each is told."""
    found: dict[str, Messenger] = {}
    if pager := settings.pager:
        found["pagerduty"] = PagerDutyMessenger(
            events=PagerDuty(Http(), pager.routing_key, pager.url) if pager.routing_key else None,
            rest=PagerDutyRest(Http(), pager.api_token, pager.from_, pager.api_url) if pager.api_token else None,
            service=pager.service,
            base_url=settings.base_url,
        )
    if on_call.roster.asks:
        found["on_call"] = summoner(settings, on_call)
    return found


def _grafana(settings: Settings) -> Grafana | None:
    if settings.grafana is None:
        return None
    return Grafana(Http(timeout=grafana_rest.PATIENCE), settings.grafana.url, settings.grafana.token)


def _abilities(settings: Settings) -> Iterator[str]:
    """What else follows, beside the vendors' names (see `core.follow` and `core.outbox`)."""
    if settings.runbooks.first_look:
        yield "health"
    if settings.pager and settings.pager.routing_key:
        yield outbox.EVENTS
    if settings.pager and settings.pager.api_token:
        yield outbox.REST


def _lane(name: str, lane: LaneSettings) -> Lane:
    return Lane(
        name=name,  # type: ignore[arg-type]
        environment={"PATH": lane.path, "LANG": "C.UTF-8"} | lane.environment,
        directory=Path(lane.directory).resolve(),
        seconds=lane.seconds,
        memory_bytes=lane.memory_mib * 1024 * 1024,
        output_bytes=lane.output_kib * 1024,
    )
