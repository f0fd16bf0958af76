"""Private: who may know of an incident. Whoever may not is answered as if there were none of this number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import PathParameter

from fireline.api.deeds import NOES, Wish
from fireline.api.incidents import Number
from fireline.api.problem import says_no
from fireline.api.standing import IncidentStanding, standing
from fireline.core import readers
from fireline.core.people import Person
from fireline.store import eyes
from fireline.store.ledger import Ledger
from fireline.workflows.private import Private

TAGS = ("private",)
Who = Annotated[str, PathParameter(description="A person's handle.")]


class Readers(msgspec.Struct, frozen=True, kw_only=True):
    """Who may know of it: with `private` those on the list, else everybody, and the list is empty."""

    incident: int
    private: bool
    people: tuple[str, ...]


class Closing(Wish, frozen=True, kw_only=True):
    """Why, if it needs saying."""

    why: str = ""


class Opening(Wish, frozen=True, kw_only=True):
    """Why everybody may know of it now."""

    why: str


class NewReader(Wish, frozen=True, kw_only=True):
    """Who is let in. An admin may name themselves, and then has to say why."""

    who: str
    why: str = ""


class Removal(Wish, frozen=True, kw_only=True):
    """Why."""

    why: str


@get("/incidents/{number:int}/readers", tags=TAGS, responses=says_no(404), sync_to_thread=True)
def show_readers(*, person: Person, number: Number, ledger: Ledger) -> Readers:
    """Give who may know of it."""
    return _readers(number, ledger)


@post("/incidents/{number:int}/privacy", tags=TAGS, responses=NOES, sync_to_thread=True)
def make_private(
    *, data: Closing, person: Person, number: Number, key: str | None, private: Private, ledger: Ledger,
    now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Let only the people know of it who have a part in it, and whom they let in."""
    private.close_off(number, by=person.handle, why=data.why, key=key)
    return standing(number, ledger.log(number), now(), ledger.vendors)


@post("/incidents/{number:int}/privacy/ending", tags=TAGS, responses=NOES, sync_to_thread=True)
def make_open(
    *, data: Opening, person: Person, number: Number, key: str | None, private: Private, ledger: Ledger,
    now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Let everybody know of it again: the commander, with a reason."""
    private.open_up(number, by=person.handle, why=data.why, key=key)
    return standing(number, ledger.log(number), now(), ledger.vendors)


@post("/incidents/{number:int}/readers", tags=TAGS, responses=NOES, sync_to_thread=True)
def let_in(
    *, data: NewReader, person: Person, number: Number, key: str | None, private: Private, ledger: Ledger
) -> Readers:
    """Let somebody know of it. An admin who names themselves is let in, and everybody on the list reads it."""
    private.let_in(number, who=data.who, by=person, why=data.why, key=key)
    return _readers(number, ledger)


@post("/incidents/{number:int}/readers/{who:str}/removal", tags=TAGS, responses=NOES, sync_to_thread=True)
def take_off(
    *, data: Removal, person: Person, number: Number, who: Who, key: str | None, private: Private, ledger: Ledger
) -> Readers:
    """Take somebody off the list, who is not told what becomes of it."""
    private.take_off(number, who=who, by=person.handle, why=data.why, key=key)
    with eyes.of_the_house():  # whoever took themselves off sees once more who is left
        return _readers(number, ledger)


handlers = (show_readers, make_private, make_open, let_in, take_off)


def _readers(number: int, ledger: Ledger) -> Readers:
    log = ledger.log(number)
    among = readers.listed(log) if readers.private(log) else ()
    return Readers(incident=number, private=readers.private(log), people=among)
