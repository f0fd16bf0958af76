"""Events about what is seen: a command that somebody has ended, a file that somebody has attached."""

from __future__ import annotations

from fireline.core.events.event import Event


class CancellationAsked(Event, frozen=True, kw_only=True):
    """Somebody wants a running command ended. What became of it says the run's own end."""

    run: str
    reason: str


class FileAttached(Event, frozen=True, kw_only=True):
    """Somebody added a file, byte for byte, under `evidence`: a heap dump, a trace, a screenshot."""

    name: str
    size: int  # bytes
    evidence: str  # sha256 of the file
    note: str = ""  # what it shows
