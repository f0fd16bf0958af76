"""Merge and split: two incidents were one fault, or one was two."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from litestar import Response, post

from fireline.api.incidents import Number
from fireline.api.problem import says_no
from fireline.api.standing import IncidentStanding, standing
from fireline.core.people import Person
from fireline.store.ledger import Ledger
from fireline.workflows.merge import Merge

TAGS = ("deeds",)
NOES = says_no(403, 404, 409)


class NewMerge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The incident that this one is part of, by its number, and why they are one fault."""

    into: int
    why: str


class NewSplit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The alerts that are another fault, by their fingerprints, and why. Without a title the first alert gives it."""

    alerts: tuple[str, ...]
    why: str
    title: str = ""


@post("/incidents/{number:int}/merge", tags=TAGS, responses=NOES, sync_to_thread=True)
def merge_incident(
    *, data: NewMerge, person: Person, number: Number, key: str | None, merges: Merge, ledger: Ledger,
    now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """End this incident as part of another one, which is given as it stands then."""
    merges.merge(number, into=data.into, why=data.why, by=person.handle, key=key)
    return standing(data.into, ledger.log(data.into), now(), ledger.vendors)


@post("/incidents/{number:int}/split", tags=TAGS, responses=NOES, sync_to_thread=True)
def split_incident(
    *, data: NewSplit, person: Person, number: Number, key: str | None, merges: Merge, ledger: Ledger,
    now: Callable[[], datetime],
) -> Response[IncidentStanding]:  # fmt: skip
    """Let chosen alerts begin an incident of their own, which is given."""
    new = merges.split(
        number, fingerprints=data.alerts, title=data.title, why=data.why, by=person.handle, key=key
    ).number
    whole = standing(new, ledger.log(new), now(), ledger.vendors)
    return Response(whole, headers={"Location": f"/api/v1/incidents/{new}"})


handlers = (merge_incident, split_incident)
