"""The palette in the pages: the runbook's commands found by typing, and one of them with what each blank can be.

Both are pages of their own, so that they work without scripts; the second waits for the cluster.
"""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Template

from fireline.core import palette as core
from fireline.core.refusal import Refused
from fireline.web.answer import Ask, Frame, by_htmx, moved, part, whole
from fireline.web.approvals import VALUE
from fireline.web.standing import Reader
from fireline.web.steps import fields_of
from fireline.workflows.palette import Palette


@get("/incidents/{number:int}/palette", sync_to_thread=True)
def find(*, request: Ask, frame: Frame, number: int, reader: Reader, palette: Palette, text: str = "") -> Template:
    """What can be done here, as far as it has the words that were typed; only the list for htmx."""
    at = reader(number)
    found = () if at.now.resolved else palette.actions(at.now, text)
    ready = {one.step: palette.ready(at.now, one) for one in found}
    if by_htmx(request):
        return part("incident/_palette.html", frame, at=at, found=found, ready=ready, text=text)
    return whole("incident/palette.html", frame, at=at, found=found, ready=ready, text=text)


@get("/incidents/{number:int}/choices/{step:str}", sync_to_thread=True)
def choices(*, request: Ask, frame: Frame, number: int, step: str, reader: Reader, palette: Palette) -> Template:
    """The form that asks for this step, its fields with names to choose from; `value.…` are those said so far."""
    at = reader(number)
    given = _given(dict(request.query_params))
    form = palette.form(at.now, step, given)
    fields = fields_of(form.command, book=at.book, values=dict(form.values))
    turns = frozenset(core.named_by(form.command).values())  # a choice that makes others possible
    return whole("incident/choices.html", frame, at=at, form=form, fields=fields, turns=turns, given=given)


@post("/incidents/{number:int}/terminals", sync_to_thread=True)
def hand_out(
    *, request: Ask, frame: Frame, number: int, palette: Palette,
    data: Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:  # fmt: skip
    """Give out a command that opens a terminal."""
    one = palette.hand_out(number, data.get("step", ""), values=_given(data), by=frame.person.handle)
    return moved(request, f"/incidents/{number}/terminals/{one.terminal}")


@get("/incidents/{number:int}/terminals/{which:int}", sync_to_thread=True)
def terminal(frame: Frame, number: int, which: int, reader: Reader) -> Template:
    """The command that was handed out, to copy."""
    at = reader(number)
    one = next((one for one in core.terminals(at.log) if one.terminal == which), None)
    if one is None:
        raise Refused(f"No terminal {which} was handed out.", status=404)
    return whole("incident/terminal.html", frame, at=at, one=one)


def _given(data: dict[str, str]) -> dict[str, str]:
    return {name.removeprefix(VALUE): value for name, value in data.items() if name.startswith(VALUE) and value}


handlers = (find, choices, hand_out, terminal)
