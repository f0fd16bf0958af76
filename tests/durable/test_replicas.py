"""A replica that is gone for good is missed, and only such a one: its lock says so, on a session that never broke."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa

from durable.conftest import Errands
from fireline.core.refusal import Refused
from fireline.durable import replicas
from fireline.durable.replicas import LOCKS, Replicas, alive
from fireline.store.database import Database
from kiosk import until

GRACE = 2.5  # seconds, instead of fifteen: nobody restarts PostgreSQL under these


class Watcher:
    """A replica that notes down whom it buried, and whose work then is nobody's any more."""

    def __init__(self, database: Database, name: str) -> None:
        self.name, self.database = name, database
        self.buried: list[tuple[str, float]] = []
        self.replica = Replicas(database, name, self._take_over)

    def _take_over(self, other: str) -> int:
        self.buried.append((other, time.monotonic()))
        with self.database.writing() as connection:
            connection.execute(sa.text("DELETE FROM dbos.workflow_status WHERE executor_id = :it"), {"it": other})
        return 1


@pytest.fixture
def database(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database with the engine's tables."""
    monkeypatch.setattr(replicas, "GRACE", GRACE)
    errands = Errands(postgres_url)
    errands.durable.prepare()
    yield errands.database
    errands.database.close()


@pytest.fixture
def ana(database: Database) -> Iterator[Watcher]:
    """The one who stays."""
    found = Watcher(database, "ana-1")
    yield found
    found.replica.stop()


@pytest.fixture
def ben(database: Database) -> Iterator[Watcher]:
    """The other one, who has some work under way."""
    found = Watcher(database, "ben-1")
    working(database, "ben-1")
    yield found
    found.replica.stop()


def working(database: Database, name: str) -> None:
    with database.writing() as connection:
        row = "INSERT INTO dbos.workflow_status (workflow_uuid, status, executor_id) VALUES (:id, 'PENDING', :it)"
        connection.execute(sa.text(row), {"id": f"work of {name}", "it": name})


def sessions(database: Database) -> dict[str, int]:
    """The process that holds each replica's lock."""
    query = "SELECT a.application_name, a.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE classid = :it"
    with database.reading() as connection:
        rows = connection.execute(sa.text(query), {"it": LOCKS}).all()
    return {str(name).removeprefix(replicas.NAME): int(pid) for name, pid in rows}


def end_session(database: Database, pid: int) -> None:
    with database.reading() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})


def test_who_is_alive_can_be_asked(database: Database, ana: Watcher, ben: Watcher) -> None:
    assert alive(database) == ("ana-1", "ben-1")
    ben.replica.stop()
    until(lambda: alive(database) == ("ana-1",))


def test_the_work_of_one_that_is_gone_is_freed_after_the_grace_and_once(
    database: Database, ana: Watcher, ben: Watcher
) -> None:
    carl = Watcher(database, "carl-1")
    ben.replica.stop()
    stopped = time.monotonic()
    until(lambda: ana.buried + carl.buried)
    [(name, at)] = ana.buried + carl.buried
    assert name == "ben-1"
    assert at - stopped >= GRACE
    carl.replica.stop()


def test_one_that_lives_keeps_its_work_when_its_session_breaks(database: Database, ana: Watcher, ben: Watcher) -> None:
    before = sessions(database)["ben-1"]
    end_session(database, before)
    until(lambda: sessions(database).get("ben-1", before) != before)
    long_enough = time.monotonic() + GRACE + 2
    until(lambda: time.monotonic() > long_enough)
    assert ana.buried == []


def test_what_was_seen_before_the_observer_s_own_session_broke_proves_nothing(
    database: Database, ana: Watcher, ben: Watcher
) -> None:
    ben.replica.stop()
    until(lambda: "ben-1" not in sessions(database))
    broke = time.monotonic()
    end_session(database, sessions(database)["ana-1"])
    until(lambda: ana.buried)
    assert ana.buried[0][1] - broke >= GRACE  # counted anew


def test_the_session_of_one_that_froze_is_ended(
    database: Database, ana: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas, "FROZEN", 1.5)
    with psycopg.connect(database.url.render_as_string(hide_password=False), autocommit=True) as frozen:
        frozen.execute("SELECT pg_advisory_lock(%s, %s)", (LOCKS, replicas._key("carl-1")))
        working(database, "carl-1")
        until(lambda: ana.buried)
        assert ana.buried[0][0] == "carl-1"
        with pytest.raises(psycopg.OperationalError):
            frozen.execute("SELECT 1")


def test_a_replica_does_not_begin_without_its_database() -> None:
    with pytest.raises(Refused) as no:
        Replicas(Database("postgresql://nobody@127.0.0.1:1/nothing"), "ana-1", lambda _: 0)
    assert no.value.status == 503
