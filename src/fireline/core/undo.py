"""Undo: the way back, kept before a change is made, and offered beside it afterwards."""

from __future__ import annotations

from datetime import datetime

from fireline.core.events import Log, UndoKept
from fireline.core.refusal import Refused


def keep(log: Log, at: datetime, *, run: str, command: str, what: str, by: str) -> UndoKept:
    """Keep the state right before the run as the command that brings it back; once for each run."""
    if of_run(log, run):
        raise Refused("The way back of this run is kept already.")
    return UndoKept(at=at, by=by, run=run, command=command, what=what)


def of_run(log: Log, run: str) -> UndoKept | None:
    """What is kept for a run."""
    return next((event for event in log if isinstance(event, UndoKept) and event.run == run), None)
