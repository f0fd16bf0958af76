"""Events about who does what: roles that are offered and taken, and tasks with one name and a time box."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fireline.core.events.event import Event

RoleName = Literal["commander", "deputy", "scribe", "communications", "sme"]


class RoleOffered(Event, frozen=True, kw_only=True):
    """Somebody is asked to take a role. Until they say yes, whoever has it keeps it."""

    role: RoleName
    to: str
    subject: str = ""  # of an SME: database, network


class RoleTaken(Event, frozen=True, kw_only=True):
    """`by` has the role from now on, and whoever had it no longer does."""

    role: RoleName
    before: str = ""  # who had it
    subject: str = ""
    why: str = ""  # when it was taken without an offer from whoever had it


class RoleDeclined(Event, frozen=True, kw_only=True):
    """An offer was turned down, or taken back by whoever made it."""

    role: RoleName
    to: str  # whom it was offered
    why: str = ""


class RoleReleased(Event, frozen=True, kw_only=True):
    """`who` no longer has the role, and nobody took it over."""

    role: RoleName
    who: str
    why: str = ""


class CommanderMissing(Event, frozen=True, kw_only=True):
    """A grave incident has been without a commander for too long."""

    minutes: float


class TaskGiven(Event, frozen=True, kw_only=True):
    """One named person is asked to do one thing within so many minutes."""

    task: int  # the first of the incident is 1
    to: str
    text: str
    minutes: int
    due_at: datetime


class TaskTaken(Event, frozen=True, kw_only=True):
    """Whoever was asked said that they do it."""

    task: int


class TaskDone(Event, frozen=True, kw_only=True):
    """It is done, or nobody does it any more."""

    task: int
    said: str = ""
    dropped: bool = False


class TaskOverdue(Event, frozen=True, kw_only=True):
    """The time box is over, and nothing was heard."""

    task: int
    to: str
