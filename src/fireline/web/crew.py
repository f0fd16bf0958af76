"""Who does what: roles are offered and taken, tasks given, taken and done, by buttons on the incident's page."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from litestar import post
from litestar.params import Body

from fireline.core import roles, task
from fireline.store.ledger import Ledger
from fireline.web.answer import Ask, Frame
from fireline.web.deeds import URL, Form, whole_number
from fireline.web.incidents import changed
from fireline.web.standing import Reader
from fireline.workflows.communicate import Communicate


class Wish(Form, frozen=True, kw_only=True):
    """Whom it is for, what an SME knows, and why."""

    to: str = ""
    subject: str = ""
    why: str = ""


class NewTask(Form, frozen=True, kw_only=True):
    """One person, one thing, so many minutes."""

    to: str = ""
    text: str = ""
    minutes: str = ""


class Ended(Form, frozen=True, kw_only=True):
    """What came of it; `dropped` is a pressed button: nobody does it any more."""

    said: str = ""
    dropped: str = ""


@post("/incidents/{number:int}/roles/{role:str}/offers", sync_to_thread=True)
def offer(
    *, request: Ask, frame: Frame, number: int, role: str, data: Annotated[Wish, Body(media_type=URL)],
    communicate: Communicate, reader: Reader,
) -> Any:  # fmt: skip
    """Ask somebody to take a role."""
    communicate.offer(number, role=role, to=data.to, subject=data.subject, by=frame.person.handle)
    return changed(
        request, frame, reader, number, f"{frame.names(data.to)} is asked. Until they say yes nothing changes."
    )


@post("/incidents/{number:int}/roles/{role:str}/taking", sync_to_thread=True)
def take(
    *, request: Ask, frame: Frame, number: int, role: str, data: Annotated[Wish, Body(media_type=URL)], ledger: Ledger,
    reader: Reader,
) -> Any:  # fmt: skip
    """Say yes, take what nobody has, or step in with a reason."""
    deed = partial(roles.take, role=role, by=frame.person.handle, subject=data.subject, why=data.why)
    ledger.act(number, deed)
    return changed(request, frame, reader, number, f"You are {roles.TITLES.get(role, role)}.")


@post("/incidents/{number:int}/roles/{role:str}/declining", sync_to_thread=True)
def decline(
    *, request: Ask, frame: Frame, number: int, role: str, data: Annotated[Wish, Body(media_type=URL)], ledger: Ledger,
    reader: Reader,
) -> Any:  # fmt: skip
    """Say no to an offer, or take back one's own."""
    deed = partial(roles.decline, role=role, by=frame.person.handle, to=data.to, why=data.why)
    ledger.act(number, deed)
    return changed(request, frame, reader, number, "The offer is gone.")


@post("/incidents/{number:int}/roles/{role:str}/release", sync_to_thread=True)
def release(
    *, request: Ask, frame: Frame, number: int, role: str, data: Annotated[Wish, Body(media_type=URL)], ledger: Ledger,
    reader: Reader,
) -> Any:  # fmt: skip
    """Give a role up, or as commander let somebody go."""
    deed = partial(roles.release, role=role, by=frame.person.handle, who=data.to, why=data.why)
    ledger.act(number, deed)
    return changed(request, frame, reader, number, "Given up.")


@post("/incidents/{number:int}/tasks", sync_to_thread=True)
def give(
    *, request: Ask, frame: Frame, number: int, data: Annotated[NewTask, Body(media_type=URL)],
    communicate: Communicate, reader: Reader,
) -> Any:  # fmt: skip
    """Ask one person to do one thing."""
    minutes = whole_number(data.minutes, "minutes")
    communicate.give(number, to=data.to, text=data.text, minutes=minutes, by=frame.person.handle)
    return changed(request, frame, reader, number, f"{frame.names(data.to)} is asked, within {minutes} min.")


@post("/incidents/{number:int}/tasks/{task_number:int}/taking", sync_to_thread=True)
def take_task(*, request: Ask, frame: Frame, number: int, task_number: int, ledger: Ledger, reader: Reader) -> Any:
    """I do it."""
    ledger.act(number, partial(task.take, task=task_number, by=frame.person.handle))
    return changed(request, frame, reader, number, "Noted that you do it.")


@post("/incidents/{number:int}/tasks/{task_number:int}/end", sync_to_thread=True)
def end_task(
    *, request: Ask, frame: Frame, number: int, task_number: int, data: Annotated[Ended, Body(media_type=URL)],
    ledger: Ledger, reader: Reader,
) -> Any:  # fmt: skip
    """It is done, or nobody does it any more."""
    dropped = bool(data.dropped)
    ledger.act(number, partial(task.finish, task=task_number, by=frame.person.handle, said=data.said, dropped=dropped))
    return changed(request, frame, reader, number, "Dropped." if dropped else "Done.")


handlers = (offer, take, decline, release, give, take_task, end_task)
