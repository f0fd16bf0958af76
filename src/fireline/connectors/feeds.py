"""Feeds: RSS and Atom, as providers publish what is wrong with them and as mentions of us are told.

A provider's entry is open until the newest thing it says is that it is over. Some write one entry for an incident
and put updates on top of its text (Atlassian Statuspage); some write an entry for each update and mark the last in
the title (AWS: "[RESOLVED] Increased error rates"). Both are read; whoever says neither is believed to be open.
A status page of the Statuspage kind may be read as its JSON instead (`/api/v2/summary.json` or `incidents.json`,
https://metastatuspage.com/api), which says the same in fewer bytes and names components that are unwell.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import feedparser
import msgspec

from fireline.core.bare import bare
from fireline.core.outside import clean
from fireline.core.redaction import mask
from fireline.core.refusal import Refused

TITLE_MAX = 300  # characters
TEXT_MAX = 5_000  # characters
ENTRIES_MAX = 500  # of one feed
# What a title begins with that is no part of the event's name.
LABEL = re.compile(
    r"(?i)^\s*(?:\[?\b(?:resolved|completed|update[d]?|monitoring|identified|investigating|informational message"
    r"|service is operating normally|service degradation|service disruption|service impact)\b\]?\s*[:\-–—]?\s*)"
)
OVER_TITLE = re.compile(r"(?i)^\s*\[?(?:resolved|completed)\b|\[(?:resolved|completed)\]|\boperating normally\b")
# "Resolved - The fix is out": an update's label, at the start of the newest line that has one
STEP = re.compile(
    r"(?im)(?:^|\bUTC\b|\bP[SD]T\b|\d\s)\s*(resolved|completed|postmortem|investigating|identified|monitoring|update"
    r"|in progress|verifying|scheduled)\s*[-–—:]"
)
OVER_STEPS = frozenset({"resolved", "completed", "postmortem"})
UNWELL = frozenset({"degraded_performance", "partial_outage", "major_outage"})  # states of a component


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `at` None when it has no time; `state` is what its newest words say of the event."""

    title: str
    event: str  # the title without what only says how far it is: the same for all updates of one event
    text: str
    url: str
    at: datetime | None
    state: str  # open, over, planned


def read_feed(body: bytes) -> tuple[Entry, ...]:
    """The entries, newest first as far as they say. Raises `Refused` when this is no feed: never an empty one."""
    if body.lstrip()[:1] == b"{":
        return _statuspage(body)
    # a stream, because the parser would fetch what looks like an address
    found: Any = feedparser.parse(BytesIO(body))
    if not found.get("version"):
        raise Refused("This is no RSS or Atom feed.", status=502)
    entries = [_entry(one) for one in found.entries[:ENTRIES_MAX]]
    oldest = datetime.min.replace(tzinfo=UTC)
    return tuple(sorted(entries, key=lambda one: one.at or oldest, reverse=True))


class _Update(msgspec.Struct, frozen=True):
    body: str = ""


class _Incident(msgspec.Struct, frozen=True):
    name: str
    status: str
    updated_at: datetime
    shortlink: str | None = None
    incident_updates: list[_Update] = []


class _Component(msgspec.Struct, frozen=True):
    name: str
    status: str
    group: bool = False


class _Page(msgspec.Struct, frozen=True):
    """`summary.json` has both lists, `incidents.json` one; an answer with neither is something else."""

    page: dict[str, Any]
    incidents: list[_Incident] | None = None
    components: list[_Component] | None = None
    scheduled_maintenances: list[_Incident] = []


_page = msgspec.json.Decoder(_Page, strict=False)


def _statuspage(body: bytes) -> tuple[Entry, ...]:
    """The incidents of a status page, planned work, and components that are unwell while no incident is open."""
    try:
        page = _page.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as trouble:
        raise Refused("This is no RSS or Atom feed, and no status page's JSON.", status=502) from trouble
    if page.incidents is None:
        raise Refused("This JSON has no list of incidents: ask summary.json or incidents.json.", status=502)
    address = str(page.page.get("url") or "")
    told = [_told(one, address) for one in (*page.incidents, *page.scheduled_maintenances)]
    known = any(one.state == "open" for one in told)  # an open incident speaks for the components it breaks
    told += [_component(one, address, known=known) for one in page.components or () if not one.group]
    oldest = datetime.min.replace(tzinfo=UTC)
    return tuple(sorted(told, key=lambda one: one.at or oldest, reverse=True))[:ENTRIES_MAX]


def _told(one: _Incident, address: str) -> Entry:
    title = mask(clean(one.name)).text[:TITLE_MAX] or "An incident without a name"
    text = mask(clean("\n".join(update.body for update in one.incident_updates))).text[:TEXT_MAX]
    status = one.status.lower()
    state = "over" if status in OVER_STEPS else "planned" if status == "scheduled" else "open"
    return Entry(title, title, text, _web(one.shortlink or address), one.updated_at.astimezone(UTC), state)


def _component(one: _Component, address: str, *, known: bool) -> Entry:
    """A component by itself. A well one is told as over, which ends what was said of it before and begins nothing."""
    name = clean(one.name)[:TITLE_MAX]
    unwell = one.status in UNWELL
    state = "over" if one.status == "operational" else "open" if unwell and not known else "planned"
    return Entry(f"{name}: {clean(one.status).replace('_', ' ')}", name, "", _web(address), None, state)


def _web(url: str) -> str:
    return url[:2000] if url.startswith(("https://", "http://")) else ""


def fits(entry: Entry, words: Iterable[str]) -> bool:
    """One of the words stands in the entry, whole; no words fit every entry."""
    wanted = [re.escape(word) for word in words if word.strip()]
    said = f"{entry.title}\n{entry.text}\n{entry.url}"
    return not wanted or re.search(rf"(?i)(?<!\w)(?:{'|'.join(wanted)})(?!\w)", said) is not None


def _entry(one: Any) -> Entry:
    title = mask(" ".join(bare(str(one.get("title", ""))).split())).text[:TITLE_MAX] or "An entry without a title"
    content = one.get("content") or [{}]
    text = bare(str(content[0].get("value") or one.get("summary") or ""))[:TEXT_MAX]
    url = clean(str(one.get("link") or one.get("id") or ""))[:2000]
    # dict's own get: the parser's would warn that one may stand for the other
    time = dict.get(one, "updated_parsed") or dict.get(one, "published_parsed")
    return Entry(
        title=title,
        event=_event(title),
        text=mask(text).text,
        url=url if url.startswith(("https://", "http://")) else "",
        at=_moment(time),
        state=_state(title, text),
    )


def _event(title: str) -> str:
    """The title without its labels: `Service is operating normally: [RESOLVED] Slow API` is about `Slow API`."""
    name = title
    while (label := LABEL.match(name)) and label.end() < len(name):
        name = name[label.end() :]
    return name.strip()


def _state(title: str, text: str) -> str:
    if OVER_TITLE.search(title):
        return "over"
    step = STEP.search(text)
    word = step[1].lower() if step else ""
    if word in OVER_STEPS:
        return "over"
    return "planned" if word == "scheduled" else "open"


def _moment(time: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(timegm(time), UTC) if time else None
    except (ValueError, TypeError, OverflowError, OSError):
        return None
