"""Rows as psql prints them where no terminal is: aligned, unaligned, or comma-separated.

The layout is that of psql 15 (src/fe_utils/print.c): border 1, headings in the middle, numbers to the right, a `+`
where a value goes on in the next line.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# Types that print.c puts to the right: int8 int2 int4 oid xid cid float4 float8 money numeric xid8
RIGHT = frozenset({20, 21, 23, 26, 28, 29, 700, 701, 790, 1700, 5069})
CONTROLS = {n: f"\\x{n:02X}" for n in range(32) if chr(n) not in "\t\n"} | {13: "\\r", 127: "\\x7F"}
TAB = 8  # columns to a tab stop


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is wanted: `-t` leaves out headings and the count, `-A` sets values apart by `separator`."""

    aligned: bool = True
    bare: bool = False
    csv: bool = False
    separator: str = "|"


def table(names: Sequence[str], types: Sequence[int], rows: Sequence[Sequence[str | None]], layout: Layout) -> str:
    """The rows as text; `types` are the type numbers of PostgreSQL, None is NULL and prints as nothing."""
    texts = [[value or "" for value in row] for row in rows] if names else []
    count = f"({len(rows)} row{'' if len(rows) == 1 else 's'})\n"
    lines = texts if layout.bare else [list(names), *texts]
    if layout.csv:
        return "".join(",".join(map(_quoted, line)) + "\n" for line in lines)
    if not layout.aligned:
        return "".join(layout.separator.join(line) + "\n" for line in lines) + ("" if layout.bare else count)
    return _aligned(names, types, texts, bare=layout.bare) + ("" if layout.bare else count) + "\n"


def _aligned(names: Sequence[str], types: Sequence[int], rows: Sequence[Sequence[str]], *, bare: bool) -> str:
    heads = [_lines(name) for name in names]
    cells = [[_lines(value) for value in row] for row in rows]
    widths = [
        max(width(line) for lines in column for line in lines) for column in zip(heads, *cells, strict=True)
    ]  # the headings count although -t does not print them
    out = []
    if not bare:
        for n in range(max(map(len, heads), default=1)):
            marks = [_middle(_nth(head, n), wide) + _mark(head, n) for head, wide in zip(heads, widths, strict=True)]
            out.append("|".join(f" {mark}" for mark in marks))
        out.append("-" + "-+-".join("-" * wide for wide in widths) + "-")
    for row in cells:
        for n in range(max(map(len, row))):
            parts = [_cell(lines, n, wide, kind) for lines, wide, kind in zip(row, widths, types, strict=True)]
            if n + 1 >= len(row[-1]):  # the line ends where its last value does
                last = _nth(row[-1], n)
                parts[-1] = parts[-1][:-1] if types[-1] in RIGHT and n < len(row[-1]) else last
            out.append("|".join(f" {part}" for part in parts))
    return "".join(line + "\n" for line in out)


def _cell(lines: list[str], n: int, wide: int, kind: int) -> str:
    text = _nth(lines, n)
    room = " " * (wide - width(text))
    return (room + text if kind in RIGHT else text + room) + _mark(lines, n)


def _nth(lines: list[str], n: int) -> str:
    return lines[n] if n < len(lines) else ""


def _mark(lines: list[str], n: int) -> str:
    """What follows a value in its column: `+` when it goes on in the next line."""
    return "+" if n + 1 < len(lines) else " "


def _quoted(value: str) -> str:
    """A value of a CSV line, in quotes where it needs them (print.c, csv_print_field)."""
    special = any(mark in value for mark in ',"\r\n') or value == "\\."
    return '"' + value.replace('"', '""') + '"' if special else value


def _lines(value: str) -> list[str]:
    """The lines of a value with its tabs and control characters shown as psql shows them."""
    return [_expanded(line).translate(CONTROLS) for line in value.split("\n")]


def _expanded(line: str) -> str:
    return line.expandtabs(TAB) if "\t" in line else line


def _middle(text: str, wide: int) -> str:
    room = wide - width(text)
    return " " * (room // 2) + text + " " * (room - room // 2)


def width(text: str) -> int:
    """Columns that `text` takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
