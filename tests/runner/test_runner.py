"""The rule: a runner carries out, in its own network, what is leased to it, and nothing of it is lost or doubled.

Real processes: a server, runners beside it, and commands that wait at a gate (a named pipe) until the test opens it.
"""

from __future__ import annotations

import json
import re
import signal
from hashlib import sha256
from pathlib import Path

import httpx2
import msgspec
import pytest

from fireline.core.errand import Begin, Poll, Told
from kiosk import until
from runner.field import SECRET, Field, open_gate, started


def test_a_read_and_an_approved_write_run_where_the_runner_is_and_come_back_masked(field: Field) -> None:
    field.serve()
    stall = field.place("stall")
    runner = field.run(stall, field.token("eu"))
    number = field.declare()
    field.wants(number, "cat till")
    read = field.ended(number)
    assert read["state"] == "ok"
    said = field.output(number, read["evidence"])
    assert said.startswith("12.50 in the till\n")  # not the server's own till
    assert SECRET not in said
    assert "«masked»" in said
    assert not field.rows(f"SELECT 1 FROM errand WHERE outcome LIKE '%{SECRET}%'")
    field.wants(number, "echo opened >> door")
    assert field.ended(number, 2)["state"] == "ok"
    assert (stall / "there" / "door").read_text() == "opened\n"
    assert not (field.folder / "here" / "door").exists()
    assert runner.says(f"INC-{number} {number}.ask2 begins in the write lane: echo opened >> door")
    (known,) = field.ask("GET", "/runners")
    assert (known["name"], known["alive"], known["lanes"], known["doing"]) == ("eu", True, ["read", "write"], [])
    assert runner.end() == 130
    assert "stops" in runner.said[-1]


def test_a_runner_killed_in_the_middle_of_a_read_costs_nothing_but_time(field: Field) -> None:
    field.serve()
    stall, other = field.place("stall"), field.place("other")
    token = field.token("eu")
    first = field.run(stall, token)
    until(lambda: first.says("it asks "), 60)
    number = field.declare()
    field.wants(number, "cat gate")
    until(lambda: started(stall, f"{number}.ask1"), 30)
    first.end(signal.SIGKILL)
    second = field.run(other, token)
    until(lambda: started(other, f"{number}.ask1"), 30)
    open_gate(other, "from the other stall\n")
    run = field.ended(number)
    assert (run["state"], field.output(number, run["evidence"])) == ("ok", "from the other stall\n")
    open_gate(stall, "late\n")  # the first one's keeper ends; nobody asks it any more
    again = field.run(stall, token)
    until(lambda: again.says("it asks "), 60)
    field.wants(number, "cat till")
    assert field.ended(number, 2)["state"] == "ok"
    ended = [line for line in field.told(number) if line.startswith("cat gate") and "exit" in line]
    assert len(ended) == 1
    assert second.process.poll() is None


def test_a_runner_started_anew_on_its_spool_finds_what_it_had_begun(field: Field) -> None:
    field.serve()
    stall = field.place("stall")
    token = field.token("eu")
    first = field.run(stall, token)
    until(lambda: first.says("it asks "), 60)
    number = field.declare()
    field.wants(number, "cat gate >> door")
    until(lambda: started(stall, f"{number}.ask1"), 30)
    first.end()  # stopped, not killed: an update of the runner, say
    field.rows("UPDATE errand SET lease_until = '2099-01-01 00:00:00.000000'")  # however slow this machine is today
    field.run(stall, token)
    open_gate(stall, "once\n")
    assert field.ended(number)["state"] == "ok"
    assert (stall / "there" / "door").read_text() == "once\n"


def test_a_write_whose_runner_was_killed_is_never_repeated_and_is_told_late(field: Field) -> None:
    field.serve()
    stall, other = field.place("stall"), field.place("other")
    token = field.token("eu")
    first = field.run(stall, token)
    until(lambda: first.says("it asks "), 60)
    number = field.declare()
    field.wants(number, "cat gate >> door")
    until(lambda: started(stall, f"{number}.ask1"), 30)
    first.end(signal.SIGKILL)
    field.run(other, token)  # of the same name, and free
    run = field.ended(number)
    assert run["state"] == "interrupted"
    assert run["summary"] == "Unknown outcome: look. The runner eu was lost while it ran this; it is not run again."
    page = field.ask("GET", f"/incidents/{number}/timeline")["entries"]
    assert any("Unknown outcome: look." in one["detail"] for one in page)
    assert not (other / "there" / "door").exists()
    open_gate(stall, "done after all\n")  # its keeper has outlived it
    again = field.run(stall, token)
    until(lambda: any("the runner eu is back" in line for line in field.told(number)), 60)
    line = next(one for one in field.told(number) if "is back" in one)
    assert "it ended well, exit 0" in line
    assert field.ended(number)["state"] == "interrupted"  # what was said is not unsaid; this is evidence
    assert (stall / "there" / "door").read_text() == "done after all\n"
    assert not again.says("begins in")
    assert not (other / "there" / "door").exists()


def test_the_server_may_be_killed_while_a_runner_works(field: Field) -> None:
    server = field.serve()
    stall = field.place("stall")
    runner = field.run(stall, field.token("eu"), "--json")
    number = field.declare()
    field.wants(number, "cat gate >> door")
    until(lambda: started(stall, f"{number}.ask1"), 60)
    server.end(signal.SIGKILL)
    open_gate(stall, "while nobody was there\n")
    until(lambda: any(json.loads(line)["what"] == "waits" for line in runner.said), 30)
    field.serve()
    assert field.ended(number)["state"] == "ok"
    assert (stall / "there" / "door").read_text() == "while nobody was there\n"
    happened = [json.loads(line)["what"] for line in runner.said]
    assert happened.count("begins") == 1


def test_nobody_without_the_right_token_gets_anything(field: Field) -> None:
    field.serve()
    stall = field.place("stall", name="us")
    wrong = field.run(stall, "fl_not-a-token")
    assert wrong.process.wait(60) == 1
    until(lambda: wrong.says("This wants the token of a runner"))
    other = field.run(stall, field.token("eu"))
    assert other.process.wait(60) == 1
    until(lambda: other.says("This token is the runner eu's, and not us's."))
    url = f"{field.url}/api/v1/runner/polls"
    body = {"name": "eu", "instance": "x"}
    with httpx2.Client(trust_env=False) as client:
        assert client.post(url, json=body).status_code == 401
        people = {"Authorization": f"Bearer {field.tokens['ana']}"}
        assert client.post(url, json=body, headers=people).status_code == 401
        runners = {"Authorization": f"Bearer {field.token('eu')}"}
        assert client.post(url, json=body, headers=runners).status_code == 200
        assert client.get(f"{field.url}/api/v1/incidents", headers=runners).status_code == 401


def test_a_runner_of_another_name_gets_nothing_and_what_nobody_takes_does_not_run(tmp_path: Path) -> None:
    field = Field(tmp_path)
    field.prepare(take=3.0)
    try:
        field.serve()
        stall = field.place("stall", name="us")
        runner = field.run(stall, field.token("us"))
        until(lambda: runner.says("it asks "), 60)
        number = field.declare()
        field.wants(number, "cat till")
        run = field.ended(number)
        assert run["state"] == "interrupted"
        said = field.output(number, run["evidence"])
        assert said == "It did not run. No runner eu took it in 3 s: is `fireline runner` up there?\n"
        assert not runner.says("begins")
    finally:
        field.close()


def test_a_command_that_was_changed_on_the_way_is_refused(field: Field) -> None:
    field.serve()
    stall = field.place("stall")
    number = field.declare()
    field.wants(number, "echo opened >> door")
    until(lambda: field.rows("SELECT 1 FROM errand"), 30)
    field.rows("UPDATE errand SET body = replace(body, 'echo opened >> door', 'echo broken >> window')")
    field.run(stall, field.token("eu"))
    run = field.ended(number)
    assert run["state"] == "interrupted"
    assert "not the one whose digest came with it" in field.output(number, run["evidence"])
    assert not (stall / "there" / "window").exists()
    assert not (stall / "there" / "door").exists()


def test_a_runner_refuses_a_lane_and_an_environment_it_does_not_have(tmp_path: Path) -> None:
    field = Field(tmp_path)
    field.prepare(more='[environments.berlin]\nrunner = "eu"\n')
    try:
        field.serve()
        stall = field.place("stall", lanes='["read"]', environments='["paris"]')
        field.run(stall, field.token("eu"))
        number, berlin = field.declare(environment="paris"), field.declare(environment="berlin")
        field.wants(number, "echo opened >> door")
        said = field.output(number, field.ended(number)["evidence"])
        assert "would not run it: it has no write lane." in said
        field.wants(berlin, "cat till")
        said = field.output(berlin, field.ended(berlin)["evidence"])
        assert "would not run it: it does not serve the environment berlin." in said
        assert not (stall / "there" / "door").exists()
    finally:
        field.close()


def test_the_runners_own_guard_has_the_last_word(field: Field) -> None:
    field.serve()
    stall = field.place("stall", more='[guard]\ntables = ["site.toml"]\n')
    (stall / "site.toml").write_text('[[program]]\nnames = ["cat"]\n[[program.row]]\neffect = "write"\n')
    field.run(stall, field.token("eu"))
    number = field.declare()
    field.wants(number, "cat till")
    said = field.output(number, field.ended(number)["evidence"])
    assert "would not run it: its own guard takes it for write and not for read" in said


def test_a_cancelled_command_is_ended_where_it_runs(field: Field) -> None:
    field.serve()
    stall = field.place("stall")
    runner = field.run(stall, field.token("eu"))
    number = field.declare()
    field.wants(number, "cat gate >> door")
    until(lambda: started(stall, f"{number}.ask1"), 60)
    field.ask("POST", f"/incidents/{number}/runs/{number}.ask1/cancellation", {"reason": "wrong stall"})
    assert field.ended(number)["state"] == "cancelled"
    until(lambda: runner.says("it was cancelled"))


def test_nothing_is_started_or_settled_by_who_has_no_lease(field: Field) -> None:
    field.serve()
    number = field.declare()
    field.wants(number, "echo opened >> door")
    until(lambda: field.rows("SELECT 1 FROM errand"), 30)
    run = f"{number}.ask1"
    headers = {"Authorization": f"Bearer {field.token('eu')}"}
    with httpx2.Client(trust_env=False, headers=headers, timeout=30) as client:

        def post(path: str, body: Poll | Begin | Told) -> httpx2.Response:
            return client.post(f"{field.url}/api/v1/runner/{path}", json=msgspec.to_builtins(body))

        thief = Told(instance="thief", exit_code=0, output="all good\n")
        assert post(f"errands/{run}/start", Begin(instance="thief", seconds=5)).status_code == 409
        assert post(f"errands/{run}/outcome", thief).status_code == 409
        handed = post("polls", Poll(name="eu", instance="mine", free=1, wait=5)).json()
        assert [one["run"] for one in handed["errands"]] == [run]
        assert post("polls", Poll(name="eu", instance="thief", free=1)).json()["errands"] == []
        assert post(f"errands/{run}/start", Begin(instance="thief", seconds=5)).status_code == 409
        assert post(f"errands/{run}/start", Begin(instance="mine", seconds=5)).status_code == 201
        assert post(f"errands/{run}/outcome", thief).status_code == 409
        mine = Told(instance="mine", exit_code=0, output="opened\n", seconds=0.1)
        assert post(f"errands/{run}/outcome", mine).status_code == 201
    assert field.ended(number)["state"] == "ok"


def peak(process: int) -> int:
    """The most memory that a process ever had, in kB: VmHWM, proc_pid_status(5)."""
    said = Path(f"/proc/{process}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", said)[-1])


@pytest.mark.req(48, 60)
def test_more_than_100_mb_arrive_whole_over_a_connection_that_breaks(field: Field) -> None:
    server = field.serve()
    stall = field.place("stall")
    line = "2026-11-23T03:04:05Z INFO till GET /baskets/1 200 12 ms, nothing to see here, as in most of its lines\n"
    block = line * 999 + f"2026-11-23T03:04:06Z WARN connecting with token {SECRET}\n"
    (stall / "there" / "log").write_text(block * 1040)
    masked = (block.replace(SECRET, "«masked»") * 1040).encode()
    assert len(masked) > 100_000_000
    runner = field.run(stall, field.token("eu"))
    number = field.declare()
    field.wants(number, "cat till")
    assert field.ended(number)["state"] == "ok"
    before = peak(runner.process.pid)

    def arrived() -> int:
        return max((row[0] for row in field.rows("SELECT pieces FROM evidence_stream WHERE digest IS NULL")), default=0)

    field.wants(number, "cat log")
    until(lambda: arrived() > 40, 90)
    server.end(signal.SIGKILL)
    there = arrived()
    server = field.serve()
    small = peak(server.process.pid)
    run = field.ended(number, 2)
    assert run["state"] == "ok"
    assert run["evidence"] == sha256(masked).hexdigest()
    (kept,) = field.rows("SELECT pieces FROM evidence_stream")
    assert kept[0] > there
    assert peak(runner.process.pid) - before < 16 * 1024  # kB
    assert peak(server.process.pid) - small < 64 * 1024  # its first requests included
    assert not (stall / "spool" / f"{number}.ask2").exists()  # it is there now, and not here

    (stall / "there" / "shorter").write_text(block * 100)
    field.wants(number, "cat shorter")
    until(lambda: arrived() > 2, 90)
    runner.process.send_signal(signal.SIGSTOP)
    field.ask("POST", f"/incidents/{number}/runs/{number}.ask3/cancellation", {"reason": "we know enough"})
    until(lambda: field.rows("SELECT 1 FROM errand WHERE cancelled"), 30)
    runner.process.send_signal(signal.SIGCONT)
    cut = field.ended(number, 3)
    missing = len(block.replace(SECRET, "«masked»").encode()) * 100 - (1 << 20)
    assert f"[fireline: {missing} bytes cut here]" in field.output(number, cut["evidence"])
