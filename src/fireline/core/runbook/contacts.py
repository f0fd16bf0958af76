"""Contacts: whom to reach, from lists such as "**On-Call:** PagerDuty" and from tables with a phone column."""

from __future__ import annotations

import re

from fireline.core.runbook.model import Contact
from fireline.core.runbook.tree import Item, Section, Table
from fireline.core.runbook.words import plain

TITLE = re.compile(r"\bcontacts?\b|\bescalation (?:path|list|matrix)\b|\bwho to (?:call|reach)\b", re.IGNORECASE)
# What stands where nobody put a number in.
BLANK = re.compile(r"[xX]{3}|\b0{3}[- ]0{3,4}|\bTBD\b|\bTODO\b|^\s*(?:\?+|-+|n/a)\s*$", re.IGNORECASE)
PAIR = re.compile(r"^(?P<role>[^:]{1,60}?)\s*:\s*(?P<contact>\S.*)$")


def read_contacts(root: Section) -> tuple[Contact, ...]:
    """Give every contact in the order of the page."""
    found: list[Contact] = []
    for section in root.walk():
        under = any(TITLE.search(s.title) for s in section.above())
        for block in section.blocks:
            if isinstance(block, Table):
                found += _rows(block, under=under)
            elif under and isinstance(block, Item) and (pair := PAIR.match(plain(block.text))):
                found.append(Contact(role=pair["role"], contact=pair["contact"], phone=None, line=block.line))
    return tuple(found)


def blank(contact: Contact) -> bool:
    """The page has a place for this phone number, and nobody has put one in."""
    return contact.phone is not None and BLANK.search(contact.phone) is not None


def _rows(table: Table, *, under: bool) -> list[Contact]:
    header = [plain(h).lower() for h in table.header]
    role = next((i for i, h in enumerate(header) if re.search(r"role|name|team|who|title", h)), None)
    phone = next((i for i, h in enumerate(header) if re.search(r"phone|mobile|\btel|number", h)), None)
    contact = next(
        (
            i
            for i, h in enumerate(header)
            if i not in (role, phone) and re.search(r"contact|slack|mail|handle|reach|how", h)
        ),
        None,
    )
    if role is None or not (under or phone is not None) or (phone is None and contact is None):
        return []
    made = []
    for row in table.rows:
        cells = [*map(plain, row.cells), *[""] * len(header)]
        reach = cells[contact] if contact is not None else ""
        made.append(
            Contact(
                role=cells[role],
                contact=reach,
                phone=(cells[phone] or None) if phone is not None else None,
                line=row.line,
            )
        )
    return made
