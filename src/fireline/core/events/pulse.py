"""The event of the house's own look every half minute: it is still happening, or no longer."""

from __future__ import annotations

from typing import Literal

from fireline.core.events.event import Event

PulseState = Literal["happening", "stopped", "flapping", "unknown"]


class PulseChanged(Event, frozen=True, kw_only=True):
    """What the looks say together is no longer what they said before."""

    state: PulseState
    was: PulseState | None = None  # None: the first that was said of this incident
    says: tuple[str, ...] = ()  # what the newest look saw, in sentences
