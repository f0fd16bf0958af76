"""The symptom table: what is seen, what to look at, and with which command."""

from __future__ import annotations

from fireline.core.runbook.model import Symptom
from fireline.core.runbook.tree import Section, Table
from fireline.core.runbook.words import code_spans, plain


def read_symptoms(root: Section) -> tuple[Symptom, ...]:
    """Give the rows of every table that has a symptom column and a check or command column."""
    found: list[Symptom] = []
    for section in root.walk():
        for table in (b for b in section.blocks if isinstance(b, Table)):
            found += _rows(table)
    return tuple(found)


def _rows(table: Table) -> list[Symptom]:
    header = [plain(h).lower() for h in table.header]
    symptom = next((i for i, h in enumerate(header) if "symptom" in h or h in ("sign", "problem", "issue")), None)
    command = next((i for i, h in enumerate(header) if "command" in h), None)
    check = next((i for i, h in enumerate(header) if "check" in h or "look" in h or "cause" in h), None)
    if symptom is None or (command is None and check is None):
        return []
    rows = []
    for row in table.rows:
        cells = [*row.cells, *[""] * len(header)]
        cell = cells[command] if command is not None else ""
        code = ", ".join(c for _, c in code_spans(cell))
        looked = plain(cells[check]) if check is not None else ""
        if plain(cells[symptom]):
            rows.append(
                Symptom(symptom=plain(cells[symptom]), check=looked, command=code or plain(cell) or None, line=row.line)
            )
    return rows
