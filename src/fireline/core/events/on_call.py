"""Events of on-call: who was asked to come, in what order, and that nobody came."""

from __future__ import annotations

from datetime import datetime

import msgspec

from fireline.core.events.event import Event


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """One way of asking one person, and when."""

    channel: str  # one of `roster.BUILT_IN`, or the name of a gateway
    at: datetime


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A person who is asked, and why it is them."""

    who: str
    why: str  # "on call in primary"
    reaches: tuple[Reach, ...]


class PeopleAsked(Event, frozen=True, kw_only=True):
    """A step of the escalation: these people are asked to take the incident. Each asking is a delivery."""

    chain: str
    round: int  # the first is 1
    step: int  # the first is 1
    people: tuple[Asked, ...]
    next_at: datetime  # when the next step comes, unless somebody has it by then
    passed_over: tuple[str, ...] = ()  # why others were not asked: "backup: nobody has the turn"


class EscalationEnded(Event, frozen=True, kw_only=True):
    """Everybody was asked as often as the settings say, or there is nobody to ask, and nobody has it."""

    chain: str
    why: str
