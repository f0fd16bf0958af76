"""Room: where people talk about one incident, and what is said there. Names, topics and sentences; no vendor's words.

The room has the incident's own name in chat, the card that says what it is about, and every turn of it afterwards.
What is said in it comes from the log, so that it reads the same in every chat, and in fireline without one.
"""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlsplit

from fireline.core import roles, update
from fireline.core.events import (
    HOUSE,
    CallLinked,
    IncidentAcknowledged,
    IncidentDeclared,
    IncidentMerged,
    Log,
    RoomKept,
    SeverityChanged,
    StatusChanged,
    UpdateSent,
)
from fireline.core.incident import Incident, fold, still_open
from fireline.core.refusal import Refused
from fireline.core.runbook import Runbook

TOPIC_MAX_CHARS = 250  # of Slack; other chats show no more either
URL_MAX_CHARS = 500
# A template for the room itself; one for updates is named after those.
CARD = re.compile(r"\bincident\b.*\b(?:card|channel|template|room|summary|overview)\b", re.IGNORECASE)


def name(declared_at: datetime, n: int = 1) -> str:
    """What the channel is called: after the UTC minute of the declaration, the second of that minute with a suffix."""
    return f"incident-{declared_at:%Y%m%d-%H%M}" + (f"-{n}" if n > 1 else "")


def call(log: Log, number: int, pattern: str = "") -> str:
    """Where people talk: what somebody pasted, else the site's pattern filled in; empty where there is neither."""
    pasted = next((event.url for event in reversed(log) if isinstance(event, CallLinked)), "")
    if pasted or not pattern:
        return pasted
    values = {"number": str(number), "incident": f"inc-{number}", "channel": name(log[0].at)}
    return re.sub(r"\{(\w+)\}", lambda blank: values.get(blank[1], blank[0]), pattern)


def link_call(log: Log, at: datetime, *, url: str, by: str) -> CallLinked:
    """Say where people talk and share their screens."""
    still_open(fold(0, log))
    url = url.strip()
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"https", "http"} or not parts.hostname or not url.isprintable() or " " in url:
        raise Refused("Paste the whole link of the call, from https:// on.", status=400, field="url")
    if len(url) > URL_MAX_CHARS:
        raise Refused(f"A link has at most {URL_MAX_CHARS} characters here.", status=400, field="url")
    if url == call(log, 0):
        raise Refused("That is the link already.", field="url")
    return CallLinked(at=at, by=by, url=url)


def keep(log: Log, at: datetime, *, by: str, why: str = "") -> RoomKept:
    """Let the channel stay, or take it out of the archive again."""
    if kept(log):
        raise Refused("The channel stays already.")
    return RoomKept(at=at, by=by, why=" ".join(why.split()))


def kept(log: Log) -> bool:
    """Somebody wanted the channel to stay, and the incident did not end anew since."""
    for event in reversed(log):
        if isinstance(event, RoomKept):
            return True
        if isinstance(event, StatusChanged) and event.status == "Resolved":
            return False
    return False


def topic(now: Incident, *, page: str, call: str = "") -> str:
    """What stands on top of the channel. A long title is cut, so that the links always fit."""
    rest = " · ".join(part for part in (now.status, f"Call: {call}" if call else "", page) if part)
    room = TOPIC_MAX_CHARS - len(rest) - 3
    title = now.title if len(now.title) <= room else f"{now.title[: max(room - 1, 0)]}…"
    return f"{title} · {rest}"[:TOPIC_MAX_CHARS]


def card(now: Incident, log: Log, books: tuple[Runbook | None, ...], *, page: str, call: str = "") -> str:
    """The first message: what is wrong, who has it, where to look, and the runbook's template, filled or as a form."""
    declared = now.declared
    by = "fireline" if declared.by == HOUSE else declared.by
    lines = [
        f"🚨 {now.title}",
        f"{now.name} · {now.status} · declared {declared.at:%Y-%m-%d %H:%M} UTC by {by}",
        f"Severity: {now.severity} {now.severity_name}".rstrip() + f" ({declared.severity_why.rstrip('.')})",
        f"Service: {declared.service}" if declared.service else "",
        f"Runbook: {declared.runbook.title}, {declared.scenario}" if declared.runbook and declared.scenario else "",
        f"Commander: {roles.crew(log).commander or 'nobody yet'}",
        f"Call: {call}" if call else "",
        f"Page: {page}",
    ]
    own = next((one for book in books if book for one in book.templates if CARD.search(one.name)), None)
    if own:
        lines += ["", update.render(own.text, _drafted(log))]
    else:
        lines += ["", "Updates here look like this:", update.template_of(*books)]
    return "\n".join(line for n, line in enumerate(lines) if line or n >= 8)


def said(now: Incident, log: Log, seq: int, *, page: str) -> str:
    """What the room is told of the event of this number; an update exactly as it was rendered."""
    match log[seq - 1]:
        case UpdateSent(text=text):
            return text
        case IncidentAcknowledged(by=by):
            return f"{by} has it."
        case StatusChanged(at=at, status=status, why=why):
            return f"Status: {status} since {at:%H:%M} UTC" + (f": {why}" if why else ".")
        case SeverityChanged(severity=severity, reason=reason):
            before = fold(now.number, log[: seq - 1]).severity
            return f"Severity: {severity}, was {before}: {reason}"
        case IncidentMerged(into=into, why=why):
            there = page.replace(f"/incidents/{now.number}", f"/incidents/{into}")
            return f"This is part of INC-{into} now: {why.rstrip('.')}. It goes on there: {there}"
        case CallLinked(url=url):
            return f"Call: {url}"
        case _:
            return f"{now.title} ({now.status}). {page}"


def _drafted(log: Log) -> UpdateSent:
    """The first update's blanks, as far as they are known."""
    declared = log[0]
    assert isinstance(declared, IncidentDeclared)
    now = update.draft(log, log[-1].at)
    return UpdateSent(
        at=declared.at, by=HOUSE, number=now.number, status=now.status, actions=now.actions, text="", users=now.users,
        services=now.services, next_update_at=now.next_update_at,
    )  # fmt: skip
