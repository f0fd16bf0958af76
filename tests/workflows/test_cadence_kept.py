"""A promise of the next word is kept by a real house: at its minute, after a restart, and after kill -9, once each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from fireline import clock
from fireline.core import incident, roles, task
from fireline.core.events import (
    HOUSE,
    CommanderMissing,
    Log,
    TaskOverdue,
    UpdateEscalated,
    UpdateNudged,
    UpdateOverdue,
    UpdateSent,
)
from fireline.durable import ringer
from fireline.house import House, build
from fireline.settings import CadenceSettings, Runbooks, Settings, Store
from fireline.store.accounts import Accounts
from fireline.store.database import Database
from fireline.store.ledger import Ledger
from kiosk import RUNBOOK, until

STROKES = (UpdateNudged, UpdateOverdue, UpdateEscalated, CommanderMissing, TaskOverdue)


@dataclass
class Times:
    """A clock that jumps."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return clock.now() + self.ahead

    def minutes(self, count: float) -> None:
        self.ahead = timedelta(minutes=count)


@pytest.fixture
def times() -> Times:
    return Times()


Open = Callable[[], House]


@pytest.fixture
def open_house(tmp_path: Path, times: Times, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens houses on one database and one clock, one after the other."""
    monkeypatch.setattr(ringer, "IDLE", 0.1)  # seconds: it cannot know that its clock was put forward
    (tmp_path / "kiosk.md").write_text(RUNBOOK)
    settings = Settings(
        store=Store(url=f"sqlite:///{tmp_path / 'fireline.db'}", spool=str(tmp_path / "spool")),
        runbooks=Runbooks(paths=(str(tmp_path / "kiosk.md"),)),
        cadence=CadenceSettings(public={"P1": 0.0}),
    )
    opened: list[House] = []

    def open_() -> House:
        for before in opened:
            before.durable.close(grace=0)
            before.close()
        opened[:] = [build(settings, now=times)]
        opened[0].open()
        return opened[0]

    yield open_
    for house in opened:
        house.durable.close(grace=0)
        house.close()


def strokes(log: Log) -> list[str]:
    return [type(event).__name__ for event in log if isinstance(event, STROKES)]


def declared(house: House) -> int:
    number = house.declare.by_person("Kiosk shut", by="ana", severity="P1").number
    house.ledger.act(number, partial(incident.acknowledge, by="ana"))
    house.ledger.act(number, partial(roles.take, role="deputy", by="ben"))
    return number


def rings(house: House, number: int, *names: str) -> None:
    until(lambda: strokes(house.ledger.log(number)) == list(names))


@pytest.mark.req(79)
def test_the_nudge_the_overdue_and_the_deputy_come_at_their_minutes(open_house: Open, times: Times) -> None:
    house = open_house()
    number = declared(house)
    for minutes, names in (
        (12.1, ["UpdateNudged"]),
        (15.1, ["UpdateNudged", "UpdateOverdue"]),
        (20.1, ["UpdateNudged", "UpdateOverdue", "UpdateEscalated"]),
    ):
        times.minutes(minutes)
        rings(house, number, *names)
    told = [event for event in house.ledger.log(number) if isinstance(event, UpdateNudged | UpdateEscalated)]
    assert [one.who for one in told] == ["ana", "ben"]
    assert {one.by for one in told} == {HOUSE}


@pytest.mark.req(79)
def test_an_update_begins_the_count_anew_and_nothing_is_sent_by_itself(open_house: Open, times: Times) -> None:
    house = open_house()
    number = declared(house)
    times.minutes(10)
    house.accounts.add("ana", "Ana")
    house.communicate.send(number, actions="the door", users=None, services=None, by="ana")
    times.minutes(22.1)
    rings(house, number, "UpdateNudged")
    times.minutes(40)
    rings(house, number, "UpdateNudged", "UpdateOverdue", "UpdateEscalated")
    assert sum(isinstance(event, UpdateSent) for event in house.ledger.log(number)) == 1


@pytest.mark.req(79)
def test_a_restart_in_between_keeps_every_promise_once(open_house: Open, times: Times) -> None:
    number = declared(open_house())
    times.minutes(12.1)
    house = open_house()
    rings(house, number, "UpdateNudged")
    times.minutes(31)  # nobody was there at the fifteenth minute, nor at the twentieth
    house = open_house()
    rings(house, number, "UpdateNudged", "UpdateOverdue", "UpdateEscalated")
    house = open_house()
    rings(house, number, "UpdateNudged", "UpdateOverdue", "UpdateEscalated")
    assert house.ledger.verify() is None


@pytest.mark.req(39)
def test_nobody_in_command_and_a_task_without_a_word_are_asked_after(open_house: Open, times: Times) -> None:
    house = open_house()
    number = house.declare.by_person("Kiosk shut", by="ana", severity="P1").number
    house.ledger.act(number, partial(task.give, to="ben", text="Look at the door", minutes=3, by="ana"))
    times.minutes(3.1)
    rings(house, number, "TaskOverdue")
    times.minutes(5.1)
    rings(house, number, "TaskOverdue", "CommanderMissing")


@contextmanager
def serving(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A real server in a process of its own, which dies by kill -9."""
    environment = os.environ | {"FIRELINE_STORE_URL": f"sqlite:///{folder / 'fireline.db'}"}
    server = subprocess.Popen(
        [sys.executable, "-m", "fireline", "serve", "--port", "0"],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert server.stdout
    try:
        assert any("listens on" in line for line in server.stdout)
        yield server
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


@pytest.mark.req(79)
def test_after_kill_9_each_is_said_once_and_none_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "kiosk.md").write_text(RUNBOOK)
    (tmp_path / "fireline.toml").write_text(
        "[cadence]\ninternal = { P1 = 0.1 }\npublic = { P1 = 0 }\ncommander = 0.01\n"
    )
    database = Database(f"sqlite:///{tmp_path / 'fireline.db'}")
    database.migrate()
    Accounts(database).add("ana", "Ana", "admin")
    database.close()
    environment = os.environ | {"USER": "ana"}
    with serving(tmp_path):  # killed at once: six seconds are to go
        subprocess.run(
            [sys.executable, "-m", "fireline", "declare", "Kiosk shut", "-s", "P1", "--as", "ana"],
            cwd=tmp_path, env=environment, check=True, stdout=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
    database = Database(f"sqlite:///{tmp_path / 'fireline.db'}")
    ledger = Ledger(database, now=clock.now, enqueue=lambda _connection, _work: None)
    for name in ("CommanderMissing", "UpdateOverdue", "UpdateEscalated"):  # dead again after each
        with serving(tmp_path):
            until(lambda name=name: name in strokes(ledger.log(1)), 30)  # type: ignore[misc]
    said = strokes(ledger.log(1))
    assert sorted(set(said) - {"UpdateNudged"}) == ["CommanderMissing", "UpdateEscalated", "UpdateOverdue"]
    assert len(said) == len(set(said))
    assert ledger.verify() is None
    database.close()
