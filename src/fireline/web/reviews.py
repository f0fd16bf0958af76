"""Reviews: the draft that the log wrote, rendered and as Markdown."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.response import Template

from fireline.store import lists
from fireline.store.database import Database
from fireline.store.evidence import EvidenceStore
from fireline.web.answer import HEADERS, Frame, whole
from fireline.web.standing import Reader, Standing
from fireline.workflows.close import Close


@get("/incidents/{number:int}/review", sync_to_thread=True)
def page(frame: Frame, number: int, reader: Reader, close: Close, evidence: EvidenceStore) -> Template:
    """The review, rendered. Before the resolution: what the log would say now."""
    at = reader(number)
    return whole("incident/review.html", frame, at=at, text=_text(at, close, evidence))


@get("/incidents/{number:int}/review.md", sync_to_thread=True)
def download(frame: Frame, number: int, reader: Reader, close: Close, evidence: EvidenceStore) -> Response[Any]:
    """The Markdown itself."""
    name = f'attachment; filename="INC-{number}-review.md"'
    text = _text(reader(number), close, evidence)
    return Response(text, media_type="text/markdown; charset=utf-8", headers=HEADERS | {"Content-Disposition": name})


@get("/reviews", sync_to_thread=True)
def every(frame: Frame, database: Database) -> Template:
    """Every incident that is over, with its review."""
    return whole("reviews/page.html", frame, rows=lists.all_incidents(database, state=lists.CLOSED))


handlers = (page, download, every)


def _text(at: Standing, close: Close, evidence: EvidenceStore) -> str:
    return evidence.read(at.now.review.evidence) if at.now.review else close.draft(at.number)
