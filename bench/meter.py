"""What a server costs: the processor time of its processes to the nanosecond, its memory, and what else was going on.

    python bench/meter.py            # this machine: processors, kernel, how long its disk takes to sync, versions

Processor time of a living process is asked from its clock (all its threads, also those that have ended); that of
children which have ended is added from what their parent has collected, to the hundredth of a second. Memory is the
proportional set size (PSS): a page shared by n processes counts as a n-th for each.
"""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import statistics
import subprocess  # noqa: TID251  # asks programs for their version
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import fireline

PROC = Path("/proc")
TICK = 1_000_000_000 // os.sysconf("SC_CLK_TCK")  # nanoseconds
QUIET = 0.1  # of one processor: less than this is what servers do when nobody asks anything of them
LOOK = 0.2  # seconds between two looks


@dataclass(frozen=True, slots=True)
class Process:
    """One line of /proc/PID/stat, as far as it matters here."""

    pid: int
    parent: int
    collected: int  # ns of processor time of children that have ended


def parse_stat(line: str) -> Process:
    """Read /proc/PID/stat. The second field is the program's name and may hold anything, parentheses too."""
    pid, rest = int(line[: line.index(" ")]), line[line.rindex(")") + 2 :].split()
    return Process(pid, int(rest[1]), (int(rest[13]) + int(rest[14])) * TICK)


def tree(roots: Iterable[int], processes: Iterable[Process]) -> list[Process]:
    """The processes below these, and themselves."""
    below: dict[int, list[Process]] = {}
    known = {}
    for one in processes:
        below.setdefault(one.parent, []).append(one)
        known[one.pid] = one
    found, open_ = [], [known[root] for root in roots if root in known]
    while open_:
        found.append(one := open_.pop())
        open_ += below.get(one.pid, ())
    return found


def processes() -> list[Process]:
    """Every process there is now."""
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                found.append(parse_stat((entry / "stat").read_text()))
            except OSError:  # it has ended meanwhile
                continue
    return found


def cpu(*roots: int) -> tuple[int, ...]:
    """Nanoseconds of processor time that the tree below each of these processes has used so far."""
    now = processes()
    return tuple(sum(_used(one) for one in tree([root], now)) for root in roots)


def _used(one: Process) -> int:
    try:
        own = time.clock_gettime_ns((~one.pid << 3) | 2)  # MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) of Linux
    except OSError:  # it has ended meanwhile
        return 0
    return own + one.collected


def settled(*roots: int, patience: float = 60.0) -> tuple[int, ...]:
    """Wait until these do next to nothing any more; the processor time they had used when they began to rest."""
    until = time.monotonic() + patience
    before, at = cpu(*roots), time.monotonic()
    while True:
        time.sleep(LOOK)
        after, now = cpu(*roots), time.monotonic()
        if sum(after) - sum(before) < QUIET * (now - at) * 1e9 or now > until:
            return before
        before, at = after, now


def pss(*roots: int) -> int:
    """Bytes of memory of the trees below these processes."""
    total = 0
    for one in tree(roots, processes()):
        try:
            total += parse_pss((PROC / str(one.pid) / "smaps_rollup").read_text())
        except OSError:
            continue
    return total


def parse_pss(text: str) -> int:
    """Bytes of `Pss` in a smaps_rollup."""
    found = re.search(r"^Pss:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def machine_busy() -> int:
    """Nanoseconds that all processors together have worked so far, for whomever."""
    return parse_busy((PROC / "stat").read_text())


def parse_busy(text: str) -> int:
    """The first line of /proc/stat without idle and waiting for the disk, which are its fourth and fifth number."""
    numbers = [int(word) for word in text.split("\n", 1)[0].split()[1:9]]
    return (sum(numbers) - numbers[3] - numbers[4]) * TICK


def fsync_us(folder: Path, times: int = 100) -> float:
    """Median microseconds until 4 KiB more of a file are on the disk."""
    taken = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(times):
            file.write(b"\x00" * 4096)
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1e6


def machine(folder: Path) -> dict[str, str]:
    """What a reader has to know to compare these figures with others: machine, disk below `folder`, versions."""
    model = re.search(r"model name\s*: (.+)", (PROC / "cpuinfo").read_text())
    packages = ("uvicorn", "uvloop", "msgspec", "litestar", "dbos", "SQLAlchemy", "psycopg")
    return {
        "processors": f"{os.cpu_count()} x {model[1] if model else platform.machine()}",
        "kernel": platform.release().partition("-")[0],
        "fsync": f"{fsync_us(folder):.0f} us",
        "load before": f"{os.getloadavg()[0]:.2f}",
        "Python": platform.python_version(),
        **{name: metadata.version(name) for name in packages},
        "SQLite": sqlite3.sqlite_version,
        "fireline": fireline.__version__,
    }


def version(*command: str) -> str:
    """The first number with dots in what a program says about itself, or "?"."""
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return "?"
    found = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
    return found[0] if found else "?"


def main() -> int:
    """Print what is known about this machine."""
    for name, value in machine(Path("/var/tmp")).items():  # noqa: S108  # where the servers keep their data
        print(f"{name:12} {value}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
