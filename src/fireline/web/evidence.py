"""Evidence: the masked output of one command, its hash, how it came about; and files that people attach."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

import anyio.to_thread
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import Body
from litestar.response import Stream, Template

from fireline.core import attachment, cancellation
from fireline.core.evidence import PIECE
from fireline.core.refusal import Refused
from fireline.store.evidence import EvidenceStore
from fireline.store.ledger import Ledger
from fireline.web.answer import HEADERS, Ask, Frame, whole
from fireline.web.deeds import URL, Form
from fireline.web.incidents import changed
from fireline.web.standing import Reader, Standing
from fireline.workflows import evidence as reading
from fireline.workflows.attach import Attach

TEXT = ".txt"
AROUND = 64 * 1024  # bytes of a form beside its file


class Why(Form, frozen=True, kw_only=True):
    """Why the command is to be ended."""

    reason: str = ""


@get("/incidents/{number:int}/evidence/{digest:str}", sync_to_thread=True)
def page(
    *, frame: Frame, number: int, digest: str, reader: Reader, evidence: EvidenceStore, q: str = "", line: int = 0
) -> Response[Any] | Template:
    """The output with its facts; `q` shows the lines with a word, `line` those from one on.

    With `.txt` at the end the bare bytes, as they were hashed.
    """
    at = reader(number)
    wanted = digest.removesuffix(TEXT)
    if not any(wanted == getattr(event, "evidence", None) for event in at.log):
        raise Refused("This incident has no such evidence.", status=404)
    runs = (*at.now.runs.values(), *at.now.looks.values())
    run = next((one for one in runs if one.finished and one.finished.evidence == wanted), None)
    if run is None or digest.endswith(TEXT):  # without a run: a file, or the messages of a chat channel, say
        return _bare(at, wanted, run.started.title if run else "evidence", evidence)
    if q.strip():
        found = reading.search(evidence, wanted, q)
    else:
        found = reading.page(evidence, wanted, line) if line else reading.ends(evidence, wanted)
    return whole("incident/evidence.html", frame, at=at, run=run, found=found, q=q, line=line, step=reading.PAGE)


@post("/incidents/{number:int}/runs/{run:str}/cancellation", sync_to_thread=True)
def cancel(
    *, request: Ask, frame: Frame, number: int, run: str, data: Annotated[Why, Body(media_type=URL)], ledger: Ledger,
    reader: Reader,
) -> Any:  # fmt: skip
    """End a command that runs."""
    ledger.act(number, partial(cancellation.ask, run=run, reason=data.reason, by=frame.person.handle))
    return changed(request, frame, reader, number, "It is being ended, with all it has started.")


@post("/incidents/{number:int}/attachments", request_max_body_size=None)
async def attach_file(*, request: Ask, frame: Frame, number: int, attach: Attach, reader: Reader) -> Any:
    """Attach a file, from a form without scripts."""
    said = request.headers.get("content-length", "")
    if not said.isdecimal() or int(said) > attach.largest + AROUND:  # before it is taken in
        most = attachment.large(attach.largest)
        raise Refused(f"A file of at most {most} can be attached. Keep it elsewhere, and note where.", status=413)
    form = await request.form()
    file, note = form.get("file"), str(form.get("note") or "")
    if not isinstance(file, UploadFile) or not file.filename:
        raise Refused("Choose a file.", status=400, field="file")
    pieces = iter(partial(file.file.read, PIECE), b"")
    keep = partial(attach, number, file.filename, pieces, note=note, by=frame.person.handle)
    await anyio.to_thread.run_sync(keep)
    said = f"{attachment.named(file.filename)} is attached."
    return await anyio.to_thread.run_sync(partial(changed, request, frame, reader, number, said))


def _bare(at: Standing, digest: str, title: str, evidence: EvidenceStore) -> Stream:
    """The bytes as they were kept, streamed. A file that people attached is never opened in the browser."""
    kept, pieces = evidence.known(digest), evidence.pieces(digest)
    file = next((one for one in attachment.attached(at.log) if one.evidence == digest), None)
    word = "-".join(re.findall(r"[a-z0-9]+", title.lower()))[:60] or "output"
    how = f"attachment; filename*=UTF-8''{quote(file.name)}" if file else f'inline; filename="{at.now.name}-{word}.txt"'
    headers = HEADERS | {"Content-Disposition": how, "Content-Length": str(kept.size)}
    media = "application/octet-stream" if file else "text/plain; charset=utf-8"
    return Stream((body for _, body in pieces), media_type=media, headers=headers)


handlers = (page, cancel, attach_file)
