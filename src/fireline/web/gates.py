"""Gates: what has to be true before it is over. Tick, set aside with a reason, state the cause, resolve."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from litestar import post
from litestar.params import Body

from fireline.core import gate, incident
from fireline.store.ledger import Ledger
from fireline.web.answer import Ask, Frame
from fireline.web.deeds import URL, Form
from fireline.web.incidents import changed
from fireline.web.standing import Reader


class Reason(Form, frozen=True, kw_only=True):
    """Why this gate does not count here."""

    reason: str = ""


class Cause(Form, frozen=True, kw_only=True):
    """What was wrong; `unknown` is a ticked box: nobody knows, and that is accepted."""

    text: str = ""
    unknown: str = ""


@post("/incidents/{number:int}/gates/{key:str}/tick", sync_to_thread=True)
def tick(*, request: Ask, frame: Frame, number: int, key: str, ledger: Ledger, reader: Reader) -> Any:
    """Vouch for a condition that cannot be measured here."""
    ledger.act(number, partial(gate.tick, gate=key, by=frame.person.handle))
    return changed(request, frame, reader, number, "Ticked.")


@post("/incidents/{number:int}/gates/{key:str}/override", sync_to_thread=True)
def override(
    *, request: Ask, frame: Frame, number: int, key: str, data: Annotated[Reason, Body(media_type=URL)], ledger: Ledger,
    reader: Reader,
) -> Any:  # fmt: skip
    """Set a gate aside, with the reason the review prints."""
    ledger.act(number, partial(gate.override, gate=key, reason=data.reason, by=frame.person.handle))
    return changed(request, frame, reader, number, "Set aside. The review will print why.")


@post("/incidents/{number:int}/root-cause", sync_to_thread=True)
def root_cause(
    *,
    request: Ask,
    frame: Frame,
    number: int,
    data: Annotated[Cause, Body(media_type=URL)],
    ledger: Ledger,
    reader: Reader,
) -> Any:
    """Say what was wrong, or that nobody knows."""
    deed = partial(incident.state_root_cause, text=data.text, known=not data.unknown, by=frame.person.handle)
    ledger.act(number, deed)
    return changed(request, frame, reader, number, "The root cause is stated.")


@post("/incidents/{number:int}/resolution", sync_to_thread=True)
def resolve(request: Ask, frame: Frame, number: int, ledger: Ledger, reader: Reader) -> Any:
    """It is over. Refused with the gates that are still shut."""
    ledger.act(number, partial(gate.resolve, by=frame.person.handle))
    return changed(request, frame, reader, number, "Resolved. The review is being drafted from the log.")


handlers = (tick, override, root_cause, resolve)
