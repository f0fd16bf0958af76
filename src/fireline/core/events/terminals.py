"""Events of commands that people type themselves."""

from __future__ import annotations

from fireline.core.events.event import Event


class TerminalHandedOut(Event, frozen=True, kw_only=True):
    """Somebody was given a command that opens a terminal. What they do in it is theirs, and not recorded."""

    terminal: int  # first of the incident is 1
    step: str
    title: str
    command: str
