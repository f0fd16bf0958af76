"""Who does what: roles are offered and taken, tasks are given, taken and done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from litestar import post

from fireline.api.deeds import NOES, Act, Wish
from fireline.api.incidents import Number
from fireline.api.problem import says_no
from fireline.api.standing import IncidentStanding, standing
from fireline.core import roles, task
from fireline.core.people import Person
from fireline.store.ledger import Ledger
from fireline.workflows.communicate import Communicate

TAGS = ("roles and tasks",)
WRONG = says_no(400, 403, 404, 409)


class Offer(Wish, frozen=True, kw_only=True):
    """Whom the role is offered, by handle; `subject` is what an SME knows."""

    to: str
    subject: str = ""


class Taking(Wish, frozen=True, kw_only=True):
    """`why` is wanted when somebody has the role and did not offer it: the deputy may step in so."""

    subject: str = ""
    why: str = ""


class Declining(Wish, frozen=True, kw_only=True):
    """`to` is whom it was offered, when whoever offered it takes it back."""

    to: str = ""
    why: str = ""


class Releasing(Wish, frozen=True, kw_only=True):
    """`who` has the role, when the commander lets them go."""

    who: str = ""
    why: str = ""


class NewTask(Wish, frozen=True, kw_only=True):
    """One person, one thing, so many minutes."""

    to: str
    text: str
    minutes: int


class Ended(Wish, frozen=True, kw_only=True):
    """What came of it; `dropped` when nobody does it any more."""

    said: str = ""
    dropped: bool = False


@post("/incidents/{number:int}/roles/{role:str}/offers", tags=TAGS, responses=WRONG, sync_to_thread=True)
def offer_role(
    *, data: Offer, person: Person, number: Number, role: str, key: str | None, communicate: Communicate,
    ledger: Ledger, now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Ask somebody to take a role. Whoever has it keeps it until they say yes."""
    communicate.offer(number, role=role, to=data.to, subject=data.subject, by=person.handle, key=key)
    return standing(number, ledger.log(number), now(), ledger.vendors)


@post("/incidents/{number:int}/roles/{role:str}/taking", tags=TAGS, responses=WRONG, sync_to_thread=True)
def take_role(*, person: Person, role: str, act: Act, data: Taking | None = None) -> IncidentStanding:
    """Say yes to an offer, take a role that nobody has, or step in with a reason."""
    wish = data or Taking()
    deed = partial(roles.take, role=role, by=person.handle, subject=wish.subject, why=wish.why)
    return act(deed)


@post("/incidents/{number:int}/roles/{role:str}/declining", tags=TAGS, responses=WRONG, sync_to_thread=True)
def decline_role(*, person: Person, role: str, act: Act, data: Declining | None = None) -> IncidentStanding:
    """Say no to an offer, or take back one's own."""
    wish = data or Declining()
    deed = partial(roles.decline, role=role, by=person.handle, to=wish.to, why=wish.why)
    return act(deed)


@post("/incidents/{number:int}/roles/{role:str}/release", tags=TAGS, responses=WRONG, sync_to_thread=True)
def release_role(*, person: Person, role: str, act: Act, data: Releasing | None = None) -> IncidentStanding:
    """Give a role up. Command is never given up, only handed over."""
    wish = data or Releasing()
    deed = partial(roles.release, role=role, by=person.handle, who=wish.who, why=wish.why)
    return act(deed)


@post("/incidents/{number:int}/tasks", tags=TAGS, responses=WRONG, sync_to_thread=True)
def give_task(
    *, data: NewTask, person: Person, number: Number, key: str | None, communicate: Communicate, ledger: Ledger,
    now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Ask one person to do one thing within so many minutes."""
    communicate.give(number, to=data.to, text=data.text, minutes=data.minutes, by=person.handle, key=key)
    return standing(number, ledger.log(number), now(), ledger.vendors)


@post("/incidents/{number:int}/tasks/{task_number:int}/taking", tags=TAGS, responses=NOES, sync_to_thread=True)
def take_task(*, person: Person, task_number: int, act: Act) -> IncidentStanding:
    """Say that you do it."""
    return act(partial(task.take, task=task_number, by=person.handle))


@post("/incidents/{number:int}/tasks/{task_number:int}/end", tags=TAGS, responses=NOES, sync_to_thread=True)
def end_task(*, person: Person, task_number: int, act: Act, data: Ended | None = None) -> IncidentStanding:
    """Say that it is done, or that nobody does it any more."""
    wish = data or Ended()
    deed = partial(task.finish, task=task_number, by=person.handle, said=wish.said, dropped=wish.dropped)
    return act(deed)


handlers = (offer_role, take_role, decline_role, release_role, give_task, take_task, end_task)
