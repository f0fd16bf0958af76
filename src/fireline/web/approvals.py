"""Approvals: the command as it would run, whole, and a yes or a no to exactly those bytes."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from litestar import get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Template

from fireline.core import approval
from fireline.core.incident import Incident
from fireline.store.ledger import Ledger
from fireline.web.answer import Ask, Frame, whole
from fireline.web.deeds import URL, Form
from fireline.web.incidents import changed
from fireline.web.standing import Reader, Standing
from fireline.workflows.propose import Propose

VALUE = "value."  # form fields of placeholders are called value.NAME


class Yes(Form, frozen=True, kw_only=True):
    """`shown` is the digest of the command that was shown; `typed` the name of what a last resort hits."""

    shown: str = ""
    typed: str = ""


class No(Form, frozen=True, kw_only=True):
    """Why not."""

    reason: str = ""


class Glass(Form, frozen=True, kw_only=True):
    """`shown` and `typed` as for a yes; and why nobody else can say it now."""

    shown: str = ""
    reason: str = ""
    typed: str = ""


@get("/incidents/{number:int}/approvals/{ask:int}", sync_to_thread=True)
def alone(frame: Frame, number: int, ask: int, reader: Reader) -> Template:
    """The approval alone: what a link in a page or a chat opens on a phone."""
    at = reader(number)
    return whole("incident/approval.html", frame, at=at, one=approval.find(at.log, ask))


@post("/incidents/{number:int}/approvals", sync_to_thread=True)
def ask_for(
    *,
    request: Ask,
    frame: Frame,
    number: int,
    data: Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)],
    propose: Propose,
    reader: Reader,
) -> Any:
    """Ask for a command of the runbook by its step, or for one in one's own words."""
    now = _asked(propose, number, data, frame.person.handle)
    newest = approval.asks(reader(number).log)[-1]
    said = "It only reads, so it runs now." if newest.granted else "Asked. Somebody else has to say yes."
    return changed(request, frame, reader, now.number, said)


@post("/incidents/{number:int}/approvals/{ask:int}/yes", sync_to_thread=True)
def say_yes(
    *, request: Ask, frame: Frame, number: int, ask: int, data: Annotated[Yes, Body(media_type=URL)], ledger: Ledger,
    reader: Reader,
) -> Any:  # fmt: skip
    """Say yes to exactly the command that was shown."""
    person = frame.person.handle
    ledger.act(number, partial(approval.give, number=ask, shown=data.shown, typed=data.typed, by=person))
    return changed(request, frame, reader, number, _said_yes(reader(number), ask))


@post("/incidents/{number:int}/approvals/{ask:int}/no", sync_to_thread=True)
def say_no(
    *, request: Ask, frame: Frame, number: int, ask: int, data: Annotated[No, Body(media_type=URL)], ledger: Ledger,
    reader: Reader,
) -> Any:  # fmt: skip
    """Say no, and why."""
    ledger.act(number, partial(approval.deny, number=ask, reason=data.reason.strip(), by=frame.person.handle))
    return changed(request, frame, reader, number, "Declined. It will not run.")


@post("/incidents/{number:int}/approvals/{ask:int}/break-glass", sync_to_thread=True)
def break_glass(
    *, request: Ask, frame: Frame, number: int, ask: int, data: Annotated[Glass, Body(media_type=URL)], ledger: Ledger,
    reader: Reader,
) -> Any:  # fmt: skip
    """Run it without the second yes."""
    person = frame.person.handle
    deed = partial(approval.break_glass, number=ask, shown=data.shown, typed=data.typed, reason=data.reason, by=person)
    ledger.act(number, deed)
    return changed(request, frame, reader, number, "It runs on your word alone. The timeline and the review say so.")


def _asked(propose: Propose, number: int, data: dict[str, str], by: str) -> Incident:
    """Hand the form to whoever judges commands."""
    reason = data.get("reason", "")
    if step := data.get("step", ""):
        given = {name.removeprefix(VALUE): value for name, value in data.items() if name.startswith(VALUE)}
        return propose.step(number, step, reason=reason, by=by, values=given)
    return propose.text(number, data.get("command", ""), title=data.get("title", ""), reason=reason, by=by)


def _said_yes(at: Standing, ask: int) -> str:
    one = approval.find(at.log, ask)
    more = one.asked.yes_needed - len(one.yes)
    return "Approved. It runs now." if more <= 0 else f"Your yes counts. It needs {more} more."


handlers = (alone, ask_for, say_yes, say_no, break_glass)
