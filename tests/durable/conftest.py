"""The engine without a house: what it is asked to do is written down."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fireline.core.follow import Effect
from fireline.durable import Durable, Handlers, Rung
from fireline.store.database import Database


class Errands:
    """A database, the engine on it, and what was done when (monotonic seconds)."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.database.migrate()
        self.durable = Durable(self.database)
        self.done: dict[str, float] = {}
        self.times: list[str] = []
        self.meet: threading.Barrier | None = None
        self._lock = threading.Lock()

    def launch(self) -> None:
        self.durable.launch(
            Handlers(
                effect=self._do,
                clock=lambda _limit, _aside: Rung(0),
                intake=lambda _names: None,
                walk=self._walk,
                gave_up=lambda effect, why: pytest.fail(f"{effect.key}: {why}"),
            )
        )

    def ask(self, *keys: str, kind: str = "tell", incident: int = 1, seq: int = 0, verb: str = "") -> float:
        """Ask for effects, of one event if it has a `seq`; when the commit was done."""
        data: dict[str, str | int] = {"verb": verb} if verb else {}
        with self.database.writing() as connection:
            self.durable.enqueue(
                connection,
                [
                    Effect(kind=kind, key=key, incident=incident, seq=seq or n, data=data)
                    for n, key in enumerate(keys, start=1)
                ],
            )
        return time.monotonic()

    def close(self) -> None:
        self.durable.close(grace=0)
        self.database.close()

    def _do(self, effect: Effect) -> None:
        if self.meet:
            self.meet.wait(timeout=10)
        with self._lock:
            self.done[effect.key] = time.monotonic()
            self.times.append(effect.key)

    async def _walk(self, effect: Effect) -> None:
        self._do(effect)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'fireline.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
def errands(url: str) -> Iterator[Errands]:
    """See Errands."""
    found = Errands(url)
    found.launch()
    yield found
    found.close()
