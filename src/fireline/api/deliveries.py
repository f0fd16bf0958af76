"""Deliveries: what vendors were told, what is missing, and what people do about that."""

from __future__ import annotations

import msgspec
from litestar import get, post

from fireline.api.incidents import Number
from fireline.api.problem import says_no
from fireline.api.standing import Delivery
from fireline.core.people import Person
from fireline.workflows.inform import Deliveries

TAGS = ("deliveries",)
NOES = says_no(403, 404, 409)


class ByHand(msgspec.Struct, frozen=True, kw_only=True):
    """How a person does it: the text to say, and lines to paste into a shell."""

    text: str
    lines: tuple[str, ...]


class Item(Delivery, frozen=True, kw_only=True):
    """A delivery; with `by_hand` while it is missing."""

    by_hand: ByHand | None


class Phone(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody to call, from the runbook; `blank` where nobody put the number in."""

    role: str
    contact: str
    phone: str
    blank: bool


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """All deliveries of an incident; `phones` while one is missing."""

    deliveries: tuple[Item, ...]
    phones: tuple[Phone, ...]


class Which(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A delivery, by its `key`."""

    delivery: str


@get("/incidents/{number:int}/deliveries", tags=TAGS, responses=says_no(404), sync_to_thread=True)
def list_deliveries(*, person: Person, number: Number, deliveries: Deliveries) -> Told:
    """Give what vendors were told, what waits, and how to do by hand what is missing."""
    return _told(deliveries, number)


@post("/incidents/{number:int}/deliveries/by-hand", tags=TAGS, responses=NOES, sync_to_thread=True)
def did_by_hand(*, data: Which, person: Person, number: Number, key: str | None, deliveries: Deliveries) -> Told:
    """Say that you did it by hand; fireline does not try it any more."""
    deliveries.did_by_hand(number, data.delivery, by=person.handle, once=key)
    return _told(deliveries, number)


@post("/incidents/{number:int}/deliveries/retry", tags=TAGS, responses=NOES, sync_to_thread=True)
def try_again(*, data: Which, person: Person, number: Number, key: str | None, deliveries: Deliveries) -> Told:
    """Try now what was given up."""
    deliveries.try_again(number, data.delivery, by=person.handle, once=key)
    return _told(deliveries, number)


def _told(deliveries: Deliveries, number: int) -> Told:
    standing = deliveries(number)
    return Told(
        deliveries=tuple(
            Item(
                **msgspec.structs.asdict(msgspec.convert(one.delivery, Delivery, from_attributes=True)),
                by_hand=msgspec.convert(one.by_hand, ByHand, from_attributes=True) if one.by_hand else None,
            )
            for one in standing.lines
        ),
        phones=msgspec.convert(standing.phones, tuple[Phone, ...], from_attributes=True),
    )


handlers = (list_deliveries, did_by_hand, try_again)
