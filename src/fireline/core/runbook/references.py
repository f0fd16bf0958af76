"""What a page points to: links, and dashboards by name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fireline.core.runbook.model import Dashboard, Link
from fireline.core.runbook.tree import Item, Prose, Section, Table
from fireline.core.runbook.words import URL, links, plain

TITLE = re.compile(r"\bdashboards?\b|\bgraphs?\b", re.IGNORECASE)
NAMED = re.compile(
    r"^\s*(?:\*\*|__)?(?P<name>[^:*_\n]{1,80}?)\s*:?\s*(?:\*\*|__)?\s*:?\s*<?(?P<url>https?://\S+?)>?\s*$"
)


def read_links(root: Section) -> tuple[Link, ...]:
    """Give every Markdown link of the page, tables included, code left out."""
    return tuple(
        Link(title=title, target=target, line=line + text.count("\n", 0, at))
        for section in root.walk()
        for line, text in _texts(section)
        for at, title, target in links(text)
    )


def read_dashboards(root: Section) -> tuple[Dashboard, ...]:
    """Give the dashboards listed under a title that says so: "**Grafana:** https://..." or a link."""
    found: list[Dashboard] = []
    for section in root.walk():
        if not any(TITLE.search(s.title) for s in section.above() if s.level > 1):
            continue
        for line, text in _texts(section):
            if named := NAMED.match(text):
                found.append(Dashboard(name=plain(named["name"]), url=named["url"], line=line))
            else:
                found += [
                    Dashboard(name=title, url=target, line=line)
                    for _, title, target in links(text)
                    if URL.match(target)
                ]
    return tuple(found)


def _texts(section: Section) -> Iterator[tuple[int, str]]:
    for block in section.blocks:
        match block:
            case Item() | Prose():
                yield block.line, block.text
            case Table():
                yield block.line, " ".join(block.header)
                yield from ((row.line, " ".join(row.cells)) for row in block.rows)
            case _:
                pass
