"""A command's blanks with what the live cluster offers for each; a page of its own, which waits for the cluster."""

from __future__ import annotations

from litestar import get
from litestar.response import Template

from fireline.core.refusal import Refused
from fireline.web.answer import Frame, whole
from fireline.web.standing import Reader
from fireline.web.steps import fields_of
from fireline.workflows.library import stand_for
from fireline.workflows.pick import Pick


@get("/incidents/{number:int}/choices/{step:str}", sync_to_thread=True)
def choices(frame: Frame, number: int, step: str, reader: Reader, pick: Pick) -> Template:
    """The form that asks for this step, its fields with names to choose from."""
    at = reader(number)
    command = next((one for one in at.book.commands if one.key == step), None) if at.book else None
    if command is None or at.now.resolved:
        raise Refused("The runbook has no such step that could still be asked for.", status=404)
    values = stand_for(alert=at.now.declared.values, site=reader.values)
    offered = pick.offers(command, values)
    fields = fields_of(command, book=at.book, values=values)
    return whole("incident/choices.html", frame, at=at, command=command, fields=fields, offered=offered)


handlers = (choices,)
