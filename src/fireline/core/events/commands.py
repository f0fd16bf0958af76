"""Events about commands: asked for, approved, run, skipped."""

from __future__ import annotations

from typing import Literal

import msgspec

from fireline.core.events.event import Ending, Event, Purpose

Text = str | msgspec.UnsetType  # left out of the log where there is nothing to say, so that old events stay as they are


class Revert(msgspec.Struct, frozen=True, kw_only=True):
    """What takes a change back by itself so many minutes after it was made."""

    command: str
    minutes: float


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
    revert: Revert | msgspec.UnsetType = msgspec.UNSET  # the yes is to this as well
    covered_by: int | msgspec.UnsetType = msgspec.UNSET  # the earlier approval whose yes was to this as well
    target: Text = msgspec.UNSET  # "cluster prod · namespace shop · deployment/api"; the yes is to it as well
    runbook: Text = msgspec.UNSET  # content hash of the runbook it stands in; the yes is to it as well
    name: Text = msgspec.UNSET  # of the object: what whoever approves a last resort types
    last_resort: bool | msgspec.UnsetType = msgspec.UNSET
    does: Text = msgspec.UNSET  # what it does to its object
    preview: Text = msgspec.UNSET  # what would become of it, looked at before the ask
    no_preview: Text = msgspec.UNSET  # why there is none
    blast: Text = msgspec.UNSET  # who is hit
    undo: Text = msgspec.UNSET  # the command that brings the state back, as it was when this was asked
    undone: Text = msgspec.UNSET  # what that does, or why there is no such command
    gentler: Text = msgspec.UNSET  # a command that does less harm, to be tried first
    written: Text = msgspec.UNSET  # hash of what its files say; the yes is to it as well
    asked_as: Text = msgspec.UNSET  # as the runbook or the person wrote it, where its object is another in the cluster


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
    ran: str = ""  # what was asked instead of starting the program, where a warm client could
    findings: tuple[str, ...] = ()  # what to read first, in whole sentences


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
