"""Updates for our own people: written on the incident's page or on one of their own, seen before they are sent."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from litestar import get, post
from litestar.params import Body
from litestar.response import Template

from fireline.core import cadence, update
from fireline.store.ledger import Ledger
from fireline.web.answer import Ask, Frame, part, whole
from fireline.web.deeds import URL, Form, whole_number
from fireline.web.incidents import changed
from fireline.web.standing import Reader
from fireline.web.telling import compose
from fireline.workflows.communicate import Communicate


class Update(Form, frozen=True, kw_only=True):
    """What is being done, how many are affected (a number or unknown), which services (names, none, or unknown)."""

    actions: str = ""
    users: str = ""
    services: str = ""
    needs: str = ""


class Snooze(Form, frozen=True, kw_only=True):
    """Which audience waits how many minutes from now, and why."""

    audience: str = "internal"
    minutes: str = ""
    reason: str = ""


@get("/incidents/{number:int}/updates/new", sync_to_thread=True)
def composer(
    *, frame: Frame, number: int, reader: Reader, actions: str | None = None, users: str = "", services: str = "",
    needs: str = "",
) -> Template:  # fmt: skip
    """The draft and what would go out; with words in the address, what would go out with those."""
    at = reader(number)
    say = at.telling
    words = say.composed
    if actions is not None:
        words = compose(at.log, at.at, at.template, actions=actions, users=users, services=services, needs=needs)
    return whole("incident/composer.html", frame, at=at, say=say, words=words)


@get("/incidents/{number:int}/updates/preview", sync_to_thread=True)
def preview(
    *, frame: Frame, number: int, reader: Reader, actions: str = "", users: str = "", services: str = "",
    needs: str = "",
) -> Template:  # fmt: skip
    """What would go out with these words, while somebody types them."""
    at = reader(number)
    words = compose(at.log, at.at, at.template, actions=actions, users=users, services=services, needs=needs)
    return part("incident/_preview.html", frame, words=words)


@post("/incidents/{number:int}/updates", sync_to_thread=True)
def send(
    *, request: Ask, frame: Frame, number: int, data: Annotated[Update, Body(media_type=URL)], reader: Reader,
    communicate: Communicate,
) -> Any:  # fmt: skip
    """Send it. Nothing else does."""
    users, services = update.impact(data.users, data.services)
    after = communicate.send(
        number, actions=data.actions, users=users, services=services, by=frame.person.handle, needs=data.needs
    )
    count = len(update.updates(communicate.ledger.log(after.number)))
    return changed(request, frame, reader, number, f"Update #{count} is sent.")


@post("/incidents/{number:int}/snoozes", sync_to_thread=True)
def snooze(
    *, request: Ask, frame: Frame, number: int, data: Annotated[Snooze, Body(media_type=URL)], ledger: Ledger,
    reader: Reader,
) -> Any:  # fmt: skip
    """Move the next update, with the reason that the timeline tells."""
    minutes = whole_number(data.minutes, "minutes")
    deed = partial(cadence.snooze, audience=data.audience, minutes=minutes, reason=data.reason, by=frame.person.handle)
    ledger.act(number, deed)
    return changed(request, frame, reader, number, "Moved. The timeline says why.")


@get("/incidents/{number:int}/brief", sync_to_thread=True)
def brief(*, frame: Frame, number: int, reader: Reader, communicate: Communicate) -> Template:
    """Ten lines for somebody who comes in the middle."""
    return whole("incident/brief.html", frame, at=reader(number), lines=communicate.brief(number))


handlers = (composer, preview, send, snooze, brief)
