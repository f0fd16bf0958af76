"""Events of runners: what one that was lost says when it is back."""

from __future__ import annotations

from fireline.core.events.event import Ending, Event


class OutcomeHeard(Event, frozen=True, kw_only=True):
    """A runner that was lost in the middle of a change came back and told how that ended. Nothing ran again."""

    run: str
    runner: str
    ending: Ending  # `interrupted`: it cannot say either
    exit_code: int | None
    seconds: float
    evidence: str  # sha256 of the masked output
    size: int  # bytes of output kept
    cut: int = 0
    masked: int = 0
    summary: str = ""
