"""Privately: what the timeline says of who may know of an incident, one sentence an event."""

from __future__ import annotations

from fireline.core.events import AccessGiven, AccessTaken, MadeOpen, MadePrivate
from fireline.core.telling import Words

Privately = MadePrivate | MadeOpen | AccessGiven | AccessTaken


def privately(event: Privately, who: str) -> Words:
    """What to say of this event; `who` is how its actor is called."""
    why = f": {event.why}" if event.why else ""
    match event:
        case MadePrivate():
            return Words(sentence=f"{who} made this incident private{why}", icon="shield", tone="warn", key=True)
        case MadeOpen():
            return Words(sentence=f"{who} made this incident open to everybody{why}", icon="eye", tone="bad", key=True)
        case AccessGiven(uninvited=True):
            said = f"{who} let themselves in as an admin{why}"
            return Words(sentence=said, icon="shield", tone="bad", key=True)
        case AccessGiven():
            return Words(sentence=f"{who} let {event.who} in{why}", icon="shield")
        case AccessTaken():
            return Words(sentence=f"{who} took {event.who} off the list{why}", icon="shield", tone="warn")
