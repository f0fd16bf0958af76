"""Whether an alert that was answered with 2xx is ever lost: SIGKILL in the middle of a load, start again, compare.

    python bench/durability.py [--kills 3] [--count 20000]

Each kill comes after another share of the answers. After the start, every alert of a request that was answered must
be in the database, and must be looked at by the rules without being sent again. This shows that nothing is lost with
the process; a power cut is another matter, which the disk and its file system have a say in. Alertmanager is stopped
in an orderly manner and started again, to see what it still knows: it is made to be told everything again.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
from dataclasses import dataclass

import load
from houses import Houses, Store
from peers import Postgres, Server, alertmanager, folder
from workload import SEED, pod_of, workload

BATCH = 10
CONNECTIONS = 16
DECIDED = 90.0  # seconds after the start until everything that was left should be decided


@dataclass(frozen=True, slots=True)
class Killed:
    """What one SIGKILL did. Counts of alerts."""

    store: Store
    answered: int
    lost: int  # answered, and not there afterwards
    more: int  # there, though their answer never came
    undecided: int  # there, and not looked at by the rules in time after the start


def kill(houses: Houses, store: Store, count: int, share: float) -> Killed:
    """Kill a fresh fireline when this share of the requests was answered, start it again, and compare."""
    server = houses.start(store)
    made = load.requests(server.paths["api"], workload("api", BATCH, count).bodies(), server.token)
    when = max(1, int(share * len(made)))

    def at(answers: int) -> None:
        if answers == when:
            os.kill(server.pid, signal.SIGKILL)

    done = load.run(server.port, made, CONNECTIONS, on_answer=at, may_break=True)
    server.end(signal.SIGKILL)
    assert server.again
    after = server.again()
    try:
        until = time.monotonic() + DECIDED
        while houses.rows(after, "SELECT count(*) FROM alert WHERE verdict IS NULL")[0][0] and time.monotonic() < until:
            time.sleep(0.5)
        rows = houses.rows(after, "SELECT body, verdict FROM alert")
    finally:
        after.end()
    there = {body.split('"pod":"', 1)[1].split('"', 1)[0]: verdict for body, verdict in _texts(rows)}
    answered = {pod_of(number) for one in done.good for number in range(one * BATCH, min((one + 1) * BATCH, count))}
    undecided = sum(verdict in {"", "None"} for verdict in there.values())
    return Killed(store, len(answered), len(answered - set(there)), len(set(there) - answered), undecided)


def _texts(rows: list[tuple[object, ...]]) -> list[tuple[str, str]]:
    return [(str(body), str(verdict)) for body, verdict in rows]


def kills(houses: Houses, store: Store, times: int, count: int) -> list[Killed]:
    """Kill so often, early and late."""
    dice = random.Random(SEED)  # noqa: S311  # reproducible, not secret
    return [kill(houses, store, count, dice.uniform(0.02, 0.9)) for _ in range(times)]


def restarted(server: Server, count: int = 1000) -> tuple[int, int]:
    """How many alerts a server knows before and after it was stopped and started in an orderly manner."""
    load.run(server.port, load.requests(server.paths["api"], workload("api", 64, count).bodies(), server.token), 4)
    before = server.count()
    server.end()
    assert server.again
    after = server.again()
    try:
        return before, after.count()
    finally:
        after.end()


def main() -> int:
    """Kill, print. The exit code is 1 when an alert was lost."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--kills", type=int, default=3)
    reader.add_argument("--count", type=int, default=20_000)
    words = reader.parse_args()
    lost = 0
    with folder() as where:
        houses = Houses(where, Postgres(where))
        stores: tuple[Store, ...] = ("sqlite", "postgres")
        for store in stores:
            for one in kills(houses, store, words.kills, words.count):
                lost += one.lost
                print(one)  # noqa: T201
        print("Alertmanager, stopped and started: alerts before, after:", restarted(alertmanager(where)))  # noqa: T201
    return int(lost > 0)


if __name__ == "__main__":
    sys.exit(main())
