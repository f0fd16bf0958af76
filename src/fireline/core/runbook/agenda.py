"""The agenda of the review meeting: its parts and their minutes."""

from __future__ import annotations

import re

from fireline.core.runbook.model import AgendaPart
from fireline.core.runbook.tree import Item, Section
from fireline.core.runbook.words import plain

TITLE = re.compile(r"\bagenda\b|\brun[- ]?sheet\b", re.IGNORECASE)
PART = re.compile(
    r"^(?P<title>.+?)\s*[(\[–—-]\s*(?P<minutes>\d{1,3})\s*m(?:in(?:ute)?s?)?\.?\s*[)\]]?\s*:?$", re.IGNORECASE
)


def read_agenda(root: Section) -> tuple[AgendaPart, ...]:
    """Give the timed parts of the first agenda on the page."""
    for section in root.walk():
        if not TITLE.search(section.title):
            continue
        items = [(b.line, plain(b.text.split("\n")[0])) for b in section.blocks if isinstance(b, Item)]
        parts = [
            AgendaPart(title=part["title"].strip(" :"), minutes=int(part["minutes"]), line=line)
            for line, words in items
            if (part := PART.match(words))
        ]
        if parts:
            return tuple(parts)
    return ()
