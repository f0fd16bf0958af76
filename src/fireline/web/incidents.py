"""The incident's page: one glance says how bad, what state, who has it, what is done now; and its live regions."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from litestar import Response, get
from litestar.response import Redirect, Template

from fireline.core import readers
from fireline.core.incident import STATUSES
from fireline.core.refusal import Refused
from fireline.web.answer import HEADERS, Ask, Frame, by_htmx, part, whole
from fireline.web.standing import Reader
from fireline.workflows.declare import Declare

REGIONS = ("head", "situation", "steps", "signals", "timeline", "side", "dock")  # each is templates/incident/_NAME.html


@get("/incidents/{number:int}", sync_to_thread=True)
def page(frame: Frame, number: int, reader: Reader, declare: Declare, show: str = "all") -> Template:
    """The whole page. `show` filters the timeline."""
    at = reader(number)
    severities = declare.severities(at.book)
    knows = readers.listed(at.log) if at.now.private else ()
    return whole(
        "incident/page.html", frame, at=at, show=show, severities=severities, statuses=STATUSES[:3], knows=knows
    )


@get("/incidents/{number:int}/{region:str}", sync_to_thread=True)
def one_region(
    *, request: Ask, frame: Frame, number: int, region: str, reader: Reader, show: str = "all"
) -> Response[Any] | Template:
    """One region, as a live page fetches it again; a browser that comes by its address gets the page."""
    if region not in REGIONS:
        raise Refused("This incident has no such page.", status=404)
    if not by_htmx(request):
        return Redirect(f"/incidents/{number}#{region}", status_code=303, headers=HEADERS)
    return part(f"incident/_{region}.html", frame, at=reader(number), show=show)


def changed(request: Ask, frame: Frame, reader: Reader, number: int, sentence: str) -> Response[Any] | Template:
    """After a deed: every region anew for htmx, the page again for everybody else."""
    if not by_htmx(request):
        return Redirect(f"/incidents/{number}", status_code=303, headers=HEADERS)
    query = parse_qs(urlsplit(request.headers.get("hx-current-url", "")).query)
    show = query.get("show", ["all"])[0]
    return part("incident/_changed.html", frame, at=reader(number), show=show, sentence=sentence, regions=REGIONS)


handlers = (page, one_region)
