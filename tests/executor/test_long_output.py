"""An output of more than 100 MB is kept whole, masked, in a memory that does not grow: keeper's and server's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from fireline.core.evidence import SHOWN
from fireline.core.redaction import MASK
from fireline.executor import Executor, Lane

Lanes = Callable[..., Lane]
SOURCES = Path(__file__).resolve().parents[2] / "src"
LINE = "2026-11-23T03:04:05Z INFO api GET /api/v1/orders/1 200 12 ms, nothing to see in this line, as in most of them\n"
TIMES = 1000
BLOCK = LINE * 999 + "2026-11-23T03:04:05Z WARN connecting to postgres://shop:hunter2hunter2@db:5432/shop\n"
# Peak memory (VmHWM, proc_pid_status(5)) of a whole server, before and after, and of the keeper while it runs
SERVER = """
import re, resource, sys
from datetime import UTC, datetime
from pathlib import Path
from fireline.executor import Executor, Lane
from fireline.store.database import Database
from fireline.store.evidence import EvidenceStore
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
spool, folder = Path(sys.argv[1]), Path(sys.argv[2])
executor, lane = Executor(spool), Lane("read", {"PATH": "/usr/bin:/bin"}, folder, seconds=200)
database = Database(f"sqlite:///{folder}/fireline.db")
database.migrate()
store = EvidenceStore(database)
store.keep_stream(executor.output("none"), datetime.now(UTC))
executor.run("small", "cat /proc/$PPID/status", lane)
before = peak()
many = "for i in $(seq %d); do cat block; done; grep VmHWM /proc/$PPID/status > peak" % int(sys.argv[3])
outcome = executor.run("large", many, lane)
kept = store.keep_stream(executor.output("large"), datetime.now(UTC))
executor.forget("large")
hwm = lambda text: int(re.findall(r"VmHWM:\\s+(\\d+) kB", text)[-1])
small = hwm(executor.run("small", "cat /proc/$PPID/status", lane).output)
grown = peak() - before, hwm((folder / "peak").read_text()) - small
print(kept.digest, kept.size, outcome.masked, outcome.bytes_cut, *grown)
"""


@pytest.mark.req(48, 60)
def test_more_than_100_mb_are_kept_whole_without_growing(spool: Path, tmp_path: Path) -> None:
    (tmp_path / "block").write_text(BLOCK)
    whole = sha256()
    for _ in range(TIMES):
        whole.update(BLOCK.replace("hunter2hunter2", MASK).encode())
    ran = subprocess.run(
        [sys.executable, "-c", SERVER, str(spool), str(tmp_path), str(TIMES)],
        env={"PYTHONPATH": str(SOURCES)}, capture_output=True, check=False, text=True, timeout=250,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    digest, size, masked, cut, server_kb, keeper_kb = ran.stdout.split()
    assert int(size) > 100_000_000
    assert (int(masked), int(cut)) == (TIMES, 0)
    assert int(server_kb) < 64 * 1024
    assert int(keeper_kb) < 64 * 1024
    assert not (spool / "large").exists()  # the spool is free again
    assert digest == whole.hexdigest()


def test_what_is_looked_at_is_the_beginning_and_the_end(executor: Executor, lane: Lanes) -> None:
    outcome = executor.run("c1", "seq 1 400000", lane())
    whole = b"".join(executor.output("c1"))
    assert whole == "".join(f"{n}\n" for n in range(1, 400_001)).encode()
    assert len(outcome.output) < SHOWN + 200
    assert outcome.output.startswith("1\n2\n")
    assert outcome.output.endswith("399999\n400000\n")
    assert f"{len(whole) - SHOWN} bytes are kept that do not stand here" in outcome.output
    assert outcome.bytes_cut == 0


@pytest.mark.parametrize("limit", [998, 999, 1000, 1001, 1500])
def test_a_cut_leaves_no_half_character(limit: int, executor: Executor, lane: Lanes) -> None:
    outcome = executor.run(f"c{limit}", "for i in $(seq 300); do printf 'größe→🔥'; done", lane(output_bytes=limit))
    assert "\ufffd" not in outcome.output
    assert outcome.bytes_cut > 0
    assert b"".join(executor.output(f"c{limit}")).decode() == outcome.output
