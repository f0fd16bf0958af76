"""Events of the room people talk in: the call they join, and whether its channel stays."""

from __future__ import annotations

from fireline.core.events.event import Event


class CallLinked(Event, frozen=True, kw_only=True):
    """Somebody said where people talk and share their screens; the newest one holds."""

    url: str


class RoomKept(Event, frozen=True, kw_only=True):
    """Somebody wants the chat channel to stay: it is not archived, or taken out of the archive again."""

    why: str = ""
