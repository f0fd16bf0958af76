"""The dashboards that a runbook speaks of: those it links to, and those it only calls by their names.

A name counts where the page sets it apart: the "Front Desk" dashboard, **Front Desk** dashboard, or an item of its
own in a list under a title such as "Dashboards".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fireline.core.runbook.model import Dashboard, Runbook
from fireline.core.runbook.references import TITLE

_NAME = r"(?:[\"“](?P<quoted>[^\"“”\n]{2,80})[\"”]|\*\*(?P<bold>[^*\n]{2,80})\*\*)"
BEFORE = re.compile(rf"{_NAME}\s+(?:grafana\s+)?dashboard\b", re.IGNORECASE)
AFTER = re.compile(rf"\bdashboard:?\s+{_NAME}", re.IGNORECASE)
HEADING = re.compile(r"^#{2,6}\s+(?P<title>.+)$")
ITEM = re.compile(r"^\s*[-*+]\s+(?:\*\*)?(?P<name>[^*_:\[\]\n\"“”`]{2,80}?)(?:\*\*)?\s*$")


def dashboards_of(book: Runbook) -> tuple[Dashboard, ...]:
    """Each dashboard once, in the page's order; `url` is empty where the page gives a name only."""
    found: dict[str, Dashboard] = {one.name.casefold(): one for one in book.dashboards}
    for line, name in _names(book.source):
        found.setdefault(name.casefold(), Dashboard(name=name, url="", line=line))
    return tuple(sorted(found.values(), key=lambda one: one.line))


def _names(source: str) -> Iterator[tuple[int, str]]:
    listed = False
    for line, text in enumerate(source.splitlines(), start=1):
        if heading := HEADING.match(text):
            listed = bool(TITLE.search(heading["title"]))
        for pattern in (BEFORE, AFTER):
            for one in pattern.finditer(text):
                yield line, (one["quoted"] or one["bold"]).strip()
        if listed and "://" not in text and (item := ITEM.match(text)):
            yield line, item["name"].strip()
