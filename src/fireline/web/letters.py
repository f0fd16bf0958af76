"""Mail to customers: the form that the runbook's words are filled in by, the yes, how far it is; and the way out.

The way out is for customers: no sign-in, one button, and a mail program's own button does the same (RFC 8058).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from litestar import Response, Router, get, post
from litestar.exceptions import HTTPException
from litestar.params import Body
from litestar.response import Template

from fireline.core import letter, mailing
from fireline.core.letter import Facts, Words
from fireline.core.publish import commander
from fireline.core.refusal import Refused
from fireline.web.answer import HEADERS, Ask, Frame, moved, part, whole
from fireline.web.deeds import URL, Form
from fireline.web.standing import Reader, Standing
from fireline.web.yes import doors
from fireline.workflows.customer_mail import CustomerMail

TYPED = ("choice", "began", "ended", "impact", "cause", "resolution", "prevention")  # fields of the form
SAID = "Your mail address is off our list. What we already handed over may still arrive."


class Kept(Form, frozen=True, kw_only=True):
    """The whole letter, and whose customers get it: services, divided by commas."""

    subject: str = ""
    text: str = ""
    services: str = ""


@get("/incidents/{number:int}/letters", sync_to_thread=True)
def page(frame: Frame, number: int, reader: Reader, customer_mail: CustomerMail) -> Template:
    """Every letter, what waits for a yes, and the form as the log fills it."""
    return _page(frame, reader(number), customer_mail)


@post("/incidents/{number:int}/letters/filled", sync_to_thread=True, status_code=200)
def filled(
    *, frame: Frame, number: int, data: Annotated[dict[str, str], Body(media_type=URL)], reader: Reader,
    customer_mail: CustomerMail,
) -> Template:  # fmt: skip
    """The same page with the letter filled by what somebody typed. Nothing is kept."""
    at = reader(number)
    services = mailing.named(data.get("services", ""))
    given = {name: data.get(name) for name in TYPED}
    known = letter.given(customer_mail.known(at.now, services), **given)
    words = letter.fill(customer_mail.template(at.now), known)
    return _page(frame, at, customer_mail, known=known, words=words, services=services)


@post("/incidents/{number:int}/letters", sync_to_thread=True)
def draft(
    *, request: Ask, frame: Frame, number: int, data: Annotated[Kept, Body(media_type=URL)],
    customer_mail: CustomerMail,
) -> Any:  # fmt: skip
    """Write down a letter; nobody gets it yet."""
    customer_mail.draft(
        number, subject=data.subject, text=data.text, services=mailing.named(data.services), by=frame.person.handle
    )
    return moved(request, f"/incidents/{number}/letters")


@get("/incidents/{number:int}/letters/{which:int}/html", sync_to_thread=True)
def as_html(frame: Frame, number: int, which: int, reader: Reader) -> Response[str]:
    """The letter as mail programs show it; the way out at its end leads nowhere here."""
    drafted = mailing.find(reader(number).log, which).drafted
    return Response(letter.html(drafted.text), media_type="text/html; charset=utf-8", headers=HEADERS)


@get("/incidents/{number:int}/letters/{which:int}/progress", sync_to_thread=True)
def progress(frame: Frame, number: int, which: int, reader: Reader, customer_mail: CustomerMail) -> Template:
    """How far one is, as the page fetches it again."""
    at = reader(number)
    one = mailing.find(at.log, which)
    counts = customer_mail.copies.counts(number).get(which, {})
    rows = customer_mail.trouble(number, which) if frame.person.may_act else ()
    why = customer_mail.copies.held_up(number).get(which, "")
    return part("incident/_letter_progress.html", frame, at=at, one=one, counts=counts, rows=rows, why=why)


@post("/incidents/{number:int}/letters/{which:int}/test", sync_to_thread=True)
def test(*, request: Ask, frame: Frame, number: int, which: int, customer_mail: CustomerMail) -> Any:
    """Send it to myself."""
    customer_mail.test(number, which, by=frame.person.handle)
    return moved(request, f"/incidents/{number}/letters")


@post("/incidents/{number:int}/letters/{which:int}/copies/{customer:int}/again", sync_to_thread=True)
def again(*, request: Ask, frame: Frame, number: int, which: int, customer: int, customer_mail: CustomerMail) -> Any:
    """Send one copy once more."""
    customer_mail.send_again(number, which, customer=customer, by=frame.person.handle)
    return moved(request, f"/incidents/{number}/letters")


@get("/leave/{token:str}", sync_to_thread=False)
def leave_page(token: str) -> Template:
    """A button: programs that look into mails follow links, and press nothing."""
    sentence = "Press the button, and we write to this address no more about problems with our services."
    return whole("customers/leave.html", None, title="No more mail?", sentence=sentence, button=True, token=token)


@post("/leave/{token:str}", sync_to_thread=True, status_code=200)
def leave(token: str, customer_mail: CustomerMail, now: Callable[[], datetime]) -> Template:
    """No more mail. A token that nobody has is answered the same."""
    customer_mail.customers.leave(now(), token=token)
    return whole("customers/leave.html", None, title="No more mail", sentence=SAID, button=False, token=token)


def refused(_: Ask, no: Refused) -> Response[str]:
    """A refusal to a customer, who must learn nothing of the house."""
    return Response(f"{no.sentence}\n", status_code=no.status, media_type="text/plain; charset=utf-8", headers=HEADERS)


def wrong(request: Ask, trouble: HTTPException) -> Response[str]:
    """A request that no page takes."""
    return refused(request, Refused("There is no such page.", status=trouble.status_code))


def answers(customer_mail: CustomerMail) -> CustomerMail:
    """Who takes the yes and the no."""
    return customer_mail


handlers = (page, filled, draft, as_html, progress, test, *doors("letters", answers), again)
router = Router(
    "/customers",
    route_handlers=[leave_page, leave],
    exception_handlers={Refused: refused, HTTPException: wrong},
    include_in_schema=False,
)


def _page(
    frame: Frame,
    at: Standing,
    mail: CustomerMail,
    *,
    known: Facts | None = None,
    words: Words | None = None,
    services: tuple[str, ...] | None = None,
) -> Template:
    whose = mail.services(at.now) if services is None else services
    template = mail.template(at.now)
    known = known or mail.known(at.now, whose)
    if not words and (options := letter.choices(template)):
        known = replace(known, choice=options[-1])  # the milder one, until somebody chooses
    words = words or letter.fill(template, known)
    letters = tuple(reversed(mailing.letters(at.log)))
    drafts = [one for one in letters if one.state == "draft"]
    lists = {one.number: mail.listed(one.drafted.services) for one in drafts}
    return whole(
        "incident/letter.html", frame, at=at, letters=letters, may=mailing.may_be_written(at.log), lists=lists,
        digests={one.number: mailing.digest(one.drafted, lists[one.number]) for one in drafts},
        findings={one.number: mail.findings(at.log, one) for one in drafts}, ready=mail.head is not None,
        words=words, known=known, choices=letter.choices(template), whose=whose, tally=mail.customers.tally(),
        listed=mail.listed(whose), would=mail.look_over(at.log, words), commander=commander(at.log),
        counts=mail.copies.counts(at.number),
        held_up=mail.copies.held_up(at.number), my_mail=mail.mails.get(frame.person.handle, ""),
        rows={one.number: mail.trouble(at.number, one.number) for one in letters if one.approved}
        if frame.person.may_act else {},
    )  # fmt: skip
