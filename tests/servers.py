"""Servers that tests ask for: a real PostgreSQL with a fresh database for each test, and a browser.

What this machine does not have is skipped by name, never silently.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from fireline.drills.world import free_ports, wait_until

FOLDER = "fireline-postgres-"
OWNER = "fireline"  # the role tests connect as; it may do anything in its own cluster


def free_port() -> int:
    """A port on 127.0.0.1 where nobody listens now, out of the way of outgoing connections."""
    return free_ports(1)[0]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL cluster on 127.0.0.1 for this test process, as the URL of its first database.

    It syncs to disk like a production one, so that what a test says about crashes is true.
    """
    with cluster() as url:
        yield url


@contextmanager
def cluster(*settings: str) -> Iterator[str]:
    """A PostgreSQL cluster of one's own, as the URL of its first database; `settings` such as "max_connections=12"."""
    programs = _postgres_programs()
    if programs is None:
        pytest.skip("skipped: no PostgreSQL server (package postgresql)")
    someone = _unprivileged()
    # not in pytest's own folder: that is closed to the user PostgreSQL runs as
    folder = postgres_folder()
    try:
        if someone is not None:
            os.chown(folder, someone.pw_uid, someone.pw_gid)
        data, port = folder / "data", free_port()
        become = ["setpriv", "--pdeathsig", "INT"]  # a killed test run takes its server along
        if someone is not None:
            become += [f"--reuid={someone.pw_uid}", f"--regid={someone.pw_gid}", "--clear-groups"]
        how = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", f"--username={OWNER}"]
        made = subprocess.run(
            [*become, programs / "initdb", f"--pgdata={data}", "--no-sync", *how],
            cwd=folder,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert made.returncode == 0, made.stdout
        on = [
            word
            for one in ("listen_addresses=127.0.0.1", "unix_socket_directories=", *settings)
            for word in ("-c", one)
        ]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [*become, programs / "postgres", "-D", data, "-p", str(port), *on],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            url = f"postgresql://{OWNER}@127.0.0.1:{port}/postgres"
            assert wait_until(lambda: server.poll() is not None or _answers(url))
            assert server.poll() is None, (folder / "log").read_text()
            yield url
        finally:
            server.send_signal(signal.SIGINT)  # fast: do not wait for clients that forgot to leave
            server.wait(30)
    finally:
        shutil.rmtree(folder)


def postgres_folder() -> Path:
    """A new folder for a cluster, named for this process; those of test runs that were killed are removed."""
    for old in Path(tempfile.gettempdir()).glob(f"{FOLDER}*-*"):
        pid = old.name.removeprefix(FOLDER).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-"))


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """A fresh, empty database of this test's own, dropped afterwards."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as house:
        house.execute(f"CREATE DATABASE {name}".encode())
    yield postgres.removesuffix("postgres") + name
    with psycopg.connect(postgres, autocommit=True) as house:
        house.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser that Playwright shall drive."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("skipped: no Chromium (package chromium)")


def _postgres_programs() -> Path | None:
    """The folder of the newest PostgreSQL server here; Debian keeps it off the PATH."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda path: float(path.parent.name))
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom PostgreSQL runs as when we are root, which it refuses; None when we are not."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("skipped: no user `postgres` or `nobody` to run PostgreSQL as")


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
