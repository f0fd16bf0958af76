"""How one incident stands: everything a page, a script or a command line needs to decide, in one answer."""

from __future__ import annotations

from datetime import datetime

import msgspec

from fireline.api.aftermath import Debt, Lease, Measured, debts, leases, measured, unverified
from fireline.api.foreseen import Foreseen, Undo, foreseen, undos
from fireline.core import approval, cadence, delivery, gate, readers, review, roles, task, update
from fireline.core.events import Log, RoleName
from fireline.core.incident import Incident, fold
from fireline.core.roles import Reign


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """One condition for Resolved. `kind` other than "by hand" is measured or stated, not ticked."""

    key: str
    text: str
    kind: str
    open: bool
    detail: str


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A command that waits for a yes, or what became of it. `digest` is what a yes is bound to."""

    number: int
    title: str
    step: str
    command: str
    digest: str
    effect: str
    rule: str
    why: str
    reason: str
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    yes_needed: int
    yes: tuple[str, ...]
    state: str  # waiting, approved, started, declined, void, expired
    declined_by: str | None
    declined_because: str | None
    change: Foreseen
    broken_glass_by: str | None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one command. `state` is running, ok, failed, timed out, interrupted or cancelled."""

    run: str
    title: str
    command: str
    purpose: str
    effect: str
    rule: str
    lane: str
    by: str
    started_at: datetime
    state: str
    exit_code: int | None
    seconds: float | None
    summary: str
    evidence: str | None
    masked: int


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """Something on its way to a vendor. `state` is made, by hand, waiting, given up or dropped.

    One that waits without `again_at` is being tried now. `ref` and `link` are its id and page at the vendor.
    """

    key: str
    vendor: str
    what: str
    state: str
    at: datetime
    attempt: int
    reason: str
    again_at: datetime | None
    by: str  # who did it by hand
    ref: str
    link: str
    note: str


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert of this incident. `state` is firing, flapping, no data or over; `taken_from` a merged incident."""

    fingerprint: str
    name: str
    source: str
    summary: str
    starts_at: datetime
    ended_at: datetime | None
    firing: bool
    why: str
    labels: dict[str, str]
    state: str
    taken_from: int | None


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the runbook that could not be run, and why."""

    step: str
    title: str
    command: str
    reason: str


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with a role: commander, deputy, scribe, communications or sme; `offered_to` wait for an answer."""

    role: str
    who: str | None
    since: datetime | None
    subject: str
    offered_to: tuple[str, ...]


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One person, one thing, so many minutes. `state` is given, taken, overdue, done or dropped."""

    number: int
    to: str
    text: str
    by: str
    given_at: datetime
    due_at: datetime
    state: str
    said: str


class UpdateClock(msgspec.Struct, frozen=True, kw_only=True):
    """When the next word to an audience (internal or public) is due; `since` is the last one."""

    audience: str
    since: datetime
    due_at: datetime
    late: bool
    snoozed: str | None  # why it was moved


class Milestones(msgspec.Struct, frozen=True, kw_only=True):
    """The six times a review asks for; null where the log does not know."""

    began: datetime | None
    first_alert: datetime | None
    declared: datetime
    mitigation: datetime | None
    restored: datetime | None
    resolved: datetime | None


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """The runbook, at the version the incident started with."""

    path: str
    title: str
    digest: str


class IncidentStanding(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of an incident now. `events` counts its log: it grows with everything that happens.

    `sources` are those that told of it; `merged_into`, `split_from` and `earlier` (the resolved incident of the same
    alert) are other incidents; `page_held_until` is when its page goes out unless somebody has it by then.
    """

    number: int
    name: str
    title: str
    severity: str
    severity_name: str
    severity_why: str
    response_minutes: int
    status: str
    service: str | None
    runbook: Book | None
    scenario: str | None
    match_why: str | None
    values: dict[str, str]
    declared_at: datetime
    declared_by: str
    detected_at: datetime
    acknowledge_by: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    acknowledgement_missed: bool
    resolved_at: datetime | None
    root_cause: str | None
    review: str | None  # the evidence digest of the review's draft, once it is resolved
    drill: bool
    private: bool  # only `readers` know of it
    readers: tuple[str, ...]
    sources: tuple[str, ...]
    merged_into: int | None
    split_from: int | None
    earlier: int | None
    page_held_until: datetime | None
    events: int
    gates: tuple[Gate, ...]
    approvals: tuple[Approval, ...]
    runs: tuple[Run, ...]
    skipped: tuple[Skipped, ...]
    deliveries: tuple[Delivery, ...]
    alerts: tuple[Alert, ...]
    milestones: Milestones
    commander: str | None
    roles: tuple[Holder, ...]
    tasks: tuple[Task, ...]
    updates_due: tuple[UpdateClock, ...]
    updates_sent: int
    undos: tuple[Undo, ...]
    debts: tuple[Debt, ...]
    measured: tuple[Measured, ...]
    leases: tuple[Lease, ...]
    unverified: bool  # it is Monitoring without a check that went well


def standing(number: int, log: Log, at: datetime, vendors: frozenset[str] = frozenset()) -> IncidentStanding:
    """Read the log at the time `at` into the answer; `vendors` are those set up, as the ledger knows them."""
    now = fold(number, log)
    declared, ack, ref = now.declared, now.acknowledged, now.declared.runbook
    return IncidentStanding(
        number=number, name=now.name, title=declared.title, severity=now.severity, severity_name=now.severity_name,
        severity_why=declared.severity_why, response_minutes=now.response_minutes, status=now.status,
        service=declared.service, scenario=declared.scenario, match_why=declared.match_why, values=declared.values,
        runbook=Book(path=ref.path, title=ref.title, digest=ref.digest) if ref else None,
        declared_at=declared.at, declared_by=declared.by, detected_at=declared.detected_at,
        acknowledge_by=now.acknowledge_by, acknowledged_at=ack.at if ack else None,
        acknowledged_by=ack.by if ack else None, acknowledgement_missed=now.missed is not None,
        resolved_at=now.ended_at, root_cause=now.root_cause.text if now.root_cause else None, drill=declared.drill,
        private=now.private, readers=readers.listed(log) if now.private else (),
        review=now.review.evidence if now.review else None, sources=now.sources,
        merged_into=now.merged.into if now.merged else None,
        split_from=declared.split_from.number if declared.split_from else None, earlier=declared.earlier or None,
        page_held_until=declared.hold.until if declared.hold else None,
        events=now.seq, gates=_gates(log, at), approvals=tuple(_approval(one, at) for one in approval.asks(log)),
        runs=_runs(now), alerts=_alerts(now),
        skipped=tuple(msgspec.convert(one, Skipped, from_attributes=True) for one in now.skipped),
        deliveries=told(delivery.deliveries(log, vendors, at)),
        milestones=msgspec.convert(review.milestones(log), Milestones, from_attributes=True),
        commander=roles.crew(log).commander or None, roles=_roles(log), tasks=_tasks(log),
        updates_due=_clocks(log, at), updates_sent=len(update.updates(log)), undos=undos(log),
        debts=debts(log), measured=measured(log),
        unverified=unverified(log), leases=leases(log),
    )  # fmt: skip


def told(deliveries: tuple[delivery.Delivery, ...]) -> tuple[Delivery, ...]:
    """Deliveries as the answer gives them."""
    return tuple(msgspec.convert(one, Delivery, from_attributes=True) for one in deliveries)


def _roles(log: Log) -> tuple[Holder, ...]:
    crew = roles.crew(log)
    asked = {role: tuple(to for one, to in crew.offers if one == role) for role in roles.ROLES}
    seats: list[tuple[RoleName, Reign | None]]
    seats = [(role, crew.holding.get(role)) for role in roles.ROLES if role != "sme"]
    seats += [("sme", one) for one in crew.smes.values()]
    if asked["sme"] and not crew.smes:
        seats.append(("sme", None))
    return tuple(
        Holder(
            role=role, who=one.who if one else None, since=one.since if one else None,
            subject=one.subject if one else "", offered_to=asked[role],
        )
        for role, one in seats
    )  # fmt: skip


def _tasks(log: Log) -> tuple[Task, ...]:
    return tuple(
        Task(
            number=one.number, to=one.given.to, text=one.given.text, by=one.given.by, given_at=one.given.at,
            due_at=one.given.due_at, state=one.state, said=one.done.said if one.done else "",
        )
        for one in task.tasks(log)
    )  # fmt: skip


def _clocks(log: Log, at: datetime) -> tuple[UpdateClock, ...]:
    return tuple(
        UpdateClock(
            audience=one.audience, since=one.since, due_at=one.due, late=one.late(at),
            snoozed=one.snoozed.reason if one.snoozed else None,
        )
        for one in cadence.counts(log)
    )  # fmt: skip


def _gates(log: Log, at: datetime) -> tuple[Gate, ...]:
    return tuple(
        Gate(key=one.spec.key, text=one.spec.text, kind=one.spec.kind, open=one.open, detail=one.detail)
        for one in gate.standings(log, at)
    )


def _approval(one: approval.Ask, at: datetime) -> Approval:
    asked = one.asked
    return Approval(
        number=one.number, title=asked.title, step=asked.step, command=asked.command, digest=one.digest,
        effect=asked.effect, rule=asked.rule, why=asked.why, reason=asked.reason, asked_by=asked.by, asked_at=asked.at,
        expires_at=one.expires_at, yes_needed=asked.yes_needed, yes=one.yes, state=_state(one, at),
        declined_by=one.denied.by if one.denied else None, declined_because=one.denied.reason if one.denied else None,
        broken_glass_by=one.glass.by if one.glass else None, change=foreseen(one),
    )  # fmt: skip


def _state(one: approval.Ask, at: datetime) -> str:
    if one.started:
        return "started"
    if one.denied:
        return "declined"
    if one.void:
        return "void"
    if one.granted:
        return "approved"
    return "waiting" if one.waiting(at) else "expired"


def _runs(now: Incident) -> tuple[Run, ...]:
    return tuple(
        Run(
            run=one.started.run, title=one.started.title, command=one.started.command, purpose=one.started.purpose,
            effect=one.started.effect, rule=one.started.rule, lane=one.started.lane, by=one.started.by,
            started_at=one.started.at, state=one.state, exit_code=one.finished.exit_code if one.finished else None,
            seconds=one.finished.seconds if one.finished else None,
            summary=one.finished.summary if one.finished else "",
            evidence=one.finished.evidence if one.finished else None,
            masked=one.finished.masked if one.finished else 0,
        )
        for one in now.runs.values()
    )  # fmt: skip


def _alerts(now: Incident) -> tuple[Alert, ...]:
    return tuple(
        Alert(
            fingerprint=one.joined.fingerprint, name=one.joined.name, source=one.joined.source,
            summary=one.joined.summary, starts_at=one.joined.starts_at, ended_at=one.ended_at, firing=one.firing,
            why=one.joined.why, labels=one.joined.labels, state=one.state, taken_from=one.taken_from,
        )
        for one in now.alerts.values()
    )  # fmt: skip
