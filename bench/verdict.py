"""What the figures say: the goals of goals.toml met or missed, its gates held or broken, and the page that shows it."""

from __future__ import annotations

import statistics
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

GOALS = Path(__file__).with_name("goals.toml")
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
UNSTEADY = 2.0  # times: when the peer itself varies more between rounds, its ratios say nothing

Outcome = Literal["met", "missed", "broken", "unsteady", "not measured"]


class Goal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of goals.toml."""

    figure: str
    what: str
    at: Literal["least", "most"]
    goal: float
    gate: float | None = None

    def holds(self, value: float, limit: float) -> bool:
        """The value is on the good side of a limit."""
        return value >= limit if self.at == "least" else value <= limit


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, once a round. `steady`: what it was compared with did not vary too much."""

    values: tuple[float, ...]
    steady: bool = True

    @property
    def middle(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.values)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A goal and what became of it."""

    goal: Goal
    figure: Figure | None

    @property
    def outcome(self) -> Outcome:
        """`broken` is what a gate is for; `unsteady` figures break and meet nothing."""
        if self.figure is None or not self.figure.values:
            return "not measured"
        if not self.figure.steady:
            return "unsteady"
        if self.goal.gate is not None and not self.goal.holds(self.figure.middle, self.goal.gate):
            return "broken"
        return "met" if self.goal.holds(self.figure.middle, self.goal.goal) else "missed"


def goals(file: Path = GOALS) -> tuple[Goal, ...]:
    """The lines of goals.toml."""
    return msgspec.convert(tomllib.loads(file.read_text("utf-8"))["goal"], tuple[Goal, ...], strict=False)


def steady(values: Sequence[float]) -> bool:
    """These rounds of one server do not vary so much that nothing can be said beside them."""
    return bool(values) and max(values) <= UNSTEADY * min(values)


def judge(lines: Sequence[Goal], figures: Mapping[str, Figure]) -> list[Verdict]:
    """Every goal with its figure."""
    return [Verdict(line, figures.get(line.figure)) for line in lines]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, and so is any that holds letters only."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows]) + "\n"


def shown(verdicts: Sequence[Verdict]) -> str:
    """The goals as a Markdown table."""
    rows = []
    for one in verdicts:
        sign = "≥" if one.goal.at == "least" else "≤"
        gate = "" if one.goal.gate is None else f"{sign} {one.goal.gate:g}"
        rows.append([one.goal.what, number(one.figure), f"{sign} {one.goal.goal:g}", gate, one.outcome])
    return table(("what", "measured", "goal", "gate", ""), rows)


def number(figure: Figure | None) -> str:
    """The median, and the smallest and largest round in brackets when there are several."""
    if figure is None or not figure.values:
        return ""
    ends = f" ({min(figure.values):.1f}-{max(figure.values):.1f})" if len(figure.values) > 1 else ""
    return f"{figure.middle:.1f}{ends}"


def written(page: str, text: str) -> str:
    """A page with `text` between its two markers. Raises ValueError when it has none."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{text.strip()}\n\n{END}{after}"
