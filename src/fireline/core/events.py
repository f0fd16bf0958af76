"""Everything that can happen to an incident. The log of these is the truth; all else is read from it.

Events live for ever: never rename or remove one, add fields only with a default. Each says when (`at`,
UTC) and who (`by`, a person's handle, or `HOUSE` when fireline did it by itself).
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

HOUSE = "fireline"  # who acts when no person did

Status = Literal["Investigating", "Identified", "Monitoring", "Resolved"]
Purpose = Literal["diagnosis", "mitigation", "verification", "other"]
Ending = Literal["ok", "failed", "timed out", "interrupted"]


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="type", forbid_unknown_fields=False):
    """One thing that happened to one incident."""

    at: datetime
    by: str


class RunbookRef(msgspec.Struct, frozen=True, kw_only=True):
    """The runbook an incident started with: it keeps this version whatever happens to the file."""

    path: str
    title: str
    digest: str  # sha256 of the file's bytes, hexadecimal
    commit: str | None = None  # of the git checkout the file stood in, when it stood in one


class GateSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One condition for Resolved, taken from the runbook's resolution checklist."""

    key: str
    text: str
    kind: Literal["alerts", "watch", "verified", "root cause", "by hand"]


class IncidentDeclared(Event, frozen=True, kw_only=True):
    """Something is wrong, and from now on it is somebody's business."""

    title: str
    severity: str
    severity_name: str
    severity_why: str  # the row or rule of the runbook that gave the severity
    response_minutes: int  # the runbook's target for the first acknowledgement
    detected_at: datetime  # the first alert, or the declaration when a person saw it first
    service: str | None = None
    runbook: RunbookRef | None = None
    scenario: str | None = None
    match_why: str | None = None  # why this runbook and scenario, in words
    gates: tuple[GateSpec, ...] = ()
    watch_minutes: float = 30.0  # continuous green before Resolved, from the runbook
    watch_speed: float = 1.0  # a drill's clock: 60 makes 30 minutes pass in 30 seconds
    values: dict[str, str] = {}  # what the alert says that the runbook's placeholders ask for
    source: str = "person"  # or the alert source's name
    drill: bool = False
    private: bool = False


class AlertJoined(Event, frozen=True, kw_only=True):
    """An alert belongs to this incident: it began, or it fires again."""

    fingerprint: str
    name: str
    source: str
    starts_at: datetime
    why: str  # "joined INC-142 because …"
    labels: dict[str, str] = {}
    summary: str = ""


class AlertCleared(Event, frozen=True, kw_only=True):
    """An alert of this incident is over."""

    fingerprint: str
    name: str
    ended_at: datetime


class IncidentAcknowledged(Event, frozen=True, kw_only=True):
    """A person has it. The first acknowledgement stops the clock."""


class AcknowledgementMissed(Event, frozen=True, kw_only=True):
    """Nobody acknowledged within the runbook's response time."""

    response_minutes: int


class SeverityChanged(Event, frozen=True, kw_only=True):
    """The severity was judged anew; targets follow."""

    severity: str
    severity_name: str
    response_minutes: int
    reason: str


class StatusChanged(Event, frozen=True, kw_only=True):
    """Investigating, Identified, Monitoring or Resolved; it may go back."""

    status: Status
    why: str = ""


class NoteAdded(Event, frozen=True, kw_only=True):
    """What somebody saw, decided or did outside this house."""

    text: str
    happened_at: datetime | None = None  # set when told afterwards; shown as such


class RootCauseStated(Event, frozen=True, kw_only=True):
    """What was wrong, or that nobody knows and the commander accepts it."""

    text: str
    known: bool = True


class GateTicked(Event, frozen=True, kw_only=True):
    """A person vouches for a condition that cannot be measured here."""

    gate: str


class GateOverridden(Event, frozen=True, kw_only=True):
    """A measured condition was set aside, with the reason the review will print."""

    gate: str
    reason: str


class WatchPassed(Event, frozen=True, kw_only=True):
    """The green window is over without a relapse."""

    minutes: float
    since: datetime


class ApprovalAsked(Event, frozen=True, kw_only=True):
    """A command that changes something waits for a yes, bound to these exact bytes."""

    ask: int  # first ask of the incident is 1
    step: str
    title: str
    command: str
    effect: str
    rule: str
    reason: str
    yes_needed: int = 1
    purpose: Purpose = "mitigation"
    why: str = ""  # the guard's sentence on what the command does


class ApprovalGiven(Event, frozen=True, kw_only=True):
    """One person's yes to exactly this command."""

    ask: int
    digest: str  # sha256 of the command's bytes, as shown to whoever said yes


class ApprovalDenied(Event, frozen=True, kw_only=True):
    """Somebody said no, and why."""

    ask: int
    reason: str


class GlassBroken(Event, frozen=True, kw_only=True):
    """A lone engineer ran past the second yes. Loud, with a reason, for the review."""

    ask: int
    digest: str
    reason: str


class CommandStarted(Event, frozen=True, kw_only=True):
    """From here on the command counts as run: it is never started a second time."""

    run: str
    step: str
    title: str
    command: str
    digest: str
    effect: str
    rule: str
    lane: Literal["read", "write"]
    purpose: Purpose
    ask: int | None = None
    asked_as: str | None = None  # the bytes before the shown rewriting, when there was one


class CommandFinished(Event, frozen=True, kw_only=True):
    """A command ended; its whole output is kept under `evidence`."""

    run: str
    ending: Ending
    exit_code: int | None
    seconds: float
    evidence: str  # sha256 of the masked output
    size: int  # bytes of output kept
    cut: int = 0  # bytes of output beyond the limit
    masked: int = 0  # secrets hidden
    summary: str = ""


class StepSkipped(Event, frozen=True, kw_only=True):
    """A step that could not be run, and why: a missing value, a manual step, an unjudged command."""

    step: str
    title: str
    command: str
    reason: str
    purpose: Purpose = "diagnosis"


class DeliveryMade(Event, frozen=True, kw_only=True):
    """Something reached a vendor."""

    delivery: str
    vendor: str
    what: str
    attempt: int = 1


class DeliveryDelayed(Event, frozen=True, kw_only=True):
    """A vendor did not take it; fireline tries again by itself."""

    delivery: str
    vendor: str
    what: str
    reason: str
    attempt: int
    again_at: datetime


class DeliveryGivenUp(Event, frozen=True, kw_only=True):
    """A vendor will not take it, or it is no longer needed. A person has to know."""

    delivery: str
    vendor: str
    what: str
    reason: str
    needed: bool = True  # False: the incident moved on, nothing is missing


class WalkEnded(Event, frozen=True, kw_only=True):
    """fireline has done what it can do by itself with this runbook."""

    why: str


class ReviewDrafted(Event, frozen=True, kw_only=True):
    """The review's first draft was written from the log."""

    evidence: str  # sha256 of the Markdown
    due_at: datetime


AnyEvent = (
    IncidentDeclared
    | AlertJoined
    | AlertCleared
    | IncidentAcknowledged
    | AcknowledgementMissed
    | SeverityChanged
    | StatusChanged
    | NoteAdded
    | RootCauseStated
    | GateTicked
    | GateOverridden
    | WatchPassed
    | ApprovalAsked
    | ApprovalGiven
    | ApprovalDenied
    | GlassBroken
    | CommandStarted
    | CommandFinished
    | StepSkipped
    | DeliveryMade
    | DeliveryDelayed
    | DeliveryGivenUp
    | WalkEnded
    | ReviewDrafted
)
Log = tuple[AnyEvent, ...]

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def to_json(event: AnyEvent) -> bytes:
    """The event's bytes as they are hashed and kept: JSON, the same event always the same bytes."""
    return _encoder.encode(event)


def from_json(body: bytes | str) -> AnyEvent:
    """The event back. Fields it does not know (of a newer release) are left aside."""
    return _decoder.decode(body)
