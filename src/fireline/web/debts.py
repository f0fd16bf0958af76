"""Debts on the incident's page: own a stopgap, take it back, say that it is settled, tell of one."""

from __future__ import annotations

from datetime import UTC, datetime, time
from functools import partial
from typing import Annotated, Any

from litestar import post
from litestar.params import Body

from fireline.core import debt
from fireline.core.refusal import Refused
from fireline.store.ledger import Ledger
from fireline.web.answer import Ask, Frame
from fireline.web.deeds import URL, Form, whole_number
from fireline.web.incidents import changed
from fireline.web.standing import Reader
from fireline.workflows.afterwards import Afterwards
from fireline.workflows.restarts import Restarts


class NewDebt(Form, frozen=True, kw_only=True):
    """What is changed, how to undo it, when to ask again."""

    what: str = ""
    undo: str = ""
    minutes: str = ""


class Owning(Form, frozen=True, kw_only=True):
    """Who, until which day (`2026-11-30`), and what they will do."""

    owner: str = ""
    day: str = ""
    plan: str = ""


class Restart(Form, frozen=True, kw_only=True):
    """Which pods, by name with blanks or commas between them."""

    workload: str = ""
    namespace: str = ""
    pods: str = ""
    minimum: str = "1"
    reason: str = ""


class Settling(Form, frozen=True, kw_only=True):
    """How it was taken back; `permanent` is a pressed button: it stays on purpose."""

    said: str = ""
    permanent: str = ""


@post("/incidents/{number:int}/debts", sync_to_thread=True)
def add(
    *, request: Ask, frame: Frame, number: int, data: Annotated[NewDebt, Body(media_type=URL)], ledger: Ledger,
    reader: Reader,
) -> Any:  # fmt: skip
    """Tell of something that was changed for the time being."""
    minutes = whole_number(data.minutes, "minutes") if data.minutes else None
    me = frame.person.handle
    ledger.act(number, partial(debt.take, what=data.what, undo=data.undo, minutes=minutes, owner=me, by=me))
    return changed(request, frame, reader, number, "Listed. It keeps the incident open until undone or owned.")


@post("/incidents/{number:int}/debts/{owed:int}/owner", sync_to_thread=True)
def own(
    *, request: Ask, frame: Frame, number: int, owed: int, data: Annotated[Owning, Body(media_type=URL)],
    ledger: Ledger, reader: Reader,
) -> Any:  # fmt: skip
    """Give it to a named person with a date."""
    deed = partial(debt.own, debt=owed, owner=data.owner, due_at=_day(data.day), plan=data.plan, by=frame.person.handle)
    ledger.act(number, deed)
    return changed(request, frame, reader, number, f"{frame.names(data.owner)} owns it. The review lists it.")


@post("/incidents/{number:int}/debts/{owed:int}/undoing", sync_to_thread=True)
def undo(*, request: Ask, frame: Frame, number: int, owed: int, afterwards: Afterwards, reader: Reader) -> Any:
    """Ask for its undo command."""
    afterwards.take_back(number, owed, by=frame.person.handle)
    return changed(request, frame, reader, number, "Asked for. Somebody else has to say yes.")


@post("/incidents/{number:int}/debts/{owed:int}/settlement", sync_to_thread=True)
def settle(
    *, request: Ask, frame: Frame, number: int, owed: int, data: Annotated[Settling, Body(media_type=URL)],
    ledger: Ledger, reader: Reader,
) -> Any:  # fmt: skip
    """Say that it was taken back by hand, or that it stays on purpose."""
    deed = partial(debt.settle, debt=owed, said=data.said, permanent=bool(data.permanent), by=frame.person.handle)
    ledger.act(number, deed)
    return changed(request, frame, reader, number, "It stays on purpose." if data.permanent else "Settled.")


@post("/incidents/{number:int}/leases/{lease:int}/end", sync_to_thread=True)
def end_lease(*, request: Ask, frame: Frame, number: int, lease: int, afterwards: Afterwards, reader: Reader) -> Any:
    """Close a tunnel before its time is over."""
    afterwards.tunnels.end(number, lease, by=frame.person.handle)
    return changed(request, frame, reader, number, "The tunnel is closed.")


@post("/incidents/{number:int}/restarts", sync_to_thread=True)
def restart(
    *, request: Ask, frame: Frame, number: int, data: Annotated[Restart, Body(media_type=URL)], restarts: Restarts,
    reader: Reader,
) -> Any:  # fmt: skip
    """Ask to restart pods one by one."""
    restarts(
        number, workload=data.workload, namespace=data.namespace, pods=tuple(data.pods.replace(",", " ").split()),
        minimum=whole_number(data.minimum, "minimum"), reason=data.reason, by=frame.person.handle,
    )  # fmt: skip
    return changed(request, frame, reader, number, "Asked for. Somebody else has to say yes.")


def _day(text: str) -> datetime:
    try:
        return datetime.combine(datetime.fromisoformat(text).date(), time(12), UTC)
    except ValueError as trouble:
        raise Refused("Give the day as 2026-11-30.", status=400, field="day") from trouble


handlers = (add, own, undo, settle, end_lease, restart)
