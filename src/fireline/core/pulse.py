"""Pulse: is it still happening? A look every half minute while an incident is open, told only when the answer changes.

A look is well, unwell, or blind when nothing could be asked. Two unwell looks are needed to say that it happens, and
four well ones that it stopped: going back to sleep too early costs more than staying up two minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from fireline.core.events import Log, PulseChanged, PulseState
from fireline.core.incident import fold, still_open
from fireline.core.refusal import Refused

EVERY = timedelta(seconds=30)
KEPT = 40  # looks that are shown: twenty minutes
HAPPENS, STOPS, BLIND = 2, 4, 4  # looks in a row
TURNS, AMONG = 4, 12  # so many changes among so many looks are no repair any more, it comes and goes
SAYS_MAX = 5  # sentences of one event


@dataclass(frozen=True, slots=True)
class Look:
    """One look: `well` is None when nobody could tell; `says` what was seen, in sentences."""

    at: datetime
    well: bool | None
    says: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """`well`, `unwell` or `blind`."""
        return "blind" if self.well is None else "well" if self.well else "unwell"


def state(looks: Sequence[Look], was: PulseState | None) -> PulseState | None:
    """What the looks say together, the newest last; what was said before where they do not say enough."""
    newest = looks[-AMONG:]
    told = [one.well for one in newest if one.well is not None]
    turns = sum(one != other for one, other in pairwise(told))
    if _all(looks, BLIND, None):
        return "unknown"
    if turns >= TURNS and not (_all(looks, 2 * STOPS, True) or _all(looks, 2 * STOPS, False)):
        return "flapping"
    if _all(looks, HAPPENS, False):
        return "happening"
    if _all(looks, STOPS, True):
        return "stopped"
    return was


def change(log: Log, at: datetime, *, looks: Sequence[Look], by: str) -> PulseChanged:
    """Tell the change. Refused when nothing changed: another replica may have been faster."""
    still_open(fold(0, log))
    was = last(log)
    now = state(looks, was)
    if now is None or now == was:
        raise Refused("Nothing has changed.")
    return PulseChanged(at=at, by=by, state=now, was=was, says=looks[-1].says[:SAYS_MAX])


def last(log: Log) -> PulseState | None:
    """What was said last; None before anything was."""
    return next((one.state for one in reversed(log) if isinstance(one, PulseChanged)), None)


def _all(looks: Sequence[Look], count: int, well: bool | None) -> bool:  # noqa: FBT001  # it is the value looked for
    return len(looks) >= count and all(one.well is well for one in looks[-count:])
