"""What open clocks cost, and how late they ring: memory, idle processor time, lateness, many at once, kill -9.

    python bench/timers.py                              # both stores, 100,000 open clocks, 10,000 due at one instant
    python bench/timers.py --store sqlite --clocks 20000 --at-once 2000 --gate

Each clock is the acknowledge clock of an incident of its own, declared a day ago and never acknowledged, so every
ring is the real deed: the log is read, the event is appended with its hash, the list is refreshed. A clock counts as
rung when another process can read that it has; that process looks every few milliseconds, so the lateness told is a
little too high, never too low. Memory and processor time are fireline's; PostgreSQL's processor time is told beside.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from fireline import clock
from fireline.core import incident
from fireline.core.events import AcknowledgementMissed, to_json
from fireline.store.clocks import clocks
from fireline.store.database import Database
from fireline.store.ledger import Ledger, events
from fireline.store.lists import incidents
from houses import SETTINGS, Houses, Store
from meter import cpu, machine, pss, settled
from peers import Missing, Postgres, Server, folder

# what is promised: docs/scale.md
LIMITS = {
    "memory_mib": 100.0,  # more than without clocks
    "idle_percent": 3.0,  # of one processor, with all of them open; PostgreSQL's own share is told beside it
    "lag_p99_s": 2.0,
    "burst_s": 10.0,  # until the last of those due at one instant has rung
    "burst_after_kill_s": 30.0,  # the same, with a kill -9 and a start in between
    "lost": 0.0,
    "rung_twice": 0.0,
}
IDLE_SECONDS = 15.0
STEADY = 500  # clocks due one after another
STEADY_RATE = 50.0  # of them a second
AHEAD = timedelta(seconds=4)  # the ringer looks at the rows at least every two, and we write past it
CHUNK = 5_000
LOOK = 0.005  # seconds
KILLED_AT = 0.3  # of the burst
PATIENCE = 120.0  # seconds


def measure(
    store: Store,
    houses: Houses,
    *,
    open_clocks: int = 100_000,
    at_once: int = 10_000,
    say: Callable[[str], None] = print,
) -> dict[str, float]:
    """The figures of one store, by the names of `LIMITS` and a few more that have no limit."""
    server = houses.start(store)
    settled(*server.roots)
    empty, bare = pss(server.pid), _idle(server)
    server.end()
    database = Database(houses.url(server))
    _seed(database, open_clocks)
    server = _again(server)
    settled(*server.roots)
    full, idle = pss(server.pid), _idle(server)
    found = {"mib_without": empty / 2**20, "memory_mib": (full - empty) / 2**20}
    found |= {"idle_percent_without": bare[0], "idle_percent": idle[0], "idle_percent_of_postgres": sum(idle[1:])}
    say(f"{store}: {found}")

    due = clock.now() + AHEAD
    steady = {number: due + timedelta(seconds=n / STEADY_RATE) for n, number in enumerate(range(1, STEADY + 1))}
    _set(database, steady)
    late = _watch(database, steady)
    found |= {"lag_p50_s": statistics.median(late), "lag_p99_s": late[int(len(late) * 0.99) - 1]}

    burst = range(STEADY + 1, STEADY + at_once + 1)
    due = clock.now() + AHEAD
    before = cpu(*server.roots)
    _set(database, dict.fromkeys(burst, due))
    found["burst_s"] = _wait(database, burst, due)
    found["burst_cpu_ms_each"] = (sum(cpu(*server.roots)) - sum(before)) / at_once / 1e6
    say(f"{store}: {found}")

    storm = range(burst.stop, burst.stop + at_once)
    due = clock.now() + AHEAD
    _set(database, dict.fromkeys(storm, due))
    _wait(database, storm, due, left=int(at_once * (1 - KILLED_AT)))
    server.end(signal.SIGKILL)
    killed = time.monotonic()
    server = _again(server)
    found["start_after_kill_s"] = time.monotonic() - killed
    found["burst_after_kill_s"] = _wait(database, storm, due)
    server.end()
    found |= _missed(database, {*steady, *burst, *storm})
    database.close()
    return found


def _again(server: Server) -> Server:
    assert server.again
    return server.again()


def _idle(server: Server) -> tuple[float, ...]:
    """Percent of one processor while nothing happens: fireline's, and its database server's if it has one."""
    before = cpu(*server.roots)
    time.sleep(IDLE_SECONDS)
    return tuple((now - then) / IDLE_SECONDS / 1e7 for now, then in zip(cpu(*server.roots), before, strict=True))


def _seed(database: Database, count: int) -> None:
    """So many incidents, each with its log of one event and its clock, due in a month."""
    with database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(incidents)) == 0, "a fresh house is needed"
    at = clock.now() - timedelta(days=1)
    due = clock.now() + timedelta(days=30)
    for start in range(1, count + 1, CHUNK):
        rows = [_incident(number, at) for number in range(start, min(start + CHUNK, count + 1))]
        with database.writing() as connection:
            connection.execute(incidents.insert(), [row for row, _ in rows])
            connection.execute(events.insert(), [event for _, event in rows])
            connection.execute(
                clocks.insert(),
                [{"incident": row["number"], "seq": 1, "kind": "acknowledge", "due_at": due} for row, _ in rows],
            )
    with database.writing() as connection:
        if not database.is_sqlite:  # what is written past its sequence, PostgreSQL would give out again
            connection.execute(sa.text("SELECT setval(pg_get_serial_sequence('incident', 'number'), :n)"), {"n": count})
            connection.execute(sa.text("ANALYZE"))


def _incident(number: int, at: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    event = incident.declare(
        (),
        at,
        title=f"Checkout fails in zone {number}",
        severity="P2",
        severity_name="Medium",
        severity_why="named by whoever declared it",
        response_minutes=60,
        by="bench",
    )
    body = to_json(event).decode()
    digest = sha256(f"{sha256(f'INC-{number}'.encode()).hexdigest()}\n{body}".encode()).hexdigest()
    row = {
        "number": number,
        "seq": 1,
        "title": event.title,
        "severity": event.severity,
        "status": "Investigating",
        "declared_at": at,
        "acknowledge_by": at + timedelta(hours=1),
        "waiting": 0,
        "drill": False,
        "state": "open",
    }
    return row, {"incident": number, "seq": 1, "body": body, "hash": digest}


def _set(database: Database, due: dict[int, datetime]) -> None:
    """Move the clocks of these incidents, whose numbers follow each other; done well before the first is due."""
    with database.writing() as connection:
        for when, group in groupby(due.items(), key=lambda one: one[1]):
            numbers = [number for number, _ in group]
            which = clocks.c.incident.between(min(numbers), max(numbers))
            connection.execute(clocks.update().where(which).values(due_at=when))
    assert clock.now() < min(due.values()), "this machine is too busy: clocks were due before they were set"


def _watch(database: Database, due: dict[int, datetime]) -> list[float]:
    """How late each of these rang, in seconds, as another process sees it."""
    late: dict[int, float] = {}
    still_open = sa.select(clocks.c.incident).where(clocks.c.incident.in_(due), clocks.c.rung_at.is_(None))
    limit = time.monotonic() + PATIENCE
    while len(late) < len(due):
        assert time.monotonic() < limit, f"{len(late)} of {len(due)} clocks rang within {PATIENCE:.0f} s"
        with database.reading() as connection:
            still = set(connection.scalars(still_open))
        now = clock.now()
        late |= {n: (now - at).total_seconds() for n, at in due.items() if n not in still and n not in late}
        time.sleep(LOOK)
    return sorted(late.values())


def _wait(database: Database, which: range, due: datetime, *, left: int = 0) -> float:
    """Wait until no more than so many of these are open; seconds after they were due."""
    still_open = (
        sa.select(sa.func.count())
        .select_from(clocks)
        .where(clocks.c.rung_at.is_(None), clocks.c.due_at == due)  # by the small index of open ones
    )
    limit = time.monotonic() + PATIENCE
    while True:
        with database.reading() as connection:
            still = connection.scalar(still_open) or 0
        if still <= left:
            return (clock.now() - due).total_seconds()
        assert time.monotonic() < limit, f"{still} of {len(which)} clocks are open after {PATIENCE:.0f} s"
        time.sleep(10 * LOOK)


def _missed(database: Database, numbers: set[int]) -> dict[str, float]:
    """How many of these incidents have not exactly one missed acknowledgement, and whether the logs are whole."""
    name = AcknowledgementMissed.__name__
    query = (
        sa.select(events.c.incident, sa.func.count())
        .where(events.c.body.contains(f'"{name}"'))
        .group_by(events.c.incident)
    )
    with database.reading() as connection:
        times = {number: count for number, count in connection.execute(query)}  # noqa: C416  # a Result is no mapping
    broken = Ledger(database, now=clock.now, enqueue=lambda _connection, _work: None).verify()
    assert broken is None, f"a log was broken: {broken}"
    return {
        "lost": float(len(numbers - times.keys())),
        "rung_twice": float(sum(count > 1 for count in times.values())),
    }


def past(found: dict[str, float]) -> Iterator[str]:
    """What is past its limit, in words."""
    for name, limit in LIMITS.items():
        if found[name] > limit:
            yield f"{name} is {found[name]:.3g}, and {limit:g} was promised"


def main() -> int:
    """Measure, print JSON; with --gate end with 1 when something is past its limit."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--store", choices=["sqlite", "postgres", "both"], default="both")
    words.add_argument("--clocks", type=int, default=100_000)
    words.add_argument("--at-once", type=int, default=10_000)
    words.add_argument("--gate", action="store_true")
    asked = words.parse_args()
    stores: tuple[Store, ...] = ("sqlite", "postgres") if asked.store == "both" else (asked.store,)
    say = partial(print, file=sys.stderr)
    wrong: list[str] = []
    with folder() as where:
        postgres = None
        if "postgres" in stores:
            with suppress(Missing):
                postgres = Postgres(where)
        houses = Houses(where, postgres, settings=SETTINGS)
        results = {}
        for store in stores:
            if store == "postgres" and postgres is None:
                say("skipped: no PostgreSQL server here")
                continue
            results[store] = measure(store, houses, open_clocks=asked.clocks, at_once=asked.at_once, say=say)
            wrong += [f"{store}: {one}" for one in past(results[store])]
        told = {"machine": machine(where), "limits": LIMITS, "results": results, "past": wrong}
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    return 1 if wrong and asked.gate else 0


if __name__ == "__main__":
    sys.exit(main())
