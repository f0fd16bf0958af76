"""Activity: who holds PostgreSQL's connections, what has been running for too long, and what it waits for.

`SELECT count(*) FROM pg_stat_activity` counts the server's own processes too, and says nothing of the limit. What
runs out is slots for clients: `max_connections` less those kept back for superusers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from fireline.core.question.psql import masked

NEARLY = 0.8  # of the connections in use is said, so that it is read before the last one is gone
SHOWN = 5  # applications, states and statements; more would not be read
LONGEST_SQL = 240  # characters of a statement in a finding

# One row, then a row for each role or database with a limit of its own, then a row for each session.
# backend_type is there since PostgreSQL 10; reserved_connections since 16.
LIMITS = """
SELECT pg_catalog.current_setting('max_connections'), pg_catalog.current_setting('superuser_reserved_connections'),
       coalesce(pg_catalog.current_setting('reserved_connections', true), '0'), current_user;
SELECT 'role', rolname, rolconnlimit FROM pg_catalog.pg_roles WHERE rolconnlimit >= 0
UNION ALL SELECT 'database', datname, datconnlimit FROM pg_catalog.pg_database WHERE datconnlimit >= 0;
SELECT pid, usename, datname, application_name, backend_type, state,
       extract(epoch FROM pg_catalog.clock_timestamp() - query_start),
       extract(epoch FROM pg_catalog.clock_timestamp() - xact_start), query,
       CASE WHEN wait_event_type = 'Lock' THEN pg_catalog.pg_blocking_pids(pid)::text END
FROM pg_catalog.pg_stat_activity WHERE datid IS NOT NULL OR usesysid IS NOT NULL
"""
Rows = Sequence[Sequence[str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One session as pg_stat_activity tells of it; what the asking role may not see is None. Times in seconds."""

    pid: int
    user: str = ""
    database: str = ""
    application: str = ""
    kind: str | None = "client backend"
    state: str | None = None
    query_for: float = 0.0
    transaction_for: float = 0.0
    query: str = ""
    waits_for: str = ""  # the pids that hold the lock it waits for

    @property
    def client(self) -> bool:
        """Whether it takes a slot of `max_connections`; of what cannot be seen, whatever is in a database."""
        return self.kind == "client backend" or (self.kind is None and self.database != "")


@dataclass(frozen=True, slots=True)
class Limits:
    """How many sessions there may be: in all, kept back for superusers and pg_use_reserved_connections, by name."""

    most: int
    reserved: int
    asker: str = ""
    of: tuple[tuple[str, str, int], ...] = ()  # ("role" or "database", its name, its own limit)


def sessions(rows: Rows) -> tuple[Session, ...]:
    """The sessions from the rows of the third statement of `LIMITS`."""
    return tuple(
        Session(
            pid=int(row[0] or 0),
            user=row[1] or "",
            database=row[2] or "",
            application=row[3] or "",
            kind=row[4],
            state=row[5],
            query_for=float(row[6] or 0),
            transaction_for=float(row[7] or 0),
            query=row[8] or "",
            waits_for=(row[9] or "").strip("{}").replace(",", ", "),
        )
        for row in rows
    )


def limits(first: Rows, named: Rows) -> Limits:
    """The limits from the rows of the first two statements of `LIMITS`."""
    most, superuser, more, asker = first[0]
    own = tuple((row[0] or "", row[1] or "", int(row[2] or 0)) for row in named)
    return Limits(int(most or 0), int(superuser or 0) + int(more or 0), asker or "", own)


def connections(found: Iterable[Session], limit: Limits) -> tuple[str, ...]:
    """How many connections are in use out of how many, and who holds them: whole sentences."""
    clients = [one for one in found if one.client]
    free = limit.most - limit.reserved
    of = f"max_connections {limit.most}, {limit.reserved} of them reserved for superusers"
    used = f"{len(clients)} of {free} connections in use"
    if len(clients) > free:
        used = f"All {free} connections in use, and {len(clients) - free} of the reserved ones"
    said = [f"{used} ({of}): {_counted(clients, _application)}."]
    if len(clients) >= free:
        said.append("No connection is left for ordinary roles.")
    elif len(clients) >= NEARLY * free:
        said.append(f"Only {free - len(clients)} connections are left.")
    if states := [one for one in clients if one.state]:
        oldest = max((one.transaction_for for one in states if (one.state or "").startswith("idle in")), default=0)
        idle = f", the oldest idle in a transaction for {duration(oldest)}" if oldest >= 1 else ""
        said.append(f"By state: {_counted(states, lambda one: one.state or '')}{idle}.")
    for what, name, most in limit.of:
        held = sum(name == (one.user if what == "role" else one.database) for one in clients)
        if held >= NEARLY * most:
            said.append(f"The {what} {name} holds {held} of the {most} connections it may have (CONNECTION LIMIT).")
    if any(one.kind is None for one in clients):
        said.append(
            f"{limit.asker} does not see what the sessions of others do: GRANT pg_monitor TO {limit.asker} lets it."
        )
    return tuple(said)


def slow(found: Iterable[Session], seconds: float) -> tuple[str, ...]:
    """The statements that have been running for longer than `seconds`, the longest first, without their literals."""
    long = [one for one in found if one.client and one.state == "active" and one.query_for > seconds]
    long.sort(key=lambda one: -one.query_for)
    said = [
        f"pid {one.pid} has been active for {duration(one.query_for)} ({_application(one)}, user {one.user}"
        + (f", waiting for a lock of pid {one.waits_for}" if one.waits_for else "")
        + f"): {shortened(masked(one.query))}"
        for one in long[:SHOWN]
    ]
    if len(long) > SHOWN:
        said.append(f"{len(long) - SHOWN} more statements have been active for over {duration(seconds)}.")
    return tuple(said)


def duration(seconds: float) -> str:
    """Seconds as people say them: "65 s", "12 min", "3.5 h"."""
    if seconds < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def shortened(sql: str) -> str:
    """A statement short enough for one line of a page."""
    return sql if len(sql) <= LONGEST_SQL else sql[: LONGEST_SQL - 1].rstrip() + "…"


def _application(one: Session) -> str:
    return one.application or f"user {one.user}"


def _counted(many: list[Session], by: Callable[[Session], str]) -> str:
    """Name and number, the most first: web 9, worker 4 and 3 others."""
    counts = Counter(map(by, many)).most_common()
    shown = ", ".join(f"{name} {count}" for name, count in counts[:SHOWN])
    others = sum(count for _, count in counts[SHOWN:])
    return f"{shown} and {others} others" if others else shown or "nobody"
