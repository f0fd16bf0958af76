"""Evidence: the whole masked output of one command, its hash, and how it came about."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.response import Template

from fireline.core.refusal import Refused
from fireline.store.evidence import EvidenceStore
from fireline.web.answer import HEADERS, Frame, whole
from fireline.web.standing import Reader

TEXT = ".txt"


@get("/incidents/{number:int}/evidence/{digest:str}", sync_to_thread=True)
def page(frame: Frame, number: int, digest: str, reader: Reader, evidence: EvidenceStore) -> Response[Any] | Template:
    """The output with its facts; with `.txt` at the end the bare bytes, as they were hashed."""
    at = reader(number)
    wanted = digest.removesuffix(TEXT)
    run = next((one for one in at.now.runs.values() if one.finished and one.finished.evidence == wanted), None)
    if run is None:
        raise Refused("This incident has no such evidence.", status=404)
    text = evidence.read(wanted)
    if digest.endswith(TEXT):
        return Response(text, media_type="text/plain; charset=utf-8", headers=HEADERS)
    return whole("incident/evidence.html", frame, at=at, run=run, text=text)


handlers = (page,)
