"""A house's database, once on SQLite and once on PostgreSQL: every test of the store runs on both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from fireline.core import incident
from fireline.core.follow import Work
from fireline.store.database import Database
from fireline.store.ledger import Deed, Ledger

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'fireline.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """The database, migrated."""
    found = Database(url)
    found.migrate()
    yield found
    found.close()


class Kitchen:
    """Where a ledger's work goes in tests: into a table of the same database, so that a rollback shows."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.at = NOON
        with database.writing() as connection:
            connection.execute(sa.text("CREATE TABLE IF NOT EXISTS work (body TEXT NOT NULL)"))

    def now(self) -> datetime:
        """A clock that ticks a second at each look."""
        self.at += timedelta(seconds=1)
        return self.at

    def enqueue(self, connection: sa.Connection, work: Sequence[Work]) -> None:
        """Write down what follows, in the caller's transaction."""
        for one in work:
            name = getattr(one, "key", None) or f"{one.incident}:{one.seq}"
            connection.execute(sa.text("INSERT INTO work VALUES (:body)"), {"body": f"{type(one).__name__} {name}"})

    def written(self) -> list[str]:
        """What was asked for."""
        with self.database.reading() as connection:
            return sorted(connection.scalars(sa.text("SELECT body FROM work")))

    def ledger(self, *vendors: str) -> Ledger:
        """A ledger that writes its work here."""
        return Ledger(self.database, now=self.now, enqueue=self.enqueue, vendors=frozenset(vendors))


@pytest.fixture
def kitchen(database: Database) -> Kitchen:
    """See Kitchen."""
    return Kitchen(database)


@pytest.fixture
def ledger(kitchen: Kitchen) -> Ledger:
    """A ledger on the database."""
    return kitchen.ledger()


def declare(title: str = "Redis is down", severity: str = "P1") -> Deed:
    """Ana's declaration."""
    return partial(
        incident.declare,
        title=title,
        severity=severity,
        severity_name="High",
        severity_why="named",
        response_minutes=15,
        by="ana",
    )


def note(text: str, by: str = "ana") -> Deed:
    """Somebody writes something down."""
    return partial(incident.note, text=text, by=by)
