"""What people do to an incident as a whole: acknowledge, note, change status or severity."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from fireline.core import incident
from fireline.core.refusal import Refused
from fireline.store.ledger import Ledger
from fireline.web.answer import Ask, Frame
from fireline.web.incidents import changed
from fireline.web.standing import Reader
from fireline.workflows.declare import Declare

URL = RequestEncodingType.URL_ENCODED


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What a form sends. Fields left out are empty; core says in words what is missing."""


class Note(Form, frozen=True, kw_only=True):
    """What was seen or decided, and when (UTC, `2026-11-23T03:04`) if it is told afterwards."""

    text: str = ""
    happened_at: str = ""


class Status(Form, frozen=True, kw_only=True):
    """The new status, and why."""

    status: str = ""
    why: str = ""


class Severity(Form, frozen=True, kw_only=True):
    """The new severity, and why."""

    severity: str = ""
    reason: str = ""


@post("/incidents/{number:int}/acknowledgement", sync_to_thread=True)
def acknowledge(request: Ask, frame: Frame, number: int, ledger: Ledger, reader: Reader) -> Any:
    """I have it."""
    ledger.act(number, partial(incident.acknowledge, by=frame.person.handle))
    return changed(request, frame, reader, number, "You have it. The clock has stopped.")


@post("/incidents/{number:int}/notes", sync_to_thread=True)
def note(
    *, request: Ask, frame: Frame, number: int, data: Annotated[Note, Body(media_type=URL)], ledger: Ledger,
    reader: Reader,
) -> Any:  # fmt: skip
    """Write a note on the timeline."""
    deed = partial(incident.note, text=data.text, happened_at=_moment(data.happened_at), by=frame.person.handle)
    ledger.act(number, deed)
    return changed(request, frame, reader, number, "Noted.")


@post("/incidents/{number:int}/status", sync_to_thread=True)
def change_status(
    *,
    request: Ask,
    frame: Frame,
    number: int,
    data: Annotated[Status, Body(media_type=URL)],
    ledger: Ledger,
    reader: Reader,
) -> Any:
    """Move to another status, forward or back."""
    deed = partial(incident.change_status, status=data.status, why=data.why.strip(), by=frame.person.handle)
    ledger.act(number, deed)
    return changed(request, frame, reader, number, f"The status is {data.status}.")


@post("/incidents/{number:int}/severity", sync_to_thread=True)
def change_severity(
    *, request: Ask, frame: Frame, number: int, data: Annotated[Severity, Body(media_type=URL)], ledger: Ledger,
    reader: Reader, declare: Declare,
) -> Any:  # fmt: skip
    """Judge the severity anew, with the response time its runbook gives."""
    row = declare.severity(data.severity, reader(number).book)
    deed = partial(
        incident.change_severity, severity=row.id, severity_name=row.name, response_minutes=row.response_minutes,
        reason=data.reason, by=frame.person.handle,
    )  # fmt: skip
    ledger.act(number, deed)
    return changed(request, frame, reader, number, f"The severity is {row.id}.")


def whole_number(text: str, field: str) -> int:
    """A number that somebody typed. Raises `Refused` naming the field."""
    if not (text.strip().isdecimal() and text.isascii() and len(text) < 10):
        raise Refused("Give a whole number.", status=400, field=field)
    return int(text)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as trouble:
        raise Refused("Give the time as 2026-11-23T03:04, in UTC.", status=400, field="happened_at") from trouble


handlers = (acknowledge, note, change_status, change_severity)
