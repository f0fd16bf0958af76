"""Deliveries: what did not arrive is done by hand, or tried again."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import post
from litestar.params import Body

from fireline.web.answer import Ask, Frame
from fireline.web.deeds import URL, Form
from fireline.web.incidents import changed
from fireline.web.standing import Reader
from fireline.workflows.inform import Deliveries


class Which(Form, frozen=True, kw_only=True):
    """A delivery, by its key."""

    delivery: str = ""


@post("/incidents/{number:int}/deliveries/by-hand", sync_to_thread=True)
def by_hand(
    *,
    request: Ask,
    frame: Frame,
    number: int,
    data: Annotated[Which, Body(media_type=URL)],
    deliveries: Deliveries,
    reader: Reader,
) -> Any:
    """I did it by hand."""
    deliveries.did_by_hand(number, data.delivery, by=frame.person.handle)
    return changed(request, frame, reader, number, "Done by hand. fireline does not try it any more.")


@post("/incidents/{number:int}/deliveries/retry", sync_to_thread=True)
def retry(
    *,
    request: Ask,
    frame: Frame,
    number: int,
    data: Annotated[Which, Body(media_type=URL)],
    deliveries: Deliveries,
    reader: Reader,
) -> Any:
    """Try again now."""
    deliveries.try_again(number, data.delivery, by=frame.person.handle)
    return changed(request, frame, reader, number, "It is being tried again.")


handlers = (by_hand, retry)
