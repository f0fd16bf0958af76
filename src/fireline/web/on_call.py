"""On call: who has the turn, the plan, overrides, calendars; and the page behind a link that asks somebody to come.

That link shows a button and nothing else happens: mail scanners and chat programs open links, and a preview must
not acknowledge an incident. The button may be pressed without signing in, by whoever holds the link, once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlsplit

from litestar import Response, get, post
from litestar.params import Body, QueryParameter
from litestar.response import Template

from fireline.core import incident
from fireline.core.refusal import Refused
from fireline.core.rota import Shift
from fireline.settings import Settings
from fireline.store import eyes
from fireline.store.accounts import Accounts
from fireline.store.ledger import Ledger
from fireline.web.answer import HEADERS, Ask, Frame, moved, whole
from fireline.web.calendar import calendar
from fireline.web.deeds import URL, Form
from fireline.workflows.on_call import OnCall

AHEAD = timedelta(days=14)  # of the plan on the page
BACK, FORTH = timedelta(days=30), timedelta(days=90)  # of a calendar


class NewOverride(Form, frozen=True, kw_only=True):
    """What the form sends. Times are UTC (`2026-11-24T02:00`); an empty `starts_at` is now."""

    rotation: str = ""
    who: str = ""
    starts_at: str = ""
    ends_at: str = ""
    why: str = ""


@get("/on-call", sync_to_thread=True)
def page(*, frame: Frame, on_call: OnCall, now: Callable[[], datetime]) -> Template:
    """Who is on call, the plan of two weeks, and the phone numbers."""
    return _page(frame, on_call, now(), calendar_link="")


@post("/on-call/calendar", sync_to_thread=True)
def new_calendar(
    *, frame: Frame, on_call: OnCall, accounts: Accounts, settings: Settings, now: Callable[[], datetime]
) -> Template:
    """Make a link for this person's calendar program; the one before ends. It is shown once."""
    secret = accounts.calendar(frame.person.handle, now())
    link = f"{settings.base_url}/on-call/{frame.person.handle}.ics?token={secret}"
    return _page(frame, on_call, now(), calendar_link=link)


@post("/on-call/overrides", sync_to_thread=True)
def add(*, request: Ask, frame: Frame, data: Annotated[NewOverride, Body(media_type=URL)], on_call: OnCall) -> Any:
    """Give somebody the turn for a while."""
    ends_at = _time(data.ends_at, "ends_at")
    if ends_at is None:
        raise Refused("Say until when.", status=400, field="ends_at")
    on_call.override(
        rotation=data.rotation, who=data.who, starts_at=_time(data.starts_at, "starts_at"), ends_at=ends_at,
        by=frame.person.handle, why=data.why,
    )  # fmt: skip
    return moved(request, "/on-call")


@post("/on-call/overrides/{number:int}/ending", sync_to_thread=True)
def end(*, request: Ask, frame: Frame, number: int, on_call: OnCall) -> Any:
    """Take one back now."""
    on_call.take_back(number, by=frame.person.handle)
    return moved(request, "/on-call")


@get("/on-call/{file:str}", sync_to_thread=True, media_type="text/calendar")
def ics(
    *, file: str, on_call: OnCall, accounts: Accounts, settings: Settings, now: Callable[[], datetime],
    token: Annotated[str, QueryParameter()] = "",
) -> Response[bytes]:  # fmt: skip
    """`/on-call/NAME.ics`: the shifts of a rotation or of a person, for a calendar program with its own token."""
    name, at = file.removesuffix(".ics"), now()
    if name == file:
        raise Refused(f"There is no page {file} here. A calendar's name ends in .ics.", status=404)
    if accounts.by_calendar(token, at) is None:
        raise Refused("This calendar link is no longer good. The on-call page makes a new one.", status=403)
    rotations = on_call.roster.rotas
    shifts: list[Shift] = []
    for rotation in [name] if name in rotations else rotations:
        plan = on_call.plan(rotation, at - BACK, at + FORTH)
        shifts += [one for one in plan if name in (rotation, one.who)]
    if name not in (*rotations, *on_call.people):
        raise Refused(f"There is no rotation and no person {name}.", status=404)
    body = calendar(
        name, shifts, host=urlsplit(settings.base_url).hostname or "fireline", url=f"{settings.base_url}/on-call", at=at
    )
    return Response(body, media_type="text/calendar", headers=HEADERS)


@get("/answer/{secret:str}", sync_to_thread=True)
def knock(*, secret: str, accounts: Accounts, ledger: Ledger, now: Callable[[], datetime]) -> Template:
    """The button that acknowledges."""
    found = accounts.answer(secret, now())
    eyes.belong_to(found.person.handle)  # who was asked is on the list of a private one
    one = ledger.read(found.incident)
    return whole("on_call/answer.html", None, answer=found, incident=one, secret=secret)


@post("/answer/{secret:str}", sync_to_thread=True, status_code=200)
def answer(*, secret: str, accounts: Accounts, ledger: Ledger, now: Callable[[], datetime]) -> Template:
    """I have it: from a mail's page, or straight from a phone's button. The secret is all it needs."""
    found = accounts.answer(secret, now())
    who = found.person.handle
    eyes.belong_to(who)
    one = ledger.read(found.incident)
    mine = one.acknowledged is not None and one.acknowledged.by == who
    if not mine:  # a phone that heard no answer presses twice
        if found.used:
            raise Refused("This link is used up. Sign in and acknowledge there.", status=403)
        one = ledger.act(found.incident, partial(incident.acknowledge, by=who))
    accounts.answered(secret, now())
    return whole("on_call/answer.html", None, answer=found, incident=one, secret=secret)


handlers = (page, new_calendar, add, end, ics, knock, answer)


def _page(frame: Frame, on_call: OnCall, at: datetime, *, calendar_link: str) -> Template:
    plans = {name: on_call.plan(name, at, at + AHEAD) for name in on_call.roster.rotas}
    return whole(
        "on_call/page.html", frame, now=at, standings=on_call.standings(at), plans=plans, people=on_call.people,
        phones=on_call.phones, contacts=on_call.contacts(), roster=on_call.roster, calendar_link=calendar_link,
        overrides=on_call.overrides.between(at, at + FORTH),
    )  # fmt: skip


def _time(text: str, field: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=UTC)
    except ValueError:
        raise Refused("Give the time as 2026-11-24T02:00, in UTC.", status=400, field=field) from None
