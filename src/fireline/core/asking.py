"""Asking: what the incident's own channel is shown of what is asked for. Each once, changed when answered.

What only reads is shown too, because a person wanted to know. An ask is older than its channel where fireline proposes
something before the channel stands; it is shown then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fireline.core import approval
from fireline.core.events import (
    ApprovalAsked,
    ApprovalDenied,
    ApprovalGiven,
    CommandFinished,
    CommandStarted,
    DeliveryMade,
    GlassBroken,
    Log,
)
from fireline.core.readers import closed_at
from fireline.core.work import Effect

VENDOR = "slack_asks"
ROOM = "slack"  # whose delivery `open` makes the channel
WHAT: Mapping[str, Mapping[str, str]] = {
    VENDOR: {"ask": "Ask for a yes in the channel", "settle": "Say in the channel what was answered"}
}


def told(log: Log, vendors: frozenset[str], tell: Callable[..., Effect]) -> tuple[Effect, ...]:
    """What the channel is shown because of the newest event."""
    if VENDOR not in vendors or not _room(log):
        return ()
    match log[-1]:
        case DeliveryMade() as made if _opens(made):
            open_now = [one for one in approval.asks(log) if one.waiting(made.at) and one.asked.yes_needed]
            return tuple(tell(VENDOR, "ask", str(one.number), ask=one.number) for one in open_now)
        case ApprovalAsked(ask=ask):
            return (tell(VENDOR, "ask", str(ask), ask=ask),)
        case ApprovalGiven(ask=ask) | ApprovalDenied(ask=ask) | GlassBroken(ask=ask):
            return (tell(VENDOR, "settle", str(ask), ask=ask),) if shown(log, ask) else ()
        case CommandFinished(run=run):
            began = (one.ask for one in log if isinstance(one, CommandStarted) and one.run == run)
            approved = next(began, None)
            there = approved and shown(log, approved)
            return (tell(VENDOR, "settle", str(approved), ask=approved),) if there else ()
        case _:
            return ()


def shown(log: Log, ask: int) -> str:
    """The key of the delivery that shows this ask in the channel; empty where it is not shown."""
    room, key = False, ""
    for seq, event in enumerate(log, 1):
        match event:
            case DeliveryMade() if _opens(event):
                room = True
                asked = [one for one in approval.asks(log[:seq]) if one.number == ask]
                if not key and asked and asked[0].waiting(event.at) and asked[0].asked.yes_needed:
                    key = f"{VENDOR}/{seq}/ask/{ask}"
            case ApprovalAsked(ask=number) if room and number == ask:
                return f"{VENDOR}/{seq}/ask/{ask}"
            case _:
                pass
    return key


def _room(log: Log) -> bool:
    """A channel for those who may know of it: one that was opened before it became private is not theirs alone."""
    made = (event.delivery for event in log if isinstance(event, DeliveryMade) and _opens(event))
    since = closed_at(log)
    return any(int(key.split("/")[1]) >= since for key in made)


def _opens(event: DeliveryMade) -> bool:
    vendor, _, verb, *_ = event.delivery.split("/")
    return vendor == ROOM and verb == "open"
