"""About: what people are shown of a change beside its exact bytes, found out before they are asked.

Where it hits, what would become of it, who notices, how it is taken back. It goes into the ask as it was seen, so
that the log says what a yes was given to.
"""

from __future__ import annotations

from dataclasses import dataclass

from fireline.core.change import Change, Told
from fireline.core.change.model import short


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """One change, before it is asked for. "" stands for what there is nothing to say of."""

    target: str = ""
    runbook: str = ""
    name: str = ""
    last_resort: bool = False
    does: str = ""
    preview: str = ""
    no_preview: str = ""
    blast: str = ""
    undo: str = ""
    undone: str = ""
    gentler: str = ""
    asked_as: str = ""
    written: str = ""  # what its files say, as a hash
    refused: str = ""  # why it may not even be asked for

    def said(self) -> dict[str, str | bool]:
        """The fields of the ask that have something to say."""
        named = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "refused"}
        return {name: value for name, value in named.items() if value}


def about(
    change: Change, told: Told, *, where: str, runbook: str, last_resort: bool, asked_as: str = "", refused: str = ""
) -> About:
    """What to show of a change, given what its looks told. `where` is the cluster and namespace it is for."""
    target = " · ".join(part for part in (where or change.place, change.object) if part)
    nothing = "" if told.preview else told.trouble or "fireline does not know how to look at it beforehand."
    return About(
        target=target,
        runbook=runbook,
        name=change.name or (change.object or "last resort"),
        last_resort=last_resort,
        does=change.does,
        preview=short(told.preview),
        no_preview=nothing,
        blast=told.blast,
        undo=told.undo,
        undone=told.undone or ("" if told.undo else "fireline does not know how to take it back."),
        gentler=told.gentler,
        asked_as=asked_as,
        written=told.written,
        refused=refused or told.refused,
    )
