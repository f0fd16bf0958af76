"""Stakeholders and decisions on pages: the summary is read before it is sent, a decision is one short form."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from litestar import get, post
from litestar.params import Body
from litestar.response import Template

from fireline.core import decision
from fireline.core.events import Dissent
from fireline.store.ledger import Ledger
from fireline.web.answer import Ask, Frame, whole
from fireline.web.deeds import URL, Form
from fireline.web.incidents import changed
from fireline.web.standing import Reader
from fireline.workflows.summarise import Summarise


class Summary(Form, frozen=True, kw_only=True):
    """The words."""

    text: str = ""


class Decision(Form, frozen=True, kw_only=True):
    """What was decided, whether objections were asked for, and one objection."""

    text: str = ""
    objections_asked: str = ""
    who: str = ""
    what: str = ""


@get("/incidents/{number:int}/summaries/new", sync_to_thread=True)
def composer(*, frame: Frame, number: int, reader: Reader, summarise: Summarise) -> Template:
    """The draft, whom it would go to, and the form that sends it."""
    at = reader(number)
    to, problem = summarise.reach(at.log)
    draft = summarise.draft(at.log)
    return whole("incident/summary.html", frame, at=at, say=at.telling, to=to, problem=problem, draft=draft)


@post("/incidents/{number:int}/summaries", sync_to_thread=True)
def send(
    *, request: Ask, frame: Frame, number: int, data: Annotated[Summary, Body(media_type=URL)], reader: Reader,
    summarise: Summarise,
) -> Any:  # fmt: skip
    """Send it. Nothing else does."""
    summarise.send(number, text=data.text, by=frame.person.handle)
    return changed(request, frame, reader, number, "The summary is on its way.")


@post("/incidents/{number:int}/decisions", sync_to_thread=True)
def decide(
    *, request: Ask, frame: Frame, number: int, data: Annotated[Decision, Body(media_type=URL)], ledger: Ledger,
    reader: Reader,
) -> Any:  # fmt: skip
    """Write a decision down."""
    against = (Dissent(who=data.who, what=data.what),) if data.who.strip() or data.what.strip() else ()
    asked = bool(data.objections_asked)
    deed = partial(decision.decide, text=data.text, objections_asked=asked, dissent=against, by=frame.person.handle)
    ledger.act(number, deed)
    return changed(request, frame, reader, number, "Written down.")


handlers = (composer, send, decide)
