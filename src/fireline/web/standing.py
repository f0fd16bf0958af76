"""How an incident stands, as its page shows it: everything in one reading of the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from fireline.core import branch, chat, checklist, debt, delivery, gate, lease, mailing, public, publish, room, timeline
from fireline.core.approval import Ask, asks
from fireline.core.deploy import Before
from fireline.core.events import HOUSE, Log, MitigationMeasured
from fireline.core.gate import Standing as Gate
from fireline.core.incident import STATUSES, Incident, fold
from fireline.core.joined import JoinedAlert
from fireline.core.plan import Plan, plan
from fireline.core.refusal import Refused
from fireline.core.report import reports
from fireline.core.runbook import Runbook
from fireline.core.timeline import Entry
from fireline.core.update import template_of
from fireline.store.alerts import AlertStore
from fireline.store.deploys import Deploys
from fireline.store.evidence import EvidenceStore
from fireline.store.ledger import Ledger
from fireline.web.steps import Group, groups
from fireline.web.telling import Telling, telling
from fireline.workflows.dashboards import Dashboards, Shown
from fireline.workflows.inform import Deliveries, Told
from fireline.workflows.investigate import Investigate, View
from fireline.workflows.library import Library, stand_for

# Where a phase of the runbook stands on the page, by the first word of its title that says so.
PLACES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("detect", "#alerts", ()),
    ("declare", "#timeline", ()),
    ("investig", "#diagnosis", ("Investigating",)),
    ("diagnos", "#diagnosis", ("Investigating",)),
    ("mitigat", "#steps", ("Identified",)),
    ("communicat", "#deliveries", ()),
    ("resol", "#gates", ("Monitoring",)),
    ("post", "review", ("Resolved",)),
    ("learn", "review", ("Resolved",)),
    ("review", "review", ("Resolved",)),
)
ALERTS_SHOWN = 30
FILTERS = (
    ("all", "All"),
    ("key", "Key"),
    ("commands", "Commands"),
    ("people", "People"),
    ("alerts", "Alerts"),
    ("status", "Status"),
    ("updates", "Updates"),
    ("deliveries", "Deliveries"),
)


@dataclass(frozen=True, slots=True)
class Phase:
    """A tab over the runbook card."""

    title: str
    place: str
    state: str  # done, current, ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One status of the stepper: `done`, `current` or to come."""

    name: str
    state: str
    since: datetime | None = None
    took: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Green:
    """The green window: how much of it has passed, on the wall's clock."""

    since: datetime
    length: timedelta
    minutes: float
    speed: float
    passed: float  # 0 to 1


@dataclass(frozen=True, slots=True)
class Report:
    """What a person wrote: a ticket, a mail, a mention. `url` is empty where it has no page."""

    said: str
    source: str
    at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What the page shows."""

    log: Log
    now: Incident
    at: datetime
    asks: tuple[Ask, ...]
    gates: tuple[Gate, ...]
    told: Told
    book: Runbook | None
    plan: Plan
    groups: list[Group]
    changes: Before  # what other systems changed before it began
    reports: tuple[Report, ...]  # what people wrote
    template: str  # of an update for our own people
    dashboards: tuple[Shown, ...]  # that its runbook speaks of
    signals: View  # what the house looks at by itself, and what may be behind it
    call: str  # where people talk; empty where nobody has said it
    lists: tuple[checklist.Listed, ...]  # of its runbook, beside the gates

    @property
    def public(self) -> tuple[public.Update, ...]:
        """What the public is told, and drafts that wait for a yes, the newest first."""
        return tuple(one for one in reversed(public.updates(self.log)) if one.state != "withdrawn")

    @property
    def letters(self) -> tuple[mailing.Letter, ...]:
        """Mail to customers, the newest first."""
        return tuple(one for one in reversed(mailing.letters(self.log)) if one.state != "withdrawn")

    @property
    def may_keep_channel(self) -> bool:
        """Whether there is a chat channel that is archived, or will be."""
        return self.now.resolved and bool(delivery.ref(self.log, chat.ROOMS, "open")) and not room.kept(self.log)

    @property
    def may_be_told(self) -> bool:
        """Whether the public may be told of it."""
        return publish.may_be_told(self.log)

    @property
    def number(self) -> int:
        """142 of INC-142."""
        return self.now.number

    @property
    def path(self) -> str:
        """The page's address."""
        return f"/incidents/{self.now.number}"

    @property
    def telling(self) -> Telling:
        """Updates, roles and tasks."""
        return telling(self.log, self.at, self.template)

    @property
    def waiting(self) -> list[Ask]:
        """Approvals that want an answer."""
        return [one for one in self.asks if one.waiting(self.at)]

    @property
    def debts(self) -> tuple[debt.Debt, ...]:
        """What is changed only for the time being."""
        return debt.debts(self.log)

    @property
    def leases(self) -> tuple[lease.Lease, ...]:
        """Tunnels that are open."""
        return tuple(one for one in lease.leases(self.log) if not one.ended)

    @property
    def measured(self) -> dict[str, MitigationMeasured]:
        """Whether a change helped, by its run."""
        return {one.run: one for one in self.log if isinstance(one, MitigationMeasured)}

    @property
    def shut(self) -> int:
        """How many gates are shut."""
        return sum(not one.open for one in self.gates)

    @property
    def ends(self) -> datetime:
        """Now, or when it was over: where the running clock stands."""
        return self.now.ended_at or self.at

    @property
    def late(self) -> bool:
        """Nobody has it, and the response time is over."""
        return not self.now.acknowledged and not self.now.resolved and self.at > self.now.acknowledge_by

    @property
    def green(self) -> Green | None:
        """The green window, while it runs."""
        since = gate.green_since(self.now, self.log)
        if since is None:
            return None
        length, declared = gate.watch_length(self.now.declared), self.now.declared
        return Green(since, length, declared.watch_minutes, declared.watch_speed, min(1.0, (self.at - since) / length))

    @property
    def stepper(self) -> list[Mark]:
        """The four statuses with when and how long."""
        here = STATUSES.index(self.now.status)
        spans: dict[str, tuple[datetime, datetime | None]] = {}
        for (name, start), after in zip(self.now.status_since, [*self.now.status_since[1:], None], strict=True):
            spans[name] = (start, after[1] if after else None)
        found = []
        for n, name in enumerate(STATUSES):
            since, until = spans.get(name, (None, None))
            took = (until or self.ends) - since if since else None
            state = "" if n > here else "current" if n == here else "done"
            found.append(Mark(name, state, since, took) if state else Mark(name, state))
        return found

    @property
    def phases(self) -> list[Phase]:
        """The runbook's phases; those before the one at work are done."""
        titles = [one.title for one in self.book.phases] if self.book else []
        placed = [_place(title) for title in titles]
        current = next((n for n, (_, statuses) in enumerate(placed) if self._at_work in statuses), None)
        found = []
        for n, (title, (place, _)) in enumerate(zip(titles, placed, strict=True)):
            state = "" if current is None or n > current else "current" if n == current else "done"
            found.append(Phase(title, f"{self.path}/review" if place == "review" else place, state))
        return found

    @property
    def _at_work(self) -> str:
        """What is being done says more than the status: with an answer awaited, it is mitigation."""
        busy = self.waiting or any(run.started.purpose == "mitigation" for run in self.now.runs.values())
        return "Identified" if self.now.status == "Investigating" and busy else self.now.status

    @property
    def people(self) -> dict[str, list[str]]:
        """Everybody who acted, with what they did, in the order they came."""
        found: dict[str, list[str]] = {}
        for event in self.log:
            if event.by != HOUSE:
                did = DID.get(type(event).__name__, "")
                found.setdefault(event.by, [])
                if did and did not in found[event.by]:
                    found[event.by].append(did)
        return found

    @property
    def impact(self) -> list[str]:
        """What the alerts say; those that still fire first."""
        alerts = sorted(self.now.alerts.values(), key=lambda one: not one.firing)
        return list(dict.fromkeys(one.joined.summary or one.joined.name for one in alerts))

    @property
    def alerts_shown(self) -> list[JoinedAlert]:
        """The alerts of the page: what is not over first, and no more than people read; a storm may hold hundreds."""
        return sorted(self.now.alerts.values(), key=lambda one: not one.firing)[:ALERTS_SHOWN]

    @property
    def doing(self) -> str:
        """What is being done now, in one sentence. What waits for people is linked beside it."""
        now = self.now
        if now.merged:
            why = now.merged.why.rstrip(".")
            return f"Part of INC-{now.merged.into} since {now.merged.at:%H:%M}: {why}. Go on there."
        running = [run.started.title for run in now.runs.values() if run.finished is None]
        about = [one.asked.title for one in self.asks if one.granted and not (one.started or one.void or now.resolved)]
        if now.resolved:
            took = timeline.duration(self.ends - now.declared.at)
            return f"Resolved after {took}." + ("" if now.review else " The review is being drafted.")
        if self.waiting:
            return ""
        if running:
            return f"Running: {', '.join(running)}."
        if about and self.at < self.asks[-1].expires_at + timedelta(minutes=15):
            return f"Approved, about to start: {', '.join(about)}."
        if green := self.green:
            return f"Watching: {int(green.passed * green.minutes)} of {green.minutes:g} min green."
        if now.status == "Monitoring":
            return "Monitoring, but not green yet."
        if now.walk_ended:
            return now.walk_ended.why
        if now.declared.scenario and not now.runs:
            return "Starting on the runbook."
        return f"{now.status}. People are on it." if now.acknowledged else "Nobody has it yet."

    def entries(self, show: str) -> list[Entry]:
        """The timeline, newest first, all of it or one kind."""
        return [one for one in reversed(timeline.entries(self.log)) if _shows(show, one)]

    def counts(self) -> list[tuple[str, str, int]]:
        """The timeline's filters: key, label, how many entries; those without any are left out."""
        everything = timeline.entries(self.log)
        count = {key: sum(_shows(key, one) for one in everything) for key, _ in FILTERS}
        return [(key, label, count[key]) for key, label in FILTERS if count[key]]

    @property
    def asks_a_cluster(self) -> bool:
        """Whether its runbook speaks of a Kubernetes cluster, which keeps events of its own."""
        return self.book is not None and any("kubectl" in one.text for one in self.book.commands)

    @property
    def book_name(self) -> str:
        """The runbook's file and the start of its hash."""
        ref = self.now.declared.runbook
        return f"{Path(ref.path).name} @ {ref.digest[:7]}" if ref else ""


DID = {
    "IncidentDeclared": "declared it",
    "IncidentAcknowledged": "has it",
    "ApprovalAsked": "asked for a command",
    "ApprovalGiven": "approved",
    "ApprovalDenied": "declined",
    "GlassBroken": "broke the glass",
    "NoteAdded": "took notes",
    "HypothesisProposed": "thought of a cause",
    "HypothesisRuledOut": "ruled a cause out",
    "RootCauseStated": "stated the cause",
    "GateTicked": "vouched for a gate",
    "ChecklistTicked": "ticked the checklist",
    "GateOverridden": "set a gate aside",
    "StatusChanged": "set the status",
    "SeverityChanged": "set the severity",
    "AlertJoined": "attached an alert",
    "IncidentMerged": "merged it",
    "IncidentTakenIn": "merged another one into it",
    "AlertsMoved": "split alerts off",
    "UpdateSent": "sent updates",
    "UpdateSnoozed": "moved an update",
    "TaskDone": "did a task",
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads how an incident stands; handed to every handler that shows one."""

    ledger: Ledger
    library: Library
    evidence: EvidenceStore
    values: dict[str, str]  # of this site
    now: Callable[[], datetime]
    alerts: AlertStore
    deploys: Deploys
    deliveries: Deliveries
    dashboards: Dashboards
    investigate: Investigate
    call: str = ""  # the pattern of a call's link

    def __call__(self, number: int) -> Standing:
        """Read the log once for a page. Raises `Refused(404)` when there is no such incident."""
        log, at = self.ledger.log(number), self.now()
        now, found = fold(number, log), asks(log)
        ref = now.declared.runbook
        book = self.library.at(ref) if ref else None
        todo = plan(book, now.declared.scenario, branch.first(log)) if book else Plan()
        lines = groups(
            now,
            found,
            todo,
            book,
            values=stand_for(alert=now.declared.values, site=self.values),
            read=self._output,
            at=at,
        )
        template = template_of(book, self.library.main)
        gates, sent = gate.standings(log, at), self.deliveries(number, log)
        shown = self.dashboards(book, now.declared.detected_at, now.ended_at or at)
        signals = self.investigate(number, log)
        around = self._around(now)
        more = room.call(log, number, self.call), checklist.lists((book, self.library.main), log)
        return Standing(log, now, at, found, gates, sent, book, todo, lines, *around, template, shown, signals, *more)

    def _around(self, now: Incident) -> tuple[Before, tuple[Report, ...]]:
        """What stands beside the log: what changed before it began, and where people's words are to be read."""
        joined = reports(now.alerts.values())
        pages = {one.fingerprint: one.alert.generator_url for one in self.alerts.kept(_keys(joined))} if joined else {}
        written = tuple(
            Report(one.summary, one.source, one.starts_at, pages.get(one.fingerprint, ""))
            for one in (alert.joined for alert in joined)
        )
        return self.deploys.before(now.declared.detected_at, now.declared.service), written

    def _output(self, digest: str) -> str:
        try:
            return self.evidence.read(digest)
        except Refused as refused:
            return refused.sentence


def _shows(key: str, one: Entry) -> bool:
    """A command that has ended is told once: its start is passed over."""
    return not one.passing and (key in {"all", one.kind} or (key == "key" and one.key))


def _keys(joined: tuple[JoinedAlert, ...]) -> list[str]:
    return [one.joined.fingerprint for one in joined]


def _place(title: str) -> tuple[str, tuple[str, ...]]:
    words = title.lower()
    return next(((place, statuses) for word, place, statuses in PLACES if word in words), ("#runbook", ()))
