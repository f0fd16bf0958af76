"""Storm: when everything breaks at once, one page wakes somebody as well as five hundred would, and sooner.

Two brakes, both of them for incidents that alerts declare. The breaker: when so many different faults were
declared within a minute, further ones join the first incident. The hold: while the on-call is being paged for
an incident at least as grave, another one waits a moment before it pages, too. Paging fails open: a held page
goes out by itself unless somebody has the incident by then, and something graver never waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from fireline.core.events import AnyEvent, IncidentDeclared, Log, PageHold, PageReleased, StormBegan
from fireline.core.follow import PAGED, paged
from fireline.core.incident import fold, still_open
from fireline.core.refusal import Refused

ANY_PAGER = frozenset({"pagerduty"})
Declaration = Callable[[Log, datetime], AnyEvent]  # in truth an IncidentDeclared, as deeds are typed


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[storm]`: when further faults join the first incident, and how long a page waits behind another one."""

    faults: int = 10  # different ones, declared by alerts; 0 turns the breaker off
    seconds: float = 60.0
    hold_seconds: float = 60.0  # 0 turns the hold off


@dataclass(frozen=True, slots=True)
class Lately:
    """An incident that alerts declared moments ago."""

    number: int
    declared: IncidentDeclared
    severity: str  # as it is now
    acknowledged: bool
    open: bool

    @property
    def pages(self) -> bool:
        """Somebody's phone rang for it, or is ringing."""
        return self.severity in PAGED and not self.declared.hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Stormy:
    """The incident that holds a storm, and when an alert joined it last, if lately."""

    number: int
    severity: str
    joined_at: datetime | None


class Storm(Exception):  # noqa: N818  # an answer, not an error
    """There are too many faults for an incident each: join the first of them."""

    def __init__(self, first: Lately, others: Sequence[Lately], count: int) -> None:
        super().__init__(f"INC-{first.number} holds the storm")
        self.first = first
        self.others = tuple(others)  # open, and nobody has them
        self.count = count  # different faults, those to come included


def declare(
    log: Log, at: datetime, *, lately: Sequence[Lately], declaration: Declaration, limits: Limits, coming: int = 1
) -> IncidentDeclared:
    """Declare for an alert, its page held if the on-call is being paged already. Raises `Storm` for the breaker.

    `lately`: what alerts declared within `reach(limits)`, oldest first; `coming`: how many different faults wait
    in this look, this one included.
    """
    event = declaration(log, at)
    assert isinstance(event, IncidentDeclared)
    window = [one for one in lately if at - one.declared.at <= timedelta(seconds=limits.seconds)]
    running = [one for one in window if one.open]
    many = len(window) >= limits.faults or len(window) + coming > limits.faults
    if limits.faults and running and many and not graver(event.severity, running):
        first = min(running, key=lambda one: (not one.pages, _rank(one.severity), one.number))
        others = [one for one in running if one is not first and not one.acknowledged]
        raise Storm(first, others, len(window) + coming)
    hold = _hold(event, at, lately, limits)
    return msgspec.structs.replace(event, hold=hold) if hold else event


def graver(severity: str, than: Sequence[Lately | Stormy]) -> bool:
    """It pages, and nothing of the storm is as grave: it gets a page of its own, now."""
    return severity in PAGED and all(_rank(one.severity) > _rank(severity) for one in than)


def reach(limits: Limits) -> timedelta:
    """How far back an earlier declaration matters."""
    return timedelta(seconds=max(limits.seconds, limits.hold_seconds))


def _hold(event: IncidentDeclared, at: datetime, lately: Sequence[Lately], limits: Limits) -> PageHold | None:
    length = timedelta(seconds=limits.hold_seconds)
    for one in lately:
        rings = one.pages and one.open and not one.acknowledged and at < one.declared.at + length
        if rings and event.severity in PAGED and _rank(one.severity) <= _rank(event.severity):
            since = int((at - one.declared.at).total_seconds())
            why = f"the on-call is being paged for INC-{one.number} since {since} s"
            return PageHold(until=one.declared.at + length, other=one.number, why=why)
    return None


def release(log: Log, at: datetime, *, by: str) -> PageReleased:
    """Called by the clock at the end of the hold. Refused when somebody has it, or it pages already."""
    now = fold(0, log)
    still_open(now)
    if now.acknowledged:
        raise Refused(f"{now.acknowledged.by} has it already.")
    if now.severity not in PAGED or paged(log, ANY_PAGER):
        raise Refused("It does not page any more, or it has paged already.")
    hold = now.declared.hold
    if not hold:
        raise Refused("Its page was never held.")
    if at < hold.until:
        raise Refused("The hold is not over.")
    return PageReleased(at=at, by=by, why=f"it was held because {hold.why}, and nobody has acknowledged this one")


def begin(
    log: Log, at: datetime, *, count: int, seconds: float, names: Sequence[str], incidents: Sequence[int], by: str
) -> StormBegan:
    """Say that further faults join this incident. Once."""
    now = fold(0, log)
    still_open(now)
    if now.storm:
        raise Refused("That there is a storm has been said.")
    return StormBegan(
        at=at, by=by, count=count, seconds=seconds, names=tuple(names)[:NAMES_MAX], incidents=tuple(incidents)
    )


NAMES_MAX = 20  # of the first faults; the alerts themselves are all in the log


def _rank(severity: str) -> int:
    """P0 is 0: the graver, the lower."""
    return int(severity[-1]) if severity[-1:].isdigit() else 9
