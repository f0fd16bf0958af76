"""Rhythm: how often a page says that people are told, in its templates or in the words just above them."""

from __future__ import annotations

import re

from fireline.core.runbook.model import Runbook

EVERY = re.compile(r"\bevery\s+(\d+)\s*(min|h)", re.IGNORECASE)  # Every 15 minutes in the incident channel:
WITHIN = re.compile(r"\b(?:with)?in\s+(\d+)\s*(min|h)", re.IGNORECASE)  # We'll provide an update in 15 minutes.
LINES_ABOVE = 4  # of a template


def minutes_between(book: Runbook | None, kind: str) -> float:
    """Minutes from one update to the next, by the first template of this kind that names them; 0 where none does."""
    lines = book.source.splitlines() if book else []
    for one in book.templates if book else ():
        above = "\n".join(lines[max(0, one.line - 1 - LINES_ABOVE) : max(0, one.line - 1)])
        if one.kind == kind and (found := EVERY.search(above) or WITHIN.search(one.text)):
            return float(found[1]) * (60 if found[2].lower() == "h" else 1)
    return 0.0
