"""Cancellation: a person ends a command that runs. Who and why is in the log before anything is stopped.

The command gets SIGTERM with all it has started, and SIGKILL two seconds later. What a change had done by then stays
done, so its end says: it may have changed something, look.
"""

from __future__ import annotations

from datetime import datetime

from fireline.core.events import CancellationAsked, CommandStarted, Log
from fireline.core.incident import fold
from fireline.core.refusal import Refused


def ask(log: Log, at: datetime, *, run: str, reason: str, by: str) -> CancellationAsked:
    """End this run. The second who asks is told who was first; what has ended can no longer be cancelled."""
    this = fold(0, log).run(run)
    if this is None:
        raise Refused(f"There is no run {run} here.", status=404)
    if this.finished:
        raise Refused(f"It has ended already: {this.finished.ending}, after {this.finished.seconds:.1f} s.")
    if first := asked(log, run):
        raise Refused(f"{first.by} has cancelled it already: {first.reason}")
    if not reason.strip():
        raise Refused("Say why it is to be ended.", status=400, field="reason")
    return CancellationAsked(at=at, by=by, run=run, reason=" ".join(reason.split()))


def asked(log: Log, run: str) -> CancellationAsked | None:
    """Who has cancelled this run, and why."""
    return next((one for one in log if isinstance(one, CancellationAsked) and one.run == run), None)


def told(log: Log, started: CommandStarted, *, began: bool) -> tuple[str, ...]:
    """What to read first of a run that was cancelled: by whom, why, and whether it may have changed something."""
    first = asked(log, started.run)
    who = f"Cancelled by {first.by}: {first.reason.rstrip('.')}." if first else "Cancelled."
    if not began:
        return (f"{who} It had not begun; nothing has changed.",)
    if started.effect == "read":
        return (who,)
    return (f"{who} It may have changed something: look before you go on.",)
