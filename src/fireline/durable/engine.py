"""The engine in this process: started, asked for work, swept, stopped."""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import msgspec
import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig, EnqueueOptions
from dbos import DBOSPortableJSONSerializer as Json

from fireline import clock
from fireline.core.follow import Clock, Effect, Tell, Work
from fireline.durable.queues import IDLE, Queues
from fireline.durable.replicas import Replicas
from fireline.durable.ringer import Ringer
from fireline.durable.work import Handlers, serve, walk_id
from fireline.store.database import Database, after_commit

VERSION = "fireline-1"  # constant: a release must find the work of the one before it
LISTEN = 0.2  # seconds between looks for a message on SQLite, which cannot notify
THREADS = 48  # enough for every queue's workers at once
KEEP = timedelta(days=7)  # finished work is swept after this; the logs hold what happened
GONE = 500  # rows swept at a time
OPEN_STATES = ("PENDING", "ENQUEUED", "DELAYED", "ERROR")  # of the engine's rows; the rest is over

# queue -> how many at once in one process; walks are asynchronous and hold no thread while they wait
QUEUES: Mapping[str, int] = {"effect": 12, "run": 12, "cancel": 4, "walk": 200}
AT_ONCE = 64  # effects of one event that keep their order among themselves
IN_ORDER = "effect"  # whose work goes one after another within its row
AFTER_YOU = 0.03  # seconds: a declaration asks for a page, a look around and a walk at once, and the page goes first


def queue_of(effect: Effect) -> str:
    """The queue of an effect. What takes seconds has one of its own, for a page must not wait behind it."""
    match effect.kind:
        case "walk":
            return "walk"
        case "run" | "assess" | "measure":
            return "run"
        case "cancel":  # were it behind what it is to end, nobody could end a dozen commands that hang
            return "cancel"
        case _:
            return IN_ORDER


def row_of(effect: Effect) -> str:
    """Behind what an effect waits: the same vendor's of the same incident, so that no vendor waits for another."""
    return f"{effect.incident}:{effect.kind}" if "verb" in effect.data else str(effect.incident)


class Durable:
    """The engine, running in this process, or only reachable from it to enqueue."""

    def __init__(self, database: Database, now: Callable[[], datetime] = clock.now) -> None:
        """`now` is the clock that promises are counted by."""
        self.database = database
        self.running = False
        self._now = now
        self._client: DBOSClient | None = None
        self._queues: Queues | None = None
        self._ringer: Ringer | None = None
        self._replicas: Replicas | None = None

    def launch(self, handlers: Handlers) -> None:
        """Start to work: finish what an earlier process began, then whatever comes. One per process."""
        logging.getLogger("dbos").setLevel(logging.ERROR)
        # one process serves a SQLite file (a lock sees to it); replicas on PostgreSQL must never share an identity
        me = (
            "local" if self.database.is_sqlite else f"{socket.gethostname()[:30]}-{os.getpid()}-{uuid.uuid4().hex[:12]}"
        )
        config: DBOSConfig = {
            "name": "fireline",
            "application_version": VERSION,
            "executor_id": me,
            "max_executor_threads": THREADS,
            "serializer": Json(),
            "notification_listener_polling_interval_sec": LISTEN,
            "notification_coalesce_sec": 1.0,  # streams and events, which we have none of; messages do not pass here
            "log_level": "ERROR",
            "system_database_engine": self.database.engine,
        }
        serve(handlers, self._freed)
        if not self.database.is_sqlite:
            self._replicas = Replicas(self.database, me, self._take_over)  # known to be alive before it has any work
        dbos = DBOS(config=config)
        self.running = True  # from here on there is something to stop
        DBOS.listen_queues([])  # our own threads do
        DBOS.launch()
        self._queues = Queues(
            dbos,
            {
                name: DBOS.register_queue(
                    name,
                    worker_concurrency=workers,
                    polling_interval_sec=IDLE,
                    on_conflict="always_update",
                    partition_concurrency=1 if name == IN_ORDER else None,
                )
                for name, workers in QUEUES.items()
            },
            IN_ORDER,
        )
        self._ringer = Ringer(self.database, handlers.clock, self._now)

    def prepare(self) -> None:
        """Make the engine's own tables, without starting to work: for a declaration while no server runs."""
        logging.getLogger("dbos").setLevel(logging.ERROR)
        DBOS.migrate(self.database.url.render_as_string(hide_password=False))

    def close(self, grace: int = 2) -> None:
        """Stop. Work under way gets `grace` seconds to end; the rest goes on at the next start."""
        for part in (self._ringer, self._queues):
            if part:
                part.stop()
        if self.running:
            DBOS.destroy(workflow_completion_timeout_sec=grace)
            self.running = False
        if self._replicas:
            self._replicas.stop()  # last: until here the work under way is ours
        self._ringer = self._queues = self._replicas = None
        serve(None)

    def enqueue(self, connection: sa.Connection, work: Sequence[Work]) -> None:
        """Write work into the caller's transaction: it happens if, and only if, that commits, and then at once."""
        for place, one in enumerate(work):
            match one:
                case Tell():
                    self._tell(connection, one)
                case Clock():  # the ledger has written its row
                    after_commit(connection, partial(self._set, one))
                case Effect():
                    self._put(connection, one, place)

    def health(self) -> dict[str, int]:
        """Open work by state, for `doctor` and metrics; counted by the database, for it may be much."""
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

    def _put(self, connection: sa.Connection, effect: Effect, place: int) -> None:
        queue = queue_of(effect)
        options: EnqueueOptions = {
            "workflow_name": "walk" if queue == "walk" else "effect",
            "queue_name": queue,
            "workflow_id": walk_id(effect.incident) if queue == "walk" else effect.key,
            "app_version": VERSION,
        }
        if queue == IN_ORDER:  # by number, whatever the clock's resolution
            options["queue_partition_key"] = row_of(effect)
            options["priority"] = effect.seq * AT_ONCE + min(place, AT_ONCE - 1)
        if effect.due_at is not None:
            # a little more, because the engine cuts to milliseconds and nothing may be early
            options["delay_seconds"] = max(0.0, effect.due_at.timestamp() - time.time()) + 0.005  # noqa: TID251  # engine's own clock
        self._client_now().enqueue_in_transaction(connection, options, msgspec.to_builtins(effect))
        if effect.due_at is None:
            after_commit(connection, partial(self._nudge, queue))

    def _tell(self, connection: sa.Connection, tell: Tell) -> None:
        key = f"tell:{tell.incident}:{tell.seq}"
        self._client_now().send_in_transaction(
            connection, walk_id(tell.incident), tell.text, tell.topic, idempotency_key=key
        )

    def _set(self, one: Clock) -> None:
        if self._ringer:
            self._ringer.nudge(one.due_at)

    def _nudge(self, queue: str | None) -> None:
        if self._queues and queue and queue in QUEUES:
            self._queues.nudge(queue, after=0.0 if queue == IN_ORDER else AFTER_YOU)

    def _freed(self, effect: Effect) -> None:
        if self._queues:
            self._queues.freed(queue_of(effect))

    def _take_over(self, executor: str) -> int:
        """Put the work of a replica that died for ever back into its queues; how much."""
        orphans = DBOS.list_workflows(status="PENDING", executor_id=[executor], load_input=False, load_output=False)
        for queue in {one.queue_name for one in orphans}:
            DBOS.resume_workflows([one.workflow_id for one in orphans if one.queue_name == queue], queue_name=queue)
            self._nudge(queue)
        return len(orphans)

    def _client_now(self) -> DBOSClient:
        if self._client is None:
            self._client = DBOSClient(
                system_database_engine=self.database.engine, application_name="fireline", serializer=Json()
            )
        return self._client
