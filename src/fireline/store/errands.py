"""Errands as rows: what runners are to run, leased to one of them at a time, and which runners there are.

    waiting → offered → running → done
       ↑         │         │
       └─────────┴─(reads)─┴→ lost (a change: never offered again)

An offer is only a word; a runner has to say that it begins before it may, so that an answer lost on the way loses
nothing. From `running` on nobody can know what a silent runner did. What only reads is then offered again; a change
is lost. Every step is one update that names the state before, so that two replicas cannot both take it.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from fireline.core.errand import Errand, Poll, Told
from fireline.store import lists
from fireline.store.database import Database, after_commit, metadata
from fireline.store.lists import Utc

ATTEMPTS = 3  # times that what only reads is begun, in all
ALIVE = timedelta(seconds=60)  # a runner speaks at least every 25

errands = sa.Table(
    "errand",
    metadata,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("incident", sa.Integer, sa.ForeignKey("incident.number"), nullable=False),
    sa.Column("runner", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # the Errand's JSON
    sa.Column("effect", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # as above, and withdrawn, cancelled
    sa.Column("instance", sa.Text, nullable=False),  # of the runner that has it
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("cancelled", sa.Boolean, nullable=False),
    sa.Column("offered_at", Utc, nullable=False),
    sa.Column("lease_until", Utc),
    sa.Column("begun_at", Utc),
    sa.Column("end_by", Utc),
    sa.Column("outcome", sa.Text),  # until the log has it
    sa.Index("ix_errand_runner", "runner", "state"),
)
runners = sa.Table(
    "runner",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("instance", sa.Text, primary_key=True),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("lanes", sa.Text, nullable=False),
    sa.Column("environments", sa.Text, nullable=False),
    sa.Column("seen_at", Utc, nullable=False),
)
ROW = errands.c


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How one errand stands. `outcome` is there until the log has it."""

    run: str
    incident: int
    runner: str
    state: str
    attempt: int
    offered_at: datetime
    begun_at: datetime | None = None
    outcome: Told | None = None


class Doing(msgspec.Struct, frozen=True, kw_only=True):
    """A run that a runner works on."""

    run: str
    incident: int
    lane: str
    since: datetime | None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A runner as it was last heard of; one that the settings name and nobody has heard of has no `seen_at`."""

    name: str
    instance: str = ""
    host: str = ""
    version: str = ""
    lanes: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    seen_at: datetime | None = None
    alive: bool = False
    doing: tuple[Doing, ...] = ()


class Errands:
    """Offers errands, leases them, and takes what became of them."""

    def __init__(self, database: Database, lease_seconds: float) -> None:
        self.database = database
        self.lease = timedelta(seconds=lease_seconds)
        self.stopped = False  # nobody waits any more: the house closes
        self.news = 0  # counts what changed in this process, for those who wait
        self._changed = threading.Condition()

    def wait(self, seen: int, seconds: float) -> None:
        """Wait until there is other news than `seen`, for at most so many seconds. Other replicas ring nobody here."""
        with self._changed:
            self._changed.wait_for(lambda: self.news != seen, seconds)

    def stop(self) -> None:
        """Whoever waits is woken, and waits no more."""
        self.stopped = True
        self._ring()

    def find(self, run: str) -> Standing | None:
        """How the errand of this run stands; None when no runner was ever to do it."""
        with self.database.reading() as connection:
            row = connection.execute(sa.select(errands).where(ROW.run == run)).first()
        return None if row is None else _standing(row)

    def offer(self, one: Errand, runner: str, at: datetime) -> None:
        """Write it down for a runner of this name. A second time it stays as it is."""
        values = {
            "run": one.run, "incident": one.incident, "runner": runner, "body": msgspec.json.encode(one).decode(),
            "effect": one.effect, "state": "waiting", "instance": "", "attempt": 0, "cancelled": False,
            "offered_at": at,
        }  # fmt: skip
        with self.database.writing() as connection:
            connection.execute(self.database.insert(errands).values(**values).on_conflict_do_nothing())
            after_commit(connection, self._ring)

    def withdraw(self, run: str) -> bool:
        """Nobody began it: now nobody may. False when somebody was faster."""
        return self._move(run, ("waiting", "offered"), state="withdrawn")

    def expire(self, run: str, at: datetime) -> None:
        """Its lease is over, or its time: offered again where that does no harm, else lost."""
        over = sa.or_(ROW.lease_until < at, ROW.end_by < at)
        if self._move(run, ("offered",), over, state="waiting", instance=""):
            return
        reads = sa.and_(ROW.effect == "read", ROW.attempt < ATTEMPTS, over)
        if not self._move(run, ("running",), reads, state="waiting", instance="", offered_at=at):
            self._move(run, ("running",), over, state="lost")

    def cancel(self, run: str) -> bool:
        """Nobody begins it any more; whoever has is told to stop it at its next word. False when no runner has it."""
        before = self._move(run, ("waiting", "offered"), state="cancelled")
        return before or self._move(run, ("running",), cancelled=True)

    def seen(self, poll: Poll, at: datetime) -> None:
        """A runner spoke."""
        values: dict[str, Any] = {
            "host": poll.host, "version": poll.version, "lanes": " ".join(poll.lanes),
            "environments": " ".join(poll.environments), "seen_at": at,
        }  # fmt: skip
        row = self.database.insert(runners).values(name=poll.name, instance=poll.instance, **values)
        with self.database.writing() as connection:
            connection.execute(row.on_conflict_do_update(index_elements=["name", "instance"], set_=values))
            mine = (ROW.runner == poll.name, ROW.instance == poll.instance, ROW.run.in_(poll.doing))
            leased = errands.update().where(*mine, ROW.state.in_(["offered", "running"]))
            connection.execute(leased.values(lease_until=at + self.lease))

    def back(self, poll: Poll, at: datetime) -> tuple[Errand, ...]:
        """What this spool began and its runner does not work on: it was started anew. Its leases go on."""
        mine = (ROW.runner == poll.name, ROW.instance == poll.instance, ROW.run.not_in(poll.doing))
        query = sa.select(errands).where(*mine, ROW.state.in_(["running", "lost"]))
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        for row in rows:
            self._move(row.run, ("running",), lease_until=at + self.lease)
        return tuple(_errand(row, row.state) for row in rows)

    def take(self, poll: Poll, at: datetime) -> tuple[Errand, ...]:
        """Offer this runner some that wait; no other is offered them until the lease is over."""
        waits = sa.select(ROW.run).where(ROW.runner == poll.name, ROW.state == "waiting")
        with self.database.reading() as connection:  # most looks find nothing, and take no lock for that
            if poll.free <= 0 or connection.execute(waits.limit(1)).first() is None:
                return ()
        waits = waits.order_by(ROW.offered_at).limit(poll.free)
        if not self.database.is_sqlite:
            waits = waits.with_for_update(skip_locked=True)
        with self.database.writing() as connection:
            runs = list(connection.scalars(waits))
            mine = errands.update().where(ROW.run.in_(runs), ROW.state == "waiting")
            leased = mine.values(state="offered", instance=poll.instance, lease_until=at + self.lease, end_by=None)
            rows = connection.execute(leased.returning(*ROW)).all()
        return tuple(_errand(row, "offered") for row in rows)

    def cancelled(self, poll: Poll) -> tuple[str, ...]:
        """What this runner works on and nobody wants any more."""
        mine = sa.and_(ROW.runner == poll.name, ROW.instance == poll.instance)
        query = sa.select(ROW.run).where(mine, ROW.run.in_(poll.doing), ROW.cancelled)
        with self.database.reading() as connection:
            return tuple(connection.scalars(query))

    def begin(self, run: str, runner: str, instance: str, at: datetime, seconds: float) -> bool:
        """May this runner start it? From a yes on nobody else will; asked again by the same one the answer stays."""
        mine = sa.and_(ROW.runner == runner, ROW.instance == instance)
        end_by = at + timedelta(seconds=seconds) + self.lease
        lease = {"lease_until": at + self.lease, "end_by": end_by, "begun_at": at}
        if self._move(run, ("offered",), mine, state="running", attempt=ROW.attempt + 1, **lease):
            return True
        return self._move(run, ("running",), mine, lease_until=at + self.lease)

    def holds(self, run: str, runner: str, instance: str, at: datetime) -> str:
        """Whether this runner has it, as it brings its output; its lease and its time go on. Gives the state.

        `cancelled` where nobody wants more of it, "" where it is not, or no longer, this runner's.
        """
        mine = sa.and_(ROW.runner == runner, ROW.instance == instance)
        self._move(run, ("running",), mine, lease_until=at + self.lease, end_by=at + self.lease)
        with self.database.reading() as connection:
            row = connection.execute(sa.select(ROW.state, ROW.cancelled).where(ROW.run == run, mine)).first()
        if row is None or row.state not in {"running", "lost"}:
            return ""
        return "cancelled" if row.cancelled else str(row.state)

    def settle(self, run: str, runner: str, told: Told) -> str:
        """What became of it. Gives the state before: `running` was in time, `lost` came late; "" was nobody's.

        Of what only reads, whoever answers first will do.
        """
        mine = sa.and_(ROW.runner == runner, sa.or_(ROW.instance == told.instance, ROW.effect == "read"))
        said = msgspec.json.encode(told).decode()
        none_begun = sa.and_(mine, sa.or_(ROW.effect == "read", sa.literal(bool(told.refused))))
        if self._move(run, ("running",), mine, state="done", outcome=said) or self._move(
            run, ("waiting", "offered"), none_begun, state="done", outcome=said
        ):
            return "running"
        with self.database.reading() as connection:
            return connection.scalar(sa.select(ROW.state).where(ROW.run == run, mine)) or ""

    def close(self, run: str) -> None:
        """The log has its outcome: only the memory that it ran stays here."""
        self._move(run, ("done",), outcome=None)

    def heard(self, run: str) -> None:
        """What was lost has been told of late."""
        self._move(run, ("lost",), state="done")

    def runners(self, at: datetime) -> tuple[Known, ...]:
        """Every runner that was heard of, by name, and what it does now, as far as whoever reads may know of it."""
        with self.database.reading() as connection:
            known = connection.execute(sa.select(runners).order_by(runners.c.name, runners.c.seen_at.desc())).all()
            may_be_known = ROW.incident.in_(sa.select(lists.incidents.c.number).where(lists.seen()))
            busy = connection.execute(sa.select(errands).where(ROW.state == "running", may_be_known)).all()
        return tuple(
            Known(
                name=row.name, instance=row.instance, host=row.host, version=row.version,
                lanes=tuple(row.lanes.split()), environments=tuple(row.environments.split()), seen_at=row.seen_at,
                alive=at - row.seen_at < ALIVE,
                doing=tuple(
                    Doing(run=one.run, incident=one.incident, lane=_errand(one, "running").lane, since=one.begun_at)
                    for one in busy if (one.runner, one.instance) == (row.name, row.instance)
                ),
            )
            for row in known
        )  # fmt: skip

    def forget(self, before: datetime) -> int:
        """Remove what ended, and runners that were last heard of, before a time; how many of both."""
        over = ROW.state.in_(["done", "withdrawn", "cancelled", "lost"])
        with self.database.writing() as connection:
            ended = connection.execute(errands.delete().where(over, ROW.offered_at < before)).rowcount
            return ended + connection.execute(runners.delete().where(runners.c.seen_at < before)).rowcount

    def _move(
        self, run: str, states: Collection[str], when: sa.ColumnElement[bool] | None = None, **values: Any
    ) -> bool:
        where = (ROW.run == run, ROW.state.in_(states), *(() if when is None else (when,)))
        with self.database.writing() as connection:
            moved = connection.execute(errands.update().where(*where).values(**values).returning(ROW.run)).first()
            if moved is not None:
                after_commit(connection, self._ring)
            return moved is not None

    def _ring(self) -> None:
        with self._changed:
            self.news += 1
            self._changed.notify_all()


def _standing(row: sa.Row[Any]) -> Standing:
    outcome = msgspec.json.decode(row.outcome, type=Told) if row.outcome else None
    return Standing(
        run=row.run, incident=row.incident, runner=row.runner, state=row.state, attempt=row.attempt,
        offered_at=row.offered_at, begun_at=row.begun_at, outcome=outcome,
    )  # fmt: skip


def _errand(row: sa.Row[Any], state: Any) -> Errand:
    return msgspec.structs.replace(msgspec.json.decode(row.body, type=Errand), state=state)
