"""Runbooks: what fireline read in each page, what it would do with every command, and what it found wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from litestar import get
from litestar.response import Template

from fireline.core.guard import Verdict
from fireline.core.refusal import Refused
from fireline.core.runbook import Command, Runbook
from fireline.web.answer import Frame, whole
from fireline.web.standing import Reader
from fireline.workflows.library import Library


@dataclass(frozen=True, slots=True)
class Shelf:
    """One runbook with the name it has in addresses."""

    slug: str
    book: Runbook


def verdicts(library: Library) -> Callable[[Command], Verdict | None]:
    """What the guard says about a command as it stands; None where there is no text."""
    return lambda command: None if command.manual else library.judge(command)


def shelves(books: Sequence[Runbook]) -> list[Shelf]:
    """Every runbook by its file's name; the second of a name gets a number."""
    taken: dict[str, int] = {}
    found = []
    for book in books:
        stem = Path(book.path).stem.lower()
        taken[stem] = taken.get(stem, 0) + 1
        found.append(Shelf(stem if taken[stem] == 1 else f"{stem}-{taken[stem]}", book))
    return found


@get("/runbooks", sync_to_thread=True)
def every(frame: Frame, library: Library) -> Template:
    """All of them, with what is wrong with those that could not be read."""
    return whole("runbooks/page.html", frame, shelves=shelves(library.runbooks), trouble=library.trouble)


@get("/runbooks/{slug:str}", sync_to_thread=True)
def one(frame: Frame, slug: str, library: Library) -> Template:
    """One runbook as fireline reads it today."""
    for shelf in shelves(library.runbooks):
        if shelf.slug == slug:
            book, judged = shelf.book, verdicts(library)
            return whole("runbooks/one.html", frame, book=book, verdict=judged, phases=_by_phase(book), of=None)
    raise Refused("There is no such runbook. It may have been renamed.", status=404)


@get("/incidents/{number:int}/runbook", sync_to_thread=True)
def as_started(frame: Frame, number: int, reader: Reader, library: Library) -> Template:
    """The version an incident started with, whatever happened to the file since."""
    at = reader(number)
    if at.book is None:
        raise Refused("This incident has no runbook.", status=404)
    return whole("runbooks/one.html", frame, book=at.book, verdict=verdicts(library), phases=_by_phase(at.book), of=at)


handlers = (every, one, as_started)


def _by_phase(book: Runbook) -> list[tuple[str, list[Command]]]:
    """Commands that stand in no scenario, by the phase they stand in, in the page's order."""
    found: dict[str, list[Command]] = {}
    for command in book.commands:
        if command.scenario is None and not command.manual:
            found.setdefault(command.phase or "Elsewhere", []).append(command)
    return list(found.items())
