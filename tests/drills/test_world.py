"""The world a drill breaks is real: servers that stop, an alert that arrives, and nothing left behind."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fireline.core.refusal import Refused
from fireline.drills.world import World, missing, wait_until

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
TOKEN = 'a "token": with {characters} that break careless YAML'
NOTICED = 90  # seconds in which the alert has to come, on a busy machine; it takes about five

needs_packages = pytest.mark.skipif(bool(missing("cache")), reason=f"skipped: no {', '.join(missing('cache'))}")


class Told(NamedTuple):
    """One call of Alertmanager: the token it showed and what it said."""

    authorization: str | None
    body: Any


class Ana:
    """Ana is on call: whatever Alertmanager sends lies in her tray."""

    def __init__(self) -> None:
        self.tray: queue.Queue[Told] = queue.Queue()
        tray = self.tray

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                tray.put(Told(self.headers["Authorization"], body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing: a test that passes is silent."""

        self.server = HTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/alertmanager"

    def told(self, status: str) -> Told:
        """The next call about an alert with this status."""
        while (told := self.tray.get(timeout=NOTICED)).body["status"] != status:
            pass
        return told


@pytest.fixture
def ana() -> Iterator[Ana]:
    someone = Ana()
    thread = threading.Thread(target=someone.server.serve_forever)
    thread.start()
    yield someone
    someone.server.shutdown()
    thread.join()
    someone.server.server_close()


def small(folder: Path) -> World:
    return World(folder, "sessions", alerts_to="http://127.0.0.1:9/", token=TOKEN, now=NOW)


def restart(world: World) -> None:
    """What ben does: the runbook's command, in the world's folder, with a lane's bare environment."""
    subprocess.run(
        ["supervisorctl", "restart", world.service],
        cwd=world.folder,
        env={"PATH": world.path},
        check=True,
        capture_output=True,
    )


def living_in(folder: Path) -> list[str]:
    """The processes that run in this folder, as their command lines."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:  # ended while we looked
            continue
    return found


@needs_packages
def test_redis_dies_ana_is_told_ben_restarts_it_and_ana_is_told_that_it_is_over(tmp_path: Path, ana: Ana) -> None:
    with World(tmp_path / "world", "cache", alerts_to=ana.url, token=TOKEN, now=NOW) as world:
        assert world.healthy()
        assert len(living_in(world.folder)) == 6  # four servers, supervisord and its leash

        world.break_it("kill")
        assert not world.healthy()
        firing = ana.told("firing")
        assert firing.authorization == f"Bearer {TOKEN}"
        (alert,) = firing.body["alerts"]
        assert alert["labels"]["alertname"] == "RedisDown"
        assert alert["labels"].items() >= {"service": "cache", "severity": "P1", **world.facts()}.items()
        assert alert["annotations"]["summary"] == "Redis is down"
        assert f"127.0.0.1:{world.ports['redis']} " in alert["annotations"]["description"]

        restart(world)
        assert world.healthy()
        resolved = ana.told("resolved")
        assert resolved.body["alerts"][0]["fingerprint"] == alert["fingerprint"]
    assert living_in(world.folder) == []


@needs_packages
@pytest.mark.req(128)
def test_a_redis_that_answers_ping_and_takes_no_writes_is_seen_and_healed_too(tmp_path: Path, ana: Ana) -> None:
    """Three faults of one Redis, one after another; each is another alert, and each has a way out of its own."""
    with World(tmp_path / "world", "cache", alerts_to=ana.url, token=TOKEN, now=NOW) as world:
        asked = ["redis-cli", "-p", str(world.ports["redis"])]
        for fault, alert, repair in (
            ("oom", "RedisOutOfMemory", [*asked, "config", "set", "maxmemory", "512mb"]),
            ("replica", "RedisReadOnly", [*asked, "replicaof", "no", "one"]),
            ("hang", "RedisDown", ["supervisorctl", "restart", "redis"]),
        ):
            world.break_it(fault)
            assert ana.told("firing").body["alerts"][0]["labels"]["alertname"] == alert
            subprocess.run(repair, cwd=world.folder, env={"PATH": world.path}, check=True, capture_output=True)
            assert world.healthy()
            assert ana.told("resolved").body["alerts"][0]["labels"]["alertname"] == alert
    assert living_in(world.folder) == []


@pytest.mark.parametrize("fault", ["stop", "kill", "hang"])
def test_the_small_world_breaks_and_heals_with_nothing_but_python(tmp_path: Path, fault: str) -> None:
    with small(tmp_path / "world") as world:
        assert world.healthy()
        assert world.plan.probe == f"http://127.0.0.1:{world.facts()['session_port']}/health"
        world.break_it(fault)
        assert not world.healthy()
        restart(world)
        assert world.healthy()
    assert living_in(world.folder) == []


def test_what_changed_is_answered_by_git_in_the_worlds_folder(tmp_path: Path) -> None:
    with small(tmp_path / "world") as world:
        since = f"--since={NOW.replace(day=13).isoformat()}"
        log = subprocess.run(
            ["git", "log", since, "--format=%an: %s", "--name-only"],
            cwd=world.folder,
            env={"PATH": world.path},
            check=True,
            capture_output=True,
            text=True,
        )
        status = subprocess.run(
            ["git", "status", "--short"],
            cwd=world.folder,
            env={"PATH": world.path},
            check=True,
            capture_output=True,
            text=True,
        )
    assert log.stdout.splitlines()[0].startswith("Ben Okafor: Cache: ")
    assert log.stdout.splitlines()[1:] == ["", "shop.toml"]
    assert status.stdout == ""


def test_a_killed_drill_leaves_nothing_running(tmp_path: Path) -> None:
    """The drill starts its world in a thread, the thread ends, all is well; then the drill is killed."""
    story = f"""
import pathlib, sys, threading
from datetime import UTC, datetime
from fireline.drills.world import World
world = World(pathlib.Path({str(tmp_path / "world")!r}), "sessions", alerts_to="http://127.0.0.1:9/", token="t",
              now=datetime.now(UTC))
thread = threading.Thread(target=world.start)
thread.start()
thread.join()
world.break_it("kill")
print("up", world.healthy(), flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", story], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as drill:
        assert drill.stdout is not None
        assert drill.stdout.readline() == "up False\n"
        assert len(living_in(tmp_path / "world")) == 2
        drill.kill()
    assert wait_until(lambda: living_in(tmp_path / "world") == [], 90)


def test_what_supervisord_started_ends_with_it(tmp_path: Path) -> None:
    with small(tmp_path / "world") as world:
        os.kill(int((world.folder / "supervisord.pid").read_text()), signal.SIGKILL)
        assert wait_until(lambda: living_in(world.folder) == [], 90)


def test_a_world_that_cannot_start_shows_the_log_and_cleans_up(tmp_path: Path) -> None:
    world = small(tmp_path / "world")
    with socket.create_server(("127.0.0.1", world.ports["sessions"])):
        with pytest.raises(Refused, match=r"(?s)sessions ended while .* sessions\.log:.*Address already in use"):
            world.start()
        assert living_in(world.folder) == []


def test_every_drill_wants_a_folder_of_its_own(tmp_path: Path) -> None:
    with small(tmp_path / "world"):
        pass
    with pytest.raises(Refused, match="Give every drill an empty folder"):
        small(tmp_path / "world").start()


def test_a_world_without_its_packages_names_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "prometheus-alertmanager" in missing("cache")
    assert missing("sessions") == []
    real = World(tmp_path / "world", "cache", alerts_to="", token="", now=NOW)
    with pytest.raises(Refused, match=r"apt-get install redis-server redis-tools prometheus-redis-exporter"):
        real.start()
    assert not (tmp_path / "world").exists()
