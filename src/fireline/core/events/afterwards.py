"""Events about what comes after a change: did it help, what has to be taken back, what is held open for a while."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from fireline.core.events.event import Event

Change = Literal["better", "same", "worse", "unknown"]
Source = Literal["verification", "diagnosis", "address", "number"]
Temporary = Literal["scale", "environment", "limit", "circuit breaker", "rollback", "other"]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one check showed: whether it was good, and a number where it gave one."""

    check: str  # the step's key, the address, or the name of the number
    title: str
    source: Source
    good: bool | None = None  # None where it only shows something
    value: float | None = None
    unit: str = ""
    wanted: Literal["", "low", "high"] = ""  # which way is better; "" where nobody knows
    said: str = ""


class ChecksRead(Event, frozen=True, kw_only=True):
    """The checks around a change were read: `attempt` 0 right before it, 1 and on after it."""

    run: str
    attempt: int
    readings: tuple[Reading, ...]
    settle_seconds: float  # until they are read the next time


class MitigationMeasured(Event, frozen=True, kw_only=True):
    """Did the change help? The same checks before and after it, compared."""

    run: str
    verdict: Change
    before: tuple[Reading, ...]
    after: tuple[Reading, ...]
    attempts: int
    steady: bool  # the last two readings say the same, or everything is good


class DebtTaken(Event, frozen=True, kw_only=True):
    """Something was changed for the time being: somebody has to take it back or make it permanent."""

    debt: int  # first of the incident is 1
    what: str
    kind: Temporary
    owner: str = ""  # who asked for it or said yes to it
    undo: str = ""  # the command that takes it back; "" where a person has to know how
    until: datetime | None = None  # when it is asked after
    revert: bool = False  # it is taken back by itself then
    ask: int | None = None  # the approval under which it was done
    run: str = ""


class DebtDue(Event, frozen=True, kw_only=True):
    """The time is over, and it is still in place."""

    debt: int
    due_at: datetime
    revert: bool = False  # fireline takes it back now, or asks for a yes to do so


class DebtOwned(Event, frozen=True, kw_only=True):
    """A named person takes it over with a date: the incident may close before it is settled."""

    debt: int
    owner: str
    due_at: datetime
    plan: str = ""  # what they will do about it


class DebtSettled(Event, frozen=True, kw_only=True):
    """It was taken back, or it was made permanent on purpose."""

    debt: int
    how: Literal["undone", "permanent"]
    said: str = ""
    run: str = ""  # the run that took it back


class LeaseBegan(Event, frozen=True, kw_only=True):
    """A tunnel is open, for so long and no longer."""

    lease: int  # first of the incident is 1
    run: str
    command: str
    until: datetime


class LeaseEnded(Event, frozen=True, kw_only=True):
    """A tunnel is closed, and why."""

    lease: int
    why: str


class BranchProposed(Event, frozen=True, kw_only=True):
    """The evidence points to one of the runbook's conditions: its way comes first."""

    conditions: tuple[str, ...]  # the strongest first
    why: str
