"""Approvals: ask for a command, say yes or no to exactly those bytes, or break the glass."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated

import msgspec
from litestar import post
from litestar.params import PathParameter

from fireline.api.deeds import NOES, Wish
from fireline.api.incidents import Number
from fireline.api.standing import IncidentStanding, standing
from fireline.core import approval, guard
from fireline.core.guard import Verdict
from fireline.core.guard.policy import decide
from fireline.core.incident import Incident
from fireline.core.people import Person
from fireline.core.refusal import Refused
from fireline.core.runbook import Command
from fireline.settings import Settings
from fireline.shell import parse as shell
from fireline.store.ledger import Deed, Ledger
from fireline.workflows.library import Library, prepare

TAGS = ("approvals",)
OWN_WORDS = "by hand"  # the step of a command that stands in no runbook
AskNumber = Annotated[int, PathParameter(ge=1, le=2**31 - 1, description="The approval's number within the incident.")]


class NewAsk(Wish, frozen=True, kw_only=True):
    """A command of the runbook by its `step`, or a `command` in one's own words; and the reason."""

    reason: str
    step: str | None = None
    command: str | None = None
    values: dict[str, str] = msgspec.field(default_factory=dict)
    title: str | None = None


class Yes(Wish, frozen=True, kw_only=True):
    """`shown` is the digest of the command as it was shown to whoever says yes."""

    shown: str


class No(Wish, frozen=True, kw_only=True):
    """Why not: the next person needs to know."""

    reason: str


class Glass(Wish, frozen=True, kw_only=True):
    """`shown` as for a yes; `reason` says why nobody else can say yes now."""

    shown: str
    reason: str


@post("/incidents/{number:int}/approvals", tags=TAGS, responses=NOES, sync_to_thread=True)
def ask(
    *, data: NewAsk, person: Person, number: Number, key: str | None, ledger: Ledger, library: Library,
    settings: Settings, now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Ask for a command that changes something. Somebody else has to say yes before it runs."""
    incident = ledger.read(number)
    deed = wish(data, incident, library, settings.values, by=person.handle)
    ledger.act(number, deed, key=key)
    return standing(number, ledger.log(number), now())


@post("/incidents/{number:int}/approvals/{ask_number:int}/yes", tags=TAGS, responses=NOES, sync_to_thread=True)
def say_yes(
    *, data: Yes, person: Person, number: Number, ask_number: AskNumber, key: str | None, ledger: Ledger,
    now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Say yes to exactly the command that was shown. With enough yeses it runs, once."""
    ledger.act(number, partial(approval.give, number=ask_number, shown=data.shown, by=person.handle), key=key)
    return standing(number, ledger.log(number), now())


@post("/incidents/{number:int}/approvals/{ask_number:int}/no", tags=TAGS, responses=NOES, sync_to_thread=True)
def say_no(
    *, data: No, person: Person, number: Number, ask_number: AskNumber, key: str | None, ledger: Ledger,
    now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Say no. Whoever asked may take their own ask back this way."""
    ledger.act(number, partial(approval.deny, number=ask_number, reason=data.reason, by=person.handle), key=key)
    return standing(number, ledger.log(number), now())


@post("/incidents/{number:int}/approvals/{ask_number:int}/break-glass", tags=TAGS, responses=NOES, sync_to_thread=True)
def break_glass(
    *, data: Glass, person: Person, number: Number, ask_number: AskNumber, key: str | None, ledger: Ledger,
    now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Run it without the second yes, because nobody else is there. Everybody will see it, and why."""
    deed = partial(approval.break_glass, number=ask_number, shown=data.shown, reason=data.reason, by=person.handle)
    ledger.act(number, deed, key=key)
    return standing(number, ledger.log(number), now())


handlers = (ask, say_yes, say_no, break_glass)


def wish(data: NewAsk, incident: Incident, library: Library, values: dict[str, str], *, by: str) -> Deed:
    """The ask as a deed: the command filled in and judged, and how many people its effect wants."""
    if (data.step is None) == (data.command is None):
        raise Refused("Give either the step of a runbook's command, or a command.", status=400, field="step")
    if data.step is not None:
        step = _step(incident, library, data.step)
        filled = prepare(step, values | incident.declared.values | data.values)
        key, title, text, verdict = step.key, step.title or step.text.splitlines()[0], filled.to_run, filled.verdict
    else:
        key, text = OWN_WORDS, (data.command or "").strip()
        if not text:
            raise Refused("Give the command's text.", status=400, field="command")
        verdict = guard.judge(text, parse=shell)
        title, text = text.splitlines()[0], verdict.rewritten or text
    return partial(
        approval.ask, step=key, title=(data.title or title)[:200], command=text, effect=str(verdict.effect),
        rule=verdict.rule, reason=data.reason, yes_needed=_yes_needed(verdict, incident), why=verdict.why, by=by,
    )  # fmt: skip


def _step(incident: Incident, library: Library, key: str) -> Command:
    ref = incident.declared.runbook
    commands = library.at(ref).commands if ref else ()
    for command in commands:
        if command.key == key:
            return command
    raise Refused(f"The runbook of {incident.name} has no command {key}.", status=404, field="step")


def _yes_needed(verdict: Verdict, incident: Incident) -> int:
    rule = decide(verdict.effect, severity=incident.severity, asked_by_house=False, tags=verdict.tags)
    if verdict.effect == "read":
        raise Refused(f"{verdict.why} Nobody has to approve that: run it where you are.", status=400)
    return rule.yes_needed
