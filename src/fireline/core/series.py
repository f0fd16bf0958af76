"""Series: what Prometheus measured over a while, when it left its usual level, and the same in sentences.

The usual level is the median of what came before the incident; a series has moved when it stays away from that
for a few points by more than it moved about before. Both numbers are always told beside the claim.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median
from typing import Literal

import msgspec

FACTOR = 1.5  # so many times its usual level is a move; a day's ordinary traffic stays within that
SPREADS = 4.0  # and so many times what it moves about by itself
STAYS = 3  # points in a row: one alone is a hiccup of the scrape
LEAD = timedelta(minutes=30)  # a cause may show so long before anybody noticed; what is older is the usual level
FEWEST = 5  # points before that a usual level needs

Kind = Literal["errors", "latency", "cpu", "memory", "traffic", "other"]
Point = tuple[datetime, float]


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One measured line. Without points `why` says why there are none; `limit` is the runbook's, in the same unit."""

    name: str
    unit: str
    kind: Kind = "other"
    points: tuple[Point, ...] = ()
    step: float = 15.0  # seconds between points
    limit: float | None = None
    limit_says: str = ""  # "< 0.1 %"
    why: str = ""
    query: str = ""

    @property
    def last(self) -> float | None:
        """The newest number."""
        return self.points[-1][1] if self.points else None

    @property
    def broken(self) -> bool:
        """The newest number does not keep the limit."""
        if self.last is None or self.limit is None:
            return False
        return self.last < self.limit if self.limit_says.startswith(">") else self.last > self.limit


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A series left its usual level `before` at `at`, and was `peak` at its farthest. `up`: it rose."""

    name: str
    unit: str
    kind: Kind
    at: datetime
    before: float
    peak: float
    up: bool


def moved(series: Series, began: datetime) -> Moved | None:
    """When the series left its usual level around the beginning of an incident; None when it did not."""
    usual = [value for at, value in series.points if at < began - LEAD]
    after = [(at, value) for at, value in series.points if at >= began - LEAD]
    if len(usual) < FEWEST or len(after) < STAYS:
        return None
    level = median(usual)
    spread = median(abs(value - level) for value in usual)
    margin = max(SPREADS * spread, abs(level) * (FACTOR - 1), 1e-9)
    for up in (True, False):
        away = [value > level + margin if up else value < level - margin for _, value in after]
        start = next((n for n in range(len(away) - STAYS + 1) if all(away[n : n + STAYS])), None)
        if start is not None:
            far = [value for _, value in after[start:]]
            return Moved(
                name=series.name, unit=series.unit, kind=series.kind, at=after[start][0], before=level,
                peak=max(far) if up else min(far), up=up,
            )  # fmt: skip
    return None


def in_words(series: Series, began: datetime) -> str:
    """One sentence: how it was, how far it went and when, and how it is; or why nobody knows."""
    if not series.points:
        return f"{_name(series.name)}: {series.why or 'no data'}."
    unit = f" {series.unit}" if series.unit else ""
    now = f"{_name(series.name)} {number(series.points[-1][1])}{unit} at {series.points[-1][0]:%H:%M}"
    limit = f", limit {series.limit_says}" if series.limit_says else ""
    if found := moved(series, began):
        way = f"{'rose' if found.up else 'fell'} from {number(found.before)} to {number(found.peak)}{unit}"
        return f"{now}{limit}; it {way}, beginning {found.at:%H:%M}."
    return f"{now}{limit}."


def number(value: float) -> str:
    """A number as people read it: 0.12, 12.4, 1 840."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    if size >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


def _name(name: str) -> str:
    return name[:1].upper() + name[1:]
