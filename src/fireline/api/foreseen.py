"""What is known of a change before it is made, and the way back that is kept of it: as the API shows both."""

from __future__ import annotations

import msgspec

from fireline.core import approval
from fireline.core.events import Log, UndoKept


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen before a command was asked for. "" stands for what there is nothing to say of.

    A yes is to the command and to all of `bound`, the target and the runbook's version among them. A last resort is
    approved by typing `name`. Without a `preview`, `no_preview` says why; without an `undo`, `undone` says why.
    """

    target: str
    runbook: str
    bound: tuple[str, ...]
    name: str
    last_resort: bool
    does: str
    preview: str
    no_preview: str
    blast: str
    undo: str
    undone: str
    gentler: str
    asked_as: str
    void_because: str


class Undo(msgspec.Struct, frozen=True, kw_only=True):
    """The way back of one run. `command` is ready to be asked for; "" where there is none, and `what` says why."""

    run: str
    command: str
    what: str


def foreseen(one: approval.Ask) -> Foreseen:
    """What was shown with an ask."""
    asked = one.asked
    return Foreseen(
        target=asked.target or "", runbook=asked.runbook or "", bound=approval.bound(asked), name=asked.name or "",
        last_resort=bool(asked.last_resort), does=asked.does or "", preview=asked.preview or "",
        no_preview=asked.no_preview or "", blast=asked.blast or "", undo=asked.undo or "", undone=asked.undone or "",
        gentler=asked.gentler or "", asked_as=asked.asked_as or "", void_because=one.void.why if one.void else "",
    )  # fmt: skip


def undos(log: Log) -> tuple[Undo, ...]:
    """Every way back that is kept, the oldest first."""
    return tuple(Undo(run=one.run, command=one.command, what=one.what) for one in log if isinstance(one, UndoKept))
