"""A fleet: several `fireline serve` on one real PostgreSQL, which tests kill, stop, and cut off.

Each replica has its own settings, port and spool, as if it ran on a machine of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psycopg

from fireline import clock
from fireline.drills.world import wait_until
from fireline.store.accounts import Accounts
from fireline.store.database import Database
from kiosk import RUNBOOK
from servers import OWNER, _postgres_programs, _unprivileged, free_port, postgres_folder

SOON = 5.0  # seconds without a sign until a replica is given up; it has its real fifteen where PostgreSQL restarts
PROGRAM = """
import sys
from fireline.cli import main
from fireline.durable import replicas
replicas.GRACE = replicas.FROZEN = float(sys.argv.pop(1))
main()
"""
ANSWER = 15.0  # seconds: a replica that waits for its database may take its time to say no
OK = httpx2.codes.OK
# one for all, because each reads every certificate there is; no connection is kept, for their ends are killed
WIRE = httpx2.Client(trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0))


@dataclass(slots=True)
class Cluster:
    """A PostgreSQL of this test's own, which may be stopped hard and started again."""

    folder: Path
    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Of its one database."""
        return f"postgresql://{OWNER}@{self.host.partition(',')[0]}:{self.port}/postgres"

    @property
    def _become(self) -> list[str]:
        someone = _unprivileged()
        return ["setpriv", "--pdeathsig", "INT"] + (
            [f"--reuid={someone.pw_uid}", f"--regid={someone.pw_gid}", "--clear-groups"] if someone else []
        )

    def make(self) -> None:
        """Make it; it syncs to disk like a production one."""
        programs = _postgres_programs()
        assert programs
        if someone := _unprivileged():
            os.chown(self.folder, someone.pw_uid, someone.pw_gid)
        how = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", f"--username={OWNER}", "--no-sync"]
        command = [*self._become, str(programs / "initdb"), f"--pgdata={self.folder / 'data'}", *how]
        subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
        with (self.folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.0.0.0/8 trust\n")

    def start(self) -> None:
        """Start it and wait until it answers."""
        programs = _postgres_programs()
        assert programs
        on = ["-c", f"listen_addresses={self.host}", "-c", "unix_socket_directories="]
        with (self.folder / "log").open("ab") as log:
            self.server = subprocess.Popen(
                [*self._become, programs / "postgres", "-D", self.folder / "data", "-p", str(self.port), *on],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        assert wait_until(self._answers), (self.folder / "log").read_text()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT ends every session, SIGQUIT is a crash."""
        if self.server:
            self.server.send_signal(how)
            self.server.wait(30)
            self.server = None

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def cluster(host: str = "127.0.0.1") -> Iterator[Cluster]:
    """A running one, gone afterwards. Not in pytest's own folder: that is closed to the user PostgreSQL runs as."""
    folder = postgres_folder()
    found = Cluster(folder, host)
    try:
        found.make()
        found.start()
        yield found
    finally:
        found.stop(signal.SIGQUIT)
        shutil.rmtree(folder)


@dataclass(frozen=True, slots=True)
class Island:
    """A network of its own, with one cable to us that can be cut."""

    name: str
    shore: str  # our end's address
    address: str  # its end's

    @property
    def within(self) -> tuple[str, ...]:
        """Before a command, starts it there."""
        return ("ip", "netns", "exec", self.name)

    def rise(self) -> str:
        """Make it; why that cannot be done here, or nothing."""
        mine, theirs = f"{self.name}a", f"{self.name}b"
        for words in (
            f"netns add {self.name}",
            f"link add {mine} type veth peer name {theirs} netns {self.name}",
            f"addr add {self.shore}/24 dev {mine}",
            f"link set {mine} up",
            f"-n {self.name} addr add {self.address}/24 dev {theirs}",
            f"-n {self.name} link set {theirs} up",
            f"-n {self.name} link set lo up",
        ):
            done = _ip(words)
            if done.returncode:
                return f"ip {words}: {done.stderr.strip()}"
        return ""

    def sink(self) -> None:
        """Remove it with its cable."""
        _ip(f"link del {self.name}a")
        _ip(f"netns del {self.name}")

    def cut(self) -> None:
        """Nothing gets through any more, and nobody is told."""
        assert _ip(f"link set {self.name}a down").returncode == 0

    def heal(self) -> None:
        """Everything does again."""
        assert _ip(f"link set {self.name}a up").returncode == 0


def _ip(words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["ip", *words.split()], check=False, capture_output=True, text=True)


@dataclass(slots=True)
class Replica:
    """One `fireline serve`."""

    folder: Path
    url: str
    process: subprocess.Popen[bytes]
    tokens: dict[str, str]

    @property
    def log(self) -> str:
        """What it has said."""
        return (self.folder / "log").read_text()

    def tell(self, alerts: list[dict[str, Any]]) -> int:
        """Bring alerts as Alertmanager would; the status of the answer, 0 when there was none."""
        body: dict[str, Any] = {"version": "4", "groupKey": "{}", "status": "firing", "receiver": "fireline"}
        body |= {"alerts": alerts, "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": ""}
        head = {"Authorization": f"Bearer {self.tokens['hooks']}"}
        try:
            return WIRE.post(f"{self.url}/hooks/alertmanager", json=body, headers=head, timeout=ANSWER).status_code
        except httpx2.TransportError:
            return 0

    def ask(self, person: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Use the API as this person; None when it does not answer well."""
        head = {"Authorization": f"Bearer {self.tokens[person]}"}
        try:
            answer = WIRE.request(method, f"{self.url}/api/v1{path}", json=body, headers=head, timeout=ANSWER)
        except httpx2.TransportError:
            return None
        return answer.json() if answer.is_success else None

    def ready(self) -> bool:
        """It takes requests."""
        try:
            return WIRE.get(f"{self.url}/-/ready", timeout=2).status_code == OK
        except httpx2.TransportError:
            return False

    def signal(self, how: signal.Signals) -> None:
        """Kill it, stop it, let it go on."""
        self.process.send_signal(how)
        if how == signal.SIGKILL:
            self.process.wait(10)


class Fleet:
    """Replicas on one database. The kiosk's runbook; the pager is told by its address."""

    def __init__(self, folder: Path, url: str, pager: str, routing_key: str, settings: str = "") -> None:
        self.folder, self.url, self.grace = folder, url, SOON
        self.replicas: list[Replica] = []
        (folder / "kiosk.md").write_text(RUNBOOK)
        street = folder / "street"
        street.mkdir()
        (street / "till").write_text("12.50\n")
        self._settings = f"""
            [runbooks]
            paths = ["{folder / "kiosk.md"}"]
            [lanes.read]
            directory = "{street}"
            [lanes.write]
            directory = "{street}"
            [drill]
            on = true
            watch_speed = 3600
            [values]
            till = "till"
            [pagerduty]
            routing_key = "{routing_key}"
            url = "{pager}"
            {settings or "[storm]" + chr(10) + "hold_seconds = 0"}
        """
        database = Database(url)
        database.migrate()
        accounts = Accounts(database)
        self.tokens = {}
        for handle, role in (("ana", "admin"), ("ben", "responder")):
            accounts.add(handle, handle.title(), role)
            self.tokens[handle] = accounts.token(handle, "api", clock.now(), label="test")
        self.tokens["hooks"] = accounts.token("ana", "hooks", clock.now(), label="test")
        database.close()

    def start(self, *, within: tuple[str, ...] = (), host: str = "127.0.0.1", database: str = "") -> Replica:
        """One more replica, ready. `within` is a command that starts it elsewhere, `database` its way there."""
        home = self.folder / f"replica-{len(self.replicas)}"
        home.mkdir()
        port = free_port()
        (home / "fireline.toml").write_text(self._settings)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("FIRELINE_")}
        with (home / "log").open("ab") as log:
            process = subprocess.Popen(
                [*within, sys.executable, "-c", PROGRAM, str(self.grace), "serve", "--host", host, "--port", str(port)],
                cwd=home,
                env=environment
                | {"FIRELINE_STORE_URL": database or self.url, "FIRELINE_STORE_SPOOL": str(home / "sp")},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        replica = Replica(home, f"http://{host}:{port}", process, self.tokens)
        self.replicas.append(replica)
        assert wait_until(lambda: replica.ready() or process.poll() is not None, 30), replica.log
        assert process.poll() is None, replica.log
        return replica

    def close(self) -> None:
        """End every replica, whatever state it is in."""
        for replica in self.replicas:
            if replica.process.poll() is None:
                replica.process.kill()
                replica.process.wait(10)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the database itself."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def owner(self, workflow: str) -> int | None:
        """The process that has this work under way."""
        rows = self.rows(
            "SELECT executor_id FROM dbos.workflow_status WHERE workflow_uuid = %s AND status = 'PENDING'", workflow
        )
        return int(rows[0][0].rsplit("-", 2)[1]) if rows else None

    def events(self, number: int) -> list[dict[str, Any]]:
        """An incident's log."""
        rows = self.rows("SELECT body FROM event WHERE incident = %s ORDER BY seq", number)
        return [json.loads(body) for (body,) in rows]


def alert(name: str = "KioskShut", service: str = "kiosk", **labels: str) -> dict[str, Any]:
    """One alert as Alertmanager writes it; the same words are the same alert."""
    return {
        "status": "firing",
        "labels": {"alertname": name, "service": service, **labels},
        "annotations": {"summary": "The kiosk is shut"},
        "startsAt": "2026-03-02T12:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": "",
    }
