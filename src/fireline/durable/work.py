"""What the engine calls, by names that never change, and whom it serves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
import structlog
from dbos import DBOS
from dbos import error as engine

from fireline.core.follow import Effect
from fireline.core.refusal import AWAY, Refused
from fireline.durable.ringer import Ring

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Handlers(msgspec.Struct, frozen=True, kw_only=True):
    """What the house does for each kind of work. `house` hands them over."""

    effect: Callable[[Effect], None]
    clock: Ring
    intake: Callable[[tuple[str, ...]], None]  # called by `workflows.looks`, not by the engine
    walk: Callable[[Effect], Awaitable[None]]
    gave_up: Callable[[Effect, str], None]  # an effect that will never be done: a person has to hear of it


_handlers: Handlers | None = None  # the engine calls module functions; this is whom they serve
_freed: Callable[[Effect], None] | None = None  # a worker is free: whatever waits may begin


def serve(handlers: Handlers | None, freed: Callable[[Effect], None] | None = None) -> None:
    """From now on work is done by these. `freed` is called whenever some is over."""
    global _handlers, _freed  # the engine is one per process, and so is this
    _handlers, _freed = handlers, freed


def walk_id(incident: int) -> str:
    """The name of an incident's walk, to which the ledger tells what was answered."""
    return f"walk:{incident}"


def _house() -> Handlers:
    if _handlers is None:
        raise RuntimeError("durable work began before fireline was ready")
    return _handlers


def _passes(trouble: BaseException) -> bool:
    """Worth trying again: the database or the machine is away. A mistake of ours stays one, however often tried."""
    return isinstance(trouble, sa.exc.DBAPIError | OSError) or (isinstance(trouble, Refused) and trouble.status == AWAY)


# The last of 30 tries comes after three quarters of an hour: longer than a database is usually away.
RETRY: dict[str, Any] = {
    "retries_allowed": True,
    "max_attempts": 30,
    "interval_seconds": 0.3,
    "backoff_rate": 1.3,
    "should_retry": _passes,
}


async def step(function: Callable[..., T], *args: Any) -> T:
    """One step of a walk: its answer is kept, and a finished step is not done again after a restart."""
    options: Any = {"name": f"{function.__module__}.{function.__qualname__}", **RETRY}
    return await DBOS.run_step_async(options, function, *args)


async def wait(topic: str, seconds: float) -> str | None:
    """Wait for a word on this topic; None when nobody said one in time. Holds no thread and survives a restart."""
    word: str | None = await DBOS.recv_async(topic, timeout_seconds=seconds)
    return word


@DBOS.step(name="do", **RETRY)
def _do(_kind: str, work: dict[str, Any]) -> None:
    _house().effect(msgspec.convert(work, Effect))


@DBOS.step(name="give up", **RETRY)
def _give_up(work: dict[str, Any], why: str) -> None:
    _house().gave_up(msgspec.convert(work, Effect), why)


@contextmanager
def _told(work: dict[str, Any]) -> Iterator[None]:
    """What cannot be done does not end unseen: it is told, and the engine may forget it."""
    try:
        yield
    except engine.DBOSMaxStepRetriesExceeded as trouble:
        _give_up(work, str(trouble))
    except engine.DBOSException:
        raise  # the engine's own business: another replica has it, or we are stopping
    except Exception as trouble:
        log.exception("effect", key=work["key"])
        _give_up(work, f"{type(trouble).__name__}: {trouble}")
    finally:
        if _freed:
            _freed(msgspec.convert(work, Effect))


@DBOS.workflow(name="effect", max_recovery_attempts=None)
def _effect(work: dict[str, Any]) -> None:
    with _told(work):
        _do("effect", work)


@DBOS.workflow(name="walk", max_recovery_attempts=None)
async def _walk(work: dict[str, Any]) -> None:
    with _told(work):
        await _house().walk(msgspec.convert(work, Effect))
