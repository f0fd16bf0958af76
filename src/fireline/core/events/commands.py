"""Events about commands: asked for, approved, run, skipped."""

from __future__ import annotations

from typing import Literal

from fireline.core.events.event import Ending, Event, Purpose


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


class WalkEnded(Event, frozen=True, kw_only=True):
    """fireline has done what it can do by itself with this runbook."""

    why: str
