"""Rota: whose turn it is, at any moment, in the clocks of the people who take the turns.

A rotation is one layer or several of the same name; where a later layer has somebody it holds, elsewhere the
one below it. Over all layers stand overrides: "Ben takes Saturday". Hand-overs are times of a wall clock in the
rotation's zone, so that 09:00 stays 09:00 when the clocks change, and that shift is an hour longer or shorter.
A wall-clock time that a change of the clocks leaves out counts by the offset before it, one that comes twice is
the first of the two, as calendars do it (RFC 5545, section 3.3.5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

from fireline.core.refusal import Refused

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY = timedelta(days=1)
LONGEST_LOOK = timedelta(days=400)  # shifts are worked out piece by piece; a year and some is what people plan
LONGEST_OVERRIDE = timedelta(days=90)  # whoever is away for longer is taken out of the rotation

EVERY = re.compile(r"(?:(\d{1,3}) )?(week|day|hour)s?")
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d"
_DAY = "|".join(DAYS)
HANDOVER = re.compile(rf"(?:({_DAY}) )?({_TIME})")
SPAN = re.compile(rf"({_DAY}) ({_TIME}) to ({_DAY}) ({_TIME}|24:00)")
DAILY = re.compile(rf"(?P<days>(?:{_DAY})(?:[-,](?:{_DAY}))*)?(?:(?:^| )(?P<from>{_TIME})-(?P<to>{_TIME}|24:00))?")


class Layer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[on_call.rotations]]`: people who take turns. Several of one name are layers, the later above the earlier."""

    name: str
    people: tuple[str, ...]  # handles, in the order of their turns
    starts: date  # the first one's first turn begins on this day at the hand-over time
    every: str = "week"  # or day, 2 weeks, 3 days, 12 hours: how long a turn is
    handover: str = "09:00"  # or "Mon 09:00"; without a day, weeks begin on the weekday of `starts`
    zone: str = "UTC"  # https://www.iana.org/time-zones, e.g. Europe/Budapest
    during: tuple[str, ...] = ()  # "Mon-Fri 09:00-17:00", "Fri 17:00 to Mon 09:00"; without any, always
    ends: date | None = None  # nobody from the hand-over time of this day on


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """For a while somebody else has the turn. Of several that hold the one made last counts."""

    rotation: str
    who: str
    starts_at: datetime
    ends_at: datetime
    by: str
    why: str
    number: int = 0
    ended_by: str | None = None  # who took it back early; `ends_at` is then when

    def holds(self, rotation: str, at: datetime) -> bool:
        """It decides who has this rotation's turn then."""
        return self.rotation == rotation and self.starts_at <= at < self.ends_at


@dataclass(frozen=True, slots=True)
class Shift:
    """Who has the turn from when to when (UTC); `who` is None where the rotation has nobody."""

    rotation: str
    who: str | None
    starts_at: datetime
    ends_at: datetime
    override: Override | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Minutes of a wall clock since the midnight that begins this weekday; `end` may lie days later."""

    weekday: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Turns:
    """One layer, ready to be asked."""

    people: tuple[str, ...]
    zone: tzinfo
    first: datetime  # wall clock: the hand-over that turn 0 is counted from
    length: timedelta  # of the wall clock
    begins: datetime
    ends: datetime | None
    windows: tuple[Window, ...]

    def holder(self, at: datetime) -> str | None:
        """Whose turn it is; None before the start, after the end and outside the windows."""
        if at < self.begins or (self.ends and at >= self.ends) or not self._within(at):
            return None
        return self.people[self._turn(at) % len(self.people)]

    def cuts(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Every moment between the two at which the holder may change, in any order."""
        yield self.begins
        if self.ends:
            yield self.ends
        turn = self._turn(start)
        while (cut := self._handover(turn)) <= end:
            yield cut
            turn += 1
        day, last = _local(start, self.zone).date() - 8 * DAY, _local(end, self.zone).date() + DAY
        while self.windows and day <= last:
            yield from (moment for window in self._of(day) for moment in window)
            day += DAY

    def _handover(self, turn: int) -> datetime:
        return _instant(self.first + turn * self.length, self.zone)

    def _turn(self, at: datetime) -> int:
        turn = (_local(at, self.zone) - self.first) // self.length  # off by one around a change of the clocks
        while self._handover(turn + 1) <= at:
            turn += 1
        while self._handover(turn) > at:
            turn -= 1
        return turn

    def _within(self, at: datetime) -> bool:
        if not self.windows:
            return True
        today = _local(at, self.zone).date()
        return any(start <= at < end for back in range(9) for start, end in self._of(today - back * DAY))

    def _of(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        midnight = datetime.combine(day, time())
        for one in self.windows:
            if one.weekday == day.weekday():
                ends = (midnight + timedelta(minutes=minutes) for minutes in (one.start, one.end))
                yield tuple(_instant(wall, self.zone) for wall in ends)  # type: ignore[misc]  # two of them


@dataclass(frozen=True, slots=True)
class Rota:
    """A rotation: its layers, the lowest first."""

    name: str
    layers: tuple[Turns, ...]

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who takes a turn."""
        return tuple(dict.fromkeys(who for layer in self.layers for who in layer.people))


def rotas(layers: Sequence[Layer]) -> dict[str, Rota]:
    """The rotations by name. Raises `Refused(400)` naming the rotation and the key that is wrong."""
    found: dict[str, Rota] = {}
    for layer in layers:
        below = found[layer.name].layers if layer.name in found else ()
        found[layer.name] = Rota(layer.name, (*below, _turns(layer)))
    return found


def on_call(rota: Rota, at: datetime, overrides: Iterable[Override] = ()) -> str | None:
    """Who has the turn at this moment; None when the rotation has nobody."""
    override = _override(rota, at, overrides)
    return override.who if override else _layered(rota, at)


def shifts(rota: Rota, start: datetime, end: datetime, overrides: Sequence[Override] = ()) -> tuple[Shift, ...]:
    """Everything between the two without a gap: one shift a holder, those with nobody too."""
    if end <= start:
        raise Refused("The end comes after the start.", status=400, field="to")
    if end - start > LONGEST_LOOK:
        raise Refused(f"Look at {LONGEST_LOOK.days} days at most at once.", status=400, field="to")
    mine = [one for one in overrides if one.rotation == rota.name]
    cuts = {start, *(cut for one in mine for cut in (one.starts_at, one.ends_at))}
    cuts.update(cut for layer in rota.layers for cut in layer.cuts(start, end))
    moments = [*sorted(cut for cut in cuts if start <= cut < end), end]
    found: list[Shift] = []
    for begins, ends in pairwise(moments):
        override = _override(rota, begins, mine)
        who = override.who if override else _layered(rota, begins)
        last = found[-1] if found else None
        if last and (last.who, last.override) == (who, override):
            found[-1] = Shift(rota.name, who, last.starts_at, ends, override)
        else:
            found.append(Shift(rota.name, who, begins, ends, override))
    return tuple(found)


def make_override(
    *, rotation: str, who: str, starts_at: datetime | None, ends_at: datetime, by: str, why: str, at: datetime
) -> Override:
    """An override that holds together, from now on without a start. Raises `Refused(400)` naming the field."""
    starts_at = starts_at or at
    if not why.strip():
        raise Refused("Say why, in a few words: whoever looks at the plan will ask.", status=400, field="why")
    if ends_at <= max(starts_at, at):
        raise Refused("An override ends after it begins, and not before now.", status=400, field="to")
    if ends_at - starts_at > LONGEST_OVERRIDE:
        sentence = f"An override lasts at most {LONGEST_OVERRIDE.days} days. Change the rotation instead."
        raise Refused(sentence, status=400, field="to")
    return Override(rotation=rotation, who=who, starts_at=starts_at, ends_at=ends_at, by=by, why=why.strip())


def _layered(rota: Rota, at: datetime) -> str | None:
    return next((who for layer in reversed(rota.layers) if (who := layer.holder(at))), None)


def _override(rota: Rota, at: datetime, overrides: Iterable[Override]) -> Override | None:
    return max((one for one in overrides if one.holds(rota.name, at)), key=lambda one: one.number, default=None)


def _turns(layer: Layer) -> Turns:
    def wrong(key: str, sentence: str) -> Refused:
        return Refused(f"The rotation “{layer.name}”, {key}: {sentence}", status=400)

    if not re.fullmatch(r"[a-z][a-z0-9._-]{0,31}", layer.name):
        raise wrong("name", "1 to 32 of a-z, 0-9, dot, dash and underscore, and a letter first: it stands in addresses")
    if not layer.people:
        raise wrong("people", "name at least one person")
    try:
        zone = ZoneInfo(layer.zone)
    except (LookupError, ValueError, OSError):
        raise wrong("zone", f"{layer.zone!r} is no time zone such as Europe/Budapest") from None
    every, handover = EVERY.fullmatch(layer.every), HANDOVER.fullmatch(layer.handover)
    if not every or every[1] == "0":
        raise wrong("every", f"{layer.every!r} is none of week, day, 2 weeks, 3 days, 12 hours")
    if not handover:
        raise wrong("handover", f"{layer.handover!r} is no time such as 09:00 or Mon 09:00")
    count, weekly = int(every[1] or 1), every[2] == "week"
    if every[2] == "hour" and 24 % count:
        raise wrong("every", "hours have to divide the day, so that hand-overs stay at the same hours: 1 to 12, or 24")
    if handover[1] and not weekly:
        raise wrong("handover", "only turns of weeks begin on a weekday: write the time alone")
    length = {"week": timedelta(weeks=count), "day": timedelta(days=count), "hour": timedelta(hours=count)}[every[2]]
    clock = time.fromisoformat(handover[2])
    back = (layer.starts.weekday() - DAYS.index(handover[1])) % 7 if handover[1] else 0
    begins = datetime.combine(layer.starts, clock)
    try:
        windows = tuple(window for text in layer.during for window in _windows(text))
    except ValueError:
        examples = "Mon-Fri 09:00-17:00, Sat,Sun, 22:00-06:00 or Fri 17:00 to Mon 09:00"
        raise wrong("during", f"write such as {examples}") from None
    return Turns(
        people=layer.people,
        zone=zone,
        first=begins - back * DAY,
        length=length,
        begins=_instant(begins, zone),
        ends=_instant(datetime.combine(layer.ends, clock), zone) if layer.ends else None,
        windows=windows,
    )


def _windows(text: str) -> Iterator[Window]:
    """`Mon-Fri 09:00-17:00` is a window a day, `Fri 17:00 to Mon 09:00` is one. Raises `ValueError`."""
    if span := SPAN.fullmatch(text.strip()):
        first, last, start = DAYS.index(span[1]), DAYS.index(span[3]), _minutes(span[2])
        end = (last - first) % 7 * 1440 + _minutes(span[4])
        yield Window(first, start, end if end > start else end + 7 * 1440)
        return
    daily = DAILY.fullmatch(text.strip()) if text.strip() else None
    if not daily:
        raise ValueError(text)
    start, end = (_minutes(daily["from"]), _minutes(daily["to"])) if daily["from"] else (0, 1440)
    for day in _days(daily["days"]) if daily["days"] else range(7):
        yield Window(day, start, end if end > start else end + 1440)  # 22:00-06:00 ends on the next day


def _days(text: str) -> Iterator[int]:
    for part in text.split(","):
        first, *rest = (DAYS.index(name) for name in part.split("-"))
        last = rest[-1] if rest else first
        yield from ((first + n) % 7 for n in range((last - first) % 7 + 1))


def _minutes(text: str) -> int:
    hours, minutes = map(int, text.split(":"))
    return 60 * hours + minutes


def _instant(wall: datetime, zone: tzinfo) -> datetime:
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _local(at: datetime, zone: tzinfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None, fold=0)
