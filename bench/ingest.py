"""What an alert costs: processor time for each new and each re-sent one, beside Alertmanager and alerta.

    python bench/ingest.py [--rounds 3] [--full]

Every round measures every server once, one after the other, so that whatever else the machine does meets all of them
alike. A server is fresh, takes `count` different alerts, then the same ones again `WAVES` times. What is counted is
the processor time of the server's whole process tree and of all PostgreSQL processes, from the first request until
nothing is left to do. Where a cell says so, the new alerts are sent once more to a fireline that declares incidents for
some of them: declaring, joining and everything that follows are in that figure. What fireline puts off while the same
alert comes again (when it was last seen) is made to happen by stopping it, and counted.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import load
import meter
from houses import PEACE, Houses
from peers import Missing, Postgres, Server, alerta, alertmanager, folder
from workload import Wire, Workload, workload

WAVES = 4  # how often each alert is sent again
ALERTA_COUNT = 1280  # different alerts: it takes about a millisecond for each
SYSTEMS = ("Alertmanager", "fireline, SQLite", "fireline, PostgreSQL", "alerta")


@dataclass(frozen=True, slots=True)
class Cell:
    """One way to send alerts."""

    wire: Wire
    batch: int
    connections: int
    count: int
    systems: tuple[str, ...] = SYSTEMS[:3]
    declares: bool = False  # measured once more where some of them declare incidents

    @property
    def name(self) -> str:
        """How it is called in tables and goals."""
        return f"{self.wire} {self.batch}x{self.connections}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What one server did in one phase of one cell. Microseconds are processor time for each alert."""

    system: str
    cell: str
    phase: str  # new, again, or declared: new ones of which some make incidents
    alerts: int
    us: float
    server_us: float  # of `us`
    postgres_us: float  # of `us`
    flush_us: float = 0.0  # of `us`: what had been put off, written
    client_us: float
    a_second: float
    p50_ms: float
    p99_ms: float
    others: float  # processors that were busy with something else meanwhile


QUICK = (
    Cell("api", 64, 16, 20_000, declares=True),
    Cell("api", 1, 64, 10_000),
    Cell("webhook", 64, 16, 10_000, SYSTEMS[1:]),
)
FULL = (
    Cell("api", 64, 16, 20_000, declares=True), Cell("api", 10, 16, 20_000), Cell("api", 500, 16, 20_000),
    Cell("api", 1, 64, 10_000), Cell("api", 1, 16, 10_000), Cell("api", 1, 4, 5_000), Cell("api", 1, 1, 2_000),
    Cell("webhook", 64, 16, 20_000, SYSTEMS[1:]),
)  # fmt: skip


class Ingest:
    """Measures cells. `say` hears of each as it is done."""

    def __init__(self, where: Path, postgres: Postgres | None, houses: Houses, say: Callable[[str], None]) -> None:
        self.where, self.postgres, self.houses, self.say = where, postgres, houses, say
        self.missing: dict[str, str] = {}
        self._stop: dict[str, int] = {}

    def start(self, system: str, settings: str = PEACE) -> Server | None:
        """A fresh server, or None when this machine does not have it."""
        try:
            match system:
                case "Alertmanager":
                    return alertmanager(self.where)
                case "fireline, SQLite":
                    return self.houses.start("sqlite", settings)
                case "fireline, PostgreSQL":
                    return self.houses.start("postgres", settings)
                case _:
                    return alerta(self.where, self.postgres) if self.postgres else None
        except Missing as missing:
            self.missing[system] = str(missing)
            return None

    def rounds(self, cells: Iterable[Cell], count: int) -> list[Phase]:
        """Every cell `count` times, its servers one after the other in each round."""
        found = []
        for cell in cells:
            for number in range(count):
                for system in cell.systems:
                    phases = self.measure(system, cell)
                    found += phases
                    words = ", ".join(f"{one.phase} {one.us:.1f} us [{one.a_second:.0f}/s]" for one in phases)
                    self.say(f"{cell.name} round {number + 1}: {system}: {words}")
        return found

    def measure(self, system: str, cell: Cell) -> list[Phase]:
        """One server, one cell. Raises ValueError when it has lost something or answered with an error."""
        if system == "alerta":
            cell = replace(cell, count=ALERTA_COUNT)
        server = self.start(system)
        if server is None:
            return []
        made = workload(cell.wire, cell.batch, cell.count)
        new = self._new(server, cell, "new", made)
        if "alerta" in cell.systems:  # which is compared for new alerts only
            server.end()
            return [new]
        bare = self._bare_stop(system, made, cell) if system != "Alertmanager" else 0
        again = self._phase(server, cell, "again", made, range(1, 1 + WAVES))
        flush = (_stopped(server) - bare) / 1000 / again.alerts if system != "Alertmanager" else 0.0
        server.end()
        flush = max(0.0, flush)
        found = [new, replace(again, us=again.us + flush, flush_us=flush)]
        if cell.declares and system != "Alertmanager" and (server := self.start(system, self.houses.settings)):
            found.append(self._new(server, cell, "declared", made))
            server.end()
        return found

    def _new(self, server: Server, cell: Cell, phase: str, made: Workload) -> Phase:
        meter.settled(*server.roots)
        new = self._phase(server, cell, phase, made, range(1))
        if (held := server.count()) != cell.count:
            raise ValueError(f"{server.name} holds {held} of {cell.count} alerts after {cell.name}")
        return new

    def _phase(self, server: Server, cell: Cell, name: str, made: Workload, waves: range) -> Phase:
        path = server.paths[cell.wire]
        every = [one for wave in waves for one in load.requests(path, made.bodies(wave), server.token)]
        alerts = cell.count * len(waves)
        busy, before = meter.machine_busy(), meter.cpu(*server.roots)
        done = load.run(server.port, every, cell.connections)
        busy, answered = meter.machine_busy() - busy, meter.cpu(*server.roots)
        if done.bad:
            raise ValueError(f"{server.name} answered {done.bad} of {done.answered} requests with {done.trouble}")
        used = [(end - start) / 1000 / alerts for start, end in zip(before, server.rest(), strict=True)]
        others = (busy - sum(answered) + sum(before)) / 1e9 - done.client
        return Phase(
            system=server.name, cell=cell.name, phase=name, alerts=alerts,
            us=sum(used), server_us=used[0], postgres_us=sum(used[1:]),
            client_us=done.client * 1e6 / alerts, a_second=alerts / done.wall,
            p50_ms=1000 * done.at(0.5), p99_ms=1000 * done.at(0.99), others=max(0.0, others / done.wall),
        )  # fmt: skip

    def _bare_stop(self, system: str, made: Workload, cell: Cell) -> int:
        """What it costs to stop a server that holds these alerts and has put nothing off; measured once a run."""
        if system not in self._stop:
            server = self.start(system)
            assert server
            load.run(server.port, load.requests(server.paths[cell.wire], made.bodies(), server.token), 16)
            server.rest()
            self._stop[system] = _stopped(server)
        return self._stop[system]


def _stopped(server: Server) -> int:
    """Stop a server; nanoseconds of processor time that this took, the database's among them."""
    before = meter.cpu(*server.roots)
    life = server.end()
    after = meter.settled(*server.roots[1:])
    return life - before[0] + sum(after) - sum(before[1:])


def of(phases: Iterable[Phase], system: str, cell: str, phase: str) -> list[float]:
    """The microseconds of each round."""
    return [one.us for one in phases if (one.system, one.cell, one.phase) == (system, cell, phase)]


def beside(phases: Iterable[Phase], peer: str, cell: str, phase: str) -> list[float]:
    """The peer's, for that phase of ours: it declares nothing, so what it is compared with is taking alerts in."""
    return of(phases, peer, cell, "new" if phase == "declared" else phase)


def ratios(peer: Sequence[float], ours: Sequence[float]) -> list[float]:
    """How many times less ours is than the peer's, round by round."""
    return [theirs / own for theirs, own in zip(peer, ours, strict=True)]


def rows(phases: Sequence[Phase]) -> list[list[str]]:
    """The table: medians over the rounds, the smallest and the largest in brackets."""
    found = []
    for key in dict.fromkeys((one.cell, one.phase, one.system) for one in phases):
        mine = [one for one in phases if (one.cell, one.phase, one.system) == key]
        cell, phase, system = key
        peer = "alerta" if cell.startswith("webhook") else "Alertmanager"
        theirs = beside(phases, peer, cell, phase)
        times = ratios(theirs, of(phases, system, cell, phase)) if theirs and system != peer else []
        middle = {
            name: statistics.median(getattr(one, name) for one in mine)
            for name in ("server_us", "postgres_us", "flush_us", "a_second", "p50_ms", "p99_ms", "others")
        }
        found.append([
            cell, phase, system, spread(of(phases, system, cell, phase)), spread(times) if times else "",
            *(f"{middle[name]:.1f}" for name in ("server_us", "postgres_us", "flush_us")),
            f"{middle['a_second']:,.0f}", f"{middle['p50_ms']:.1f} / {middle['p99_ms']:.1f}", f"{middle['others']:.2f}",
        ])  # fmt: skip
    return found


HEAD = (
    "sent", "phase", "server", "us an alert", "less than its peer", "server", "PostgreSQL", "put off",
    "alerts a second", "p50 / p99 ms", "others' processors",
)  # fmt: skip


def spread(values: Sequence[float]) -> str:
    """`12.3 (11.9-14.0)`."""
    return f"{statistics.median(values):.1f} ({min(values):.1f}-{max(values):.1f})"


def main() -> int:
    """Measure, print the table."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--rounds", type=int, default=3)
    reader.add_argument("--full", action="store_true")
    reader.add_argument("--only", default="", help="the start of a cell's name: api 64")
    words = reader.parse_args()
    cells = [cell for cell in (FULL if words.full else QUICK) if cell.name.startswith(words.only)]
    with folder() as where:
        postgres = Postgres(where)
        ingest = Ingest(where, postgres, Houses(where, postgres), print)
        for row in (HEAD, *rows(ingest.rounds(cells, words.rounds))):
            print(" | ".join(row))  # noqa: T201
        for system, why in ingest.missing.items():
            print(f"not measured: {system}: {why}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
