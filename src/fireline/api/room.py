"""The room: where people talk, what every chat is told, and whether the channel stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import msgspec
from litestar import get, post

from fireline.api.deeds import Wish, done
from fireline.api.incidents import Number
from fireline.api.problem import says_no
from fireline.api.standing import IncidentStanding
from fireline.core import chat, delivery, room
from fireline.core.incident import fold
from fireline.core.people import Person
from fireline.settings import Settings
from fireline.store.ledger import Ledger

TAGS = ("room",)


class NewCall(Wish, frozen=True, kw_only=True):
    """The link of the call, whole."""

    url: str


class Keeping(Wish, frozen=True, kw_only=True):
    """Why the channel should stay."""

    why: str = ""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the room was told; `seq` is the event's number."""

    seq: int
    at: datetime
    by: str
    text: str


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """The room. `channel` is its page in the chat, empty where there is none; the rest is there without any chat."""

    incident: int
    name: str
    topic: str
    call: str
    channel: str
    said: tuple[Said, ...]


@get("/incidents/{number:int}/room", tags=TAGS, responses=says_no(404), sync_to_thread=True)
def show_room(*, person: Person, number: Number, ledger: Ledger, settings: Settings) -> Room:
    """Give what a chat channel has of this incident: name, topic, call, and what was said. No chat is needed."""
    log = ledger.log(number)
    now, page = fold(number, log), f"{settings.base_url}/incidents/{number}"
    call = room.call(log, number, settings.chat.call)
    made = next((one for one in delivery.deliveries(log) if (one.vendor, one.verb) == (chat.ROOMS, "open")), None)
    said = tuple(
        Said(seq=seq, at=event.at, by=event.by, text=room.said(now, log, seq, page=page))
        for seq, event in enumerate(log, 1)
        if isinstance(event, chat.TURNS)
    )
    return Room(
        incident=number,
        name=made.note.removeprefix("#") if made and made.note else room.name(log[0].at),
        topic=room.topic(now, page=page, call=call),
        call=call,
        channel=made.link if made else "",
        said=said,
    )


@post("/incidents/{number:int}/call", tags=TAGS, responses=says_no(400, 403, 404, 409), sync_to_thread=True)
def link_call(
    *, data: NewCall, person: Person, number: Number, key: str | None, ledger: Ledger, now: Callable[[], datetime]
) -> IncidentStanding:
    """Say where people talk and share their screens; it stands on top of the page and in the channel's topic."""
    return done(ledger, number, partial(room.link_call, url=data.url, by=person.handle), key, now)


@post("/incidents/{number:int}/channel/keeping", tags=TAGS, responses=says_no(403, 404, 409), sync_to_thread=True)
def keep_channel(
    *, data: Keeping, person: Person, number: Number, key: str | None, ledger: Ledger, now: Callable[[], datetime]
) -> IncidentStanding:
    """Let the chat channel stay: it is not archived, or taken out of the archive again."""
    return done(ledger, number, partial(room.keep, why=data.why, by=person.handle), key, now)


handlers = (show_room, link_call, keep_channel)
