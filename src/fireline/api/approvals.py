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
from fireline.core import approval
from fireline.core.people import Person
from fireline.core.refusal import Refused
from fireline.store.ledger import Ledger
from fireline.workflows.propose import Back, Propose

TAGS = ("approvals",)
AskNumber = Annotated[int, PathParameter(ge=1, le=2**31 - 1, description="The approval's number within the incident.")]


class NewAsk(Wish, frozen=True, kw_only=True):
    """A command of the runbook by its `step`, or a `command` in one's own words; and the reason.

    With `revert_minutes` the yes is to its undo as well, which runs by itself then: `revert`, or the one that is known.
    """

    reason: str
    step: str | None = None
    command: str | None = None
    values: dict[str, str] = msgspec.field(default_factory=dict)
    title: str | None = None
    revert_minutes: float | None = None
    revert: str = ""


class Yes(Wish, frozen=True, kw_only=True):
    """`shown` is the digest of the command as it was shown to whoever says yes.

    For a last resort `typed` is the name of what it hits, typed by that person.
    """

    shown: str
    typed: str = ""


class No(Wish, frozen=True, kw_only=True):
    """Why not: the next person needs to know."""

    reason: str


class Glass(Wish, frozen=True, kw_only=True):
    """`shown` and `typed` as for a yes; `reason` says why nobody else can say yes now."""

    shown: str
    reason: str
    typed: str = ""


@post("/incidents/{number:int}/approvals", tags=TAGS, responses=NOES, sync_to_thread=True)
def ask(
    *,
    data: NewAsk,
    person: Person,
    number: Number,
    key: str | None,
    ledger: Ledger,
    propose: Propose,
    now: Callable[[], datetime],
) -> IncidentStanding:
    """Ask for a command. What only reads runs at once; for anything else somebody else has to say yes."""
    back = Back(data.revert_minutes, data.revert) if data.revert_minutes is not None else None
    if data.step is not None and data.command is None:
        propose.step(number, data.step, reason=data.reason, by=person.handle, values=data.values, key=key, back=back)
    elif data.command is not None and data.step is None:
        propose.text(
            number, data.command, title=data.title or "", reason=data.reason, by=person.handle, key=key, back=back
        )
    else:
        raise Refused("Give either the step of a runbook's command, or a command.", status=400, field="step")
    return standing(number, ledger.log(number), now(), ledger.vendors)


@post("/incidents/{number:int}/approvals/{ask_number:int}/yes", tags=TAGS, responses=NOES, sync_to_thread=True)
def say_yes(
    *, data: Yes, person: Person, number: Number, ask_number: AskNumber, key: str | None, ledger: Ledger,
    now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Say yes to exactly the command that was shown. With enough yeses it runs, once."""
    deed = partial(approval.give, number=ask_number, shown=data.shown, typed=data.typed, by=person.handle)
    ledger.act(number, deed, key=key)
    return standing(number, ledger.log(number), now(), ledger.vendors)


@post("/incidents/{number:int}/approvals/{ask_number:int}/no", tags=TAGS, responses=NOES, sync_to_thread=True)
def say_no(
    *, data: No, person: Person, number: Number, ask_number: AskNumber, key: str | None, ledger: Ledger,
    now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Say no. Whoever asked may take their own ask back this way."""
    ledger.act(number, partial(approval.deny, number=ask_number, reason=data.reason, by=person.handle), key=key)
    return standing(number, ledger.log(number), now(), ledger.vendors)


@post("/incidents/{number:int}/approvals/{ask_number:int}/break-glass", tags=TAGS, responses=NOES, sync_to_thread=True)
def break_glass(
    *, data: Glass, person: Person, number: Number, ask_number: AskNumber, key: str | None, ledger: Ledger,
    now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Run it without the second yes, because nobody else is there. Everybody will see it, and why."""
    words = partial(approval.break_glass, shown=data.shown, typed=data.typed, reason=data.reason)
    deed = partial(words, number=ask_number, by=person.handle)
    ledger.act(number, deed, key=key)
    return standing(number, ledger.log(number), now(), ledger.vendors)


handlers = (ask, say_yes, say_no, break_glass)
