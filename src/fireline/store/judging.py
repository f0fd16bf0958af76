"""Judging: what each alert of some deliveries changes, and the rows that say so.

Most alerts are new or known to this process, so new ones are written at once and only the others are read
first. Another replica may have been faster: then everything is read, and judged again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from operator import itemgetter
from typing import Any

import msgspec

from fireline.core.alert import Alert, Change, change, merge
from fireline.store.driver import Changed, Driver, New
from fireline.store.room import Aside
from fireline.store.sightings import GRACE, Sighting, Sightings

LOOKED_AT: frozenset[Change] = frozenset({"again", "over", "silent"})  # and new ones that are not sifted
TURNS = 10  # remembered of each alert: flapping shows in fewer
NOTHING_YET = Aside(None, None)
GROUP_MOST = 500  # characters of a group; PostgreSQL indexes no value of more than 2,704 bytes


Answer = asyncio.Future[Any] | Future[Any]
Sifting = Callable[[Sequence[Alert]], Sequence[Aside | None]]


class Delivery:
    """Alerts of one request, waiting to be written. None in place of an alert: its promise was broken."""

    __slots__ = ("alerts", "answer", "at", "changes", "digests", "fingerprints", "rows")

    def __init__(
        self,
        fingerprints: Sequence[str],
        alerts: Sequence[Alert | None],
        digests: Sequence[int],
        rows: Sequence[str | None],
        *,
        at: datetime,
        answer: Answer | None,
    ) -> None:
        """Lists of one length, one place an alert; `answer` hears the `changes` once they are on the disk.

        `rows`: the alerts as their rows keep them, where that is known already.
        """
        self.fingerprints, self.alerts, self.digests, self.rows = fingerprints, alerts, digests, rows
        self.at, self.answer = at, answer
        self.changes: tuple[Change, ...] = ()

    @property
    def silent(self) -> bool:
        """It tells of broken promises: such deliveries hold nothing else."""
        return bool(self.alerts) and self.alerts[0] is None

    @property
    def size(self) -> int:
        """How many alerts."""
        return len(self.alerts)


class Raced(Exception):  # noqa: N818  # nothing is wrong, it has to be done again
    """Another replica wrote one of these alerts first. `known`: what has to be read before judging again."""

    def __init__(self, known: frozenset[str]) -> None:
        super().__init__()
        self.known = known


class _Held(msgspec.Struct, gc=False):
    """One alert in the course of a transaction."""

    alert: Alert  # as it stands now
    stored: bool  # there is a row
    at: datetime  # when its state changed last
    turns: str  # JSON list; empty: it has only begun, at `at`
    digest: int = 0
    last_seen: datetime | None = None
    row: str | None = None  # the alert's JSON, where that is known
    told: int = 0  # times in this transaction, but for the first of a new one
    dirty: bool = False  # the row has to be written


class Judged(msgspec.Struct):
    """What a transaction wrote. `looks`: whose state changed; `changed`: rows that were there and are different now."""

    held: dict[str, _Held]
    looks: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def looked_at(self) -> list[Alert]:
        """The alerts of the looks, as they stand now."""
        return [self.held[one].alert for one in self.looks]

    def remember(self, sightings: Sightings) -> None:
        """It is on the disk."""
        sightings.remember(
            Sighting(
                fingerprint,
                one.digest,
                one.last_seen,
                one.alert.until,
                one.alert.ends_at is not None,
                one.told,
            )
            for fingerprint, one in self.held.items()
            if one.last_seen is not None
        )


def judge(
    driver: Driver,
    deliveries: Sequence[Delivery],
    sightings: Sightings,
    known: frozenset[str] | None,
    sift: Sifting | None = None,
) -> Judged:
    """Judge every alert in order, and write what follows. Fills each delivery's `changes`.

    `known`: whose rows are read first; None: those that this process remembers. `sift` may say of new alerts that
    nobody has to look at them. Raises `Raced`.
    """
    told = {one for delivery in deliveries for one in delivery.fingerprints}
    known = frozenset(sightings.known(told)) if known is None else known
    held: dict[str, _Held] = {}
    if known:
        for name, old in driver.read(known).items():
            held[name] = _Held(_decode(old.body), stored=True, at=old.changed_at, turns=old.turns)
    silent = [one for delivery in deliveries if delivery.silent for one in delivery.fingerprints]
    promises = driver.promises(silent) if silent else {}
    fresh: list[tuple[str, _Held]] = []
    looks: dict[str, None] = {}
    for delivery in deliveries:
        at, changes = delivery.at, list[Change]()
        for fingerprint, alert, digest, row in zip(
            delivery.fingerprints, delivery.alerts, delivery.digests, delivery.rows, strict=True
        ):
            one = held.get(fingerprint)
            if alert is None:
                kind = _silent(one, promises.get(fingerprint), at) if one else "same"
                if kind == "same" and fingerprint in promises:
                    sightings.promised(fingerprint, promises[fingerprint])
            elif one is None:
                held[fingerprint] = one = _Held(alert, False, at, "", digest, at, row)
                fresh.append((fingerprint, one))
                changes.append("new")
                continue
            else:
                kind = _told(one, alert, digest, at)
            if kind in LOOKED_AT:
                looks[fingerprint] = None
            changes.append(kind)
        delivery.changes = tuple(changes)
    if fresh:
        asked = _write(driver, fresh, sift, told)
        looks |= {one: None for one in held if one in asked}  # as they were told
    changed = [
        Changed(fingerprint, _body(one.alert), one.alert.firing, one.at, one.turns)
        for fingerprint, one in held.items()
        if one.dirty and one.stored
    ]
    if changed:
        driver.update(changed)
    return Judged(held, tuple(looks), tuple(one.fingerprint for one in changed))


def _write(driver: Driver, fresh: list[tuple[str, _Held]], sift: Sifting | None, told: set[str]) -> set[str]:
    """Write the rows of new alerts; which of them somebody has to look at. Raises `Raced`."""
    fresh.sort(key=_by_name)
    asides = sift([one.alert for _, one in fresh]) if sift else [None] * len(fresh)
    looks: set[str] = set()
    new: list[New] = []
    for (fingerprint, one), said in zip(fresh, asides, strict=True):
        aside = None if one.told else said  # told twice at once it may come and go
        if aside is None:
            looks.add(fingerprint)
        alert, (verdict, why, group) = one.alert, aside or NOTHING_YET
        row, group = one.row or _body(alert), group or group_key(alert.group)
        new.append((fingerprint, row, group, alert.ends_at is None, one.at, one.turns, verdict, why))
    if driver.insert(new) < len(new):
        raise Raced(frozenset(told))
    return looks


def _told(one: _Held, alert: Alert, digest: int, at: datetime) -> Change:
    """An alert was told: what that changes of what was known."""
    before = one.alert
    kind = change(before, alert, since=one.at)
    if kind == "stale":
        return kind  # what is known is newer
    one.told += 1
    one.last_seen = at
    if kind in {"same", "changed"} and before.starts_at != alert.starts_at:
        alert = merge(before, alert)
    one.alert, one.digest, one.row = alert, digest, None
    one.dirty = one.dirty or kind != "same"
    if kind in LOOKED_AT:
        one.turns = one.turns or _first_turn(one.at)
        if before.firing != alert.firing or before.starts_at != alert.starts_at:
            one.turns = _turned(one.turns, at)
        one.at = at
    return kind


def _silent(one: _Held, promise: datetime | None, at: datetime) -> Change:
    """Its source was to tell it again and has not, to no replica: nobody can see it any more."""
    alert = one.alert
    if not alert.firing or alert.no_data or (promise and promise >= at - GRACE):
        return "same"
    one.alert = msgspec.structs.replace(alert, no_data=True, until=None)
    one.turns = one.turns or _first_turn(one.at)
    one.at, one.dirty, one.last_seen = at, True, one.last_seen or at
    return "silent"


def group_key(group: str) -> str:
    """A group as its column keeps it: a name may be longer than an index can hold."""
    return group if len(group) <= GROUP_MOST else group[:GROUP_MOST]


def _turned(turns: str, at: datetime) -> str:
    """One more turn, oldest first."""
    return msgspec.json.encode([*msgspec.json.decode(turns)[-TURNS + 1 :], at.isoformat()]).decode()


def _first_turn(at: datetime) -> str:
    return f'["{at.isoformat()}"]'


_by_name = itemgetter(0)
_decode = msgspec.json.Decoder(Alert).decode
_encode = msgspec.json.Encoder().encode


def _body(alert: Alert) -> str:
    return _encode(alert).decode()
