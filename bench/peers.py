"""The servers that fireline is measured beside: Alertmanager and alerta, and the PostgreSQL under two of them.

    python bench/peers.py            # start each once, say what it is, end it

All listen on free ports of 127.0.0.1 and are ended by their process id. PostgreSQL is one cluster of our own with the
settings it comes with (fsync on, synchronous_commit on); each server has a database of its own in it, and only one of
them works at a time. Alertmanager groups as is usual and tells nobody: it does less than in production.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess  # noqa: TID251  # starts what is measured
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import msgspec
import psycopg

import fireline
import meter
from fireline.drills.world import free_ports, wait_until
from workload import WORK, Wire

DATA = Path("/var/tmp")  # noqa: S108  # on a disk by custom, where /tmp may be memory, and open to PostgreSQL's user
PATHS: dict[Wire, str] = {"api": "/api/v2/alerts", "webhook": "/hooks/alertmanager"}
ALERTA = ("alerta-server==9.1.0", "gunicorn==23.0.0", "psycopg2-binary==2.9.10")
OWNER = "bench"


class Missing(Exception):  # noqa: N818  # it is an answer, not a mistake
    """A program that is to be measured is not here; the words say how to get it."""


@dataclass(slots=True)
class Server:
    """A server that runs. `roots` are the processes whose trees are counted, its database's among them."""

    name: str
    port: int
    paths: dict[Wire, str]
    process: subprocess.Popen[bytes]
    roots: tuple[int, ...]
    count: Callable[[], int]  # alerts it holds
    token: str | None = None
    waiting: Callable[[], int] = lambda: 0  # work that it has written down and not done yet
    again: Callable[[], Server] | None = None  # the same server on the same data, after it was ended

    @property
    def pid(self) -> int:
        """Of the server itself."""
        return self.process.pid

    def rest(self, patience: float = 120.0) -> tuple[int, ...]:
        """Wait until nothing is left to do; the processor time its trees had used by then, in nanoseconds."""
        until = time.monotonic() + patience
        while self.waiting() and time.monotonic() < until:
            time.sleep(0.1)
        return meter.settled(*self.roots)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it and answer how many nanoseconds of processor time it has used in its life."""
        if self.process.returncode is not None:
            return 0
        os.kill(self.pid, how)  # not by Popen, which would collect one that has ended already, and its times
        _, status, used = os.wait4(self.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return int((used.ru_utime + used.ru_stime) * 1e9)


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder for the data of servers. Afterwards it is removed, and every server that still runs is ended."""
    made = Path(tempfile.mkdtemp(prefix="fireline-bench-", dir=DATA))
    made.chmod(0o755)
    try:
        yield made
    finally:
        for process in reversed(running):
            if process.returncode is None and process.poll() is None:
                process.send_signal(signal.SIGINT)  # to PostgreSQL this means: do not wait for clients
                process.wait(60)
        running.clear()
        shutil.rmtree(made, ignore_errors=True)


running: list[subprocess.Popen[bytes]] = []


class Postgres:
    """A PostgreSQL cluster of our own."""

    def __init__(self, where: Path) -> None:
        """Make and start it. Raises `Missing`."""
        self.programs = _postgres_programs()
        self.folder = where / "postgres"
        self.folder.mkdir()
        self.port = free_ports(1)[0]
        become: list[str] = []
        if os.geteuid() == 0:  # which PostgreSQL refuses to run as
            someone = pwd.getpwnam("postgres")
            os.chown(self.folder, someone.pw_uid, someone.pw_gid)
            become = ["setpriv", f"--reuid={someone.pw_uid}", f"--regid={someone.pw_gid}", "--clear-groups"]
        make = [*become, str(self.programs / "initdb"), "-D", str(self.folder / "data"), "-U", OWNER, "--auth=trust"]
        make += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        made = subprocess.run(make, cwd=where, capture_output=True, text=True, check=False)  # noqa: S603
        if made.returncode:
            raise Missing(made.stderr)
        start = [*become, str(self.programs / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)]
        start += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        self.process = started(start, where / "postgres.log", where)
        self._names = iter(range(1_000_000))
        if not wait_until(lambda: self.process.poll() is not None or self._answers()):
            raise Missing((where / "postgres.log").read_text())

    @property
    def pid(self) -> int:
        """Of its first process, below which all others are."""
        return self.process.pid

    def url(self, name: str) -> str:
        """Of one of its databases."""
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{name}"

    def database(self, like: str | None = None) -> str:
        """A new database, empty or a copy of another; its name."""
        name = f"bench_{next(self._names)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as house:
            house.execute(f"CREATE DATABASE {name}{f' TEMPLATE {like}' if like else ''}".encode())
            house.execute(b"CHECKPOINT")  # or the next server would pay for it
        return name

    def drop(self, name: str) -> None:
        """Forget a database, whoever is in it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as house:
            house.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def ask(self, name: str, query: str) -> list[tuple[object, ...]]:
        """The rows of a query."""
        with psycopg.connect(self.url(name)) as house:
            return house.execute(query.encode()).fetchall()

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


ALONE = "route: {receiver: nobody, group_by: [alertname, service]}\nreceivers: [{name: nobody}]\n"


def alertmanager(where: Path, config: str = ALONE) -> Server:
    """Debian's Alertmanager, grouping as is usual, telling nobody unless `config` says so. Raises `Missing`."""
    program = _alertmanager_program()
    home = Path(tempfile.mkdtemp(prefix="alertmanager-", dir=where))
    (home / "config.yml").write_text(config)
    port, log = free_ports(1)[0], home / "log"

    def serve() -> Server:
        start = [program, f"--config.file={home / 'config.yml'}", f"--storage.path={home / 'data'}"]
        start += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=error"]
        process = started(start, log, home)
        ready(process, log, lambda: _get(f"http://127.0.0.1:{port}/-/ready") is not None)
        door = f"http://127.0.0.1:{port}/api/v2/alerts"
        return Server(
            "Alertmanager", port, {"api": PATHS["api"]}, process, (process.pid,),
            lambda: len(msgspec.json.decode(_get(door) or b"[]")), again=serve,
        )  # fmt: skip

    return serve()


def alerta(where: Path, postgres: Postgres) -> Server:
    """alerta-server 9.1.0 behind gunicorn, with a database of its own. Raises `Missing`."""
    programs = _alerta_programs()
    home = Path(tempfile.mkdtemp(prefix="alerta-", dir=where))
    name = postgres.database()
    port, log = free_ports(1)[0], home / "log"
    about = {"DATABASE_URL": postgres.url(name), "SECRET_KEY": "x" * 32, "AUTH_REQUIRED": "False"}
    # its tables are made when it starts, and two workers that do so at once are in each other's way
    first = [str(programs / "python"), "-c", "from alerta import create_app; create_app()"]
    subprocess.run(first, cwd=home, env=os.environ | about, check=False, capture_output=True)  # noqa: S603
    start = [str(programs / "gunicorn"), f"--bind=127.0.0.1:{port}", f"--workers={os.cpu_count()}", "--threads=8"]
    start += ["--worker-class=gthread", "--keep-alive=60", "--log-level=error", "alerta:create_app()"]
    process = started(start, log, home, **about)
    ready(process, log, lambda: _get(f"http://127.0.0.1:{port}/_") is not None)
    return Server(
        "alerta", port, {"webhook": "/webhooks/prometheus"}, process, (process.pid, postgres.pid),
        lambda: int(str(postgres.ask(name, "SELECT count(*) FROM alerts")[0][0])),
    )  # fmt: skip


def versions(postgres: Postgres | None) -> dict[str, str]:
    """Of the programs that do not come with this one."""
    found = {"fireline": fireline.__version__}
    with contextlib.suppress(Missing):
        found["Alertmanager"] = meter.version(_alertmanager_program(), "--version")
    if postgres:
        found["PostgreSQL"] = meter.version(str(postgres.programs / "postgres"), "--version")
    if (programs := WORK / "alerta" / "bin").exists():
        found["alerta-server"] = ALERTA[0].partition("==")[2]
        found["gunicorn"] = meter.version(str(programs / "gunicorn"), "--version")
    return found


def _alertmanager_program() -> str:
    """Where Debian's program is; fetched into .bench when it is not installed and can be had."""
    own = WORK / "alertmanager" / "usr" / "bin" / "prometheus-alertmanager"
    if found := shutil.which("prometheus-alertmanager") or (own.exists() and str(own)):
        return str(found)
    if shutil.which("apt-get"):
        (WORK / "alertmanager").mkdir(parents=True, exist_ok=True)
        fetch = ["apt-get", "download", "-qq", "prometheus-alertmanager"]
        subprocess.run(fetch, cwd=WORK / "alertmanager", check=False, capture_output=True)  # noqa: S603
        for package in (WORK / "alertmanager").glob("*.deb"):
            subprocess.run(["dpkg", "-x", package.name, "."], cwd=package.parent, check=False)  # noqa: S603, S607
        if own.exists():
            return str(own)
    raise Missing("There is no Alertmanager to compare with: apt-get install prometheus-alertmanager")


def _alerta_programs() -> Path:
    """The virtual environment of alerta, made when it is not there yet."""
    home = WORK / "alerta"
    if not (home / "ready").exists():
        say = subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=False, capture_output=True)  # noqa: S603
        get = [str(home / "bin" / "pip"), "install", "-qq", *ALERTA]
        say = say if say.returncode else subprocess.run(get, check=False, capture_output=True)  # noqa: S603
        if say.returncode:
            raise Missing(f"alerta cannot be installed: {say.stderr.decode()[-300:]}")
        (home / "ready").touch()
    return home / "bin"


def _postgres_programs() -> Path:
    """The folder of the newest server; Debian keeps it off the PATH."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda path: float(path.parent.name))
    if initdb := shutil.which("initdb"):
        return Path(initdb).parent
    raise Missing("There is no PostgreSQL server here: apt-get install postgresql")


def started(command: list[str], log: Path, where: Path, **environment: str) -> subprocess.Popen[bytes]:
    """Start a program in a folder, with what it says in a log; it is ended with `folder` at the latest."""
    with log.open("ab") as file:
        process = subprocess.Popen(  # noqa: S603
            command, cwd=where, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=os.environ | environment
        )
    running.append(process)
    return process


def ready(process: subprocess.Popen[bytes], log: Path, there: Callable[[], bool]) -> None:
    """Wait until a program is there. Raises `Missing` with the end of its log when it is not within a minute."""
    until = time.monotonic() + 60
    while not there():
        if process.poll() is not None or time.monotonic() > until:
            raise Missing(f"{process.args!r} did not start: {log.read_text(errors='replace')[-800:]}")
        time.sleep(0.02)


def _get(url: str) -> bytes | None:
    try:
        with urlopen(url, timeout=30) as answer:  # noqa: S310  # of our own making
            found: bytes = answer.read()
            return found
    except OSError:
        return None


def main() -> int:
    """Start each once."""
    with folder() as where:
        postgres = Postgres(where)
        starts: tuple[Callable[[], Server], ...] = (lambda: alertmanager(where), lambda: alerta(where, postgres))
        for start in starts:
            try:
                server = start()
            except Missing as missing:
                print(missing)  # noqa: T201
                continue
            print(f"{server.name:22} port {server.port}, {server.count()} alerts")  # noqa: T201
            server.end()
        print(versions(postgres))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
