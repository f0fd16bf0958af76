"""A running command is ended with all it has started, by any server that shares the spool, and its outcome says so."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from executor.test_limits import alive
from executor.test_once import gate as gate  # noqa: PLC0414  # a fixture
from fireline.executor import Executor, Lane

Lanes = Callable[..., Lane]
# the gate opens last: both numbers are in their files by then
FAMILY = "timeout 60 sleep 60 & echo $! > timeout; (sleep 60 & echo $! > grandchild; echo on > gate; wait) & wait"


@pytest.mark.req(48)
def test_cancelling_ends_the_whole_family(executor: Executor, lane: Lanes, gate: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as ana:
        waiting = ana.submit(executor.run, "c1", FAMILY, lane())
        gate.read_text()
        assert executor.cancel("c1")
        outcome = waiting.result()
    assert (outcome.cancelled, outcome.timed_out, outcome.ok, outcome.exit_code) == (True, False, False, 143)
    assert outcome.output == "[fireline: cancelled: it was ended with all it had started]\n"
    assert outcome.seconds < 30  # of the sixty that it asked for
    for name in ("grandchild", "timeout"):
        assert not alive(int((tmp_path / name).read_text()))
    assert executor.run("c1", FAMILY, lane()) == outcome


def test_who_ignores_the_term_signal_is_killed(executor: Executor, lane: Lanes, gate: Path) -> None:
    with ThreadPoolExecutor(1) as ana:
        waiting = ana.submit(executor.run, "c1", "trap '' TERM; echo on > gate; while :; do sleep 0.1; done", lane())
        gate.read_text()
        assert executor.cancel("c1")
        assert executor.cancel("c1")  # twice is once
        outcome = waiting.result()
    assert (outcome.cancelled, outcome.exit_code) == (True, 137)


@pytest.mark.req(48)
def test_a_server_that_was_started_afterwards_can_cancel(
    executor: Executor, lane: Lanes, gate: Path, server: Callable[[str, str], subprocess.Popen[bytes]]
) -> None:
    ana = server("c1", "echo on > gate; sleep 60")
    gate.read_text()
    ana.kill()
    ana.communicate()
    assert executor.cancel("c1")
    assert executor.run("c1", "echo on > gate; sleep 60", lane()).cancelled


def test_there_is_nothing_to_cancel_before_and_after(executor: Executor, lane: Lanes, spool: Path) -> None:
    assert not executor.cancel("c1")
    assert executor.run("c1", "true", lane()).ok
    assert not executor.cancel("c1")
    assert not (spool / "c1" / "cancel").exists()
    os.mkfifo(spool / "c1" / "cancel")  # its keeper was killed
    assert not executor.cancel("c1")
