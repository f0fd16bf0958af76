"""What was seen, read again: the lines of an output, a file that people attach; and a running command that is ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

import anyio.to_thread
import msgspec
from litestar import Request, get, post
from litestar.openapi import ResponseSpec
from litestar.params import QueryParameter
from litestar.response import Stream

from fireline.api.deeds import NOES, Wish, done
from fireline.api.incidents import Number
from fireline.api.problem import says_no
from fireline.api.standing import IncidentStanding, standing
from fireline.core import attachment, cancellation
from fireline.core.people import Person
from fireline.core.refusal import Refused
from fireline.store.evidence import EvidenceStore
from fireline.store.ledger import Ledger
from fireline.workflows import evidence as reading
from fireline.workflows.attach import Attach
from fireline.workflows.evidence import Part

TAGS = ("evidence",)
BYTES = "application/octet-stream"


class Cancellation(Wish, frozen=True, kw_only=True):
    """Why the command is to be ended."""

    reason: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line; the first is 1. Of one with more than 2000 characters only those around the word."""

    number: int
    text: str


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of an output. `left_out` are between `lines` and `last`; `more`: a search found more than is here."""

    run: str
    evidence: str
    size: int
    of: int  # lines the output has
    masked: int
    lines: tuple[Line, ...]
    left_out: int
    last: tuple[Line, ...]
    more: bool


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """A file, kept byte for byte; `evidence` is its sha256."""

    name: str
    size: int
    evidence: str
    note: str
    by: str
    at: datetime


class Attachments(msgspec.Struct, frozen=True, kw_only=True):
    """Every file, the first one first."""

    incident: int
    attachments: tuple[Attached, ...]


@post("/incidents/{number:int}/runs/{run:str}/cancellation", tags=TAGS, responses=NOES, sync_to_thread=True)
def cancel_run(
    *, data: Cancellation, person: Person, number: Number, run: str, key: str | None, ledger: Ledger,
    now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """End a command that runs, with all it has started. What a change has done by then stays done."""
    deed = partial(cancellation.ask, run=run, reason=data.reason, by=person.handle)
    return done(ledger, number, deed, key, now)


@get("/incidents/{number:int}/runs/{run:str}/output", tags=TAGS, responses=says_no(400, 404), sync_to_thread=True)
def show_output(
    *, person: Person, number: Number, run: str, ledger: Ledger, evidence: EvidenceStore,
    grep: Annotated[str, QueryParameter(description="Only lines with this in them, small or capital.")] = "",
    line: Annotated[int, QueryParameter(ge=0, description="From this line on.")] = 0,
) -> Lines:  # fmt: skip
    """Give the first and last lines of what a run said, the lines from one on, or those with a word in them."""
    this = ledger.read(number).run(run)
    if this is None or this.finished is None:
        raise Refused(f"There is no run {run} here that has ended.", status=404)
    digest = this.finished.evidence
    if grep:
        found = reading.search(evidence, digest, grep)
    else:
        found = reading.page(evidence, digest, line) if line else reading.ends(evidence, digest)
    return _lines(run, found, this.finished.masked)


@get("/incidents/{number:int}/attachments", tags=TAGS, responses=says_no(404), sync_to_thread=True)
def list_attachments(*, person: Person, number: Number, ledger: Ledger) -> Attachments:
    """Give the files that people attached."""
    found = tuple(
        Attached(name=one.name, size=one.size, evidence=one.evidence, note=one.note, by=one.by, at=one.at)
        for one in attachment.attached(ledger.log(number))
    )
    return Attachments(incident=number, attachments=found)


@post("/incidents/{number:int}/attachments", tags=TAGS, responses=says_no(400, 403, 404, 409, 413),
      request_max_body_size=None)  # fmt: skip
async def attach_file(
    *, request: Request[Any, Any, Any], person: Person, number: Number, key: str | None, attach: Attach, ledger: Ledger,
    now: Callable[[], datetime], name: Annotated[str, QueryParameter(max_length=1000)],
    note: Annotated[str, QueryParameter(max_length=1000)] = "",
) -> IncidentStanding:  # fmt: skip
    """Attach a file: its bytes are the body, as `application/octet-stream`. They are kept as they are, not masked."""
    await attach.streamed(number, name, request.stream(), note=note, by=person.handle, key=key)
    return await anyio.to_thread.run_sync(lambda: standing(number, ledger.log(number), now(), ledger.vendors))


@get(
    "/incidents/{number:int}/attachments/{digest:str}", tags=TAGS, sync_to_thread=True, media_type=BYTES,
    responses={200: ResponseSpec(bytes, generate_examples=False, description="The file.", media_type=BYTES),
               **says_no(404)},
)  # fmt: skip
def download_attachment(
    *, person: Person, number: Number, digest: str, ledger: Ledger, evidence: EvidenceStore
) -> Stream:
    """Give a file as it was attached."""
    one = next((one for one in attachment.attached(ledger.log(number)) if one.evidence == digest), None)
    if one is None:
        raise Refused(f"INC-{number} has no file {digest[:12]}.", status=404)
    pieces = evidence.pieces(digest)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(one.name)}",
        "Content-Length": str(one.size),
        "X-Content-Type-Options": "nosniff",
    }
    return Stream((body for _, body in pieces), media_type=BYTES, headers=headers)


handlers = (cancel_run, show_output, list_attachments, attach_file, download_attachment)


def _lines(run: str, found: Part, masked: int) -> Lines:
    return Lines(
        run=run, evidence=found.kept.digest, size=found.kept.size, of=found.kept.lines, masked=masked,
        lines=tuple(Line(number=one.number, text=one.text) for one in found.lines), left_out=found.left_out,
        last=tuple(Line(number=one.number, text=one.text) for one in found.last), more=found.more,
    )  # fmt: skip
