"""What the public is told: drafts with the check's findings, the yes, and where each update arrived."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import get, post
from litestar.params import Body
from litestar.response import Template

from fireline.core import public
from fireline.core.board import SAID
from fireline.core.incident import STATUSES
from fireline.core.publish import IMPACTS, STATES, commander, may_be_told
from fireline.web.answer import Ask, Frame, moved, whole
from fireline.web.deeds import URL
from fireline.web.standing import Reader
from fireline.web.yes import doors
from fireline.workflows.publish import Publish
from fireline.workflows.status_page import StatusPage

PART = "part:"  # in front of a component's name, as a field of the form


@get("/incidents/{number:int}/public", sync_to_thread=True)
def page(
    *, frame: Frame, number: int, reader: Reader, publish: Publish, status_page: StatusPage, status: str = ""
) -> Template:
    """Everything the public was told, what waits for a yes, and the form. `?status=` fills it for that status."""
    at = reader(number)
    wanted = next((one for one in STATUSES if one == status), None)
    updates = tuple(reversed(public.updates(at.log)))
    ref = next((sent.ref for one in updates for sent in one.deliveries if sent.vendor == "own_page" and sent.ref), "")
    return whole(
        "incident/public.html", frame, at=at, updates=updates, told=may_be_told(at.log), places=publish.places,
        wording=publish.wording(at.log, at.now, wanted), names=publish.names, statuses=STATUSES, impacts=IMPACTS,
        states=STATES, SAID=SAID, PLACES=public.PLACES, part=PART, commander=commander(at.log),
        findings={one.number: publish.findings(at.log, at.now, one.drafted) for one in updates if one.state == "draft"},
        letters=status_page.subscribers.letters(ref) if ref else {},
        order={one.number: n for n, one in enumerate(public.approved(at.log), 1)},
    )  # fmt: skip


@post("/incidents/{number:int}/public", sync_to_thread=True)
def draft(
    *, request: Ask, frame: Frame, number: int, data: Annotated[dict[str, str], Body(media_type=URL)], publish: Publish
) -> Any:  # fmt: skip
    """Write down words for the public."""
    parts = {name.removeprefix(PART): word for name, word in data.items() if name.startswith(PART) and word}
    publish.draft(
        number, status=data.get("status", ""), title=data.get("title", ""), text=data.get("text", ""),
        impact=data.get("impact", ""), components=parts, by=frame.person.handle,
    )  # fmt: skip
    return moved(request, f"/incidents/{number}/public")


def answers(publish: Publish) -> Publish:
    """Who takes the yes and the no."""
    return publish


handlers = (page, draft, *doors("public", answers))
