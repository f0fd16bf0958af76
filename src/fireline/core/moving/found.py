"""What was found in another system's files, and how it is written as our settings."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fireline.core.people import RESERVED
from fireline.core.roster import ROTA, Chain
from fireline.core.rota import DAYS, Layer

WEEK, DAY, HOUR = timedelta(weeks=1), timedelta(days=1), timedelta(hours=1)


@dataclass(slots=True)
class Found:
    """Everything found so far. `remarks` belong to the rotation or chain before them, by place."""

    people: dict[str, str] = field(default_factory=dict)  # the other system's id -> handle
    mails: dict[str, str] = field(default_factory=dict)  # handle -> address
    layers: list[tuple[Layer, list[str]]] = field(default_factory=list)  # the lowest of a rotation first
    chains: list[tuple[Chain, list[str]]] = field(default_factory=list)
    rotations: dict[str, tuple[str, ...]] = field(default_factory=dict)  # their schedule's id -> our rotations
    remarks: list[str] = field(default_factory=list)  # of what has no place of its own

    def person(self, key: str, name: str = "", mail: str = "") -> str:
        """The handle of somebody the other system knows as `key`."""
        if key not in self.people:
            handle = free(slug(mail.partition("@")[0] or name or key, "person"), [*self.people.values(), *RESERVED])
            self.people[key] = handle
            if mail:
                self.mails[handle] = mail
        return self.people[key]

    def names(self, schedule: str, name: str, parts: Iterable[str] = ("",)) -> tuple[str, ...]:
        """Our names for the rotations of their schedule: one, or one for each of its parts."""
        if schedule not in self.rotations:
            taken = [one for those in self.rotations.values() for one in those]
            made: list[str] = []
            for part in parts:
                made.append(free(slug(f"{name} {part}".strip(), "rotation"), [*taken, *made]))
            self.rotations[schedule] = tuple(made)
        return self.rotations[schedule]


def cut_short(documents: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A word where an answer goes on on a page that is not among these."""
    pages = [(one.get("next") or one.get("more"), one.get("previous") or one.get("offset")) for one in documents]
    if sum(bool(more) for more, _ in pages) > sum(bool(before) for _, before in pages):
        yield "CHECK: an answer goes on on a further page, which no file holds: ask for every page."


def slug(text: str, otherwise: str) -> str:
    """A name as we write names: small letters, digits and dashes, at most 28 of them."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9.]+", "-", plain).strip("-.")[:28].rstrip("-.")
    return made if made[:1].isalpha() else f"{otherwise}-{made}".rstrip("-")[:28]


def free(name: str, taken: Iterable[str]) -> str:
    """The name, or the first of name-2, name-3 and so on that nobody has."""
    taken = set(taken)
    return next(one for n in range(1, 10_000) if (one := name if n == 1 else f"{name}-{n}") not in taken)


def zone(name: str, remarks: list[str]) -> str:
    """A zone's name if it is one."""
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        remarks.append(f"CHECK: {name!r} is no IANA time zone; all times of this rotation are off until you set zone.")
        return "UTC"
    return name


def every(length: timedelta) -> str | None:
    """How long a turn is, in our words; None when we have none for it."""
    for unit, word in ((WEEK, "week"), (DAY, "day"), (HOUR, "hour")):
        count, rest = divmod(length, unit)
        if count and not rest:
            if word == "hour" and 24 % count:
                return None
            return word if count == 1 else f"{count} {word}s"
    return None


def window(weekday: int | None, clock: str, length: timedelta) -> str | None:
    """A piece of the day, or of the week from this weekday on (0 is Monday); None for all of it."""
    hours, minutes = map(int, clock.split(":")[:2])
    start = hours * 60 + minutes
    end = start + int(length.total_seconds() // 60)
    written = f"{end // 60 % 24:02}:{end % 60:02}"
    first = f"{hours:02}:{minutes:02}"
    if weekday is None:
        return None if length >= DAY else f"{first}-{written}"
    if length >= WEEK:
        return None
    if end <= 1440:
        return f"{DAYS[weekday]} {first}-{'24:00' if end == 1440 else written}"
    return f"{DAYS[weekday]} {first} to {DAYS[(weekday + end // 1440) % 7]} {written}"


def handover(first: datetime, turn: str) -> str:
    """The wall-clock time of hand-overs; with the weekday where turns are weeks."""
    return f"{DAYS[first.weekday()]} {first:%H:%M}" if "week" in turn else f"{first:%H:%M}"


def turned(people: list[str], by: int) -> tuple[str, ...]:
    """The same round, begun with another person."""
    by %= len(people)
    return (*people[by:], *people[:by])


def minutes(count: float) -> str:
    """A span as our settings write it."""
    return f"{round(count)}m"


def override(who: str, rotation: str, start: str, end: str, system: str) -> str:
    """The command that makes an override."""
    return f'fireline on-call override {who} --rotation {rotation} --from {start} --to {end} --why "from {system}"'


def toml(found: Found, system: str) -> str:
    """The settings, with everything that has to be looked at as comments."""
    return "\n".join(_lines(found, system)) + "\n"


def _lines(found: Found, system: str) -> Iterator[str]:
    yield f"# From {system}. Read the lines with CHECK before you use it; `fireline on-call` then says who is on call."
    yield from _comments(found.remarks)
    for handle in dict.fromkeys(found.people.values()):
        yield from ("", f"[people.{_key(handle)}]", 'channels = ["mail"]')
        if handle in found.mails:
            yield f"mail = {_text(found.mails[handle])}"
        else:
            yield "# CHECK: no mail address was in the files"
            yield 'mail = ""'
    for layer, remarks in found.layers:
        yield from ("", "[[on_call.rotations]]", f"name = {_text(layer.name)}", f"people = {_list(layer.people)}")
        yield from (f"starts = {layer.starts}", f"every = {_text(layer.every)}", f"handover = {_text(layer.handover)}")
        yield f"zone = {_text(layer.zone)}"
        if layer.during:
            yield f"during = {_list(layer.during)}"
        if layer.ends:
            yield f"ends = {layer.ends}"
        yield from _comments(remarks)
    for chain, remarks in found.chains:
        yield from ("", "[[on_call.chains]]", f"name = {_text(chain.name)}")
        if chain.services:
            yield f"services = {_list(chain.services)}"
        yield from (f"repeat = {chain.repeat}", f"wait = {_text(chain.wait)}", "steps = [")
        for step in chain.steps:
            yield f"  {{ notify = {_list(step.notify)}, after = {_text(step.after)} }},"
        yield "]"
        yield from _comments(remarks)


def rota(name: str) -> str:
    """A rotation as a step names it."""
    return ROTA + name


def _comments(remarks: Iterable[str]) -> Iterator[str]:
    for remark in remarks:
        # nothing from their file may end our comment
        yield "# " + " ".join(part for part in re.split(r"[\x00-\x1f\x7f]+", remark) if part)


def _key(handle: str) -> str:
    return handle if re.fullmatch(r"[A-Za-z0-9_-]+", handle) else _text(handle)


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_text, texts))}]"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")  # JSON's strings are TOML's basic strings
