"""Checklists: the runbook's boxes on the incident's page. Tick one, or take a tick back."""

from __future__ import annotations

from typing import Any

from litestar import post

from fireline.store.ledger import Ledger
from fireline.web.answer import Ask, Frame
from fireline.web.incidents import changed
from fireline.web.standing import Reader
from fireline.workflows import checklists
from fireline.workflows.library import Library


@post("/incidents/{number:int}/checklist/{item:str}/tick", sync_to_thread=True)
def tick(
    *, request: Ask, frame: Frame, number: int, item: str, ledger: Ledger, library: Library, reader: Reader
) -> Any:
    """It is done."""
    said = checklists.tick(ledger, library, number, item=item, by=frame.person.handle)
    return changed(request, frame, reader, number, said)


@post("/incidents/{number:int}/checklist/{item:str}/untick", sync_to_thread=True)
def untick(
    *, request: Ask, frame: Frame, number: int, item: str, ledger: Ledger, library: Library, reader: Reader
) -> Any:
    """It is not done, or not any more."""
    said = checklists.untick(ledger, library, number, item=item, by=frame.person.handle)
    return changed(request, frame, reader, number, said)


handlers = (tick, untick)
