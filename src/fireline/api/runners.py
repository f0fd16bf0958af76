"""Runners: how they come for work and say what became of it, and how people see which there are.

A runner reaches out; nothing reaches in. Its token has the scope `runner` and is good for one name.
"""

from __future__ import annotations

from typing import Annotated, Any

import anyio
import anyio.to_thread
from litestar import Request, get, post, put
from litestar.di import Provide
from litestar.params import PathParameter

from fireline.access import Access
from fireline.api.problem import says_no
from fireline.core.errand import Begin, Handed, Poll, Taken, Told
from fireline.core.people import Person
from fireline.core.refusal import Refused
from fireline.store.errands import Known
from fireline.workflows.errands import Errands

TAGS = ("runners",)
NOES = says_no(400, 401, 403, 404, 409, 413, 503)
LONGEST_WAIT = 25.0  # seconds; proxies end a silent request after 30 to 60
LOOK_AGAIN = 1.0  # seconds; what another replica wrote rings nobody here
TICK = 0.05  # seconds between two looks at a number in memory
RunName = Annotated[str, PathParameter(max_length=200, description="The run's name, as it was handed out.")]

Piece = Annotated[int, PathParameter(ge=0, le=2**31 - 1, description="The piece's number, from 0 on.")]


def runner(request: Request[Any, Any, Any], access: Access) -> str:
    """The name of the runner that asks."""
    return access.runner(request)


ASKER = {"runner": Provide(runner, sync_to_thread=True)}


@get("/runners", tags=TAGS, responses=says_no(401), sync_to_thread=True)
def list_runners(*, person: Person, errands: Errands) -> tuple[Known, ...]:
    """Which runners there are, when each last spoke, and what it does now."""
    return errands.runners()


@post("/runner/polls", tags=TAGS, responses=NOES, status_code=200, dependencies=ASKER)
async def poll(*, data: Poll, runner: str, errands: Errands) -> Handed:
    """Come for work, and wait for it up to 25 seconds. Whatever else it says keeps the runner's leases."""
    _is(data.name, runner)
    handed = await anyio.to_thread.run_sync(errands.ask, data)
    if handed.errands or handed.cancelled:
        return handed
    with anyio.move_on_after(min(max(data.wait, 0.0), LONGEST_WAIT)):
        while data.free > 0 and not errands.rows.stopped:
            news = errands.rows.news
            with anyio.CancelScope(shield=True):  # what is offered has to arrive
                found = await anyio.to_thread.run_sync(errands.offered, data)
                cancelled = await anyio.to_thread.run_sync(errands.rows.cancelled, data)
            if found or cancelled:
                return Handed(errands=found, cancelled=cancelled, lease_seconds=handed.lease_seconds)
            with anyio.move_on_after(LOOK_AGAIN):
                while errands.rows.news == news:  # noqa: ASYNC110  # threads of the engine ring, and know no loop
                    await anyio.sleep(TICK)
    return handed


@post("/runner/errands/{run:str}/start", tags=TAGS, responses=NOES, sync_to_thread=True, dependencies=ASKER)
def start_errand(*, data: Begin, runner: str, run: RunName, errands: Errands) -> None:
    """Say that it begins now. Only after this answer may the runner start the command."""
    errands.begin(run, runner, data.instance, data.seconds)


@put("/runner/errands/{run:str}/output/{piece:int}", tags=TAGS, responses=NOES, sync_to_thread=True, dependencies=ASKER)
def send_output(
    *, body: bytes, runner: str, run: RunName, piece: Piece, instance: str, sha256: str, errands: Errands
) -> Taken:
    """Send an output of more than 1 MiB before its outcome, masked, in pieces of 256 KiB; the last as long as it is."""
    return errands.take(run, runner, instance, piece, body, sha256)


@post("/runner/errands/{run:str}/outcome", tags=TAGS, responses=NOES, sync_to_thread=True, dependencies=ASKER)
def tell_outcome(*, data: Told, runner: str, run: RunName, errands: Errands) -> None:
    """Say what became of it, masked already. Late word of a change is kept as evidence; nothing runs."""
    errands.told(run, runner, data)


handlers = (list_runners, poll, start_errand, send_output, tell_outcome)


def _is(name: str, runner: str) -> None:
    if name != runner:
        raise Refused(f"This token is the runner {runner}'s, and not {name}'s. Each has its own.", status=403)
