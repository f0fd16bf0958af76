"""What 100,000 different alerts take in memory, and what a server that holds them does while nobody asks anything.

    python bench/memory.py [--count 100000]

Memory is the proportional set size of the server's process tree. Alertmanager is looked at when its runtime has had
two minutes to give back what the load took, for Go collects by itself only that often when nothing happens.
PostgreSQL keeps the alerts of a fireline on PostgreSQL, and is shown apart; the others have nothing beside them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import load
import meter
from houses import Houses
from peers import Missing, Postgres, Server, alertmanager, folder
from workload import workload

IDLE = 5.0  # seconds
COLLECTED = 150.0  # seconds: runtime.forcegcperiod is two minutes


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one server with its alerts. Bytes; `idle` is the share of one processor that it needs to wait."""

    system: str
    alerts: int
    server: int
    database: int
    idle: float


def fill(server: Server, count: int) -> float:
    """Give it `count` alerts, wait until it is done with them; the moment. ValueError when some are missing."""
    made = load.requests(server.paths["api"], workload("api", 64, count).bodies(), server.token)
    done = load.run(server.port, made, 16)
    server.rest()
    held = server.count()
    if done.bad or held != count:
        raise ValueError(f"{server.name} holds {held} of {count} alerts; {done.bad} errors {done.trouble}")
    return time.monotonic()


def look(server: Server, count: int, filled: float) -> Memory:
    """What it takes, a while after it was filled, and what it does meanwhile."""
    rest = COLLECTED if server.name == "Alertmanager" else 2.0
    time.sleep(max(0.0, filled + rest - time.monotonic()))
    before, since = meter.cpu(*server.roots), time.monotonic()
    time.sleep(IDLE)
    used, passed = sum(meter.cpu(*server.roots)) - sum(before), time.monotonic() - since
    own, *others = (meter.pss(root) for root in server.roots)
    return Memory(server.name, count, own, sum(others), used / passed / 1e9)


def main() -> int:
    """Measure, print."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--count", type=int, default=100_000)
    count = reader.parse_args().count
    with folder() as where:
        houses = Houses(where, Postgres(where))
        starts: tuple[Callable[[], Server], ...] = (
            lambda: alertmanager(where),
            lambda: houses.start("sqlite"),
            lambda: houses.start("postgres"),
        )
        for start in starts:
            try:
                server = start()
            except Missing as missing:
                print(missing)  # noqa: T201
                continue
            found = look(server, count, fill(server, count))
            server.end()
            words = f"{found.server / 1e6:.0f} MB for {count} alerts, its database {found.database / 1e6:.0f} MB"
            print(f"{found.system:22} {words}, idle {found.idle:.1%} of a processor")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
