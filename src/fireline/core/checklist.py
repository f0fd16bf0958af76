"""Checklist: the boxes of the incident's runbook that everybody shares, with who ticked each and when.

The resolution checklist is not here: its items are the gates (`core.gate`). What the log says plainly, such as who has
which role, nobody has to tick; everything else is a person's word, which can be taken back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import count

from fireline.core import chat, delivery, public, roles
from fireline.core.events import CallLinked, ChecklistTicked, ChecklistUnticked, Log, StatusChanged
from fireline.core.incident import Incident, fold
from fireline.core.outbox import origin
from fireline.core.refusal import Refused
from fireline.core.runbook import Checklist, Runbook
from fireline.core.runbook.checklists import is_resolution

KEY_CHARS = 8  # of the item's hash: a runbook has some dozens of items
CLOSING = re.compile(r"\bpost\b|\bafter|\blearn|\breview|\bclos(?:e|ing|ure)\b|\bwrap", re.IGNORECASE)
AT_WORK = ("Investigating", "Identified")  # while the lists of the response are open
Books = Iterable[Runbook | None]


class Already(Refused):
    """Nothing is left to do, because somebody was faster: an answer for the second person, and no trouble."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What the log says of an item, and since when."""

    said: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Item:
    """One box. `number` counts through all lists; `key` names the item by its words, whatever moves around it."""

    number: int
    key: str
    checklist: str
    text: str
    tick: ChecklistTicked | None
    fact: Fact | None

    @property
    def done(self) -> bool:
        """Ticked, or known."""
        return bool(self.tick or self.fact)


@dataclass(frozen=True, slots=True)
class Listed:
    """One list. `now` says that this is its time: while people are at work, or once it is over."""

    title: str
    items: tuple[Item, ...]
    now: bool

    @property
    def done(self) -> int:
        """How many items are done."""
        return sum(one.done for one in self.items)


def lists(books: Books, log: Log) -> tuple[Listed, ...]:
    """The lists of the first of `books` that has any, in its order: the incident's own, then the main one.

    A list that stands in another scenario than the incident's is left out.
    """
    now, ticks, numbers = fold(0, log), _ticks(log), count(1)
    found = []
    for one in _of(books, now.declared.scenario):
        texts = dict.fromkeys(item.text for item in one.items)
        items = tuple(
            Item(next(numbers), _key(one.title, text), one.title, text, ticks.get((one.title, text)), _fact(text, log))
            for text in texts
        )
        found.append(Listed(one.title, items, _is_time(one, now)))
    return tuple(found)


def tick(log: Log, at: datetime, *, books: Books, item: str, by: str) -> ChecklistTicked:
    """Say that it is done. Raises `Already` with whoever was faster."""
    one = _find(log, books, item)
    if one.tick:
        raise Already(f"{_who(one.tick.by, by)} ticked this already, at {one.tick.at:%H:%M}.")
    if one.fact:
        raise Already(f"fireline knows this already: {one.fact.said}.")
    return ChecklistTicked(at=at, by=by, checklist=one.checklist, item=one.text)


def untick(log: Log, at: datetime, *, books: Books, item: str, by: str) -> ChecklistUnticked:
    """Take a tick back, one's own or somebody else's. Raises `Already` when nothing is ticked any more."""
    one = _find(log, books, item)
    if one.tick:
        return ChecklistUnticked(at=at, by=by, checklist=one.checklist, item=one.text, ticked_by=one.tick.by)
    if one.fact:
        raise Refused(f"Nobody ticked this: the log says it. {one.fact.said[0].upper()}{one.fact.said[1:]}.")
    for event in reversed(log):
        if isinstance(event, ChecklistUnticked) and (event.checklist, event.item) == (one.checklist, one.text):
            raise Already(f"{_who(event.by, by)} taken this tick back already, at {event.at:%H:%M}.")
    raise Already("Nobody has ticked this.")


def _of(books: Books, scenario: str | None) -> list[Checklist]:
    for book in books:
        found = [
            one
            for one in (book.checklists if book else ())
            if not is_resolution(one) and one.scenario in (None, scenario)
        ]
        if found:
            return found
    return []


def _is_time(one: Checklist, now: Incident) -> bool:
    if now.merged:
        return False
    return now.resolved if CLOSING.search(f"{one.phase or ''} {one.title}") else now.status in AT_WORK


def _ticks(log: Log) -> dict[tuple[str, str], ChecklistTicked]:
    found: dict[tuple[str, str], ChecklistTicked] = {}
    for event in log:
        match event:
            case ChecklistTicked():
                found[event.checklist, event.item] = event
            case ChecklistUnticked():
                found.pop((event.checklist, event.item), None)
            case _:
                pass
    return found


def _find(log: Log, books: Books, key: str) -> Item:
    if merged := fold(0, log).merged:
        raise Refused(f"This incident is part of INC-{merged.into} since it was merged. Go on there.")
    for one in (item for listed in lists(books, log) for item in listed.items):
        if one.key == key:
            return one
    raise Refused("The checklists of this incident have no such item.", status=404)


def _key(title: str, text: str) -> str:
    return sha256(f"{title}\n{text}".encode()).hexdigest()[:KEY_CHARS]


def _who(who: str, reader: str) -> str:
    return "You have" if who == reader else f"{who} has"


def _fact(text: str, log: Log) -> Fact | None:
    """What the log says of an item of these words. The whole item has to fit: half of one is nobody's fact."""
    plain = " ".join(re.sub(r"[\"'“”‘’]", "", text).split()).rstrip(".:")
    return next((known(plain, log) for words, known in FACTS if words.fullmatch(plain)), None)


def _roles(text: str, log: Log) -> Fact | None:
    """Every role that the item names has somebody; one that only says "roles" means the commander."""
    crew = roles.crew(log)
    wanted = [role for role, words in NAMES.items() if words.search(text)] or ["commander"]
    held = [next(iter(crew.smes.values()), None) if role == "sme" else crew.holding.get(role) for role in wanted]
    reigns = [one for one in held if one]
    if len(reigns) < len(wanted):
        return None
    return Fact(", ".join(f"{one.who} {roles.TITLES[one.role]}" for one in reigns), max(one.since for one in reigns))


def _cadence(text: str, log: Log) -> Fact | None:
    """Updates are counted, and at least as often as the item asks for."""
    now = fold(0, log)
    table, asked = now.declared.cadence, re.search(r"(\d+)\s*min", text)
    minutes = table.internal.get(now.severity, 0.0) if table else 0.0
    if not minutes or (asked and minutes > int(asked[1])):
        return None
    return Fact(f"updates are due every {minutes:g} min", now.declared.at)


def _timeline(_: str, log: Log) -> Fact:
    return Fact("it began with the declaration", log[0].at)


def _call(_: str, log: Log) -> Fact | None:
    linked = next((event for event in reversed(log) if isinstance(event, CallLinked)), None)
    return Fact(f"{linked.by} linked the call", linked.at) if linked else None


def _status_page(_: str, log: Log) -> Fact | None:
    over, said = public.over(log)
    since = public.since(log)
    return Fact(said, since) if over and since else None


def _pager(_: str, log: Log) -> Fact | None:
    return _delivered(log, "pagerduty", "resolve", "PagerDuty closed it")


def _archive(_: str, log: Log) -> Fact | None:
    return _delivered(log, chat.ROOMS, "archive", "the channel is archived")


def _delivered(log: Log, vendor: str, verb: str, said: str) -> Fact | None:
    """It arrived, or somebody did it by hand, and the incident did not come back since."""
    ended = [seq for seq, event in enumerate(log, 1) if isinstance(event, StatusChanged) and event.status != "Resolved"]
    for one in reversed(delivery.deliveries(log)):
        if one.vendor == vendor and one.verb == verb and one.state in {"made", "by hand"}:
            if origin(one.key)[1] < max(ended, default=0) or _back(log, vendor, one.at):
                return None
            return Fact(f"{one.by} did it by hand" if one.by else said, one.at)
    return None


def _back(log: Log, vendor: str, since: datetime) -> bool:
    """A channel was taken out of the archive again."""
    return any(one.vendor == vendor and one.verb == "unarchive" and one.at >= since for one in delivery.deliveries(log))


NAMES: dict[str, re.Pattern[str]] = {
    role: re.compile(words, re.IGNORECASE)
    for role, words in (
        ("commander", r"\bcommander\b"), ("deputy", r"\bdeputy\b"), ("scribe", r"\bscribe\b"),
        ("communications", r"\bcomm(?:unication)?s\b"), ("sme", r"\bsmes?\b|\bexperts?\b"),
    )
}  # fmt: skip
_ROLE = r"(?:the |an? |incident )*(?:roles?|commander|deputy|scribe|comm(?:unication)?s(?: lead)?|smes?|experts?)"
_ROLES = rf"{_ROLE}(?:(?:, and |, | and ){_ROLE})*"
_THE = r"(?:the |an? |our )?"
_CALL = r"(?:call|bridge|screen[- ]?sharing(?: session)?)"
_PAGE = r"(?:incident|page|alarm|alert)"
FACTS: tuple[tuple[re.Pattern[str], Callable[[str, Log], Fact | None]], ...] = tuple(
    (re.compile(words, re.IGNORECASE), known)
    for words, known in (
        (rf"(?:assign|appoint|name|designate) {_ROLES}(?: \({_ROLES}\))?", _roles),
        (rf"{_ROLES}(?: are| is)? (?:assigned|appointed|named|designated)", _roles),
        (rf"(?:establish|set|agree on) {_THE}(?:communications? |update )?cadence(?: \([^()]*\))?", _cadence),
        (rf"(?:begin|start|open) {_THE}timeline(?: documentation)?", _timeline),
        (rf"{_THE}timeline (?:is )?(?:begun|started|opened)", _timeline),
        (rf"(?:start|open|begin|set up|link|post) {_THE}(?:\w+ )?{_CALL}", _call),
        (rf"{_THE}(?:call|bridge) (?:is )?(?:opened|started|linked)(?: and its link posted)?", _call),
        (rf"(?:update|set|change) {_THE}(?:public )?status ?page to resolved", _status_page),
        (rf"{_THE}(?:public )?status ?page (?:(?:updated|set) to|says) resolved", _status_page),
        (rf"(?:close|resolve) {_THE}(?:{_PAGE} (?:in|at|on) pagerduty|pagerduty {_PAGE})", _pager),
        (rf"{_THE}{_PAGE} (?:closed|resolved) (?:in|at|on) pagerduty", _pager),
        (rf"archive {_THE}(?:incident |slack |chat )*channel", _archive),
        (rf"{_THE}channel (?:is )?(?:kept and )?archived", _archive),
    )
)
