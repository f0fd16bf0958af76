"""The rule: the benchmark's arithmetic is right, so that a goal that is shown as met was met."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

import ingest
import latency
import load
import meter
import run
import verdict
import workload
from ingest import Cell, Phase
from verdict import Figure, Goal

LEAST = Goal(figure="speed", what="speed", at="least", goal=3.0, gate=2.0)
MOST = Goal(figure="lost", what="lost", at="most", goal=0.0, gate=0.0)
PHASE = Phase(
    system="Alertmanager", cell="api 64x16", phase="new", alerts=100, us=60.0, server_us=60.0,
    postgres_us=0.0, client_us=1.0, a_second=1000.0, p50_ms=1.0, p99_ms=2.0, others=0.0,
)  # fmt: skip
OURS = replace(PHASE, system="fireline, SQLite", us=15.0)
DECLARED = replace(OURS, phase="declared", us=30.0)


def stat(pid: int, parent: int, collected: tuple[int, int] = (0, 0)) -> str:
    user, system = collected
    return f"{pid} (a (bad) name) S {parent} 1 1 0 -1 0 0 0 0 0 5 6 {user} {system} 20 0 1 0 100"


def test_a_process_line_is_read_past_whatever_its_program_is_called() -> None:
    found = meter.parse_stat(stat(7, 3, (2, 1)))
    assert (found.pid, found.parent) == (7, 3)
    assert found.collected == 3 * meter.TICK


def test_a_tree_holds_the_root_and_all_below_it_and_nobody_else() -> None:
    lines = [meter.parse_stat(stat(pid, parent)) for pid, parent in ((1, 0), (2, 1), (3, 2), (4, 1), (5, 9))]
    assert {one.pid for one in meter.tree([2, 4], lines)} == {2, 3, 4}
    assert meter.tree([77], lines) == []


def test_memory_is_the_proportional_size_in_bytes() -> None:
    assert meter.parse_pss("Rss:  100 kB\nPss:                  42 kB\nPss_Anon: 7 kB\n") == 42 * 1024
    assert meter.parse_pss("") == 0


def test_idle_and_waiting_for_the_disk_is_not_work() -> None:
    assert meter.parse_busy("cpu  10 1 5 1000 200 2 3 4 0 0\ncpu0 1 1 1 1\n") == 25 * meter.TICK


def test_the_processor_time_of_a_child_counts_while_it_lives_and_when_it_has_ended() -> None:
    burn = "import os, subprocess, sys; x = sum(range(3_000_000)); print(flush=True); sys.stdin.read(1)"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}]); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin
        assert child.stdout
        child.stdout.readline()
        living = meter.cpu(child.pid)[0]
        child.stdin.write(b"\n")
        child.stdin.flush()
        child.stdout.readline()
        ended = meter.cpu(child.pid)[0]
        child.send_signal(signal.SIGKILL)
    assert living > 20_000_000
    assert ended > living - 2 * meter.TICK  # what it collected is known to the hundredth of a second


def test_the_memory_of_this_process_is_more_than_nothing() -> None:
    assert meter.pss(os.getpid()) > 5_000_000


@pytest.mark.parametrize(("value", "outcome"), [(3.0, "met"), (2.9, "missed"), (2.0, "missed"), (1.9, "broken")])
def test_a_goal_is_met_missed_or_its_gate_is_broken(value: float, outcome: str) -> None:
    assert verdict.judge([LEAST], {"speed": Figure((value,))})[0].outcome == outcome


def test_one_lost_alert_breaks_the_gate_and_none_meets_the_goal() -> None:
    assert verdict.judge([MOST], {"lost": Figure((1.0,))})[0].outcome == "broken"
    assert verdict.judge([MOST], {"lost": Figure((0.0,))})[0].outcome == "met"


def test_the_median_of_the_rounds_decides() -> None:
    assert verdict.judge([LEAST], {"speed": Figure((9.0, 1.0, 3.1))})[0].outcome == "met"


def test_nothing_is_gated_when_the_peer_itself_is_unsteady() -> None:
    assert not verdict.steady([50.0, 101.0, 60.0])
    assert verdict.steady([50.0, 99.0])
    assert verdict.judge([LEAST], {"speed": Figure((0.1,), steady=False)})[0].outcome == "unsteady"
    assert verdict.judge([LEAST], {})[0].outcome == "not measured"


def test_ratios_are_formed_within_a_round() -> None:
    phases = [PHASE, OURS, DECLARED, replace(PHASE, us=90.0), replace(OURS, us=30.0), replace(DECLARED, us=45.0)]
    found = run.ratios(phases, [Cell("api", 64, 16, 100)])
    assert found["api 64x16 new, fireline, SQLite"].values == (4.0, 3.0)
    assert found["api 64x16 declared, fireline, SQLite"].values == (2.0, 2.0)
    assert found["api 64x16 new, fireline, SQLite"].steady


def test_the_table_shows_median_and_range_of_time_and_ratio() -> None:
    row = ingest.rows([PHASE, OURS, replace(PHASE, us=90.0), replace(OURS, us=30.0)])[1]
    assert row[:5] == ["api 64x16", "new", "fireline, SQLite", "22.5 (15.0-30.0)", "3.5 (3.0-4.0)"]
    assert len(row) == len(ingest.HEAD)


def test_the_goals_name_figures_that_a_run_can_have() -> None:
    lines = verdict.goals()
    cells = {cell.name for cell in ingest.QUICK}
    assert len({one.figure for one in lines}) == len(lines) > 10
    for one in lines:
        assert one.gate is None or one.holds(one.goal, one.gate), one.figure
        if one.figure.startswith(("api", "webhook")):
            assert any(one.figure.startswith(f"{name} ") for name in cells), one.figure


def test_tables_are_written_between_their_markers_and_nowhere_else() -> None:
    page = f"# P\n\n{verdict.BEGIN}\nold\n{verdict.END}\n\nrest\n"
    assert verdict.written(page, "new\n") == f"# P\n\n{verdict.BEGIN}\n\nnew\n\n{verdict.END}\n\nrest\n"
    with pytest.raises(ValueError, match="the page has no"):
        verdict.written("# P\n", "new")


@pytest.mark.parametrize(
    ("heard", "status"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", None),
        (b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nretry-after: 5\r\n\r\n", 503),
        (b"HTTP/1.1 204 No Content\r\nDate: x\r\n\r\n", 204),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", None),
        (b"HTTP/1.1 200 OK\r\nCont", None),
    ],
)
def test_an_answer_counts_when_all_of_it_is_there(heard: bytes, status: int | None) -> None:
    assert load.status_of(heard) == status


def test_a_share_of_the_answers_is_found_by_its_place() -> None:
    assert load.Load(times=[0.4, 0.1, 0.3, 0.2]).at(0.5) == 0.3
    assert load.Load().at(0.5) == 0.0
    assert latency.at(0.99, [float(n) for n in range(100)]) == 99.0


def test_the_same_alerts_are_made_again_and_a_later_wave_differs_only_in_its_end(tmp_path: Path) -> None:
    made, same = (workload.workload("api", 10, 25, tmp_path) for _ in range(2))
    assert made == same
    alerts = [one for body in made.bodies() for one in msgspec.json.decode(body)]
    later = [one for body in made.bodies(61) for one in msgspec.json.decode(body)]
    assert len(made.bodies()) == 3
    assert len({one["labels"]["pod"] for one in alerts}) == 25
    assert later[0].pop("endsAt") == "2037-03-01T11:01:00.000Z"
    assert alerts[0].pop("endsAt") == "2037-03-01T10:00:00.000Z"
    assert later[0] == alerts[0]
    assert alerts[7]["labels"]["pod"] == workload.pod_of(7)
