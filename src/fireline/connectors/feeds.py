"""Feeds: RSS and Atom, as providers publish what is wrong with them and as mentions of us are told.

A provider's entry is open until the newest thing it says is that it is over. Some write one entry for an incident
and put updates on top of its text (Atlassian Statuspage); some write an entry for each update and mark the last in
the title (AWS: "[RESOLVED] Increased error rates"). Both are read; whoever says neither is believed to be open.
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
    # a stream, because the parser would fetch what looks like an address
    found: Any = feedparser.parse(BytesIO(body))
    if not found.get("version"):
        raise Refused("This is no RSS or Atom feed.", status=502)
    entries = [_entry(one) for one in found.entries[:ENTRIES_MAX]]
    oldest = datetime.min.replace(tzinfo=UTC)
    return tuple(sorted(entries, key=lambda one: one.at or oldest, reverse=True))


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
