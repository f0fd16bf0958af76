"""Work that outlives a restart: step, clock, wait. The only module that knows the engine, DBOS Transact.

The ledger writes work into its own transaction through `enqueue`, so what follows from an event is as
durable as the event. Workflows are few and have fixed names, because a row with a name that a running
release does not know would wait for ever: `effect` (one call to the outside), `clock` (one promise), `intake`
(one look at a group of alerts), `walk` (a runbook, told top to bottom). Everything is at-least-once: what
they call is named by a key and does nothing the second time.
"""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
import structlog
from dbos import DBOS, DBOSClient, DBOSConfig, EnqueueOptions
from dbos import DBOSPortableJSONSerializer as Json
from dbos import error as engine

from fireline.core.follow import Clock, Effect, Tell, Work
from fireline.core.refusal import AWAY, Refused
from fireline.store.database import Database

VERSION = "fireline-1"  # constant: a release must find the work of the one before it
POLL = 0.25  # seconds between looks into a queue; idle cost is about 1 % of a core
LISTEN = 0.2  # seconds between looks for a message on SQLite, which cannot notify
THREADS = 48  # enough for every queue's workers at once
KEEP = timedelta(days=7)  # finished work is swept after this; the logs hold what happened
GONE = 500  # rows swept at a time
OPEN_STATES = ("PENDING", "ENQUEUED", "DELAYED", "ERROR")  # of the engine's rows; the rest is over

# queue -> how many at once in one process; walks are asynchronous and hold no thread while they wait
QUEUES: Mapping[str, int] = {"clock": 8, "effect": 12, "run": 12, "intake": 8, "walk": 200}

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Handlers(msgspec.Struct, frozen=True, kw_only=True):
    """What the house does for each kind of work. `app` hands them over."""

    effect: Callable[[Effect], None]
    clock: Callable[[Clock], None]
    intake: Callable[[str], None]
    walk: Callable[[Effect], Awaitable[None]]
    gave_up: Callable[[Effect, str], None]  # an effect that will never be done: a person has to hear of it


_handlers: Handlers | None = None  # the engine calls module functions; this is whom they serve


def _house() -> Handlers:
    if _handlers is None:
        raise RuntimeError("durable work began before fireline was ready")
    return _handlers


class Durable:
    """The engine, running in this process, or only reachable from it to enqueue."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.running = False
        self._client: DBOSClient | None = None

    def launch(self, handlers: Handlers) -> None:
        """Start to work: finish what an earlier process began, then whatever comes. One per process."""
        global _handlers  # noqa: PLW0603  # the engine is one per process, and so is this
        _handlers = handlers
        logging.getLogger("dbos").setLevel(logging.ERROR)
        config: DBOSConfig = {
            "name": "fireline",
            "application_version": VERSION,
            # one process serves a SQLite file (a lock sees to it); replicas on PostgreSQL must never share an identity
            "executor_id": "local"
            if self.database.is_sqlite
            else f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4()}",
            "max_executor_threads": THREADS,
            "serializer": Json(),
            "notification_listener_polling_interval_sec": LISTEN,
            "log_level": "ERROR",
            "system_database_engine": self.database.engine,
        }
        DBOS(config=config)
        DBOS.launch()
        for name, workers in QUEUES.items():
            partitioned: dict[str, Any] = {"partition_concurrency": 1} if name == "effect" else {}
            DBOS.register_queue(
                name,
                worker_concurrency=workers,
                polling_interval_sec=POLL,
                on_conflict="always_update",
                **partitioned,
            )
        self.running = True

    def prepare(self) -> None:
        """Make the engine's own tables, without starting to work: for a declaration while no server runs."""
        logging.getLogger("dbos").setLevel(logging.ERROR)
        DBOS.migrate(self.database.url.render_as_string(hide_password=False))

    def close(self, grace: int = 2) -> None:
        """Stop. Work under way gets `grace` seconds to end; the rest goes on at the next start."""
        global _handlers  # noqa: PLW0603  # see launch
        if self.running:
            DBOS.destroy(workflow_completion_timeout_sec=grace)
            self.running = False
        _handlers = None

    def enqueue(self, connection: sa.Connection, work: Sequence[Work]) -> None:
        """Write work into the caller's transaction: it happens if, and only if, that commits."""
        for one in work:
            match one:
                case Tell():
                    self._tell(connection, one)
                case Clock():
                    self._put(
                        connection,
                        "clock",
                        "clock",
                        f"clock:{one.incident}:{one.seq}:{one.kind}",
                        one,
                        due_at=one.due_at,
                    )
                case Effect(kind="walk"):
                    self._put(connection, "walk", "walk", walk_id(one.incident), one)
                case Effect(kind="run"):
                    self._put(connection, "run", "effect", one.key, one, due_at=one.due_at)
                case Effect():
                    self._put(
                        connection,
                        "effect",
                        "effect",
                        one.key,
                        one,
                        due_at=one.due_at,
                        # in order within the incident, whatever the clock's resolution
                        queue_partition_key=str(one.incident),
                        priority=one.seq,
                    )

    def enqueue_intake(self, connection: sa.Connection, group: str, at: datetime) -> None:
        """Ask for a look at a group of alerts."""
        options: EnqueueOptions = {
            "workflow_name": "intake",
            "queue_name": "intake",
            "app_version": VERSION,
            "workflow_id": f"intake:{at.timestamp():.6f}:{uuid.uuid4().hex[:8]}",
        }
        self._client_now().enqueue_in_transaction(connection, options, group)

    def ring_again(self, clock: Clock) -> None:
        """Enqueue an overdue clock whose work got lost. Doing it for one that is not lost does no harm."""
        with self.database.writing() as connection:
            self._put(
                connection,
                "clock",
                "clock",
                f"clock:{clock.incident}:{clock.seq}:{clock.kind}:{uuid.uuid4().hex[:8]}",
                clock,
            )

    def health(self) -> dict[str, int]:
        """Open work by state, for `doctor` and metrics; counted by the database, for there may be 100,000 clocks."""
        where = "" if self.database.is_sqlite else "dbos."
        counts = dict.fromkeys(OPEN_STATES, 0)
        query = sa.text(f"SELECT status, count(*) FROM {where}workflow_status WHERE status IN :open GROUP BY status")  # noqa: S608
        with self.database.reading() as connection:
            for status, count in connection.execute(
                query.bindparams(sa.bindparam("open", expanding=True)), {"open": list(OPEN_STATES)}
            ):
                counts[status] = count
        return counts

    def clean(self, before: datetime) -> int:
        """Sweep work that ended before this time, in batches; how many."""
        swept = 0
        while True:
            old = DBOS.list_workflows(
                status=["SUCCESS", "CANCELLED"],
                end_time=before.isoformat(),
                limit=GONE,
                load_input=False,
                load_output=False,
            )
            if not old:
                return swept
            DBOS.delete_workflows([one.workflow_id for one in old])
            swept += len(old)

    def _put(
        self,
        connection: sa.Connection,
        queue: str,
        workflow: str,
        name: str,
        work: Work,
        *,
        due_at: datetime | None = None,
        **more: Any,
    ) -> None:
        options: EnqueueOptions = {
            "workflow_name": workflow,
            "queue_name": queue,
            "workflow_id": name,
            "app_version": VERSION,
            **more,  # type: ignore[typeddict-item]  # queue_partition_key and priority
        }
        if due_at is not None:
            # a little more, because the engine cuts to milliseconds and a clock must not ring early
            options["delay_seconds"] = max(0.0, due_at.timestamp() - time.time()) + 0.005  # noqa: TID251  # engine's own clock
        self._client_now().enqueue_in_transaction(connection, options, msgspec.to_builtins(work))

    def _tell(self, connection: sa.Connection, tell: Tell) -> None:
        key = f"tell:{tell.incident}:{tell.seq}"
        self._client_now().send_in_transaction(
            connection, walk_id(tell.incident), tell.text, tell.topic, idempotency_key=key
        )

    def _client_now(self) -> DBOSClient:
        if self._client is None:
            self._client = DBOSClient(
                system_database_engine=self.database.engine, application_name="fireline", serializer=Json()
            )
        return self._client


def walk_id(incident: int) -> str:
    """The name of an incident's walk, to which the ledger tells what was answered."""
    return f"walk:{incident}"


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
def _do(kind: str, work: dict[str, Any] | str) -> None:
    house = _house()
    match kind:
        case "effect":
            house.effect(msgspec.convert(work, Effect))
        case "clock":
            house.clock(msgspec.convert(work, Clock))
        case _:
            house.intake(str(work))


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


@DBOS.workflow(name="effect", max_recovery_attempts=None)
def _effect(work: dict[str, Any]) -> None:
    with _told(work):
        _do("effect", work)


@DBOS.workflow(name="clock", max_recovery_attempts=None)
def _clock(work: dict[str, Any]) -> None:
    _do("clock", work)


@DBOS.workflow(name="intake", max_recovery_attempts=None)
def _intake(group: str) -> None:
    _do("intake", group)


@DBOS.workflow(name="walk", max_recovery_attempts=None)
async def _walk(work: dict[str, Any]) -> None:
    with _told(work):
        await _house().walk(msgspec.convert(work, Effect))
