"""A server here and runners elsewhere: real processes on 127.0.0.1, each in a folder of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import sqlalchemy as sa

from fireline.clock import now
from fireline.store.accounts import Accounts
from fireline.store.database import Database
from kiosk import RUNBOOK, until
from servers import free_port

LEASE = 1.5  # seconds; short, so that a killed runner is missed soon
SERVER = """
[lanes.read]
directory = "here"
runner = "eu"
[lanes.write]
directory = "here"
runner = "eu"
[runners]
lease_seconds = {lease}
take_seconds = {take}
[runbooks]
paths = ["kiosk.md"]
[store]
url = "sqlite:///fireline.db"
"""
RUNNER = """
[runner]
name = "{name}"
url = "{url}"
lanes = {lanes}
environments = {environments}
[lanes.read]
directory = "there"
seconds = 120
environment = {{ STALL_TOKEN = "{secret}" }}
[lanes.write]
directory = "there"
[store]
spool = "spool"
"""
SECRET = "s3cr3t-of-the-market-stall"
# one for all, because each reads every certificate there is; no connection is kept, for their ends are killed
WIRE = httpx2.Client(trust_env=False, timeout=20, limits=httpx2.Limits(max_keepalive_connections=0))


@dataclass
class Process:
    """One `fireline` that runs, and the lines it has said."""

    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))

    def says(self, words: str) -> bool:
        return any(words in line for line in self.said)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it, and it alone: what it has started in sessions of their own lives on."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(20)
        self._reader.join(5)
        if self.process.stdout:
            self.process.stdout.close()
        return code


@dataclass
class Field:
    """The whole of it. `tokens` are ana's and ben's."""

    folder: Path
    port: int = field(default_factory=free_port)
    tokens: dict[str, str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def prepare(self, *, take: float = 30.0, more: str = "") -> None:
        """The server's folder, with people known and the runner's token made by hand."""
        (self.folder / "here").mkdir()
        (self.folder / "here" / "till").write_text("nothing: this is the server's own\n")
        (self.folder / "kiosk.md").write_text(RUNBOOK)
        (self.folder / "fireline.toml").write_text(SERVER.format(lease=LEASE, take=take) + more)
        database = Database(f"sqlite:///{self.folder}/fireline.db")
        database.migrate()
        accounts = Accounts(database)
        for handle in ("ana", "ben"):
            accounts.add(handle, handle.capitalize())
            self.tokens[handle] = accounts.token(handle, "api", now())
        database.close()

    def fireline(self, folder: Path, *words: str, **environment: str) -> Process:
        bare = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", **environment}
        process = subprocess.Popen(
            [sys.executable, "-m", "fireline", *words], cwd=folder, env=bare, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.processes.append(Process(process))
        return self.processes[-1]

    def serve(self) -> Process:
        """The server, listening."""
        server = self.fireline(self.folder, "serve", "--port", str(self.port))
        until(lambda: server.says("fireline listens on ") or server.process.poll() is not None, 60)
        assert server.process.poll() is None, server.said
        return server

    def token(self, label: str) -> str:
        """As `fireline token add` makes one, only faster."""
        database = Database(f"sqlite:///{self.folder}/fireline.db")
        made = Accounts(database).token("ana", "runner", now(), label=label)
        database.close()
        return made

    def place(
        self, where: str, name: str = "eu", lanes: str = '["read", "write"]', environments: str = "[]", more: str = ""
    ) -> Path:
        """A runner's own folder: its settings, its spool, and the stall it looks after."""
        folder = self.folder / where
        (folder / "there").mkdir(parents=True)
        (folder / "there" / "till").write_text(f"12.50 in the till\ntoken {SECRET}\n")
        os.mkfifo(folder / "there" / "gate")
        settings = RUNNER.format(
            name=name, url=self.url, lanes=lanes, environments=environments, secret=SECRET
        )  # fmt: skip
        (folder / "runner.toml").write_text(settings + more)
        return folder

    def run(self, folder: Path, token: str, *words: str) -> Process:
        """A runner at work in its folder."""
        return self.fireline(folder, "runner", "--config", "runner.toml", *words, FIRELINE_RUNNER_TOKEN=token)

    def ask(self, method: str, path: str, body: Any = None, *, by: str = "ana") -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[by]}"}
        answer = WIRE.request(method, f"{self.url}/api/v1{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    def declare(self, **values: str) -> int:
        made = self.ask("POST", "/incidents", {"title": "Odd smell", "severity": "P1", "values": values})
        return int(made["number"])

    def wants(self, number: int, command: str) -> None:
        """Ana asks for a command; where that needs a yes, ben gives it."""
        now_ = self.ask("POST", f"/incidents/{number}/approvals", {"command": command, "reason": "look"})
        ask = now_["approvals"][-1]
        if ask["yes_needed"]:
            path = f"/incidents/{number}/approvals/{ask['number']}/yes"
            self.ask("POST", path, {"shown": ask["digest"]}, by="ben")

    def runs(self, number: int) -> list[dict[str, Any]]:
        return list(self.ask("GET", f"/incidents/{number}")["runs"])

    def ended(self, number: int, ask: int = 1) -> dict[str, Any]:
        """The run of this ask, once it has ended."""

        def over() -> dict[str, Any] | None:
            mine = [one for one in self.runs(number) if one["run"] == f"{number}.ask{ask}"]
            return mine[0] if mine and mine[0]["state"] != "running" else None

        until(over, 60)
        return over() or {}

    def output(self, number: int, digest: str) -> str:
        headers = {"Authorization": f"Bearer {self.tokens['ana']}"}
        return WIRE.get(f"{self.url}/api/v1/incidents/{number}/evidence/{digest}", headers=headers).text

    def told(self, number: int) -> list[str]:
        return [one["sentence"] for one in self.ask("GET", f"/incidents/{number}/timeline")["entries"]]

    def rows(self, query: str) -> list[Any]:
        """What stands in the database, read past the server."""
        engine = sa.create_engine(f"sqlite:///{self.folder}/fireline.db")
        with engine.begin() as connection:
            found = connection.execute(sa.text(query))
            rows = list(found) if found.returns_rows else []
        engine.dispose()
        return rows

    def close(self) -> None:
        for one in reversed(self.processes):
            one.end()


def open_gate(folder: Path, words: str) -> None:
    """Let the command that reads the gate end: it gets these words."""
    with (folder / "there" / "gate").open("w") as gate:
        gate.write(words)


def started(folder: Path, run: str) -> bool:
    """The keeper of this run has started its command."""
    return (folder / "spool" / run / "started").exists()
