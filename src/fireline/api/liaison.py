"""Stakeholders and decisions: the summary that a person sends, and what was decided with whose objection."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import msgspec
from litestar import get, post

from fireline.api.deeds import Wish, done
from fireline.api.incidents import Number
from fireline.api.problem import says_no
from fireline.api.standing import IncidentStanding, standing
from fireline.core import decision, summary
from fireline.core.events import Dissent
from fireline.core.people import Person
from fireline.store.ledger import Ledger
from fireline.workflows.summarise import Summarise

TAGS = ("stakeholders",)
WRONG = says_no(400, 403, 404, 409)


class NewSummary(Wish, frozen=True, kw_only=True):
    """The words. Whom they go to say the settings, by the incident's severity."""

    text: str


class Objection(Wish, frozen=True, kw_only=True):
    """Who did not agree, and with what."""

    who: str
    what: str


class NewDecision(Wish, frozen=True, kw_only=True):
    """What was decided; whether objections were asked for, and those that were heard and not followed."""

    text: str
    objections_asked: bool = False
    dissent: tuple[Objection, ...] = ()


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One summary as it went out: `to` are mail addresses, `chat` says that the severity's chat got it too."""

    number: int
    at: datetime
    by: str
    severity: str
    status: str
    text: str
    to: tuple[str, ...]
    chat: bool
    next_at: datetime | None


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """The next summary as drafted, and where it would go; `problem` says why it may not go there."""

    text: str
    to: tuple[str, ...]
    chat: bool
    due_at: datetime | None
    problem: str | None


class Summaries(msgspec.Struct, frozen=True, kw_only=True):
    """Every summary, oldest first, and the draft of the next."""

    incident: int
    sent: tuple[Sent, ...]
    draft: Next


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One decision."""

    number: int
    at: datetime
    by: str
    text: str
    objections_asked: bool
    dissent: tuple[Dissent, ...]


class Decisions(msgspec.Struct, frozen=True, kw_only=True):
    """Every decision, oldest first."""

    incident: int
    decisions: tuple[Decision, ...]


@get("/incidents/{number:int}/summaries", tags=TAGS, responses=says_no(404), sync_to_thread=True)
def show_summaries(*, person: Person, number: Number, ledger: Ledger, summarise: Summarise) -> Summaries:
    """Give the summaries that stakeholders had, and the draft of the next one. Nothing is sent."""
    log = ledger.log(number)
    (to, problem), due = summarise.reach(log), summary.count(log)
    draft = Next(
        text=summarise.draft(log), to=to.mail, chat=to.chat, due_at=due.due if due else None, problem=problem or None
    )
    sent = tuple(
        Sent(**{name: getattr(one, name) for name in Sent.__struct_fields__}) for one in summary.summaries(log)
    )
    return Summaries(incident=number, sent=sent, draft=draft)


@post("/incidents/{number:int}/summaries", tags=TAGS, responses=WRONG, sync_to_thread=True)
def send_summary(
    *, data: NewSummary, person: Person, number: Number, key: str | None, summarise: Summarise, ledger: Ledger,
    now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Send a summary to the stakeholders of the incident's severity."""
    summarise.send(number, text=data.text, by=person.handle, key=key)
    return standing(number, ledger.log(number), now(), ledger.vendors)


@get("/incidents/{number:int}/decisions", tags=TAGS, responses=says_no(404), sync_to_thread=True)
def show_decisions(*, person: Person, number: Number, ledger: Ledger) -> Decisions:
    """Give what was decided, and who had an objection."""
    found = tuple(
        Decision(
            number=one.decision, at=one.at, by=one.by, text=one.text, objections_asked=one.objections_asked,
            dissent=one.dissent,
        )
        for one in decision.decisions(ledger.log(number))
    )  # fmt: skip
    return Decisions(incident=number, decisions=found)


@post("/incidents/{number:int}/decisions", tags=TAGS, responses=WRONG, sync_to_thread=True)
def decide(
    *, data: NewDecision, person: Person, number: Number, key: str | None, ledger: Ledger, now: Callable[[], datetime]
) -> IncidentStanding:
    """Write a decision down, with the objections that were heard."""
    against = tuple(Dissent(who=one.who, what=one.what) for one in data.dissent)
    deed = partial(
        decision.decide, text=data.text, objections_asked=data.objections_asked, dissent=against, by=person.handle
    )
    return done(ledger, number, deed, key, now)


handlers = (show_summaries, send_summary, show_decisions, decide)
