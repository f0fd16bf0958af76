"""The firelines that are measured: each a fresh copy of one that was set up as a team would have it.

Twenty rules and twenty silences are asked for every alert, and a runbook is searched for a scenario. Where alerts
declare, 25 in 5,500 make an incident and all others of that service join it; else everything waits for people. Nobody
is told: there is no vendor. A scenario here has no commands, which would be run and are measured elsewhere.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sqlite3
import subprocess  # noqa: TID251  # starts what is measured
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.request import Request, urlopen

import psycopg

from fireline import clock
from peers import PATHS, Missing, Postgres, Server, ready, started

Store = Literal["sqlite", "postgres"]

PERSON = "bench"
RUNBOOK = """\
# Shop runbook

## Severity Levels

### P1 - High
**Impact:** Customers cannot buy
**Response Time:** < 15 minutes
**Examples:**
- Checkout failing

### P2 - Medium
**Impact:** The shop is slow, or a part of it that can wait is broken
**Response Time:** < 1 hour
**Examples:**
- Search results slow

## Common Incidents

### Checkout Errors High

**Symptoms:** customers cannot pay, orders fail

**Resolution:**
1. See what was deployed last, and take it back

### Volume Fills Up

**Symptoms:** a volume is nearly full, writes will fail

**Resolution:**
1. Find what grows, and move it
"""
TEAMS = ("network", "storage", "identity", "billing", "mobile", "data", "warehouse", "desk", "office")
ELSEWHERE = "".join(
    f"""
[[rules]]
name = "{team}: what is critical"
match = {{ namespace = "team-{team}", severity = "critical" }}
do = "declare"

[[rules]]
name = "{team}: tests"
match = {{ namespace = "~team-{team}-(test|staging).*" }}
do = "ignore"
"""
    for team in TEAMS
)
SETTINGS = """
[runbooks]
paths = ["runbook.md"]
"""


def rules(service: str) -> str:
    """Twenty rules. One declares what fails in this service; the others are of teams that no alert comes from."""
    return f"""
[alerts]
declare = "none"
{ELSEWHERE}
[[rules]]
name = "orders fail"
match = {{ alertname = "CheckoutErrorsHigh", service = "{service}", severity = "critical" }}
do = "declare"

[[rules]]
name = "everything else"
do = "suggest"
"""


RULES = rules("checkout")
PEACE = SETTINGS + rules("till")  # nothing declares
SILENCES = tuple(
    one
    for n in range(10)
    for one in (f'service="retired-{n}", cluster="shop-eu-west-1-0"', f'namespace=~"team-(moved|closed)-{n}.*"')
)


class Houses:
    """Firelines: one is made and stopped for each store, and every one that is measured is a fresh copy of it."""

    def __init__(self, where: Path, postgres: Postgres | None = None, settings: str = SETTINGS + RULES) -> None:
        """Copies go below `where`. `settings` is the whole settings file but for what is different for each."""
        self.where = Path(tempfile.mkdtemp(prefix="houses-", dir=where))  # there may be others with other settings
        self.postgres, self.settings = postgres, settings
        self._made: dict[Store, tuple[str, str]] = {}  # where the pattern is, and its token
        self._names = iter(range(1_000_000))

    def start(self, store: Store, settings: str = "") -> Server:
        """A fresh fireline on this store, with a token that may bring alerts; `settings` instead of those of all."""
        if store not in self._made:
            self._made[store] = self._pattern(store)
        pattern, token = self._made[store]
        home = self.where / f"house-{next(self._names)}"
        if store == "sqlite":
            shutil.copytree(pattern, home)
            return self._serve(store, home, f"sqlite:///{home / 'fireline.db'}", token, settings)
        assert self.postgres
        home.mkdir()
        return self._serve(store, home, self.postgres.url(self.postgres.database(like=pattern)), token, settings)

    def url(self, server: Server) -> str:
        """Of a server's database."""
        return self._urls[server.port]

    def rows(self, server: Server, query: str) -> list[tuple[object, ...]]:
        """The rows of a query on a server's database, whether it runs or not."""
        url = self._urls[server.port]
        if url.startswith("sqlite:"):
            with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=30)) as house:
                return house.execute(query).fetchall()
        with psycopg.connect(url) as house:
            return house.execute(query.encode()).fetchall()

    _urls: dict[int, str] = {}  # noqa: RUF012  # one for each server that was ever started here

    def _pattern(self, store: Store) -> tuple[str, str]:
        """Set one up: its database's name or its folder, and a token for hooks."""
        home = self.where / f"pattern-{store}"
        home.mkdir()
        name = self.postgres.database() if store == "postgres" and self.postgres else ""
        url = self.postgres.url(name) if name and self.postgres else f"sqlite:///{home / 'fireline.db'}"
        server = self._serve(store, home, url, "")
        _fireline(home, url, "people", "add", PERSON)
        token, api = (
            _fireline(home, url, "token", "add", "--scope", scope, "--person", PERSON) for scope in ("hooks", "api")
        )
        for matchers in SILENCES:
            _silence(server.port, api, matchers)
        server.end()
        return name or str(home), token

    def _serve(self, store: Store, home: Path, url: str, token: str, settings: str = "") -> Server:
        (home / "fireline.toml").write_text(settings or self.settings)
        (home / "runbook.md").write_text(RUNBOOK)
        log = home / "log"
        log.write_bytes(b"")
        start = [sys.executable, "-m", "fireline", "serve", "--port", "0"]
        process = started(start, log, home, FIRELINE_STORE_URL=url, FIRELINE_STORE_SPOOL=str(home / "spool"))
        said = re.compile(rb"fireline listens on http://[^ ]*:(\d+)\n")
        ready(process, log, lambda: said.search(log.read_bytes()) is not None)
        found = said.search(log.read_bytes())
        assert found
        port = int(found[1])
        self._urls[port] = url
        more = (self.postgres.pid,) if store == "postgres" and self.postgres else ()
        name = {"sqlite": "fireline, SQLite", "postgres": "fireline, PostgreSQL"}[store]
        server = Server(name, port, PATHS, process, (process.pid, *more), lambda: 0, token)
        server.count = lambda: int(str(self.rows(server, "SELECT count(*) FROM alert")[0][0]))
        server.waiting = lambda: self._waiting(server)
        server.again = lambda: self._serve(store, home, url, token, settings)
        return server

    def _waiting(self, server: Server) -> int:
        """Looks that are due: what was stored and has not been decided about."""
        try:
            return int(str(self.rows(server, "SELECT count(*) FROM look WHERE due_at IS NULL")[0][0]))
        except (sqlite3.Error, psycopg.Error):
            return 0  # a release that keeps them elsewhere


def _fireline(home: Path, url: str, *words: str) -> str:
    """What a command of fireline's command line says. Raises `Missing` with its complaint."""
    command = [sys.executable, "-m", "fireline", *words]
    done = subprocess.run(  # noqa: S603
        command, cwd=home, env=os.environ | {"FIRELINE_STORE_URL": url}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Missing(f"fireline {' '.join(words)}: {done.stderr}")
    return done.stdout.strip()


def _silence(port: int, token: str, matchers: str) -> None:
    """Make some alerts silent for a day, through the API."""
    said = {
        "matchers": matchers,
        "reason": "nobody's any more",
        "ends_at": (clock.now() + timedelta(days=1)).isoformat(),
    }
    head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    url = f"http://127.0.0.1:{port}/api/v1/silences"
    with urlopen(Request(url, json.dumps(said).encode(), head), timeout=30):
        pass
