"""Checklists: list items with a box to tick, under the title they stand under."""

from __future__ import annotations

from fireline.core.runbook.model import Checklist, ChecklistItem, Runbook
from fireline.core.runbook.structure import Structure
from fireline.core.runbook.tree import Item
from fireline.core.runbook.words import plain


def read_checklists(structure: Structure) -> tuple[Checklist, ...]:
    """Give each section's boxes as one checklist, with the phase and the scenario it stands in."""
    found = []
    for section in structure.root.walk():
        boxes = [b for b in section.blocks if isinstance(b, Item) and b.box is not None]
        if boxes:
            items = tuple(ChecklistItem(text=plain(b.text), line=b.line) for b in boxes)
            title = section.title or "Checklist"
            phase, scenario = structure.phase(section), structure.scenario(section)
            found.append(
                Checklist(
                    title=title,
                    line=section.line,
                    items=items,
                    phase=phase.title if phase else None,
                    scenario=structure.scenarios[scenario] if scenario else None,
                )
            )
    return tuple(found)


def is_resolution(checklist: Checklist) -> bool:
    """Whether its items are the gates: it has "resol" in its title."""
    return "resol" in checklist.title.lower()


def resolution_checklist(runbook: Runbook) -> tuple[str, ...]:
    """Give the items that become the gates."""
    return tuple(item.text for one in runbook.checklists if is_resolution(one) for item in one.items)
