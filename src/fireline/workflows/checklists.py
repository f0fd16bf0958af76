"""Checklists: the runbook's boxes for every door: read them, tick one, take a tick back.

Whoever comes second is told who was first; nothing is written twice, because the ledger asks again on the newer log.
"""

from __future__ import annotations

from functools import partial

from fireline.core import checklist
from fireline.core.checklist import Already, Listed
from fireline.core.events import Log
from fireline.core.incident import fold
from fireline.core.runbook import Runbook
from fireline.store.ledger import Deed, Ledger
from fireline.workflows.library import Library


def shown(library: Library, log: Log) -> tuple[Listed, ...]:
    """The lists of this incident, as they stand."""
    return checklist.lists(_books(library, log), log)


def tick(ledger: Ledger, library: Library, number: int, *, item: str, by: str, key: str | None = None) -> str:
    """Tick an item, and say so: or who ticked it before. Raises `Refused` in words."""
    deed = partial(checklist.tick, books=_books(library, ledger.log(number)), item=item, by=by)
    return _done(ledger, number, deed, key) or "Ticked."


def untick(ledger: Ledger, library: Library, number: int, *, item: str, by: str, key: str | None = None) -> str:
    """Take a tick back, and say so: or who did before. Raises `Refused` in words."""
    deed = partial(checklist.untick, books=_books(library, ledger.log(number)), item=item, by=by)
    return _done(ledger, number, deed, key) or "The tick is taken back."


def _done(ledger: Ledger, number: int, deed: Deed, key: str | None) -> str:
    """Do it. Empty when it was done just now, else who was faster."""
    try:
        ledger.act(number, deed, key=key)
    except Already as already:
        return already.sentence
    return ""


def _books(library: Library, log: Log) -> tuple[Runbook | None, ...]:
    """The incident's own runbook as it was when it began, then the main one."""
    ref = fold(0, log).declared.runbook
    return (library.at(ref) if ref else None, library.main)
