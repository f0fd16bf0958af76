"""What was answered with 2xx is never lost: real servers, killed in the middle of it, on both databases.

`FIRELINE_KILLS` says how often; a few times by default, fifty by hand before a release.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from fireline import clock
from fireline.core.events import AlertJoined, AlertsJoined
from fireline.store.accounts import Accounts
from fireline.store.alerts import alerts
from fireline.store.database import Database
from fireline.store.ledger import Ledger
from fireline.store.looks import looks
from kiosk import RUNBOOK, until
from servers import free_port

KILLS = int(os.environ.get("FIRELINE_KILLS", "3"))
SENDERS = 4
SINCE = "2026-03-02T11:58:00Z"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'fireline.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


class House:
    """A database, a hook's token for it, and servers on it that can be killed."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        (folder / "runbooks").mkdir()
        (folder / "runbooks" / "kiosk.md").write_text(RUNBOOK)
        self.database = Database(url)
        self.database.migrate()
        accounts = Accounts(self.database)
        accounts.add("ana", "Ana", "admin")
        self.token = accounts.token("ana", "hooks", clock.now())

    @contextmanager
    def serving(self, port: int) -> Iterator[subprocess.Popen[str]]:
        """A server that takes alerts; killed in the end, if it is not dead yet."""
        environment = os.environ | {"FIRELINE_STORE_URL": self.url, "FIRELINE_STORE_SPOOL": str(self.folder / "spool")}
        with (self.folder / "log").open("w") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", "fireline", "serve", "--port", str(port)],
                cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        assert server.stdout
        try:
            assert any("listens on" in line for line in server.stdout), (self.folder / "log").read_text()
            yield server
        finally:
            server.kill()
            server.wait()
            server.stdout.close()

    def send(self, connection: http.client.HTTPConnection, *names: str, **labels: str) -> int:
        """Post alerts with these names; the status of the answer."""
        body = json.dumps([{"labels": {"alertname": name, **labels}, "startsAt": SINCE} for name in names])
        connection.request("POST", "/api/v2/alerts", body, {"Authorization": f"Bearer {self.token}"})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def stored(self) -> list[str]:
        """The names of all alerts in the database, as often as they are there."""
        with self.database.reading() as connection:
            return [json.loads(body)["labels"]["alertname"] for body in connection.scalars(sa.select(alerts.c.body))]

    def looks(self) -> int:
        """How many wishes for a look are left."""
        with self.database.reading() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(looks)) or 0


def to(port: int) -> closing[http.client.HTTPConnection]:
    """A connection, closed in the end."""
    return closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30))


@pytest.fixture
def house(tmp_path: Path, url: str) -> Iterator[House]:
    """See House."""
    found = House(tmp_path, url)
    yield found
    found.database.close()


@pytest.mark.timeout(60 + 20 * KILLS)
def test_whatever_moment_the_server_is_killed_at_no_answered_alert_is_missing(house: House) -> None:
    answered: list[str] = []
    numbers = itertools.count()
    luck = random.Random(7)

    def sends(port: int) -> None:
        with to(port) as connection, suppress(OSError, http.client.HTTPException):  # until the server is gone
            while True:
                names = [f"A{next(numbers)}" for _ in range(luck.choice((1, 10, 64)))]
                if house.send(connection, *names) == 200:
                    answered.extend(names)

    for _ in range(KILLS):
        before, port = len(answered), free_port()
        with house.serving(port) as server:
            threads = [threading.Thread(target=sends, args=(port,)) for _ in range(SENDERS)]
            for thread in threads:
                thread.start()
            enough = before + luck.randrange(200, 3000)
            until(lambda enough=enough: len(answered) > enough, seconds=60)  # type: ignore[misc]
            server.send_signal(signal.SIGKILL)
            for thread in threads:
                thread.join()
    with house.serving(free_port()):
        until(lambda: house.looks() == 0, seconds=60)  # everything that was taken is looked at
    stored = house.stored()
    assert set(answered) - set(stored) == set()
    assert len(stored) == len(set(stored))
    with house.database.reading() as connection:
        unseen = sa.select(sa.func.count()).select_from(alerts).where(alerts.c.verdict.is_(None))
        assert connection.scalar(unseen) == 0


def test_a_restarted_server_takes_up_what_fires_and_what_was_left(house: House) -> None:
    port = free_port()
    with house.serving(port) as server:
        with to(port) as connection:
            assert house.send(connection, "KioskShut", service="kiosk") == 200
        server.send_signal(signal.SIGKILL)
        server.wait()
    with house.serving(port), to(port) as connection:
        until(lambda: _joined(house) == 1, seconds=60)
        for _ in range(3):
            assert house.send(connection, "KioskShut", service="kiosk") == 200
        until(lambda: house.looks() == 0, seconds=60)
        assert _joined(house) == 1


def test_replicas_that_take_the_same_alerts_at_once_have_one_row_and_one_effect_of_each(house: House) -> None:
    if house.database.is_sqlite:
        pytest.skip("skipped: one process serves a SQLite file")
    ports = free_port(), free_port()
    names = [f"A{n}" for n in range(300)]
    together = threading.Barrier(4)
    statuses: list[int] = []

    def sends(port: int, step: int) -> None:
        together.wait()
        with to(port) as connection:
            for start in range(0, len(names), 20):
                some = names[start : start + 20][::step]
                statuses.extend((house.send(connection, *some), house.send(connection, "KioskShut", service="kiosk")))

    with house.serving(ports[0]), house.serving(ports[1]):
        threads = [threading.Thread(target=sends, args=(port, step)) for port in ports for step in (1, -1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        until(lambda: _joined(house) == 1 and house.looks() == 0, seconds=60)
    assert set(statuses) == {200}
    assert sorted(house.stored()) == sorted([*names, "KioskShut"])


def _joined(house: House) -> int:
    """How often the kiosk's alarm joined an incident, of all there are."""
    ledger = Ledger(house.database, now=clock.now, enqueue=lambda _connection, _work: None)
    with house.database.reading() as connection:
        numbers = connection.scalars(sa.text("SELECT number FROM incident WHERE seq > 0")).all()
    log = [event for number in numbers for event in ledger.log(number)]
    ones = sum(isinstance(event, AlertJoined) for event in log)
    return ones + sum(len(event.alerts) for event in log if isinstance(event, AlertsJoined))
