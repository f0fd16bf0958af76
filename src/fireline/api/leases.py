"""Tunnels that are open for a while, and pods restarted one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from litestar import post
from litestar.params import PathParameter

from fireline.api.deeds import NOES, Wish
from fireline.api.incidents import Number
from fireline.api.problem import says_no
from fireline.api.standing import IncidentStanding, standing
from fireline.core.people import Person
from fireline.store.ledger import Ledger
from fireline.workflows.afterwards import Afterwards
from fireline.workflows.restarts import Restarts

TAGS = ("mitigation",)
LeaseNumber = Annotated[int, PathParameter(ge=1, le=2**31 - 1, description="The tunnel's number in the incident.")]


class Restart(Wish, frozen=True, kw_only=True):
    """Which pods of which workload, and how many stay ready all the time."""

    workload: str
    namespace: str
    pods: tuple[str, ...]
    reason: str
    minimum: int = 1


@post("/incidents/{number:int}/leases/{lease_number:int}/end", tags=TAGS, responses=NOES, sync_to_thread=True)
def end_lease(
    *, person: Person, number: Number, lease_number: LeaseNumber, key: str | None, ledger: Ledger,
    afterwards: Afterwards, now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Close a tunnel before its time is over."""
    afterwards.tunnels.end(number, lease_number, by=person.handle, key=key)
    return standing(number, ledger.log(number), now(), ledger.vendors)


@post("/incidents/{number:int}/restarts", tags=TAGS, responses=says_no(400, 403, 404, 409), sync_to_thread=True)
def restart_pods(
    *, data: Restart, person: Person, number: Number, key: str | None, ledger: Ledger, restarts: Restarts,
    now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Ask to restart pods one by one: one ask with every command of it, ended by the first pod that stays away."""
    restarts(
        number, workload=data.workload, namespace=data.namespace, pods=data.pods, minimum=data.minimum,
        reason=data.reason, by=person.handle, key=key,
    )  # fmt: skip
    return standing(number, ledger.log(number), now(), ledger.vendors)


handlers = (end_lease, restart_pods)
