"""Incidents: the list, the declaration, one of them whole, its timeline, review and evidence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import MediaType, Response, get, post
from litestar.params import PathParameter, QueryParameter
from litestar.response import Stream

from fireline.api.problem import says_no
from fireline.api.standing import IncidentStanding, standing
from fireline.core import timeline
from fireline.core.people import Person
from fireline.core.refusal import Refused
from fireline.store import lists
from fireline.store.database import Database
from fireline.store.evidence import EvidenceStore
from fireline.store.ledger import Ledger
from fireline.workflows.close import Close
from fireline.workflows.declare import Declare

TAGS = ("incidents",)
Number = Annotated[int, PathParameter(ge=1, le=2**31 - 1, description="The incident's number: 142 for INC-142.")]


class Declaration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is wrong. A title is enough; `values` fill the runbook's placeholders.

    `private`: only who has a part in it knows of it. Left out, the words of the title decide: "security breach" is.
    """

    title: str
    severity: str | None = None
    service: str | None = None
    values: dict[str, str] = {}
    private: bool | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One incident of the list."""

    number: int
    name: str
    title: str
    severity: str
    status: str
    service: str | None
    scenario: str | None
    declared_at: datetime
    acknowledge_by: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    waiting: int  # approvals without an answer
    drill: bool
    private: bool


class Incidents(msgspec.Struct, frozen=True, kw_only=True):
    """The list; at most 100."""

    incidents: tuple[Row, ...]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the timeline. `seq` is the event's number; `evidence` the digest of what was seen."""

    seq: int
    at: datetime
    actor: str
    sentence: str
    kind: str
    key: bool
    detail: str
    evidence: str | None
    back_dated: bool


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """Entries by time. Ask again with `after` set to `head` for what is new."""

    incident: int
    head: int
    entries: tuple[Entry, ...]


@get("/incidents", tags=TAGS, responses=says_no(), sync_to_thread=True)
def list_incidents(
    *, person: Person, database: Database,
    which: Annotated[Literal["open", "closed"] | None, QueryParameter(name="state")] = None,
) -> Incidents:  # fmt: skip
    """Give the incidents: open ones by severity, closed ones newest first, or both newest first."""
    rows = lists.all_incidents(database, state=which)
    return Incidents(incidents=tuple(_row(row) for row in rows))


@post("/incidents", tags=TAGS, responses=says_no(403), sync_to_thread=True)
def declare_incident(
    *, data: Declaration, person: Person, key: str | None, declare: Declare, ledger: Ledger, now: Callable[[], datetime]
) -> Response[IncidentStanding]:
    """Declare an incident. The runbook gives the severity when nobody names one, and why."""
    made = declare.by_person(
        data.title, by=person.handle, severity=data.severity, service=data.service, values=data.values, key=key,
        private=data.private,
    )  # fmt: skip
    whole = standing(made.number, ledger.log(made.number), now(), ledger.vendors)
    return Response(whole, headers={"Location": f"/api/v1/incidents/{made.number}"})


@get("/incidents/{number:int}", tags=TAGS, responses=says_no(404), sync_to_thread=True)
def show_incident(*, person: Person, number: Number, ledger: Ledger, now: Callable[[], datetime]) -> IncidentStanding:
    """Give one incident whole: what is true now, and what waits for a person."""
    return standing(number, ledger.log(number), now(), ledger.vendors)


@get("/incidents/{number:int}/timeline", tags=TAGS, responses=says_no(404), sync_to_thread=True)
def show_timeline(
    *, person: Person, number: Number, ledger: Ledger, after: Annotated[int, QueryParameter(ge=0)] = 0
) -> Timeline:
    """Give what happened, one sentence an event; only events numbered above `after`."""
    log = ledger.log(number)
    found = (one for one in timeline.entries(log) if one.seq > after)
    entries = tuple(msgspec.convert(one, Entry, from_attributes=True) for one in found)
    return Timeline(incident=number, head=len(log), entries=entries)


@get(
    "/incidents/{number:int}/review", tags=TAGS, responses=says_no(404), media_type="text/markdown", sync_to_thread=True
)
def show_review(*, person: Person, number: Number, close: Close) -> str:
    """Give the review as Markdown, drafted from what the log says now."""
    return close.draft(number)


@get(
    "/incidents/{number:int}/evidence/{digest:str}", tags=TAGS, responses=says_no(404), media_type=MediaType.TEXT,
    sync_to_thread=True,
)  # fmt: skip
def show_evidence(*, person: Person, number: Number, digest: str, ledger: Ledger, evidence: EvidenceStore) -> Stream:
    """Give what was seen: the whole masked output that this incident's log names by this digest."""
    if not any(digest == getattr(event, "evidence", None) for event in ledger.log(number)):
        raise Refused(f"INC-{number} has no evidence {digest[:12]}.", status=404)
    kept, pieces = evidence.known(digest), evidence.pieces(digest)
    headers = {"Content-Length": str(kept.size), "X-Content-Type-Options": "nosniff"}
    headers["Content-Disposition"] = "attachment"
    return Stream((body for _, body in pieces), media_type="text/plain; charset=utf-8", headers=headers)


handlers = (list_incidents, declare_incident, show_incident, show_timeline, show_review, show_evidence)


def _row(row: Any) -> Row:
    facts = {field: getattr(row, field) for field in Row.__struct_fields__ if field != "name"}
    return Row(name=f"INC-{row.number}", **facts)
