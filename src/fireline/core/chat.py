"""Chat: what is told to the people's own chats because something happened.

A chat with rooms gets one for each grave incident, a chat that only takes messages gets the same words. Mail is the
last resort: where there is no chat at all, or where a chat has not taken the words for half a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from fireline.core.events import (
    AccessGiven,
    CallLinked,
    DeliveryDelayed,
    DeliveryGivenUp,
    IncidentAcknowledged,
    IncidentDeclared,
    IncidentMerged,
    Log,
    PageReleased,
    RoleTaken,
    RoomKept,
    SeverityChanged,
    StatusChanged,
    UpdateSent,
)
from fireline.core.readers import closed_at, private
from fireline.core.work import Effect

ROOMS, POSTS, MAIL = "slack", "chat_webhook", "chat_mail"
CHATS = (ROOMS, POSTS)
LAST_RESORT_AFTER = 5  # tries: 2 + 4 + 8 + 16 seconds
AT, ARCHIVES = "chat at ", "slack archives after "  # what the settings say, among `vendors`
NAMES = {ROOMS: "Slack", POSTS: "Chat", MAIL: "Mail"}
WHAT: Mapping[str, Mapping[str, str]] = {
    ROOMS: {
        "open": "Open the channel",
        "card": "Post the incident card and pin it",
        "invite": "Invite the people",
        "topic": "Keep the topic in step",
        "post": "Tell the channel",
        "export": "Keep the channel's messages",
        "archive": "Archive the channel",
        "unarchive": "Take the channel out of the archive",
    },
    POSTS: {"open": "Tell the chat of it", "post": "Tell the chat"},
    MAIL: {"open": "Mail the team", "post": "Mail the team"},
}
TURNS = IncidentAcknowledged | SeverityChanged | StatusChanged | IncidentMerged | UpdateSent | CallLinked
RETITLES = SeverityChanged | StatusChanged | IncidentMerged | CallLinked


def at(severities: Iterable[str]) -> frozenset[str]:
    """What stands among `vendors` for: these severities get a room."""
    return frozenset(f"{AT}{one}" for one in severities)


def archives_after(hours: float) -> str:
    """What stands among `vendors` for: a channel is archived so long after its incident was resolved."""
    return f"{ARCHIVES}{hours:g} h"


def told(log: Log, vendors: frozenset[str], tell: Callable[..., Effect], grave: tuple[str, ...]) -> tuple[Effect, ...]:
    """What the chats are told because of the newest event. `grave` severities get a room where settings say none."""
    event, chats = log[-1], [one for one in CHATS if one in vendors]
    if isinstance(event, DeliveryDelayed | DeliveryGivenUp):
        return tuple(_last_resort(event, log, vendors, tell))
    if not chats and MAIL in vendors:
        chats = [MAIL]
    first = _opens(log, vendors, grave) if chats else 0
    if not first:
        return ()
    found: list[Effect] = []
    for one in chats:
        if private(log) and (one != ROOMS or first < closed_at(log)):
            continue  # many read there who may not know of it
        found += [tell(one, verb, due_at=due) for verb, due in _verbs(one, log, vendors, new=first == len(log))]
    return tuple(found)


def _verbs(chat: str, log: Log, vendors: frozenset[str], *, new: bool) -> Iterable[tuple[str, object]]:
    """What this chat is asked to do, and when at the earliest."""
    event = log[-1]
    if new:
        return [(verb, None) for verb in (("open", "card", "invite", "topic") if chat == ROOMS else ("open",))]
    found: list[tuple[str, object]] = []
    if chat == ROOMS and (isinstance(event, RoomKept) or _came_back(log)):
        found.append(("unarchive", None))
    if chat == ROOMS and isinstance(event, RoleTaken | AccessGiven):
        found.append(("invite", None))
    if isinstance(event, TURNS):
        found.append(("post", None))
    if chat == ROOMS and isinstance(event, RETITLES):
        found.append(("topic", None))
    hours = next(
        (float(one.removeprefix(ARCHIVES).removesuffix(" h")) for one in vendors if one.startswith(ARCHIVES)), None
    )
    if chat == ROOMS and hours is not None and _ends(log):
        due = event.at + timedelta(hours=hours)
        found += [("export", due), ("archive", due)]
    return found


def _opens(log: Log, vendors: frozenset[str], grave: tuple[str, ...]) -> int:
    """The number of the event that opened the room; 0 while there is none."""
    wanted = {one.removeprefix(AT) for one in vendors if one.startswith(AT)} or set(grave)
    severity = ""
    for seq, event in enumerate(log, 1):
        match event:
            case IncidentDeclared(hold=hold):
                severity = event.severity
                if severity in wanted and not hold:
                    return seq
            case SeverityChanged():
                severity = event.severity
                if severity in wanted:
                    return seq
            case PageReleased() if severity in wanted:
                return seq
            case _:
                pass
    return 0


def _last_resort(
    event: DeliveryDelayed | DeliveryGivenUp, log: Log, vendors: frozenset[str], tell: Callable[..., Effect]
) -> Iterable[Effect]:
    vendor, seq, verb = event.delivery.split("/")[:3]
    if MAIL not in vendors or vendor not in CHATS or verb not in {"open", "post"} or private(log):
        return
    late = [one for one in log if isinstance(one, DeliveryDelayed) and one.delivery == event.delivery]
    already = any(one.attempt == LAST_RESORT_AFTER for one in late if one is not event)
    match event:
        case DeliveryDelayed(attempt=attempt):
            now = attempt == LAST_RESORT_AFTER and not already
        case DeliveryGivenUp(needed=needed):
            now = needed and not already
    if now:
        yield tell(MAIL, verb, about=int(seq))


def _ends(log: Log) -> bool:
    event = log[-1]
    return isinstance(event, IncidentMerged) or (isinstance(event, StatusChanged) and event.status == "Resolved")


def _came_back(log: Log) -> bool:
    """It was resolved, and is not any more."""
    *before, event = log
    last = next((one.status for one in reversed(before) if isinstance(one, StatusChanged)), "")
    return isinstance(event, StatusChanged) and event.status != "Resolved" and last == "Resolved"
