"""Incident: one thing that is wrong, as the log tells it.

`fold` reads a log into an `Incident`; everything a page, a command line or a report shows comes from it.
The deeds that concern the incident as a whole stand here too: declare, acknowledge, change severity or
status, note, state the root cause.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import reduce

import msgspec

from fireline.core.events import (
    AcknowledgementMissed,
    AnyEvent,
    CommandFinished,
    CommandStarted,
    EscalationEnded,
    GateSpec,
    IncidentAcknowledged,
    IncidentDeclared,
    IncidentMerged,
    Log,
    MadeOpen,
    MadePrivate,
    MitigationMeasured,
    NoteAdded,
    PeopleAsked,
    ReviewDrafted,
    RootCauseStated,
    SeverityChanged,
    Status,
    StatusChanged,
    StepSkipped,
    StormBegan,
    WalkEnded,
)
from fireline.core.joined import JoinedAlert, tell
from fireline.core.refusal import Refused
from fireline.core.report import REPORTS

STATUSES: tuple[Status, ...] = ("Investigating", "Identified", "Monitoring", "Resolved")
TITLE_MAX_CHARS = 200  # what a phone's lock screen and a chat topic still show
NOTE_MAX_CHARS = 10_000
FOLDED_MOST = 128  # incidents whose last fold is remembered


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of one command."""

    started: CommandStarted
    finished: CommandFinished | None = None

    @property
    def state(self) -> str:
        """`running`, `ok`, `failed`, `timed out`, `interrupted` or `cancelled`."""
        return self.finished.ending if self.finished else "running"


@dataclass(frozen=True, slots=True)
class Incident:
    """What is true of an incident now."""

    number: int
    declared: IncidentDeclared
    severity: str
    severity_name: str
    response_minutes: int
    status: Status = "Investigating"
    status_since: tuple[tuple[Status, datetime], ...] = ()  # every change, oldest first
    acknowledged: IncidentAcknowledged | None = None
    missed: AcknowledgementMissed | None = None
    alerts: dict[str, JoinedAlert] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    looks: dict[str, Run] = field(default_factory=dict)  # around a change: before it is asked for, and before it runs
    measured: MitigationMeasured | None = None  # the newest: did it help?
    skipped: tuple[StepSkipped, ...] = ()
    root_cause: RootCauseStated | None = None
    walk_ended: WalkEnded | None = None
    review: ReviewDrafted | None = None
    storm: StormBegan | None = None
    asked: PeopleAsked | None = None  # whom on-call asked last
    unanswered: EscalationEnded | None = None  # everybody was asked, and nobody came
    private: bool = False  # only some know of it (`core.readers`)
    merged: IncidentMerged | None = None  # it is part of another incident, and ended with that
    seq: int = 0  # number of events in the log

    @property
    def name(self) -> str:
        """How people say it."""
        return f"INC-{self.number}"

    def run(self, name: str) -> Run | None:
        """The run of this name, a look around a change too."""
        return self.runs.get(name) or self.looks.get(name)

    @property
    def title(self) -> str:
        """Severity first, as it is read aloud."""
        return f"{self.severity}: {self.declared.title}"

    @property
    def outside(self) -> str:
        """The title where others may read along, as on a pager: of a private one it says nothing."""
        return f"{self.severity}: {self.name} (private)" if self.private else self.title

    @property
    def acknowledge_by(self) -> datetime:
        """Due time of the first acknowledgement: counted from detection, not from declaration."""
        return self.declared.detected_at + timedelta(minutes=self.response_minutes)

    @property
    def firing(self) -> tuple[JoinedAlert, ...]:
        """Alerts that are not over. What people wrote is none: nobody takes it back."""
        return tuple(alert for alert in self.alerts.values() if alert.firing and alert.joined.source not in REPORTS)

    @property
    def sources(self) -> tuple[str, ...]:
        """Who told of it: alertmanager, sentry, ticket, in the order they spoke."""
        return tuple(dict.fromkeys(alert.joined.source for alert in self.alerts.values()))

    @property
    def resolved(self) -> bool:
        """It is over; a merged one ended when it was merged."""
        return self.status == "Resolved"

    @property
    def ended_at(self) -> datetime | None:
        """When it was resolved; None while it runs or after it came back."""
        return self.status_since[-1][1] if self.resolved else None


def declare(
    log: Log,
    at: datetime,
    *,
    title: str,
    severity: str,
    severity_name: str,
    severity_why: str,
    response_minutes: int,
    by: str,
    detected_at: datetime | None = None,
    gates: tuple[GateSpec, ...] = (),
    values: dict[str, str] | None = None,
    **facts: object,
) -> IncidentDeclared:
    """Open an incident. `facts` are further fields of `IncidentDeclared`."""
    if log:
        raise Refused("This incident is declared already.")
    title = " ".join(title.split())
    if not title:
        raise Refused("Say in a few words what is wrong.", field="title", status=400)
    if len(title) > TITLE_MAX_CHARS:
        raise Refused(
            f"Keep the title under {TITLE_MAX_CHARS} characters; notes hold the rest.",
            field="title",
            status=400,
        )
    return IncidentDeclared(
        at=at,
        by=by,
        title=title,
        severity=severity,
        severity_name=severity_name,
        severity_why=severity_why,
        response_minutes=response_minutes,
        detected_at=min(detected_at or at, at),
        gates=gates,
        values=values or {},
        **facts,  # type: ignore[arg-type]  # checked by msgspec when the log is read
    )


def acknowledge(log: Log, at: datetime, *, by: str) -> IncidentAcknowledged:
    """I have it. The first one stops the clock; later ones are refused with who has it."""
    incident = fold(0, log)
    still_open(incident)
    if incident.acknowledged:
        raise Refused(f"{incident.acknowledged.by} has it already.")
    return IncidentAcknowledged(at=at, by=by)


def miss_acknowledgement(log: Log, at: datetime, *, by: str) -> AcknowledgementMissed:
    """Called by the clock. Refused when somebody answered, or when the severity moved the target."""
    incident = fold(0, log)
    if incident.acknowledged or incident.resolved or incident.missed:
        raise Refused("Nothing is left to miss: somebody has it, it is over, or it was missed already.")
    if at < incident.acknowledge_by:
        raise Refused("The response time is not over.")
    return AcknowledgementMissed(at=at, by=by, response_minutes=incident.response_minutes)


def change_severity(
    log: Log, at: datetime, *, severity: str, severity_name: str, response_minutes: int, reason: str, by: str
) -> SeverityChanged:
    """Judge the severity anew. Unsure between two: take the higher."""
    incident = fold(0, log)
    still_open(incident)
    if not reason.strip():
        raise Refused("Say why the severity changes.", field="reason", status=400)
    if severity == incident.severity:
        raise Refused(f"It is {severity} already.")
    return SeverityChanged(
        at=at,
        by=by,
        severity=severity,
        severity_name=severity_name,
        response_minutes=response_minutes,
        reason=reason,
    )


def change_status(log: Log, at: datetime, *, status: str, by: str, why: str = "") -> StatusChanged:
    """Move to another status, forward or back. Resolved has a door of its own (`gate.resolve`).

    Monitoring says that it is mitigated: without a check that went well since the last change, `why` has to say why
    that is left out, and everybody is told.
    """
    incident = fold(0, log)
    if status == "Resolved":
        raise Refused("Resolve the incident through its gates.")
    _not_merged(incident)
    for known in STATUSES:
        if known == status:
            if incident.status == known:
                raise Refused(f"It is {known} already.")
            skips = known == "Monitoring" and not checked(incident)
            if skips and not why.strip():
                raise Refused(
                    "Nothing has verified that it is mitigated. Run the checks, or say why you do without.", field="why"
                )
            return StatusChanged(at=at, by=by, status=known, why=why, unverified=skips or msgspec.UNSET)
    raise Refused(f"Status is one of {', '.join(STATUSES)}.", field="status", status=400)


def checked(incident: Incident) -> bool:
    """A verification went well since the last change was made: the newest run of each that was run."""
    changes = [run for run in incident.runs.values() if run.started.lane == "write" and run.started.purpose != "other"]
    last = max((run.started.at for run in changes), default=incident.declared.at)
    newest = {
        run.started.step: run
        for run in incident.runs.values()
        if run.started.purpose == "verification" and run.started.at >= last
    }
    measured = incident.measured
    helped = bool(measured and measured.at >= last and measured.verdict == "better" and not newest)
    return helped or (bool(newest) and all(run.state == "ok" for run in newest.values()))


def note(log: Log, at: datetime, *, text: str, by: str, happened_at: datetime | None = None) -> NoteAdded:
    """Write down what was seen or decided; `happened_at` when it is told afterwards."""
    if not text.strip():
        raise Refused("An empty note helps nobody.", field="text", status=400)
    if len(text) > NOTE_MAX_CHARS:
        raise Refused(f"Keep a note under {NOTE_MAX_CHARS} characters.", field="text", status=413)
    if happened_at and happened_at.tzinfo is None:
        raise Refused("Give the time with its zone, such as 14:05Z.", field="happened_at", status=400)
    if happened_at and happened_at > at:
        raise Refused("That time is still to come.", field="happened_at", status=400)
    return NoteAdded(at=at, by=by, text=text.strip(), happened_at=happened_at)


def state_root_cause(log: Log, at: datetime, *, text: str, by: str, known: bool = True) -> RootCauseStated:
    """Say what was wrong; `known=False` says that nobody knows and that this is accepted for now."""
    if not text.strip():
        raise Refused("Say what was wrong, or why it is accepted that nobody knows.", field="text", status=400)
    return RootCauseStated(at=at, by=by, text=text.strip(), known=known)


def end_walk(log: Log, at: datetime, *, why: str, by: str) -> WalkEnded:
    """Fireline has nothing more to do by itself."""
    return WalkEnded(at=at, by=by, why=why)


def fold(number: int, log: Log) -> Incident:
    """Read the log into what is true now. The first event has to be the declaration."""
    if not log or not isinstance(log[0], IncidentDeclared):
        raise Refused("There is no such incident.", status=404)
    first = log[0]
    before, known = _folded.get(id(first), _NOTHING)
    if known is None or (before is not log and log[: len(before)] != before):
        before, known = log[:1], _declared(number, first)
    if len(before) < len(log):
        known = reduce(_after, log[len(before) :], replace(known, alerts=dict(known.alerts)))
        if len(_folded) >= FOLDED_MOST:
            _folded.clear()
        _folded[id(first)] = log, known
    return known if known.number == number else replace(known, number=number)


# The last fold, by the identity of its declaration, which the log beside it keeps alive: one deed asks a dozen times
# what is true, and the next log is this one and an event more. The answer is the same as without it.
_folded: dict[int, tuple[Log, Incident]] = {}
_NOTHING: tuple[Log, None] = (), None


def _declared(number: int, first: IncidentDeclared) -> Incident:
    return Incident(
        number=number,
        declared=first,
        severity=first.severity,
        severity_name=first.severity_name,
        response_minutes=first.response_minutes,
        private=first.private,
        status_since=(("Investigating", first.at),),
        seq=1,
    )


def _after(incident: Incident, event: AnyEvent) -> Incident:
    seq = incident.seq + 1
    tell(incident.alerts, event)  # this fold's own dictionary, which nobody has seen yet
    match event:
        case IncidentAcknowledged():
            return replace(incident, seq=seq, acknowledged=incident.acknowledged or event)
        case AcknowledgementMissed():
            return replace(incident, seq=seq, missed=event)
        case SeverityChanged():
            return replace(
                incident,
                seq=seq,
                severity=event.severity,
                severity_name=event.severity_name,
                response_minutes=event.response_minutes,
                # a new target gives a new promise, which can be missed anew
                missed=incident.missed if incident.acknowledged else None,
            )
        case StatusChanged(status=status):
            return replace(incident, seq=seq, status=status, status_since=(*incident.status_since, (status, event.at)))
        case RootCauseStated():
            return replace(incident, seq=seq, root_cause=event)
        case CommandStarted() | CommandFinished():
            return _ran(replace(incident, seq=seq), event)
        case MitigationMeasured():
            return replace(incident, seq=seq, measured=event)
        case StepSkipped():
            return replace(incident, seq=seq, skipped=(*incident.skipped, event))
        case WalkEnded():
            return replace(incident, seq=seq, walk_ended=event)
        case ReviewDrafted():
            return replace(incident, seq=seq, review=event)
        case StormBegan():
            return replace(incident, seq=seq, storm=event)
        case PeopleAsked():
            return replace(incident, seq=seq, asked=event, unanswered=None)
        case EscalationEnded():
            return replace(incident, seq=seq, unanswered=event)
        case MadePrivate() | MadeOpen():
            return replace(incident, seq=seq, private=isinstance(event, MadePrivate))
        case IncidentMerged():
            ended = (*incident.status_since, ("Resolved", event.at))
            return replace(incident, seq=seq, merged=event, status="Resolved", status_since=ended)
        case _:
            return replace(incident, seq=seq)


def _ran(incident: Incident, event: CommandStarted | CommandFinished) -> Incident:
    """A command began or ended. Looks around a change stand apart: they are no step of anybody's."""
    match event:
        case CommandStarted(run=run, purpose="preview" | "capture"):
            return replace(incident, looks=incident.looks | {run: Run(event)})
        case CommandStarted(run=run):
            return replace(incident, runs=incident.runs | {run: Run(event)})
        case CommandFinished(run=run) if run in incident.looks:
            looks = incident.looks | {run: replace(incident.looks[run], finished=event)}
            return replace(incident, looks=looks)
        case CommandFinished(run=run) if run in incident.runs:
            return replace(incident, runs=incident.runs | {run: replace(incident.runs[run], finished=event)})
        case _:
            return incident


def still_open(incident: Incident) -> None:
    """Refuse what only makes sense while the incident runs."""
    _not_merged(incident)
    if incident.resolved:
        raise Refused("This incident is resolved. Declare a new one, or reopen it by changing its status.")


def _not_merged(incident: Incident) -> None:
    if incident.merged:
        raise Refused(f"This incident is part of INC-{incident.merged.into} since it was merged. Go on there.")
