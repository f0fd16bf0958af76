"""Ticked: what the timeline says of the runbook's checklists, one sentence an event."""

from __future__ import annotations

from fireline.core.events import ChecklistTicked, ChecklistUnticked
from fireline.core.telling import Words

Ticked = ChecklistTicked | ChecklistUnticked


def ticked(event: Ticked, who: str) -> Words:
    """What to say of this event; `who` is how its actor is called."""
    match event:
        case ChecklistTicked():
            return Words(sentence=f"{who} ticked “{event.item}”", tone="ok", detail=event.checklist)
        case ChecklistUnticked():
            whose = "their own tick" if event.ticked_by == event.by else f"{event.ticked_by}'s tick"
            said = f"{who} took back {whose} of “{event.item}”"
            return Words(sentence=said, icon="left", tone="warn", detail=event.checklist)
