"""What people think is wrong, by buttons on the incident's page; and the runbook's check for what they see."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from litestar import get, post
from litestar.params import Body
from litestar.response import Template

from fireline.core import hypothesis
from fireline.store.ledger import Ledger
from fireline.web.answer import Ask, Frame, whole
from fireline.web.deeds import URL, Form
from fireline.web.incidents import changed
from fireline.web.standing import Reader
from fireline.web.steps import fields_of
from fireline.workflows.investigate import Investigate
from fireline.workflows.library import stand_for


class Thought(Form, frozen=True, kw_only=True):
    """What may be wrong, why somebody thinks so, and a run that shows it."""

    text: str = ""
    reason: str = ""
    evidence: str = ""


class Word(Form, frozen=True, kw_only=True):
    """What speaks for a hypothesis or against it; `out` is a pressed button."""

    reason: str = ""
    evidence: str = ""
    out: str = ""


@post("/incidents/{number:int}/hypotheses", sync_to_thread=True)
def propose(
    *, request: Ask, frame: Frame, number: int, data: Annotated[Thought, Body(media_type=URL)], ledger: Ledger,
    reader: Reader,
) -> Any:  # fmt: skip
    """Say what may be wrong."""
    deed = partial(
        hypothesis.propose, text=data.text, reason=data.reason, evidence=(data.evidence,), by=frame.person.handle
    )
    ledger.act(number, deed)
    return changed(request, frame, reader, number, "Written down. Now look for what speaks for it or against it.")


@post("/incidents/{number:int}/hypotheses/{which:int}/words", sync_to_thread=True)
def say(
    *, request: Ask, frame: Frame, number: int, which: int, data: Annotated[Word, Body(media_type=URL)],
    ledger: Ledger, reader: Reader,
) -> Any:  # fmt: skip
    """Say what speaks for it, or rule it out."""
    deed = hypothesis.rule_out if data.out else hypothesis.support
    evidence, by = (data.evidence,), frame.person.handle
    ledger.act(number, partial(deed, hypothesis=which, reason=data.reason, evidence=evidence, by=by))
    return changed(request, frame, reader, number, "Ruled out." if data.out else "Noted.")


@get("/incidents/{number:int}/symptoms", sync_to_thread=True)
def symptoms(*, frame: Frame, number: int, investigate: Investigate, reader: Reader, text: str = "") -> Template:
    """The runbook's checks for what somebody sees; a page of its own, so that it works without scripts."""
    at = reader(number)
    found = investigate.symptoms(number, text) if text.strip() else ()
    book = investigate.book(at.now)
    known = stand_for(alert=at.now.declared.values, site=reader.values)
    steps = {one.key: one for one in book.commands} if book else {}
    blanks = {one.step: fields_of(steps[one.step], book=book, values=known) for one in found if one.step}
    return whole("incident/symptoms.html", frame, at=at, text=text, found=found, blanks=blanks)


handlers = (propose, say, symptoms)
