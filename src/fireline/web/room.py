"""The room: the call people join, and the chat channel that somebody wants to keep."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from litestar import post
from litestar.params import Body

from fireline.core import room
from fireline.store.ledger import Ledger
from fireline.web.answer import Ask, Frame
from fireline.web.deeds import URL, Form
from fireline.web.incidents import changed
from fireline.web.standing import Reader


class Call(Form, frozen=True, kw_only=True):
    """The call's link."""

    url: str = ""


class Keeping(Form, frozen=True, kw_only=True):
    """Why the channel should stay."""

    why: str = ""


@post("/incidents/{number:int}/call", sync_to_thread=True)
def link_call(
    *, request: Ask, frame: Frame, number: int, data: Annotated[Call, Body(media_type=URL)], ledger: Ledger,
    reader: Reader,
) -> Any:  # fmt: skip
    """Say where people talk."""
    ledger.act(number, partial(room.link_call, url=data.url, by=frame.person.handle))
    return changed(request, frame, reader, number, "The call stands on top.")


@post("/incidents/{number:int}/channel/keeping", sync_to_thread=True)
def keep(
    *, request: Ask, frame: Frame, number: int, data: Annotated[Keeping, Body(media_type=URL)], ledger: Ledger,
    reader: Reader,
) -> Any:  # fmt: skip
    """Let the channel stay."""
    ledger.act(number, partial(room.keep, why=data.why, by=frame.person.handle))
    return changed(request, frame, reader, number, "The channel stays.")


handlers = (link_call, keep)
