"""Changes before an incident began: pushes, merges, releases and deployments that other systems told us of."""

from __future__ import annotations

import msgspec
from litestar import get

from fireline.api.incidents import Number
from fireline.api.problem import says_no
from fireline.core.deploy import Deploy
from fireline.core.people import Person
from fireline.store.deploys import Deploys
from fireline.store.ledger import Ledger


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What changed in the `hours` before the incident began, newest first: of its service, and of others."""

    incident: int
    hours: float
    service: str | None
    of_service: tuple[Deploy, ...]
    others: tuple[Deploy, ...]


@get("/incidents/{number:int}/changes", tags=("incidents",), responses=says_no(404), sync_to_thread=True)
def show_changes(*, person: Person, number: Number, ledger: Ledger, deploys: Deploys) -> Changes:
    """Give what changed before the incident began; an hour back, or further where nothing nearer is found."""
    declared = ledger.read(number).declared
    found = deploys.before(declared.detected_at, declared.service)
    return Changes(
        incident=number,
        hours=found.window.total_seconds() / 3600,
        service=declared.service,
        of_service=found.mine,
        others=found.others,
    )


handlers = (show_changes,)
