"""Checklists: the runbook's boxes beside the gates, with who ticked each and when."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import PathParameter

from fireline.api.incidents import Number
from fireline.api.problem import says_no
from fireline.core.checklist import Item, Listed
from fireline.core.people import Person
from fireline.store.ledger import Ledger
from fireline.workflows import checklists
from fireline.workflows.library import Library

TAGS = ("checklists",)
NOES = says_no(403, 404, 409)
Key = Annotated[str, PathParameter(description="The item's key in the lists: 8 hexadecimal digits.")]


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """One item. Done is what a person ticked, or what the log says: then `known` says it, and nobody ticked it."""

    number: int  # through all lists, as people say it
    key: str
    text: str
    done: bool
    ticked_by: str | None
    known: str | None
    at: datetime | None


class List(msgspec.Struct, frozen=True, kw_only=True):
    """One list. `now` says that this is its time."""

    title: str
    now: bool
    done: int
    items: tuple[Box, ...]


class Checklists(msgspec.Struct, frozen=True, kw_only=True):
    """The runbook's lists. `said` answers a deed: what was done, or who did it before."""

    incident: int
    said: str
    lists: tuple[List, ...]


@get("/incidents/{number:int}/checklist", tags=TAGS, responses=says_no(404), sync_to_thread=True)
def show_checklist(*, person: Person, number: Number, ledger: Ledger, library: Library) -> Checklists:
    """Give the lists of the incident's runbook but the gates, with who ticked what and when."""
    return _told(number, ledger, library, "")


@post("/incidents/{number:int}/checklist/{item:str}/tick", tags=TAGS, responses=NOES, sync_to_thread=True)
def tick_item(
    *, person: Person, number: Number, item: Key, key: str | None, ledger: Ledger, library: Library
) -> Checklists:
    """Say that an item is done. Whoever comes second is told who ticked it, and nothing is written twice."""
    said = checklists.tick(ledger, library, number, item=item, by=person.handle, key=key)
    return _told(number, ledger, library, said)


@post("/incidents/{number:int}/checklist/{item:str}/untick", tags=TAGS, responses=NOES, sync_to_thread=True)
def untick_item(
    *, person: Person, number: Number, item: Key, key: str | None, ledger: Ledger, library: Library
) -> Checklists:
    """Take a tick back, one's own or somebody else's. What the log says was never ticked, and stays."""
    said = checklists.untick(ledger, library, number, item=item, by=person.handle, key=key)
    return _told(number, ledger, library, said)


handlers = (show_checklist, tick_item, untick_item)


def _told(number: int, ledger: Ledger, library: Library, said: str) -> Checklists:
    found = checklists.shown(library, ledger.log(number))
    return Checklists(incident=number, said=said, lists=tuple(_list(one) for one in found))


def _list(one: Listed) -> List:
    return List(title=one.title, now=one.now, done=one.done, items=tuple(_box(item) for item in one.items))


def _box(one: Item) -> Box:
    tick, fact = one.tick, None if one.tick else one.fact
    return Box(
        number=one.number, key=one.key, text=one.text, done=one.done, ticked_by=tick.by if tick else None,
        known=fact.said if fact else None, at=tick.at if tick else fact.at if fact else None,
    )  # fmt: skip
