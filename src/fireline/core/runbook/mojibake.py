"""Mojibake: UTF-8 that was once read as Windows-1252, put right in prose and left alone in commands.

ftfy undoes the damage where no byte was lost. The cross mark is the exception: its middle byte, 9D, has no
character in Windows-1252 and many editors drop it, so that two characters are left of three. It goes first.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import ftfy

from fireline.core.runbook.model import Finding
from fireline.core.runbook.words import CODE

LOST_CROSS = "\u00e2\u0152"  # E2 and 8C read as Windows-1252; 9D is gone
CROSS = "\u274c"
LINE = re.compile(r"(\r\n|\r|\n)")
SUSPECT = re.compile(r"[\u00c2-\u00f4]")  # what the lead bytes of UTF-8, C2 to F4, turn into
RUN = re.compile(r"[^\s`]+")


def lines_of(source: str) -> list[str]:
    """Split at line endings only: a form feed or U+2028 ends no line of Markdown."""
    return re.split(r"\r\n|\r|\n", source)


def repair(source: str, *, untouched: Collection[int]) -> tuple[str, tuple[Finding, ...]]:
    """Repair every line but those in `untouched` (line numbers from 1); line endings stay as they are."""
    if not SUSPECT.search(source):
        return source, ()
    findings: list[Finding] = []
    parts = LINE.split(source)  # line, ending, line, ending, ...
    for at in range(0, len(parts), 2):
        number = at // 2 + 1
        if number in untouched or not SUSPECT.search(parts[at]):
            continue
        parts[at] = _repair_line(parts[at], number, findings)
    return "".join(parts), tuple(findings)


def _repair_line(text: str, number: int, findings: list[Finding]) -> str:
    def repaired(found: re.Match[str]) -> str:
        before = found[0]
        if not SUSPECT.search(before):
            return before
        after = ftfy.fix_encoding(before.replace(LOST_CROSS, CROSS))
        if after == before or "\n" in after or "\r" in after:
            return before
        message = f"Mojibake: read {before!r} as {after!r}. Save the file as UTF-8 with the character itself."
        column = done + found.start() + 1
        findings.append(Finding(code="mojibake", line=number, severity="warning", message=message, column=column))
        return after

    spans = [m.span() for m in CODE.finditer(text)]  # inline code may be a command: hands off
    out, done = [], 0
    for start, end in [*spans, (len(text), len(text))]:
        out.append(RUN.sub(repaired, text[done:start]))
        out.append(text[start:end])
        done = end
    return "".join(out)
