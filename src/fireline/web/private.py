"""Private: who may know of an incident, from its page."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import post
from litestar.params import Body

from fireline.web.answer import Ask, Frame, moved
from fireline.web.deeds import URL, Form
from fireline.workflows.private import Private


class Why(Form, frozen=True, kw_only=True):
    """Why."""

    why: str = ""


class Somebody(Form, frozen=True, kw_only=True):
    """A person by their handle, and why."""

    who: str = ""
    why: str = ""


@post("/incidents/{number:int}/privacy", sync_to_thread=True)
def close_off(
    *, request: Ask, frame: Frame, number: int, data: Annotated[Why, Body(media_type=URL)], private: Private
) -> Any:
    """Make it private."""
    private.close_off(number, by=frame.person.handle, why=data.why)
    return moved(request, f"/incidents/{number}")


@post("/incidents/{number:int}/privacy/ending", sync_to_thread=True)
def open_up(
    *, request: Ask, frame: Frame, number: int, data: Annotated[Why, Body(media_type=URL)], private: Private
) -> Any:
    """Let everybody know of it again."""
    private.open_up(number, by=frame.person.handle, why=data.why)
    return moved(request, f"/incidents/{number}")


@post("/incidents/{number:int}/readers", sync_to_thread=True)
def let_in(
    *, request: Ask, frame: Frame, number: int, data: Annotated[Somebody, Body(media_type=URL)], private: Private
) -> Any:
    """Put somebody on the list."""
    private.let_in(number, who=data.who.strip(), by=frame.person, why=data.why)
    return moved(request, f"/incidents/{number}")


@post("/incidents/{number:int}/readers/{who:str}/removal", sync_to_thread=True)
def take_off(
    *, request: Ask, frame: Frame, number: int, who: str, data: Annotated[Why, Body(media_type=URL)], private: Private
) -> Any:
    """Take somebody off the list; whoever took themselves off goes home."""
    private.take_off(number, who=who, by=frame.person.handle, why=data.why)
    return moved(request, "/" if who == frame.person.handle else f"/incidents/{number}")


handlers = (close_off, open_up, let_in, take_off)
