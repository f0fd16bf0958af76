"""All that is claimed about speed and safety, measured: prints the goals, met and missed, and fails by the gates.

    python bench/run.py --quick          # some seven minutes: what `make bench` runs
    python bench/run.py --full           # more ways to send, 50 kills, and the other programs of this folder

Results go to .bench/results.json, the tables into docs/performance.md. A cell whose gate is broken is measured once
more. The exit code is 1 when a gate is broken, 2 when there was too much going on here to say, else 0.
"""

from __future__ import annotations

import argparse
import json
import subprocess  # noqa: TID251  # starts the other programs
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import durability
import ingest
import latency
import memory
import meter
import verdict
from houses import Houses, Store
from ingest import Cell, Ingest, Phase
from peers import Missing, Postgres, Server, alertmanager, folder, versions
from verdict import Figure
from workload import ROOT, WORK, workload

PAGE = ROOT / "docs" / "performance.md"
STORES: tuple[Store, ...] = ("sqlite", "postgres")
NAMES = {"sqlite": "fireline, SQLite", "postgres": "fireline, PostgreSQL"}
MANY = 100_000  # alerts whose memory is measured
OTHERS = ("guard.py", "guard_fuzz.py", "runbook.py", "runbooks.py", "timers.py")


class Run:
    """One run: measures, keeps what was found."""

    def __init__(self, where: Path, *, full: bool) -> None:
        self.where, self.full = where, full
        self.postgres = Postgres(where)
        self.houses = Houses(where, self.postgres)
        self.ingest = Ingest(where, self.postgres, self.houses, say)
        self.phases: list[Phase] = []
        self.figures: dict[str, Figure] = {}
        self.peer: Server | None = None  # an Alertmanager that holds MANY alerts since `filled`
        self.filled = 0.0
        self.notes: list[str] = []  # sentences for the page
        self.more: dict[str, object] = {}  # for results.json

    def cells(self, cells: Sequence[Cell], rounds: int) -> None:
        """Measure what alerts cost."""
        self.phases += self.ingest.rounds(cells, rounds)
        self.figures |= ratios(self.phases, cells)

    def fill(self) -> None:
        """Give an Alertmanager what it shall hold, early: it is looked at when it has rested."""
        try:
            self.peer = alertmanager(self.where)
        except Missing as missing:
            say(str(missing))
            return
        self.filled = memory.fill(self.peer, MANY)
        taken = meter.pss(self.peer.pid) / 1e6
        self.notes.append(f"Alertmanager right after it has taken {MANY:,} alerts in: {taken:.0f} MB.")

    def memory(self) -> None:
        """Measure what many alerts take."""
        found = []
        for store in STORES:
            server = self.houses.start(store)
            found.append(memory.look(server, MANY, memory.fill(server, MANY)))
            server.end()
        if self.peer:
            found.append(memory.look(self.peer, MANY, self.filled))
            self.peer.end()
        for one in found:
            say(f"memory: {one.system}: {one.server / 1e6:.0f} MB, idle {one.idle:.1%}")
        peer = next((one.server for one in found if one.system == "Alertmanager"), None)
        for one in found:
            if peer and one.system != "Alertmanager":
                self.figures[f"memory, {one.system}"] = Figure((peer / one.server,))
        self.more["memory"] = [asdict(one) for one in found]
        self.notes.append(
            f"Memory with {MANY:,} alerts: " + "; ".join(
                f"{one.system} {one.server / 1e6:.0f} MB"
                + (f" (and {one.database / 1e6:.0f} MB of PostgreSQL)" if one.database else "")
                + f", {one.idle:.1%} of a processor while idle" for one in found
            ) + "."
        )  # fmt: skip

    def kills(self, times: int) -> None:
        """Kill, and look what is lost."""
        for store in STORES:
            found = durability.kills(self.houses, store, times, 20_000)
            name = NAMES[store].partition(", ")[2]
            self.figures[f"lost, {name}"] = Figure((float(sum(one.lost for one in found)),))
            self.more[f"kills, {name}"] = [asdict(one) for one in found]
            self.notes.append(
                f"{times} SIGKILLs under load on {name}: {sum(one.answered for one in found):,} alerts answered,"
                f" {sum(one.lost for one in found)} of them lost, {sum(one.more for one in found)} more there than"
                f" answered, {sum(one.undecided for one in found)} not decided about a while after the start."
            )
            say(self.notes[-1])
        try:
            before, after = durability.restarted(alertmanager(self.where))
        except Missing:
            return
        self.notes.append(
            f"Alertmanager, stopped and started in an orderly manner: {before} alerts before, {after} after."
        )

    def pages(self, count: int) -> None:
        """Measure how long a page takes."""
        missing = twice = 0
        for one in latency.every(self.where, self.postgres, count, 4.0):
            p50, p99 = latency.at(0.5, one.pages), latency.at(0.99, one.pages)
            if one.system != "Alertmanager":
                self.figures |= {
                    f"page p50 ms, {one.system}": Figure((p50,)),
                    f"page p99 ms, {one.system}": Figure((p99,)),
                }
                missing, twice = missing + one.missing, twice + one.twice
            self.notes.append(
                f"From alert to page, {one.system}: median {p50:.1f} ms, p99 {p99:.1f} ms of {count}; the alert itself"
                f" was answered after {latency.at(0.5, one.answers):.1f} ms."
            )
            say(self.notes[-1])
        self.figures |= {"not paged": Figure((float(missing),)), "paged twice": Figure((float(twice),))}

    def others(self) -> None:
        """The other programs of this folder, each with goals of its own; what the clocks cost is shown here, too."""
        for name in OTHERS:
            program = Path(__file__).with_name(name)
            if not program.exists():
                continue
            done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)  # noqa: S603
            self.more[name] = {"exit": done.returncode, "said": done.stdout[-4000:]}
            self.figures[f"{name} fails"] = Figure((float(done.returncode != 0),))
            say(f"{name}: exit {done.returncode}\n{done.stdout[-1500:]}")
            if name == "timers.py" and done.returncode == 0:
                self.figures |= clocks(done.stdout)

    def again(self, rounds: int, cells: Sequence[Cell]) -> list[str]:
        """Measure once more whatever broke a gate; the names of those cells."""
        names = {one.goal.figure for one in verdict.judge(verdict.goals(), self.figures) if one.outcome == "broken"}
        broken = [cell for cell in cells if any(name.startswith(f"{cell.name} ") for name in names)]
        for cell in broken:
            say(f"once more: {cell.name}")
            self.phases = [one for one in self.phases if one.cell != cell.name]
            self.cells([cell], rounds)
        return [cell.name for cell in broken]


def ratios(phases: Sequence[Phase], cells: Iterable[Cell]) -> dict[str, Figure]:
    """The figures of goals.toml that compare processor time."""
    found = {}
    for cell in cells:
        peer = "alerta" if "alerta" in cell.systems else "Alertmanager"
        for phase in ("new", "again", "declared"):
            theirs = ingest.beside(phases, peer, cell.name, phase)
            for system in NAMES.values():
                ours = ingest.of(phases, system, cell.name, phase)
                if not theirs or not ours:
                    continue
                fine = verdict.steady(theirs)
                found[f"{cell.name} {phase}, {system}"] = Figure(tuple(ingest.ratios(theirs, ours)), fine)
    return found


def clocks(said: str) -> dict[str, Figure]:
    """The figures that timers.py prints as JSON, by name and store."""
    results = json.loads(said)["results"]
    return {
        f"clocks {name}, {NAMES[store].partition(', ')[2]}": Figure((float(value),))
        for store, found in results.items()
        for name, value in found.items()
    }


def page(run: Run, about: dict[str, str], verdicts: Sequence[verdict.Verdict], how: str) -> str:
    """What goes into docs/performance.md."""
    busy = [one.others for one in run.phases]
    noise = f"Meanwhile other programs kept {sum(busy) / len(busy):.2f} processors busy on average." if busy else ""
    rows = [[name, value] for name, value in about.items()]
    missing = [one.goal.what for one in verdicts if one.outcome == "not measured"]
    notes = [*run.notes, *([f"Not measured in this run: {'; '.join(missing)}."] if missing else [])]
    judged = [one for one in verdicts if one.outcome != "not measured"]
    return "\n".join([
        f"### Goals\n\nFrom `bench/run.py {how}`. {noise}\n", verdict.shown(judged),
        "### Every cell\n", verdict.table(ingest.HEAD, ingest.rows(run.phases)),
        "### Beside that\n", *(f"- {note}" for note in notes),
        "\n### Measured on\n", verdict.table(("what", "version or figure"), rows),
    ])  # fmt: skip


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, flush=True)  # noqa: T201


def main() -> int:
    """Measure everything, write it down, judge."""
    reader = argparse.ArgumentParser()
    which = reader.add_mutually_exclusive_group()
    which.add_argument("--quick", action="store_true", help="the default")
    which.add_argument("--full", action="store_true")
    reader.add_argument("--rounds", type=int, default=3)
    reader.add_argument("--kills", type=int)
    reader.add_argument("--keep-page", action="store_true", help="leave docs/performance.md as it is")
    words = reader.parse_args()
    begun, cells = time.monotonic(), ingest.FULL if words.full else ingest.QUICK
    with folder() as where:
        about = meter.machine(where)
        run = Run(where, full=words.full)
        run.fill()
        run.cells(cells, words.rounds)
        run.memory()
        run.kills(words.kills or (50 if words.full else 3))
        run.pages(200 if words.full else 40)
        if words.full:
            run.others()
        again = run.again(words.rounds, cells)
        about |= versions(run.postgres)
        for system, why in run.ingest.missing.items():
            run.notes.append(f"Not measured: {system}: {why}")
        sums = {one.path.name: one.sha256 for one in (workload(cell.wire, cell.batch, cell.count) for cell in cells)}
    verdicts = verdict.judge(verdict.goals(), run.figures)
    results = {
        "machine": about, "workload sha256": sums, "measured again": again, "notes": run.notes, "more": run.more,
        "figures": {name: one.values for name, one in run.figures.items()},
        "outcomes": {one.goal.figure: one.outcome for one in verdicts}, "phases": [asdict(one) for one in run.phases],
    }  # fmt: skip
    WORK.mkdir(exist_ok=True)
    (WORK / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    text = page(run, about, verdicts, "--full" if words.full else "--quick")
    if not words.keep_page:
        PAGE.write_text(verdict.written(PAGE.read_text("utf-8"), text), "utf-8")
    say(f"\n{text}\n{time.monotonic() - begun:.0f} s")
    outcomes = {one.outcome for one in verdicts}
    return 1 if "broken" in outcomes else 2 if "unsteady" in outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
