"""Merge and split, from the incident's page."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import post
from litestar.params import Body

from fireline.core.refusal import Refused
from fireline.web.answer import Ask, Frame, moved
from fireline.web.deeds import URL, Form
from fireline.workflows.merge import Merge


class Merging(Form, frozen=True, kw_only=True):
    """The incident this one is part of (142 or INC-142), and why."""

    into: str = ""
    why: str = ""


class Splitting(Form, frozen=True, kw_only=True):
    """The alerts that are another fault, and why. A browser sends one box as a text, several as a list."""

    alerts: str | list[str] = ""
    title: str = ""
    why: str = ""


@post("/incidents/{number:int}/merge", sync_to_thread=True)
def merge(
    *, request: Ask, frame: Frame, number: int, data: Annotated[Merging, Body(media_type=URL)], merges: Merge
) -> Any:
    """End this incident as part of another one, and go there."""
    into = data.into.strip().upper().removeprefix("INC-")
    if not into.isdecimal() or len(into) > 9:
        raise Refused("Name the other incident by its number, such as 142.", status=400, field="into")
    merges.merge(number, into=int(into), why=data.why, by=frame.person.handle)
    return moved(request, f"/incidents/{int(into)}")


@post("/incidents/{number:int}/split", sync_to_thread=True)
def split(
    *, request: Ask, frame: Frame, number: int, data: Annotated[Splitting, Body(media_type=URL)], merges: Merge
) -> Any:
    """Let the chosen alerts begin an incident of their own, and go there."""
    alerts = [data.alerts] if isinstance(data.alerts, str) else data.alerts
    new = merges.split(
        number, fingerprints=[one for one in alerts if one], title=data.title, why=data.why, by=frame.person.handle
    )
    return moved(request, f"/incidents/{new.number}")


handlers = (merge, split)
