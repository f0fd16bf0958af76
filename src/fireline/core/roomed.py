"""Roomed: what the timeline says of the room, one sentence an event."""

from __future__ import annotations

from fireline.core.events import CallLinked, RoomKept
from fireline.core.telling import Words

Roomed = CallLinked | RoomKept


def roomed(event: Roomed, who: str) -> Words:
    """What to say of this event; `who` is how its actor is called."""
    match event:
        case CallLinked(url=url):
            return Words(sentence=f"{who} linked the call: {url}", icon="chat", key=True)
        case RoomKept(why=why):
            return Words(sentence=f"{who} wants the chat channel to stay" + (f": {why}" if why else ""), icon="chat")
