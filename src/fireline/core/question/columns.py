"""Columns, ages and amounts as kubectl prints them: its output is what people compare with what they remember."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400  # seconds
# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
SUFFIXES = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1), "k": Decimal(10**3),
    "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12), "P": Decimal(10**15), "E": Decimal(10**18),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40), "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}  # fmt: skip
QUANTITY = re.compile(r"([+-]?[\d.]+(?:e[+-]?\d+)?)(n|u|m|k|Ki|[MGTPE]i?|)")


def tabbed(lines: Sequence[str], *, least: int, padding: int) -> str:
    """Text with tabs as Go's text/tabwriter lays it out: a column reaches over neighbouring lines that have it.

    What stands before a tab is padded to the widest of its column plus `padding`, at least `least`; what stands
    behind the last tab is as wide as it is. https://pkg.go.dev/text/tabwriter
    """
    cells = [line.split("\t") for line in lines]
    out: list[str] = []

    def written(start: int, end: int, widths: list[int]) -> None:
        padded = [*widths, 0]  # what stands behind the last tab is not padded
        out.extend("".join(map(str.ljust, line, padded)) for line in cells[start:end])

    def laid(start: int, end: int, widths: list[int]) -> None:
        column, done, here = len(widths), start, start
        while here < end:
            if column >= len(cells[here]) - 1:
                here += 1
                continue
            written(done, here, widths)
            done = here
            while here < end and column < len(cells[here]) - 1:
                here += 1
            width = max(least, *(len(line[column]) + padding for line in cells[done:here]))
            laid(done, here, [*widths, width])
            done = here
        written(done, end, widths)

    laid(0, len(cells), [])
    return "".join(f"{line}\n" for line in out)


def table(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as `kubectl get` prints them: three blanks between columns, and no line breaks in a cell."""
    return tabbed(["\t".join(map(_cell, row)) for row in rows], least=6, padding=3)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = str(value).replace("\t", " ")
    cut = re.search(r"[\f\n\r]", text)
    return f"{text[: cut.start()]}..." if cut else text


def age(seconds: float) -> str:
    """How long ago, in one unit or two: 45s, 9m5s, 3h, 7d. As k8s.io/apimachinery's HumanDuration does."""
    whole = int(seconds)
    if whole < 0:
        return "<invalid>" if whole < -1 else "0s"
    for below, unit, letter, part, small in (
        (2 * MINUTE, 1, "s", 0, ""),
        (10 * MINUTE, MINUTE, "m", 1, "s"),
        (3 * HOUR, MINUTE, "m", 0, ""),
        (8 * HOUR, HOUR, "h", MINUTE, "m"),
        (2 * DAY, HOUR, "h", 0, ""),
        (8 * DAY, DAY, "d", HOUR, "h"),
        (2 * YEAR, DAY, "d", 0, ""),
        (8 * YEAR, YEAR, "y", DAY, "d"),
    ):
        if whole < below:
            rest = whole % unit // part if part else 0
            return f"{whole // unit}{letter}" + (f"{rest}{small}" if rest else "")
    return f"{whole // YEAR}y"


def quantity(text: str) -> Decimal:
    """An amount of CPU or memory as a number: `250m` is 0.25 cores, `90Mi` is 94371840 bytes; ValueError if none."""
    found = QUANTITY.fullmatch(text)
    if not found:
        raise ValueError(text)
    return Decimal(found[1]) * SUFFIXES[found[2]]


def when(stamp: str | None) -> datetime | None:
    """The moment a time of the API names; None where there is none."""
    return datetime.fromisoformat(stamp) if stamp else None


def natural(text: str) -> list[tuple[int, int, str]]:
    """A key that puts web-9 before web-10, as kubectl sorts."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"\d+|\D+", text)]


def at(thing: Any, path: str) -> Any:
    """What stands at `status.containerStatuses[0].restartCount`; None if nothing does."""
    for part in re.findall(r"[A-Za-z]+|\[\d+\]", path):
        if part.startswith("["):
            index = int(part[1:-1])
            thing = thing[index] if isinstance(thing, list) and index < len(thing) else None
        else:
            thing = thing.get(part) if isinstance(thing, dict) else None
    return thing
