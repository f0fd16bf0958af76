"""Events of telling our own people: updates that were sent, and the clock that reminds of the next one."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from fireline.core.events.event import Event, Status

Audience = Literal["internal", "public"]


class Cadence(msgspec.Struct, frozen=True, kw_only=True):
    """How often who is told, as it stood when the incident was declared: minutes by severity; 0 is never."""

    internal: dict[str, float] = {}
    public: dict[str, float] = {}
    commander: float = 5.0  # minutes a grave incident may be without a commander
    stakeholders: dict[str, float] | msgspec.UnsetType = msgspec.UNSET  # only where the settings name some


class UpdateSent(Event, frozen=True, kw_only=True):
    """Update number so and so for our own people, with the words that went out."""

    number: int  # the first of the incident is 1, and none is used twice
    status: Status
    actions: str
    text: str  # the runbook's template, filled
    users: int | None = None  # how many are affected; None: nobody knows
    services: tuple[str, ...] | None = None  # which are degraded; None: nobody knows
    next_update_at: datetime | None = None  # None when this was the last one
    needs: str | msgspec.UnsetType = msgspec.UNSET  # what would help, where somebody said it


class UpdateNudged(Event, frozen=True, kw_only=True):
    """An update will be due soon; whoever sends it is reminded."""

    audience: Audience
    who: str  # empty when nobody has the incident
    due_at: datetime


class UpdateOverdue(Event, frozen=True, kw_only=True):
    """The time for an update is over, and none was sent."""

    audience: Audience
    who: str
    due_at: datetime
    since: datetime  # the last update, or the declaration


class UpdateEscalated(Event, frozen=True, kw_only=True):
    """Still no update: the deputy is told, who watches the clocks for the commander."""

    audience: Audience
    who: str
    due_at: datetime


class UpdateSnoozed(Event, frozen=True, kw_only=True):
    """Somebody moved the next update, and said why."""

    audience: Audience
    until: datetime
    reason: str
