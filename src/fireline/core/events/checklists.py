"""Events of the runbook's checklists beside the gates: who ticked what, and who took a tick back."""

from __future__ import annotations

from fireline.core.events.event import Event


class ChecklistTicked(Event, frozen=True, kw_only=True):
    """A person says that this item is done. Both are kept in the runbook's words: a page may change meanwhile."""

    checklist: str
    item: str


class ChecklistUnticked(Event, frozen=True, kw_only=True):
    """A tick was taken back: the item is not done, or not any more."""

    checklist: str
    item: str
    ticked_by: str  # whose tick it was
