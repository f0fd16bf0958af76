"""Alert rows: what every source last said about each of its alarms.

What was taken in is on the disk together with the wish that somebody looks at it, so an answer of 2xx means
that it will be, whatever dies next. A re-send that changes nothing is remembered and written once a minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from fireline import clock
from fireline.core.alert import Alert, Change
from fireline.store import eyes
from fireline.store.database import Database, metadata
from fireline.store.driver import Decided, Driver, Seen
from fireline.store.ears import Ears
from fireline.store.judging import Answer, Delivery
from fireline.store.lists import OPEN, Utc, hidden, incidents
from fireline.store.room import Sift
from fireline.store.sightings import FRESH, MOST, Sighting, Sightings, seal, sightings
from fireline.store.writer import Errand, Looked, Writer

Verdict = Literal["declared", "joined", "suggested", "ignored", "silenced"]
ASIDE: tuple[Verdict, ...] = ("ignored", "silenced")  # these wait for nobody

alerts = sa.Table(
    "alert",
    metadata,
    sa.Column("fingerprint", sa.String(32), primary_key=True),
    sa.Column("body", sa.Text, nullable=False),  # the Alert's JSON
    sa.Column("group", sa.Text, nullable=False),
    sa.Column("firing", sa.Boolean, nullable=False),
    sa.Column("first_seen", Utc, nullable=False),
    sa.Column("changed_at", Utc, nullable=False),  # when we heard that its state is another
    sa.Column("incident", sa.Integer, sa.ForeignKey("incident.number")),
    sa.Column("verdict", sa.Text),  # what the intake decided last; None: nothing yet
    sa.Column("why", sa.Text),
    sa.Column("turns", sa.Text, nullable=False),  # JSON list: when it began and ended, the last ten; empty: its first
    # what a new alert has to be entered into makes it dear, so there are two narrow ones: what belongs to an incident,
    sa.Index(
        "ix_alert_incident",
        "incident",
        sqlite_where=sa.text("incident IS NOT NULL"),
        postgresql_where=sa.text("incident IS NOT NULL"),
    ),
    # and what fires, in the order pages show it
    sa.Index(
        "ix_alert_firing",
        "first_seen",
        sqlite_where=sa.text("firing"),
        postgresql_where=sa.text("firing"),
    ),
)

OLDEST = (alerts.c.first_seen, alerts.c.fingerprint)  # first; those of one batch in an order that never changes
KEPT = "SELECT fingerprint, body, first_seen, changed_at, turns, incident, verdict, why FROM alert"
_SAME: tuple[Change, ...] = ("same",)
AT_ONCE = 5_000  # sightings or broken promises in one transaction


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What the intake decided about an alert, and why. `incident` None leaves the one it has."""

    fingerprint: str
    verdict: Verdict
    why: str
    incident: int | None = None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An alert with everything its row says. `turns`: when we heard of its last ten beginnings and ends, in order."""

    alert: Alert
    fingerprint: str
    first_seen: datetime
    changed_at: datetime
    turns: tuple[datetime, ...]
    incident: int | None
    verdict: Verdict | None
    why: str | None


class AlertStore:
    """Takes alerts in and finds them again."""

    def __init__(self, database: Database, now: Callable[[], datetime] = clock.now) -> None:
        self.database = database
        self._now = now
        self.sightings = Sightings()
        self._writer = Writer(database, self.sightings)
        self._ears = None if database.is_sqlite else Ears(database, self.sightings, self._writer.me)

    def start(self, at: datetime, looked: Looked, sift: Sift | None = None) -> None:
        """Remember what fires, and begin to write. `looked(id, fingerprints)` is called for each committed look.

        `sift` may say of new alerts at once what becomes of them, so that nobody looks at them.

        Whatever a source had promised, it gets five minutes from now: while we were away we heard nothing.
        """
        self._writer.looked, self._writer.sift = looked, sift
        self._writer.start()
        if self._ears:
            self._ears.start()
        query = sa.select(alerts.c.fingerprint, alerts.c.body).where(alerts.c.firing)
        with self.database.reading() as connection:
            rows = connection.execution_options(yield_per=1000).execute(query)
            self.sightings.remember(Sighting(name, 0, at, _fresh(body, at), over=False) for name, body in rows)

    def stop(self) -> None:
        """Finish what was taken, and write down what was heard."""
        self.flush()
        self._writer.stop()
        if self._ears:
            self._ears.stop()

    def take(self, batch: Iterable[Alert], at: datetime) -> tuple[Change, ...]:
        """Store a batch; back when it is on the disk. One answer an alert, in order.

        Raises `Refused`: 503 when it could not be stored, 429 when too much waits already.
        """
        batch = tuple(batch)
        future: Future[tuple[Change, ...]] = Future()
        places = self._put(batch, [seal(alert) for alert in batch], at, future)
        return _merged(len(batch), places, future.result()) if places else _SAME * len(batch)

    async def take_soon(
        self,
        batch: Sequence[Alert],
        at: datetime,
        digests: Sequence[int] | None = None,
        rows: Sequence[str] = (),
    ) -> tuple[Change, ...]:
        """The same on an event loop, for alerts that came in bytes: their digests, and the JSON of their rows."""
        future: asyncio.Future[tuple[Change, ...]] = asyncio.get_running_loop().create_future()
        places = self._put(batch, digests or [seal(alert) for alert in batch], at, future, rows)
        return _merged(len(batch), places, await future) if places else _SAME * len(batch)

    def silence(self, at: datetime) -> int:
        """Find the alerts whose source broke its promise to tell them again; how many are not seen any more."""
        broken, silent = self.sightings.broken(at), 0
        for start in range(0, len(broken), AT_ONCE):
            some = broken[start : start + AT_ONCE]
            self.sightings.forget(some)
            future: Future[tuple[Change, ...]] = Future()
            nothing = (None,) * len(some)
            self._writer.put(Delivery(some, nothing, (0,) * len(some), nothing, at=at, answer=future))
            silent += future.result().count("silent")
        return silent

    def flush(self) -> None:
        """Write down what was heard since the last time."""
        rows = self.sightings.unwritten()
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            self._run(partial(_see, some))
            self.sightings.written(some)

    def looked(self, ids: Sequence[int]) -> None:
        """These looks are done; their rows go with the next commit."""

        def done(driver: Driver) -> None:
            driver.looked(ids)
            self._writer.rooms.looked(ids)

        self._writer.put(Errand(done, None))

    def settled(self) -> None:
        """Everything that was taken before this call is on the disk."""
        self._run(lambda _driver: None)

    def look_later(self, fingerprints: Sequence[str], due_at: datetime) -> None:
        """Ask for a look at another time: the end of a silence, or when a flapping alert may have settled."""
        self._run(lambda driver: driver.look(fingerprints, self._now(), due_at))
        self._writer.looked(0, ())  # whoever sleeps has to look when to wake

    def settle(self, fingerprint: str, *, verdict: Verdict, why: str, incident: int | None = None) -> None:
        """Note what was decided about an alert, and why."""
        self.settle_all((Settled(fingerprint=fingerprint, verdict=verdict, why=why, incident=incident),))

    def settle_all(self, settled: Sequence[Settled]) -> None:
        """The same for many alerts at once."""
        rows = [Decided(one.fingerprint, one.verdict, one.why, one.incident) for one in settled]
        if rows:
            self._settle(rows)

    def attach(self, fingerprint: str, incident: int) -> None:
        """Note which incident an alert belongs to."""
        self._settle([Decided(fingerprint, None, None, incident)])

    def kept(self, fingerprints: Iterable[str]) -> tuple[Kept, ...]:
        """These alerts with what is known of each, oldest first."""
        names = list(fingerprints)
        if self.database.is_sqlite:
            return self._kept("fingerprint IN (SELECT value FROM json_each(?))", msgspec.json.encode(names).decode())
        return self._kept("fingerprint = ANY(%s)", names)

    def find(self, fingerprint: str) -> Alert | None:
        """The alert with this fingerprint."""
        with self.database.reading() as connection:
            body = connection.scalar(sa.select(alerts.c.body).where(alerts.c.fingerprint == fingerprint, _seen()))
        return _alert(body) if body else None

    def to_triage(self, limit: int = 100) -> Sequence[sa.Row[Any]]:
        """Firing alerts of no open incident that wait for somebody, oldest first, with how often each was told.

        What a rule ignores, or a silence covers, waits for nobody.
        """
        mine = sa.select(incidents.c.number).where(incidents.c.state == OPEN)
        seen = sa.func.coalesce(sightings.c.last_seen, alerts.c.first_seen, type_=Utc).label("last_seen")
        query = (
            sa.select(alerts, seen, sa.func.coalesce(sightings.c.times, 1).label("times"))
            .outerjoin(sightings, sightings.c.fingerprint == alerts.c.fingerprint)
            .where(
                alerts.c.firing,
                _seen(),
                sa.or_(alerts.c.incident.is_(None), alerts.c.incident.not_in(mine)),
                sa.or_(alerts.c.verdict.is_(None), alerts.c.verdict.not_in(ASIDE)),
            )
            .order_by(*OLDEST)
            .limit(limit)
        )
        with self.database.reading() as connection:
            return connection.execute(query).all()

    def firing(self) -> tuple[Alert, ...]:
        """Every alert that fires now."""
        with self.database.reading() as connection:
            rows = connection.scalars(sa.select(alerts.c.body).where(alerts.c.firing, _seen()).order_by(*OLDEST))
            return tuple(_alert(body) for body in rows)

    def firing_rows(self, limit: int = 500) -> tuple[Kept, ...]:
        """What fires with everything its row says, oldest first; at most `limit`."""
        return self._kept("firing", limit=limit)

    def waiting(self) -> tuple[Alert, ...]:
        """Every firing alert that belongs to no open incident, oldest first."""
        return tuple(_alert(row.body) for row in self.to_triage(limit=MOST))

    def by_verdict(self, verdict: Verdict) -> tuple[str, ...]:
        """The fingerprints of firing alerts about which this was decided last."""
        query = sa.select(alerts.c.fingerprint).where(alerts.c.firing, alerts.c.verdict == verdict).order_by(*OLDEST)
        with self.database.reading() as connection:
            return tuple(connection.scalars(query))

    def _put(
        self,
        batch: Sequence[Alert],
        digests: Sequence[int],
        at: datetime,
        answer: Answer,
        rows: Sequence[str] = (),
    ) -> list[int]:
        """Have written what has to be; the places of these alerts in the batch. Without any no `answer` comes."""
        unknown = self.sightings.sort(batch, digests, at)
        places = [place for place, _ in unknown]
        if unknown:
            if len(places) < len(batch):
                batch, digests = [batch[place] for place in places], [digests[place] for place in places]
                rows = [rows[place] for place in places] if rows else rows
            fingerprints = [fingerprint for _, fingerprint in unknown]
            self._writer.put(Delivery(fingerprints, batch, digests, rows or [None] * len(batch), at=at, answer=answer))
        return places

    def _kept(self, which: str, *values: Any, limit: int = MOST) -> tuple[Kept, ...]:
        """Rows of the intake's thousands: past SQLAlchemy, which writes an IN anew for every length."""
        with self.database.reading() as connection:
            if eyes.whose() is not None and (theirs := connection.scalars(hidden()).all()):
                which = f"{which} AND (incident IS NULL OR incident NOT IN ({', '.join(map(str, theirs))}))"
            query = f"{KEPT} WHERE {which} ORDER BY first_seen, fingerprint LIMIT {limit:d}"
            rows = connection.exec_driver_sql(query, values)
            return tuple(
                Kept(
                    alert=_alert(body),
                    fingerprint=fingerprint,
                    first_seen=_time(first_seen),
                    changed_at=_time(changed_at),
                    turns=_turns(turns) if turns else (_time(first_seen),),
                    incident=incident,
                    verdict=verdict,
                    why=why,
                )
                for fingerprint, body, first_seen, changed_at, turns, incident, verdict, why in rows
            )

    def _settle(self, rows: Sequence[Decided]) -> None:
        def settle(driver: Driver) -> None:
            driver.settle(rows)
            self._writer.rooms.stale()

        self._run(settle)

    def _run(self, errand: Callable[[Driver], object]) -> None:
        """Write something with the alerts' next commit, and wait for it."""
        future: Future[object] = Future()
        self._writer.put(Errand(errand, future))
        future.result()


def _merged(size: int, places: Sequence[int], written: Sequence[Change]) -> tuple[Change, ...]:
    """The changes of a whole batch, of which some were written."""
    if len(written) == size:
        return tuple(written)
    changes: list[Change] = ["same"] * size
    for place, kind in zip(places, written, strict=True):
        changes[place] = kind
    return tuple(changes)


def _see(rows: Sequence[Seen], driver: Driver) -> None:
    driver.see(rows)


def _fresh(body: str, at: datetime) -> datetime | None:
    promise = _promise(body)
    return at + FRESH if promise.until and not promise.no_data else None


def _time(said: datetime | str) -> datetime:
    """PostgreSQL gives a time, SQLite the text of one in UTC."""
    return datetime.fromisoformat(said).replace(tzinfo=UTC) if isinstance(said, str) else said


class _Promise(msgspec.Struct):
    """The two fields of an Alert that a start needs of 100,000 rows."""

    until: datetime | None = None
    no_data: bool = False


_alert = msgspec.json.Decoder(Alert).decode
_promise = msgspec.json.Decoder(_Promise).decode
_turns = msgspec.json.Decoder(tuple[datetime, ...]).decode


def _seen() -> sa.ColumnElement[bool]:
    """Alerts that whoever is reading may know of: none of a private incident that they do not (`store.eyes`)."""
    if eyes.whose() is None:
        return sa.true()
    return sa.or_(alerts.c.incident.is_(None), alerts.c.incident.not_in(hidden()))
