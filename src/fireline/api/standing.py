"""How one incident stands: everything a page, a script or a command line needs to decide, in one answer."""

from __future__ import annotations

from datetime import datetime

import msgspec

from fireline.core import approval, delivery, gate, review
from fireline.core.events import Log
from fireline.core.incident import Incident, fold


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
    state: str  # waiting, approved, started, declined, expired
    declined_by: str | None
    declined_because: str | None
    broken_glass_by: str | None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one command. `state` is running, ok, failed, timed out or interrupted."""

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
    """Something on its way to a vendor. `state` is made, waiting, given up or dropped."""

    vendor: str
    what: str
    state: str
    at: datetime
    attempt: int
    reason: str
    again_at: datetime | None


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert of this incident."""

    fingerprint: str
    name: str
    source: str
    summary: str
    starts_at: datetime
    ended_at: datetime | None
    firing: bool
    why: str
    labels: dict[str, str]


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the runbook that could not be run, and why."""

    step: str
    title: str
    command: str
    reason: str


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
    """What is true of an incident now. `events` counts its log: it grows with everything that happens."""

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
    events: int
    gates: tuple[Gate, ...]
    approvals: tuple[Approval, ...]
    runs: tuple[Run, ...]
    skipped: tuple[Skipped, ...]
    deliveries: tuple[Delivery, ...]
    alerts: tuple[Alert, ...]
    milestones: Milestones


def standing(number: int, log: Log, at: datetime) -> IncidentStanding:
    """Read the log at the time `at` into the answer."""
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
        review=now.review.evidence if now.review else None,
        events=now.seq, gates=_gates(log, at), approvals=tuple(_approval(one, at) for one in approval.asks(log)),
        runs=_runs(now), alerts=_alerts(now),
        skipped=tuple(msgspec.convert(one, Skipped, from_attributes=True) for one in now.skipped),
        deliveries=tuple(msgspec.convert(one, Delivery, from_attributes=True) for one in delivery.deliveries(log)),
        milestones=msgspec.convert(review.milestones(log), Milestones, from_attributes=True),
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
        broken_glass_by=one.glass.by if one.glass else None,
    )  # fmt: skip


def _state(one: approval.Ask, at: datetime) -> str:
    if one.started:
        return "started"
    if one.denied:
        return "declined"
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
            why=one.joined.why, labels=one.joined.labels,
        )
        for one in now.alerts.values()
    )  # fmt: skip
