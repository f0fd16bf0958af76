"""Earlier: the names in what an earlier command printed, so that nobody copies them by hand.

It reads the tables that kubectl, psql and ps print: a line of headings, and below it one row a thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST = 200  # names in one field
LONGEST_ROW = 80  # characters of a row beside its name
HEADINGS = {"pid": "pid", "revision": "revision"}  # of what is not called by its name
RULE = re.compile(r"[-+=\s]+")
PIPES, GAPS = re.compile(r"\s*\|\s*"), re.compile(r"\s+")  # psql's columns, and everybody else's


def values(output: str, thing: str) -> tuple[tuple[str, str], ...]:
    """The names of things in a table, each with the rest of its row; nothing where there is no such column."""
    wanted = HEADINGS.get(thing, "name")
    lines = [line for line in output.splitlines() if line.strip() and not RULE.fullmatch(line)]
    for at, line in enumerate(lines):
        split = PIPES if " | " in line else GAPS
        headings = split.split(line.strip().lower())
        if wanted in headings:
            return tuple(dict(_named(lines[at + 1 :], split, headings.index(wanted), len(headings))).items())[:MOST]
    return ()


def _named(lines: list[str], split: re.Pattern[str], column: int, width: int) -> Iterator[tuple[str, str]]:
    for line in lines:
        row = [cell.strip() for cell in split.split(line.strip())]
        if len(row) < width and split is PIPES:
            return  # `(3 rows)`
        if len(row) > column:
            about = " · ".join(cell for n, cell in enumerate(row) if n != column and cell)
            yield row[column].rpartition("/")[2], about[:LONGEST_ROW]
