"""Events about who may know of an incident: made private, people let in and taken off, and never quietly opened."""

from __future__ import annotations

from fireline.core.events.event import Event


class MadePrivate(Event, frozen=True, kw_only=True):
    """From now on only the people on the list know that this incident exists."""

    why: str = ""


class MadeOpen(Event, frozen=True, kw_only=True):
    """The commander opened it to everybody again."""

    why: str


class AccessGiven(Event, frozen=True, kw_only=True):
    """`who` is on the list from now on. `uninvited` when an admin let themselves in."""

    who: str
    why: str = ""
    uninvited: bool = False


class AccessTaken(Event, frozen=True, kw_only=True):
    """`who` is no longer on the list."""

    who: str
    why: str
