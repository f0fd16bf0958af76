"""On call: who has the turn, the plan, and overrides. `POST /on-call/overrides/3/ending` takes one back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import PathParameter, QueryParameter

from fireline.api.problem import says_no
from fireline.core import rota
from fireline.core.people import Person
from fireline.core.refusal import Refused
from fireline.workflows.on_call import OnCall

TAGS = ("on call",)
PLAN = timedelta(days=14)  # how far the plan goes when nobody says
Number = Annotated[int, PathParameter(ge=1, le=2**31 - 1, description="The override's number.")]
Rotation = Annotated[str, PathParameter(description="The rotation's name.")]
At = Annotated[datetime | None, QueryParameter(description="A moment with its zone; now, without.")]
From = Annotated[datetime | None, QueryParameter(name="from", description="Now, without.")]
To = Annotated[datetime | None, QueryParameter(name="to", description="14 days later, without.")]


class NewOverride(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who takes the turn of which rotation, why, and until when."""

    rotation: str
    who: str
    why: str
    ends_at: datetime
    starts_at: datetime | None = None  # now, without


class OverrideRow(msgspec.Struct, frozen=True, kw_only=True):
    """An override. `ended_by` took it back, at `ends_at`."""

    number: int
    rotation: str
    who: str
    starts_at: datetime
    ends_at: datetime
    by: str
    why: str
    ended_by: str | None


class ShiftRow(msgspec.Struct, frozen=True, kw_only=True):
    """Who has the turn from when to when; `who` is null where nobody has."""

    rotation: str
    who: str | None
    starts_at: datetime
    ends_at: datetime
    override: OverrideRow | None


class StandingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One rotation at one moment. `until` is null when nothing changes within 60 days."""

    rotation: str
    who: str | None
    until: datetime | None
    next: str | None
    override: OverrideRow | None


class ContactRow(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the main runbook says to call."""

    role: str
    contact: str
    phone: str | None


class OnCallNow(msgspec.Struct, frozen=True, kw_only=True):
    """Every rotation, and the phone numbers for when nothing else works."""

    at: datetime
    rotations: tuple[StandingRow, ...]
    phones: dict[str, str]
    contacts: tuple[ContactRow, ...]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Shifts without a gap, the first one first."""

    shifts: tuple[ShiftRow, ...]


@get("/on-call", tags=TAGS, responses=says_no(), sync_to_thread=True)
def who_is_on_call(*, person: Person, on_call: OnCall, now: Callable[[], datetime], at: At = None) -> OnCallNow:
    """Give who is on call in each rotation."""
    moment = _zoned(at, "at") or now()
    rows = tuple(
        StandingRow(
            rotation=one.rotation, who=one.now.who, until=one.now.ends_at if one.next else None,
            next=one.next.who if one.next else None, override=_override(one.now.override),
        )
        for one in on_call.standings(moment)
    )  # fmt: skip
    contacts = tuple(ContactRow(role=one.role, contact=one.contact, phone=one.phone) for one in on_call.contacts())
    phones = {who: phone for who, phone in on_call.phones.items() if phone}
    return OnCallNow(at=moment, rotations=rows, phones=phones, contacts=contacts)


@get("/on-call/{rotation:str}/shifts", tags=TAGS, responses=says_no(404), sync_to_thread=True)
def plan(
    *, rotation: Rotation, person: Person, on_call: OnCall, now: Callable[[], datetime], start: From = None,
    end: To = None,
) -> Plan:  # fmt: skip
    """Give the plan of a rotation, 400 days at most."""
    begins = _zoned(start, "from") or now()
    shifts = on_call.plan(rotation, begins, _zoned(end, "to") or begins + PLAN)
    return Plan(
        shifts=tuple(
            ShiftRow(
                rotation=one.rotation, who=one.who, starts_at=one.starts_at, ends_at=one.ends_at,
                override=_override(one.override),
            )
            for one in shifts
        )
    )  # fmt: skip


@post("/on-call/overrides", tags=TAGS, responses=says_no(403, 404), sync_to_thread=True)
def add_override(*, data: NewOverride, person: Person, key: str | None, on_call: OnCall) -> OverrideRow:
    """Give somebody the turn for a while, at most 90 days."""
    made = on_call.override(
        rotation=data.rotation, who=data.who, starts_at=_zoned(data.starts_at, "starts_at"),
        ends_at=_zoned(data.ends_at, "ends_at") or data.ends_at, by=person.handle, why=data.why, key=key,
    )  # fmt: skip
    return _row(made)


@post("/on-call/overrides/{number:int}/ending", tags=TAGS, responses=says_no(403, 404, 409), sync_to_thread=True)
def end_override(*, number: Number, person: Person, key: str | None, on_call: OnCall) -> OverrideRow:
    """Take an override back now."""
    return _row(on_call.take_back(number, by=person.handle, key=key))


handlers = (who_is_on_call, plan, add_override, end_override)


def _zoned(at: datetime | None, field: str) -> datetime | None:
    if at is not None and at.tzinfo is None:
        raise Refused("Give the time with its zone, such as 2026-11-24T02:00Z.", status=400, field=field)
    return at


def _override(one: rota.Override | None) -> OverrideRow | None:
    return _row(one) if one else None


def _row(one: rota.Override) -> OverrideRow:
    return OverrideRow(
        number=one.number, rotation=one.rotation, who=one.who, starts_at=one.starts_at, ends_at=one.ends_at, by=one.by,
        why=one.why, ended_by=one.ended_by,
    )  # fmt: skip
