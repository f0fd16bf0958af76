"""Checklists: list items with a box to tick, under the title they stand under."""

from __future__ import annotations

from fireline.core.runbook.model import Checklist, ChecklistItem, Runbook
from fireline.core.runbook.tree import Item, Section
from fireline.core.runbook.words import plain


def read_checklists(root: Section) -> tuple[Checklist, ...]:
    """Give each section's boxes as one checklist."""
    found = []
    for section in root.walk():
        boxes = [b for b in section.blocks if isinstance(b, Item) and b.box is not None]
        if boxes:
            items = tuple(ChecklistItem(text=plain(b.text), line=b.line) for b in boxes)
            title = section.title or "Checklist"
            found.append(Checklist(title=title, line=section.line, items=items))
    return tuple(found)


def resolution_checklist(runbook: Runbook) -> tuple[str, ...]:
    """Give the items that become the gates: those of every checklist with "resol" in its title."""
    return tuple(item.text for one in runbook.checklists if "resol" in one.title.lower() for item in one.items)
