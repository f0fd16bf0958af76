"""Events of stakeholders, who wait outside the repair, and of decisions with whoever had an objection."""

from __future__ import annotations

from datetime import datetime

import msgspec

from fireline.core.events.event import Event, Status


class Dissent(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who did not agree, and with what."""

    who: str
    what: str


class DecisionMade(Event, frozen=True, kw_only=True):
    """Something was decided: whether objections were asked for, and who had one that was not followed."""

    decision: int  # the first of the incident is 1
    text: str
    objections_asked: bool = False
    dissent: tuple[Dissent, ...] = ()


class SummarySent(Event, frozen=True, kw_only=True):
    """Summary number so and so for stakeholders, with the words that go out and where they go."""

    number: int  # the first of the incident is 1
    severity: str  # whose stakeholders it goes to
    status: Status
    text: str
    to: tuple[str, ...] = ()  # mail addresses
    chat: bool = False  # and the severity's chat
    next_at: datetime | None = None  # None when this was the last one


class SummaryNudged(Event, frozen=True, kw_only=True):
    """A summary is due; whoever sends it is reminded, once for each due time."""

    who: str  # empty when nobody has the incident
    due_at: datetime
