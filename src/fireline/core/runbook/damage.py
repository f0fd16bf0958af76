"""Damage: what shows that a page is not what its author meant to save.

A house that has a good version of such a page goes on with that one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fireline.core.runbook.model import Finding, Runbook
from fireline.core.runbook.place import column_of
from fireline.core.runbook.tree import Fence, Section

# What git writes into a file it could not merge: https://git-scm.com/docs/git-merge, "How conflicts are presented"
OURS = re.compile(r"^<{7}(?: .*)?$", re.MULTILINE)
THEIRS = re.compile(r"^>{7}(?: .*)?$", re.MULTILINE)
CODES = frozenset({"empty-page", "merge-conflict", "unclosed-block"})


def read_damage(source: str, root: Section) -> tuple[Finding, ...]:
    """Give what is broken about a page: nothing on it, an unfinished merge, a block of code that never ends."""
    return tuple(_damage(source, root))


def damage_of(runbook: Runbook) -> Finding | None:
    """Give the first thing that is broken about a page, None for a whole one."""
    return next((one for one in runbook.findings if one.code in CODES), None)


def _damage(source: str, root: Section) -> Iterator[Finding]:
    if not source.strip("\ufeff \t\r\n"):
        message = "There is nothing on the page. Write the runbook, or take the file away."
        yield Finding(code="empty-page", line=1, severity="error", message=message)
    if (ours := OURS.search(source)) and THEIRS.search(source, ours.end()):
        line = source.count("\n", 0, ours.start()) + 1
        message = "A merge was left unfinished here. Choose one side and take the marks out."
        yield Finding(code="merge-conflict", line=line, severity="error", message=message)
    for section in root.walk():
        for block in section.blocks:
            if isinstance(block, Fence) and not block.closed:
                column = column_of(source, block.line)
                message = "This block of code is never closed, so all that follows belongs to it. Close it with ```."
                yield Finding(code="unclosed-block", line=block.line, severity="error", message=message, column=column)
