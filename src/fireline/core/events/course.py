"""Events about the incident as a whole: declared, acknowledged, judged, noted, its gates opened, reviewed."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from fireline.core.events.event import Event, Status
from fireline.core.events.updates import Cadence


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
    kind: Literal["alerts", "watch", "verified", "root cause", "status page", "debts", "by hand"]


class PageHold(msgspec.Struct, frozen=True, kw_only=True):
    """This incident does not page before `until`: the on-call is being paged for `other` since a moment ago."""

    until: datetime
    other: int
    why: str


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Chosen alerts of another incident, which begin one of their own."""

    number: int
    fingerprints: tuple[str, ...]
    why: str


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
    values: dict[str, str] = msgspec.field(default_factory=dict)  # the alert's, for placeholders
    source: str = "person"  # or the alert source's name
    drill: bool = False
    private: bool = False
    people: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET  # who else knows of a private one from the beginning
    hold: PageHold | msgspec.UnsetType = msgspec.UNSET
    split_from: Part | msgspec.UnsetType = msgspec.UNSET
    earlier: int | msgspec.UnsetType = msgspec.UNSET  # the resolved incident of the same alert
    cadence: Cadence | msgspec.UnsetType = msgspec.UNSET  # how often who is told


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
    unverified: bool | msgspec.UnsetType = msgspec.UNSET  # true: Monitoring without a check that went well


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


class ReviewDrafted(Event, frozen=True, kw_only=True):
    """The review's first draft was written from the log."""

    evidence: str  # sha256 of the Markdown
    due_at: datetime
