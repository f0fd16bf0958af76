"""Flapping: an alert that comes and goes. Its turns tell nothing new, so it is told once and counts as firing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

TURNS = 5  # beginnings and ends; two of each and one more is no longer a repair that failed once
WITHIN = timedelta(minutes=10)
QUIET = timedelta(minutes=5)  # without a turn: it has settled


def flapping(turns: Sequence[datetime], at: datetime, *, was: bool = False) -> bool:
    """Whether it comes and goes, by when it last began or ended (oldest first). `was`: it did, when last looked at."""
    if not turns or at - turns[-1] >= QUIET:
        return False
    return was or len(recent(turns)) >= TURNS


def recent(turns: Sequence[datetime]) -> list[datetime]:
    """The turns within ten minutes of the newest."""
    return [turn for turn in turns if turns[-1] - turn <= WITHIN]


def settles_at(turns: Sequence[datetime]) -> datetime:
    """When it has been quiet for long enough, should nothing happen until then."""
    return turns[-1] + QUIET
