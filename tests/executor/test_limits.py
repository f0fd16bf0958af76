"""A command gets what its lane gives and no more: environment, time, memory, room for its words."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fireline.core.redaction import MASK
from fireline.core.refusal import Refused
from fireline.executor import Executor, Lane

Lanes = Callable[..., Lane]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.req(60)
def test_exit_code_output_and_duration_are_kept(executor: Executor, lane: Lanes) -> None:
    outcome = executor.run("c1", "echo out; echo err >&2; printf end; exit 3", lane())
    assert (outcome.exit_code, outcome.output, outcome.ok) == (3, "out\nerr\nend", False)
    assert 0 < outcome.seconds < 10
    assert (outcome.bytes_total, outcome.bytes_cut, outcome.masked) == (11, 0, 0)


def test_argv_runs_without_a_shell(executor: Executor, lane: Lanes) -> None:
    outcome = executor.run("c1", "echo '$HOME' '*'", lane(), ("echo", "$HOME", "*"))
    assert outcome.output == "$HOME *\n"


def test_nothing_of_the_server_reaches_the_command(
    executor: Executor, lane: Lanes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRELINE_SECRET_KEY", "do not tell")
    outcome = executor.run("c1", "env", lane(environment={"SHOP": "blue"}), ("/usr/bin/env",))
    assert outcome.output == "SHOP=blue\n"
    assert executor.run("c2", "pwd; umask; ulimit -c; ls /proc/self/fd", lane()).output.split() == [
        *(str(tmp_path), "0077", "0"),
        *("0", "1", "2", "3"),  # 3 is ls reading the folder
    ]


def test_standard_input_is_closed(executor: Executor, lane: Lanes) -> None:
    assert executor.run("c1", "cat; echo done", lane()).output == "done\n"


@pytest.mark.req(48)
def test_secrets_never_reach_the_disk(executor: Executor, lane: Lanes, spool: Path) -> None:
    env = {"PATH": "/usr/bin:/bin", "PGPASSWORD": "hunter2!"}
    outcome = executor.run("c1", "echo token=s3cr3ts; echo $PGPASSWORD; echo fine", lane(environment=env))
    assert outcome.output == f"token={MASK}\n{MASK}\nfine\n"
    assert outcome.masked == 2
    kept = b"".join(file.read_bytes() for file in (spool / "c1").iterdir())
    assert b"s3cr3ts" not in kept
    assert b"hunter2!" not in kept


def test_a_missing_program_is_named(executor: Executor, lane: Lanes) -> None:
    for run_id, argv in (("c1", ("redis-clx", "ping")), ("c2", None)):
        outcome = executor.run(run_id, "redis-clx ping", lane(), argv)
        assert outcome.exit_code == 127
        assert outcome.output.endswith("[fireline: redis-clx is not installed on this machine]\n")


def test_a_file_that_is_no_program_is_an_outcome_too(executor: Executor, lane: Lanes, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("hello")
    outcome = executor.run("c1", "./notes", lane(), (str(tmp_path / "notes"),))
    assert outcome.exit_code == 126
    assert "Permission denied" in outcome.output


def test_a_missing_shell_is_refused(spool: Path, lane: Lanes, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="Install bash"):
        Executor(spool, shell=tmp_path / "bash").run("c1", "echo one | cat", lane())


def test_a_missing_folder_is_refused(executor: Executor, lane: Lanes, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="which is no folder"):
        executor.run("c1", "true", lane(directory=tmp_path / "gone"))


def test_a_nul_character_is_refused(executor: Executor, lane: Lanes) -> None:
    with pytest.raises(Refused, match="NUL"):
        executor.run("c1", "echo a\0b", lane())


def test_time_runs_out_for_the_whole_family(executor: Executor, lane: Lanes, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "both")  # are in their files, when this has been read
    command = (
        "timeout 60 sleep 60 & echo $! > timeout; (sleep 60 & echo $! > grandchild; echo on > both; wait) & "
        "cat both; wait"
    )
    for seconds in (0.5, 2, 8, 30):  # a busy machine takes longer until there is a family
        outcome = executor.run(f"c{seconds}", command, lane(seconds=seconds))
        if outcome.output.startswith("on\n"):
            break
    assert (outcome.timed_out, outcome.exit_code, outcome.ok) == (True, 143, False)
    assert outcome.output == f"on\n[fireline: stopped after {seconds:g} s, its time limit]\n"
    assert seconds <= outcome.seconds < seconds + 30  # of the sixty that it asked for
    for name in ("grandchild", "timeout"):  # `timeout` makes itself a process group of its own
        assert not alive(int((tmp_path / name).read_text()))


def test_who_ignores_the_term_signal_is_killed(executor: Executor, lane: Lanes) -> None:
    outcome = executor.run("c1", "trap '' TERM; while :; do sleep 0.1; done", lane(seconds=0.3))
    assert (outcome.timed_out, outcome.exit_code) == (True, 137)
    assert 2.3 <= outcome.seconds < 30


def test_a_daemon_does_not_hold_up_its_command(executor: Executor, lane: Lanes, tmp_path: Path) -> None:
    command = "setsid sh -c 'echo $$ > daemon; exec sleep 60' & until [ -s daemon ]; do :; done; echo started"
    outcome = executor.run("c1", command, lane())
    daemon = int((tmp_path / "daemon").read_text())
    try:
        assert (outcome.ok, outcome.output) == (True, "started\n")
        assert alive(daemon)  # it was meant to stay
    finally:
        os.kill(daemon, 9)


def test_what_is_left_in_the_background_is_ended(executor: Executor, lane: Lanes, tmp_path: Path) -> None:
    assert executor.run("c1", "sleep 60 & echo $! > left", lane()).ok
    assert not alive(int((tmp_path / "left").read_text()))


def test_memory_is_limited(executor: Executor, lane: Lanes) -> None:
    argv = (sys.executable, "-S", "-c", "bytearray(300_000_000)")
    assert "MemoryError" in executor.run("c1", "python", lane(memory_bytes=200_000_000), argv).output
    assert executor.run("c2", "python", lane(memory_bytes=600_000_000), argv).ok


def test_a_flood_keeps_its_head_and_its_tail(executor: Executor, lane: Lanes) -> None:
    outcome = executor.run("c1", "seq 1 10000", lane(output_bytes=1000))
    head, _, tail = outcome.output.partition("\n[fireline: ")
    cut, _, tail = tail.partition(" bytes cut here]\n")
    assert head == "".join(f"{n}\n" for n in range(1, 1000))[:500]
    assert tail == "".join(f"{n}\n" for n in range(9000, 10001))[-500:]
    assert int(cut) == outcome.bytes_cut == outcome.bytes_total - 1000
    assert outcome.ok


@pytest.mark.req(48)
@pytest.mark.parametrize("lines", [90, 110, 2500])
def test_a_cut_never_leaves_half_a_secret(lines: int, executor: Executor, lane: Lanes) -> None:
    program = "import sys; print(''.join(f'x password=n{n:08d}\\n' for n in range(int(sys.argv[1]))), end='')"
    argv = (sys.executable, "-S", "-c", program, str(lines))
    for size in range(1000, 1021, 4):  # the cuts move through a line
        outcome = executor.run(f"c{size}", "python", lane(output_bytes=size), argv)
        assert outcome.bytes_cut > 0
        said = outcome.output.replace(f"[fireline: {outcome.bytes_cut} bytes cut here]", "")
        assert MASK in said
        assert not any(character.isdigit() for character in said)


def test_who_never_stops_talking_is_stopped(executor: Executor, lane: Lanes) -> None:
    outcome = executor.run("c1", "yes", lane(output_bytes=4096), ("yes",))
    assert outcome.exit_code == 137
    assert not outcome.timed_out
    assert "stopped, because it wrote more than 262144 bytes" in outcome.output


def test_output_that_is_no_text_is_kept_as_far_as_it_goes(executor: Executor, lane: Lanes) -> None:
    outcome = executor.run("c1", r"printf 'caf\xc3\xa9 \xff\x00|'", lane())
    assert (outcome.output, outcome.bytes_total) == ("café \ufffd\ufffd|", 9)


def test_output_of_control_characters_fits_or_is_given_up(executor: Executor, lane: Lanes) -> None:
    outcome = executor.run("c1", "head -c 200000 /dev/zero | tr '\\0' '\\1'", lane())
    assert (outcome.ok, outcome.output) == (True, "\x01" * 200000)
