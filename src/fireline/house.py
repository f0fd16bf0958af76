"""The house: every part put together once, each handed what it needs. Serves nothing by itself.

Doors come on top in `app`; the command line uses the house without them, because starting a web framework to
declare an incident would take longer than declaring it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from fireline import clock
from fireline.connectors import grafana_rest
from fireline.connectors.grafana_rest import Grafana
from fireline.connectors.http import Http
from fireline.connectors.pagerduty import PagerDuty
from fireline.core.follow import Effect
from fireline.core.rules import Rules
from fireline.desk import desk
from fireline.durable import Durable, Handlers
from fireline.executor import Executor
from fireline.executor.lanes import lane
from fireline.settings import Settings
from fireline.store.accounts import Accounts
from fireline.store.alerts import AlertStore
from fireline.store.database import Database
from fireline.store.deploys import Deploys
from fireline.store.errands import Errands as ErrandRows
from fireline.store.evidence import EvidenceStore
from fireline.store.heard import Heard
from fireline.store.ledger import Ledger
from fireline.store.overrides import Overrides
from fireline.store.silences import Silences
from fireline.workflows.afterwards import Afterwards
from fireline.workflows.assess import Assess
from fireline.workflows.attach import Attach
from fireline.workflows.beat import Beat
from fireline.workflows.branches import Branches
from fireline.workflows.close import Close
from fireline.workflows.cluster_events import ClusterEvents
from fireline.workflows.communicate import Communicate
from fireline.workflows.customer_mail import CustomerMail, customer_mail
from fireline.workflows.dashboards import Dashboards
from fireline.workflows.declare import Declare
from fireline.workflows.effects import Effects
from fireline.workflows.errands import Errands
from fireline.workflows.feeds import LARGEST, Feeds
from fireline.workflows.hear import Hear
from fireline.workflows.heartbeats import Heartbeats
from fireline.workflows.hush import Hush
from fireline.workflows.inform import Deliveries, Inform, Messenger
from fireline.workflows.inform.asks import slack_asks
from fireline.workflows.inform.blocks import drawn
from fireline.workflows.inform.chats import chats
from fireline.workflows.inform.on_call import summoner
from fireline.workflows.inform.pagerduty import PagerDutyMessenger, account
from fireline.workflows.inform.summaries import summaries
from fireline.workflows.intake import Intake
from fireline.workflows.investigate import Investigate, investigate
from fireline.workflows.library import Library
from fireline.workflows.looks import Looks
from fireline.workflows.merge import Merge
from fireline.workflows.on_call import OnCall
from fireline.workflows.palette import Palette
from fireline.workflows.pick import Pick
from fireline.workflows.prepare import Prepare
from fireline.workflows.private import Private
from fireline.workflows.probes import Probes
from fireline.workflows.propose import Propose
from fireline.workflows.publish import Publish
from fireline.workflows.reports import EVERY, Reports
from fireline.workflows.respond import Respond
from fireline.workflows.restarts import Restarts
from fireline.workflows.runs import Runs
from fireline.workflows.sieve import Sieve
from fireline.workflows.status_page import StatusPage, status_page
from fireline.workflows.summarise import Summarise
from fireline.workflows.walk import Walk
from fireline.workflows.warm import Warm, clients
from fireline.workflows.watch import Watch
from fireline.workflows.weigh import Weigh

YEAR = timedelta(days=365)  # how long pages of old incidents can say what changed, and replies to old mails be known


@dataclass(frozen=True, slots=True)
class House:
    """All parts, put together. `open` makes it ready; `app.asgi` serves it."""

    settings: Settings
    database: Database
    durable: Durable
    errands: Errands
    ledger: Ledger
    alerts: AlertStore
    accounts: Accounts
    evidence: EvidenceStore
    attach: Attach
    heard: Heard
    deploys: Deploys
    library: Library
    declare: Declare
    merges: Merge
    private: Private
    close_: Close
    propose: Propose
    communicate: Communicate
    summarise: Summarise
    silences: Silences
    hush: Hush
    on_call: OnCall
    handlers: Handlers
    hear: Hear
    deliveries: Deliveries
    status_page: StatusPage
    publish: Publish
    customer_mail: CustomerMail
    looks: Looks
    dashboards: Dashboards
    investigate: Investigate
    watch: Watch
    warm: Warm
    palette: Palette
    cluster_events: ClusterEvents
    afterwards: Afterwards
    restarts: Restarts
    sources: tuple[Beat, ...]  # what the house looks at by itself: health addresses, feeds, heartbeats
    now: Callable[[], datetime]

    def open(self) -> None:
        """Migrate the database, read the runbooks, and begin to work. Raises `Refused` in words."""
        with ExitStack() as undo:
            undo.callback(self.close)  # half a house would keep the engine, and the claim on the database
            self.database.claim()
            self.database.migrate()
            self.library.load()
            self.afterwards.tunnels.after_restart()
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
            parts.callback(self.warm.close)
            parts.callback(self.durable.close)
            parts.callback(self.errands.rows.stop)
            parts.callback(self.afterwards.tunnels.close)
            parts.callback(self.looks.stop)
            parts.callback(self.watch.stop)
            for source in self.sources:
                parts.callback(source.stop)


def build(settings: Settings, *, now: Callable[[], datetime] = clock.now) -> House:
    """Put the parts together. Touches nothing yet but the settings and the guard's tables that they name."""
    front = desk(settings, now=now)
    database, durable, ledger, declare = front.database, front.durable, front.ledger, front.declare
    accounts, evidence, library = front.accounts, front.evidence, front.library
    phones = {who: one.phone for who, one in settings.people.items()}
    on_call = OnCall(front.roster, Overrides(database), accounts, library, phones, now)
    public = status_page(settings, database, now)
    messengers = {
        **_messengers(settings, on_call),
        **public.messengers,
        **chats(settings, library, evidence, on_call, drawn(settings.base_url)),
        **slack_asks(settings, accounts, now),
        **summaries(settings),
    }
    assert front.told == set(messengers), "`desk` names the vendors that this house has messengers for"
    alerts = AlertStore(database, now)
    heard, deploys = Heard(database), Deploys(database)
    merges = Merge(ledger, alerts, declare, now)
    silences = Silences(database)
    close = Close(ledger, evidence, library, now)
    executor = Executor(Path(settings.store.spool))
    errands = Errands(
        ledger,
        ErrandRows(database, settings.runners.lease_seconds),
        evidence,
        settings.pinned,
        {"read": settings.lanes.read.runner, "write": settings.lanes.write.runner},
        settings.values,
        settings.runners.take_seconds,
        now,
        now(),
    )
    lanes = {"read": lane("read", settings.lanes.read), "write": lane("write", settings.lanes.write)}
    runs = Runs(ledger, evidence, executor, warm := clients(settings), lanes, errands, now)
    walk = Walk(
        ledger,
        library,
        runs,
        settings.values,
        Prepare(ledger, library, evidence, settings.pinned, settings.values),
        Branches(ledger, library, evidence, deploys),
    )
    inform, afterwards = Inform(ledger, messengers), Afterwards(walk, settings, now)
    assess = Assess(ledger, library, settings.probes, now, settings.prometheus)

    feeds = Feeds(feeds=settings.feeds, alerts=alerts, heard=heard, http=Http(largest=LARGEST), now=now)
    looking = investigate(
        settings,
        ledger=ledger,
        library=library,
        evidence=evidence,
        deploys=deploys,
        alerts=alerts,
        feeds=feeds,
        now=now,
    )

    def review(one: Effect) -> None:
        looking.signals.keep(one)  # the graphs as they are at the end belong to it
        close(one)

    effects = Effects(ledger, runs, assess, afterwards, merges, review, inform)
    weigh = Weigh(declare, Rules(settings.rules), settings.alerts.declare)
    together = timedelta(minutes=settings.alerts.together_minutes)
    handlers = Handlers(
        effect=effects,
        gave_up=effects.gave_up,
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
    dashboards = Dashboards(_grafana(settings), library, now)
    heartbeats = Heartbeats(heartbeats=settings.heartbeats, alerts=alerts, heard=heard, now=now)
    watch = Watch(
        library=library,
        now=now,
        sweep=lambda before: (
            durable.clean(before),
            executor.sweep(before),
            errands.rows.forget(before),
            evidence.sweep(before),
            deploys.forget(before - YEAR),
            heard.forget("mail", before - YEAR),
        ),
    )
    publish = public.publish(ledger, library, accounts)
    letters = customer_mail(settings, ledger, library, publish, now)
    return House(
        settings=settings,
        database=database,
        durable=durable,
        errands=errands,
        ledger=ledger,
        alerts=alerts,
        accounts=accounts,
        evidence=evidence,
        attach=Attach(ledger, evidence, settings.evidence.attachment_mib << 20, now),
        heard=heard,
        deploys=deploys,
        library=library,
        declare=declare,
        merges=merges,
        private=Private(ledger, accounts),
        close_=close,
        silences=silences,
        hush=Hush(silences, alerts, now),
        on_call=on_call,
        propose=(propose := Propose(ledger, library, settings.values, walk.before, walk.prepare.strays)),
        restarts=Restarts(walk, propose),
        communicate=Communicate(ledger, library, accounts, settings.base_url, now),
        summarise=Summarise(
            ledger, settings.stakeholders, {who: one.mail for who, one in settings.people.items() if one.mail}, now
        ),
        handlers=handlers,
        hear=Hear(ledger, settings.base_url),
        deliveries=Deliveries(ledger, library, messengers, now),
        status_page=public,
        publish=publish,
        customer_mail=letters,
        looks=Looks(alerts, handlers.intake, now, Sieve(weigh, silences, together)),
        dashboards=dashboards,
        investigate=looking,
        watch=watch,
        warm=warm,
        palette=Palette(
            ledger, library, evidence, Pick(warm, lanes["read"].environment), settings.values, errands.route
        ),
        cluster_events=ClusterEvents(warm, lanes["read"].environment),
        afterwards=afterwards,
        sources=(
            Beat("probes", probes.look),
            Beat("feeds", feeds.look, every=1.0),
            Beat("heartbeats", heartbeats.look, every=1.0),
            Beat("reports", Reports(alerts, now).look, every=EVERY),
            Beat("dashboards", dashboards.look),
            *looking.beats(),
            *public.beats(),
            *warm.beats,
            *letters.beats(),
        ),
        now=now,
    )


def _messengers(settings: Settings, on_call: OnCall) -> dict[str, Messenger]:
    """One for each vendor that is set up; `core.outbox` says what each is told."""
    found: dict[str, Messenger] = {}
    if pager := settings.pager:
        found["pagerduty"] = PagerDutyMessenger(
            events=PagerDuty(Http(), pager.routing_key, pager.url) if pager.routing_key else None,
            rest=account(settings),
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
