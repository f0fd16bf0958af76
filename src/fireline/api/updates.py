"""Updates for our own people: what was sent, the draft of the next one, and the brief for whoever comes in late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Literal, TypeVar

import msgspec
from litestar import get, post

from fireline.api.deeds import Wish, done
from fireline.api.incidents import Number
from fireline.api.problem import says_no
from fireline.api.standing import IncidentStanding, standing
from fireline.core import cadence, update
from fireline.core.brief import text
from fireline.core.people import Person
from fireline.core.refusal import Refused
from fireline.store.ledger import Ledger
from fireline.workflows.communicate import Communicate

TAGS = ("updates",)
Unknown = Literal["unknown"]
T = TypeVar("T")


class NewUpdate(Wish, frozen=True, kw_only=True):
    """What is being done; `users` affected and `services` degraded, or `unknown`.

    `status` may be left out; given, it has to be the incident's own. `needs` is what would help, a line of its own.
    """

    actions: str
    users: int | Unknown = "unknown"
    services: tuple[str, ...] | Unknown = "unknown"
    status: str | None = None
    needs: str = ""


class Snooze(Wish, frozen=True, kw_only=True):
    """Move the next update of this audience to `minutes` from now."""

    audience: str
    minutes: int
    reason: str


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One update as it went out."""

    number: int
    at: datetime
    by: str
    status: str
    users: int | Unknown
    services: tuple[str, ...] | Unknown
    actions: str
    next_update_at: datetime | None
    text: str
    needs: str = ""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The next update, filled from what is new. `text` is empty where `problem` says why it cannot go out so."""

    number: int
    status: str
    users: int | Unknown
    services: tuple[str, ...] | Unknown
    actions: str
    news: tuple[str, ...]
    line: str
    next_update_at: datetime | None
    text: str
    problem: str | None


class Updates(msgspec.Struct, frozen=True, kw_only=True):
    """Every update, oldest first, and the draft of the next."""

    incident: int
    sent: tuple[Sent, ...]
    draft: Draft


class BriefLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the brief."""

    label: str
    text: str


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """At most ten lines, and the same as one text."""

    incident: int
    lines: tuple[BriefLine, ...]
    text: str


@get("/incidents/{number:int}/updates", tags=TAGS, responses=says_no(404), sync_to_thread=True)
def show_updates(*, person: Person, number: Number, ledger: Ledger, communicate: Communicate) -> Updates:
    """Give the updates that were sent, and the draft of the next one."""
    log, draft = ledger.log(number), communicate.draft(number)
    try:
        shown, problem = (
            communicate.preview(number, log, actions=draft.actions, users=draft.users, services=draft.services).text,
            None,
        )
    except Refused as no:
        shown, problem = "", no.sentence
    facts = {name: getattr(draft, name) for name in ("number", "status", "actions", "news", "line", "next_update_at")}
    sent = tuple(
        Sent(
            number=one.number, at=one.at, by=one.by, status=one.status, users=_known(one.users),
            services=_known(one.services), actions=one.actions, next_update_at=one.next_update_at, text=one.text,
            needs=one.needs or "",
        )
        for one in update.updates(log)
    )  # fmt: skip
    draft_ = Draft(users=_known(draft.users), services=_known(draft.services), text=shown, problem=problem, **facts)
    return Updates(incident=number, sent=sent, draft=draft_)


@post("/incidents/{number:int}/updates", tags=TAGS, responses=says_no(400, 403, 404, 409), sync_to_thread=True)
def send_update(
    *, data: NewUpdate, person: Person, number: Number, key: str | None, communicate: Communicate, ledger: Ledger,
    now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Send an update to our own people, in the runbook's words. Its number and the next one's time are given."""
    communicate.send(
        number, actions=data.actions, users=None if data.users == "unknown" else data.users,
        services=None if data.services == "unknown" else data.services, status=data.status, by=person.handle, key=key,
        needs=data.needs,
    )  # fmt: skip
    return standing(number, ledger.log(number), now(), ledger.vendors)


@post("/incidents/{number:int}/snoozes", tags=TAGS, responses=says_no(400, 403, 404, 409), sync_to_thread=True)
def snooze_update(
    *, data: Snooze, person: Person, number: Number, key: str | None, ledger: Ledger, now: Callable[[], datetime]
) -> IncidentStanding:
    """Move the next update, and say why."""
    deed = partial(cadence.snooze, audience=data.audience, minutes=data.minutes, reason=data.reason, by=person.handle)
    return done(ledger, number, deed, key, now)


@get("/incidents/{number:int}/brief", tags=TAGS, responses=says_no(404), sync_to_thread=True)
def show_brief(*, person: Person, number: Number, communicate: Communicate) -> Brief:
    """Give ten lines for somebody who comes in the middle: what, since when, who, seen, tried, waits, next."""
    lines = communicate.brief(number)
    told = tuple(BriefLine(label=one.label, text=one.text) for one in lines)
    return Brief(incident=number, lines=told, text=text(lines))


handlers = (show_updates, send_update, snooze_update, show_brief)


def _known(value: T | None) -> T | Unknown:
    return "unknown" if value is None else value
