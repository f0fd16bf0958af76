"""Debts: what is changed only for the time being. Tell of one, own it, take it back, say that it is settled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated

from litestar import post
from litestar.params import PathParameter

from fireline.api.deeds import Wish, done
from fireline.api.incidents import Number
from fireline.api.problem import says_no
from fireline.api.standing import IncidentStanding, standing
from fireline.core import debt
from fireline.core.people import Person
from fireline.store.ledger import Ledger
from fireline.workflows.afterwards import Afterwards

TAGS = ("debts",)
WRONG = says_no(400, 403, 404, 409)
DebtNumber = Annotated[int, PathParameter(ge=1, le=2**31 - 1, description="The debt's number within the incident.")]


class NewDebt(Wish, frozen=True, kw_only=True):
    """What is changed for the time being; `undo` takes it back, after `minutes` it is asked after."""

    what: str
    owner: str = ""
    undo: str = ""
    minutes: float | None = None


class Owning(Wish, frozen=True, kw_only=True):
    """Who takes it over, until when (with its zone), and what they will do."""

    owner: str
    due_at: datetime
    plan: str = ""


class Settling(Wish, frozen=True, kw_only=True):
    """How it was taken back; `permanent` when it is meant to stay."""

    said: str
    permanent: bool = False


@post("/incidents/{number:int}/debts", tags=TAGS, responses=WRONG, sync_to_thread=True)
def add_debt(
    *, data: NewDebt, person: Person, number: Number, key: str | None, ledger: Ledger, now: Callable[[], datetime]
) -> IncidentStanding:
    """Tell of something that was changed for the time being. It keeps the incident open until undone or owned."""
    deed = partial(
        debt.take, what=data.what, owner=data.owner or person.handle, undo=data.undo, minutes=data.minutes,
        by=person.handle,
    )  # fmt: skip
    return done(ledger, number, deed, key, now)


@post("/incidents/{number:int}/debts/{debt_number:int}/owner", tags=TAGS, responses=WRONG, sync_to_thread=True)
def own_debt(
    *, data: Owning, person: Person, number: Number, debt_number: DebtNumber, key: str | None, ledger: Ledger,
    now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Give it to a named person with a date: the incident may close, and the review lists it."""
    deed = partial(debt.own, debt=debt_number, owner=data.owner, due_at=data.due_at, plan=data.plan, by=person.handle)
    return done(ledger, number, deed, key, now)


@post("/incidents/{number:int}/debts/{debt_number:int}/undoing", tags=TAGS, responses=WRONG, sync_to_thread=True)
def undo_debt(
    *, person: Person, number: Number, debt_number: DebtNumber, key: str | None, ledger: Ledger, afterwards: Afterwards,
    now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Ask for its undo command. It waits for a yes like any other; when it has run, the debt is settled."""
    afterwards.take_back(number, debt_number, by=person.handle, key=key)
    return standing(number, ledger.log(number), now(), ledger.vendors)


@post("/incidents/{number:int}/debts/{debt_number:int}/settlement", tags=TAGS, responses=WRONG, sync_to_thread=True)
def settle_debt(
    *, data: Settling, person: Person, number: Number, debt_number: DebtNumber, key: str | None, ledger: Ledger,
    now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Say that it was taken back by hand, or that it stays on purpose."""
    deed = partial(debt.settle, debt=debt_number, said=data.said, permanent=data.permanent, by=person.handle)
    return done(ledger, number, deed, key, now)


handlers = (add_debt, own_debt, undo_debt, settle_debt)
