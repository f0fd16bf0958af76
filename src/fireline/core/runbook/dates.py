"""Dates of a page: last updated and next review, as written, and what they mean as days."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date

from fireline.core.runbook.model import Front
from fireline.core.runbook.tree import Item, Prose, Section
from fireline.core.runbook.words import plain

UPDATED = re.compile(r"^last[ _-](?:updated?|modified|changed|revised)\b\s*:?\s*(?P<date>.*)$", re.IGNORECASE)
REVIEW = re.compile(r"^(?:next[ _-]review|review[ _-](?:by|due|date|on))\b\s*:?\s*(?P<date>.*)$", re.IGNORECASE)
MONTHS = {name: n for n, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}  # noqa: SIM905
DAY = re.compile(r"\b(?P<y>\d{4})-(?P<m>\d{1,2})(?:-(?P<d>\d{1,2}))?\b")
WORDS = re.compile(
    r"\b(?:(?P<d>\d{1,2})(?:st|nd|rd|th)?\s+)?(?P<m>[A-Za-z]{3,9})\.?\s+(?:(?P<d2>\d{1,2})(?:st|nd|rd|th)?,?\s+)?(?P<y>\d{4})\b"
)


def read_dates(root: Section, front: Front) -> tuple[str | None, str | None]:
    """Give (last updated, next review) as written; the page's own words win over its front matter."""
    updated, review = None, None
    for section in root.walk():
        lines = [f"{section.title} {section.prose()}".strip()] if section.title else []
        lines += [t for b in section.blocks if isinstance(b, Item | Prose) for t in plain_lines(b.text)]
        for text in lines:
            if (found := UPDATED.match(text)) and found["date"]:
                updated = updated or found["date"].split("\n")[0].strip()
            if (found := REVIEW.match(text)) and found["date"]:
                review = review or found["date"].split("\n")[0].strip()
    return updated or _stated(front, "last_updated"), review or _stated(front, "review_by") or _stated(
        front, "next_review"
    )


def plain_lines(text: str) -> list[str]:
    """Give the plain words of each line of a paragraph."""
    return [plain(t) for t in text.split("\n")]


def last_day(text: str) -> date | None:
    """Give the last day a date means: "February 2025" is 28 February 2025. None when it is no date."""
    if match := DAY.search(text):
        return _date(match["y"], int(match["m"]), match["d"])
    if match := WORDS.search(text):
        month = MONTHS.get(match["m"][:3].lower())
        return _date(match["y"], month, match["d"] or match["d2"]) if month else None
    return None


def _date(year: str, month: int, day: str | None) -> date | None:
    if not (1 <= month <= 12 and 1 <= int(year) <= 9999):
        return None
    last = monthrange(int(year), month)[1]
    return date(int(year), month, min(int(day), last) if day and int(day) else last)


def _stated(front: Front, key: str) -> str | None:
    value = front.get(key)
    return value if isinstance(value, str) and value else None
