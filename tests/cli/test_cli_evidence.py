"""What a command said is read at a terminal, a file is attached there, and what has ended is not cancelled."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from cli.test_cli_incident import asked, declared
from cli.typist import Typist
from kiosk import until


@pytest.mark.req(58)
def test_a_heap_profile_of_a_real_node_is_attached_with_its_hash(served: Typist, tmp_path: Path) -> None:
    if not (node := shutil.which("node")):
        pytest.skip("skipped: no node")
    program = "const kept = []; for (let i = 0; i < 5e4; i++) kept.push({i}); setInterval(() => kept.length, 1000)"
    running = subprocess.Popen([node, "--heapsnapshot-signal=SIGUSR2", "-e", program + "; console.log('up')"],
                               cwd=tmp_path, stdout=subprocess.PIPE)  # fmt: skip
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == b"up\n"
        os.kill(running.pid, signal.SIGUSR2)
        until(lambda: [one for one in tmp_path.glob("*.heapsnapshot") if whole(one)])
    finally:
        running.kill()
        running.communicate()
    (dump,) = tmp_path.glob("*.heapsnapshot")
    n = str(declared(served, "Memory grows"))
    digest = sha256(dump.read_bytes()).hexdigest()
    assert digest in served.says("incident", "attach", n, str(dump), "--note", "ten minutes after the deploy")
    again = served.types("incident", "attach", n, str(dump))
    assert (again.returncode, "attached these bytes already" in again.stderr) == (1, True)
    assert "attached Heap." in served.says("incident", "timeline", n)
    assert "cannot be read" in served.types("incident", "attach", n, str(tmp_path / "gone")).stderr


def whole(snapshot: Path) -> bool:
    try:
        json.loads(snapshot.read_bytes())
    except ValueError:
        return False
    return True


@pytest.mark.req(48, 60)
def test_an_output_is_read_searched_and_written_to_a_file(served: Typist, tmp_path: Path) -> None:
    number = declared(served, "The log is odd")
    n = str(number)
    asked(served, number, command="ls -a", title="Look around")

    def runs() -> list[dict[str, str]]:
        found = json.loads(served.says("incident", "show", n, "--json"))["runs"]
        return [one for one in found if one["evidence"]]

    until(runs)
    run = runs()[0]
    text = served.says("incident", "evidence", n, run["run"])
    written = tmp_path / "out.txt"
    served.says("incident", "evidence", n, run["run"], "--output", str(written))
    assert sha256(written.read_bytes()).hexdigest() == run["evidence"]
    first = written.read_text().splitlines()[0]
    assert first in text
    assert f"1: {first}" in served.says("incident", "evidence", n, run["run"], "--grep", first[:12].upper())
    late = served.types("incident", "cancel", n, run["run"], "--reason", "too slow")
    assert (late.returncode, "has ended already" in late.stderr) == (1, True)
