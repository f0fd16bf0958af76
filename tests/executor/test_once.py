"""A command runs at most once, whoever dies, and its output survives the server."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fireline.core.refusal import Refused
from fireline.executor import Executor, Lane

Lanes = Callable[..., Lane]
Servers = Callable[[str, str], subprocess.Popen[bytes]]


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A named pipe: reading it waits for the other side, so that no test has to guess how long things take."""
    os.mkfifo(tmp_path / "gate")
    return tmp_path / "gate"


def waits_at_the_gate(before: str = "first") -> str:
    """Leaves a mark, says `before`, reports its keeper's pid through the gate, waits there, says "second"."""
    return f"echo ran >> ran; echo {before}; echo $PPID > gate; read go < gate; echo second"


@pytest.mark.req(60)
def test_the_output_survives_a_server_that_is_killed(
    executor: Executor, lane: Lanes, server: Servers, gate: Path, tmp_path: Path
) -> None:
    ana = server("INC-1:c1", waits_at_the_gate())
    gate.read_text()  # the command has begun
    ana.kill()
    ana.communicate()
    with ThreadPoolExecutor(1) as ben:
        again = ben.submit(executor.run, "INC-1:c1", waits_at_the_gate(), lane())
        gate.write_text("go\n")
        outcome = again.result()
    assert (outcome.ok, outcome.output, outcome.interrupted) == (True, "first\nsecond\n", False)
    assert (tmp_path / "ran").read_text() == "ran\n"
    assert executor.run("INC-1:c1", waits_at_the_gate(), lane()) == outcome


def test_the_outcome_is_there_even_if_nobody_waited(
    executor: Executor, lane: Lanes, server: Servers, gate: Path, spool: Path
) -> None:
    ana = server("c1", waits_at_the_gate())
    gate.read_text()
    ana.kill()
    ana.communicate()
    gate.write_text("go\n")
    with (spool / "c1" / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)  # the keeper is gone
    assert (spool / "c1" / "output").read_text() == "first\nsecond\n"
    assert executor.run("c1", waits_at_the_gate(), lane()).ok
    assert (gate.parent / "ran").read_text() == "ran\n"


@pytest.mark.req(60)
@pytest.mark.parametrize("milliseconds", range(40, 400, 30))
def test_at_whatever_moment_the_server_dies_the_command_runs_once(
    milliseconds: int, executor: Executor, lane: Lanes, server: Servers, tmp_path: Path
) -> None:
    command = "echo ran >> ran; sleep 0.05; echo done"
    ana = server("c1", command)
    with suppress(subprocess.TimeoutExpired):
        ana.wait(milliseconds / 1000)
    ana.kill()
    ana.communicate()
    assert executor.run("c1", command, lane()).output == "done\n"
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_a_killed_keeper_means_interrupted_and_never_a_second_run(
    executor: Executor, lane: Lanes, gate: Path, tmp_path: Path
) -> None:
    command = waits_at_the_gate()
    begun = datetime.now(UTC)
    with ThreadPoolExecutor(1) as ana:
        waiting = ana.submit(executor.run, "c1", command, lane())
        os.kill(int(gate.read_text()), signal.SIGKILL)
        outcome = waiting.result()
    assert (outcome.interrupted, outcome.exit_code, outcome.ok) == (True, None, False)
    assert begun <= outcome.started_at <= datetime.now(UTC)
    gate.write_text("go\n")  # lets go of what is left of it
    assert executor.run("c1", command, lane()) == outcome
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_a_keeper_that_is_told_to_stop_still_writes_the_outcome(executor: Executor, lane: Lanes, gate: Path) -> None:
    with ThreadPoolExecutor(1) as ana:
        waiting = ana.submit(executor.run, "c1", waits_at_the_gate(), lane())
        os.kill(int(gate.read_text()), signal.SIGTERM)  # as stopping the service does
        gate.write_text("go\n")
        assert waiting.result().output == "first\nsecond\n"


def test_many_threads_asking_for_one_run_get_one_run(executor: Executor, lane: Lanes, tmp_path: Path) -> None:
    with ThreadPoolExecutor(6) as crowd:
        outcomes = list(crowd.map(lambda _: executor.run("c1", "echo ran >> ran; echo done", lane()), range(6)))
    assert (tmp_path / "ran").read_text() == "ran\n"
    assert outcomes[0].output == "done\n"
    assert all(outcome == outcomes[0] for outcome in outcomes)


def test_many_servers_asking_for_one_run_get_one_run(server: Servers, tmp_path: Path) -> None:
    crowd = [server("c1", "echo ran >> ran; echo done") for _ in range(4)]
    assert {process.communicate()[0] for process in crowd} == {b"done\n"}
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_different_runs_do_not_wait_for_each_other(executor: Executor, lane: Lanes, gate: Path) -> None:
    with ThreadPoolExecutor(1) as ana:
        slow = ana.submit(executor.run, "slow", waits_at_the_gate(), lane())
        gate.read_text()
        assert executor.run("quick", "echo hello", lane()).output == "hello\n"
        assert not slow.done()
        gate.write_text("go\n")
        assert slow.result().ok


def test_a_server_that_dies_while_asking_has_started_nothing(executor: Executor, lane: Lanes, spool: Path) -> None:
    first = executor.run("c1", "echo one", lane())
    (spool / "c1" / "outcome.json").unlink()
    assert executor.run("c1", "echo one", lane()).interrupted  # started, outcome lost: nobody knows
    (spool / "c2").mkdir()
    (spool / "c2" / "lock").touch()
    assert executor.run("c2", "echo one", lane()).output == first.output  # never started: may run


def test_a_name_belongs_to_one_command_in_one_lane(executor: Executor, lane: Lanes, tmp_path: Path) -> None:
    executor.run("c1", "echo one", lane())
    with pytest.raises(Refused, match="another command"):
        executor.run("c1", "touch two", lane())
    with pytest.raises(Refused, match="another command"):
        executor.run("c1", "echo one", Lane("write", {}, tmp_path))
    assert not (tmp_path / "two").exists()


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a b", ".hidden", "-rf", "a\n", "é", "x" * 201])
def test_a_name_cannot_lead_out_of_the_spool(name: str, executor: Executor, lane: Lanes, spool: Path) -> None:
    with pytest.raises(Refused) as refusal:
        executor.run(name, "true", lane())
    assert refusal.value.status == 400
    assert not spool.exists()


def test_the_spool_is_for_its_owner_only(executor: Executor, lane: Lanes, spool: Path) -> None:
    executor.run("c1", "touch made; umask", lane())
    assert oct(spool.stat().st_mode & 0o777) == oct((spool / "c1").stat().st_mode & 0o777) == "0o700"
    assert {oct(file.stat().st_mode & 0o777) for file in (spool / "c1").iterdir()} == {"0o600"}


def test_a_run_is_forgotten_only_when_it_is_over(executor: Executor, lane: Lanes, gate: Path, spool: Path) -> None:
    with ThreadPoolExecutor(1) as ana:
        waiting = ana.submit(executor.run, "c1", waits_at_the_gate(), lane())
        gate.read_text()
        with pytest.raises(Refused, match="still running"):
            executor.forget("c1")
        assert executor.sweep(datetime.now(UTC) + timedelta(days=1)) == 0
        gate.write_text("go\n")
        waiting.result()
    executor.forget("c1")
    assert list(spool.iterdir()) == []
    executor.forget("c1")  # twice is once


def test_sweeping_takes_what_is_old(executor: Executor, lane: Lanes, spool: Path) -> None:
    executor.run("old", "true", lane())
    executor.run("new", "true", lane())
    os.utime(spool / "old", (0, 0))
    assert executor.sweep(datetime.now(UTC) - timedelta(days=30)) == 1
    assert [folder.name for folder in spool.iterdir()] == ["new"]


def test_a_spool_that_cannot_be_written_is_said_so(lane: Lanes, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="file/spool") as refusal:
        Executor(tmp_path / "file" / "spool").run("c1", "touch ran", lane())
    assert refusal.value.status == 503
    assert not (tmp_path / "ran").exists()


def test_without_room_for_the_output_nothing_is_started(tmp_path: Path, spool: Path) -> None:
    program = (  # a limit on the size of files stands for a full disk: both fail the same call
        "import resource, sys; from pathlib import Path; from fireline.core.refusal import Refused\n"
        "from fireline.executor import Executor, Lane\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try: Executor(Path(sys.argv[1])).run('c1', 'touch ran', Lane('read', {}, Path(sys.argv[2])))\n"
        "except Refused as no: print(no.status, no)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", program, str(spool), str(tmp_path)], capture_output=True, text=True, check=True
    ).stdout
    assert said.startswith("503 ")
    assert str(spool) in said
    assert not (tmp_path / "ran").exists()
