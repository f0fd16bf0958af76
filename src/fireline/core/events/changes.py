"""Events about what a change leaves behind: the way back."""

from __future__ import annotations

from fireline.core.events.event import Event


class ApprovalVoided(Event, frozen=True, kw_only=True):
    """A yes that did not hold: right before the change, things were no longer as they had been shown."""

    ask: int
    why: str


class UndoKept(Event, frozen=True, kw_only=True):
    """The state right before a change, as the command that brings it back; written before the change starts."""

    run: str
    command: str  # "" where there is no way back
    what: str  # "Scale deployment/api back to 3", or why there is none
