"""Places: where in its file a thing stands, as file:line:column, the way editors and compilers say it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from fireline.core.runbook.model import Command, Placeholder, Runbook
from fireline.core.runbook.mojibake import lines_of


class Lined(Protocol):
    """Anything of a runbook: it knows its line."""

    @property
    def line(self) -> int:
        """Counted from 1."""


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column count from 1; columns are characters."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


def place_of(runbook: Runbook, one: Lined, words: str = "") -> Place:
    """Give where a thing begins: at `words` of its line, else where it says, else at the line's first character."""
    said = getattr(one, "column", 0)
    return Place(runbook.path, one.line, said if said and not words else column_of(runbook.source, one.line, words))


def place_of_blank(runbook: Runbook, command: Command, blank: Placeholder) -> Place:
    """Give where a blank of a command begins, which may be on a later line of it."""
    row = command.text.count("\n", 0, blank.start)
    within = blank.start - (command.text.rfind("\n", 0, blank.start) + 1)
    begins = command.columns[row] if row < len(command.columns) else command.column if not row else 1
    return Place(runbook.path, command.line + row, begins + within)


def column_of(source: str, line: int, words: str = "") -> int:
    """Give the column at which `words` begin on a line, or its first character where they do not stand there."""
    lines = _lines(source)
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    found = text.find(words) if words else -1
    return (found if found >= 0 else len(text) - len(text.lstrip())) + 1


@lru_cache(maxsize=4)
def _lines(source: str) -> list[str]:
    return lines_of(source)
