"""Whatever was taken is looked at, in the end: at once, after a restart, and beside an alert that cannot be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from fireline import clock
from fireline.core.alert import Alert
from fireline.core.refusal import Refused
from fireline.store import looks
from fireline.store.alerts import AlertStore
from fireline.store.database import Database
from fireline.workflows.looks import Looks
from kiosk import until


class Desk:
    """Alerts on SQLite, and an intake that writes down what it is handed and fails where it is told to."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite:///{folder / 'fireline.db'}")
        self.database.migrate()
        self.alerts = AlertStore(self.database)
        self.seen: list[str] = []
        self.fails: set[str] = set()
        self.away = threading.Event()
        self.looks: Looks | None = None

    def intake(self, fingerprints: tuple[str, ...]) -> None:
        if self.away.is_set():
            raise Refused("away", status=503)
        if self.fails & set(fingerprints):
            raise ZeroDivisionError
        self.seen += fingerprints

    def open(self) -> None:
        self.looks = Looks(self.alerts, self.intake, clock.now)
        self.looks.start()

    def close(self) -> None:
        if self.looks:
            self.looks.stop()
        self.looks = None

    def take(self, *names: str) -> list[str]:
        """Take alerts of these names; their fingerprints."""
        batch = [Alert(source="monitor", labels={"alertname": name}, starts_at=clock.now()) for name in names]
        self.alerts.take(batch, clock.now())
        return [one.fingerprint for one in batch]

    def left(self) -> list[tuple[int, str]]:
        """Tries and alerts of the wishes that are left."""
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(looks.looks.c.tries, looks.looks.c.fingerprints)).all()
        return [(row.tries, row.fingerprints) for row in rows]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """See Desk; open."""
    found = Desk(tmp_path)
    found.open()
    yield found
    found.close()
    found.alerts.stop()
    found.database.close()


def test_what_was_taken_is_looked_at_once_and_nothing_is_left(desk: Desk) -> None:
    names = desk.take("A", "B")
    until(lambda: desk.left() == [])
    assert desk.seen == names


def test_what_a_dead_process_left_is_looked_at_at_the_start(desk: Desk) -> None:
    desk.close()
    desk.alerts.start(clock.now(), lambda _look, _alerts: None)
    names = desk.take("A")
    desk.alerts.stop()
    assert desk.seen == []
    desk.open()
    until(lambda: desk.left() == [])
    assert desk.seen == names


def test_a_look_for_later_comes_then(desk: Desk) -> None:
    at = clock.now()
    desk.alerts.look_later(["x"], at + timedelta(seconds=0.3))
    until(lambda: desk.seen == ["x"])
    assert clock.now() - at >= timedelta(seconds=0.3)
    until(lambda: desk.left() == [])


def test_an_alert_that_cannot_be_looked_at_holds_up_no_other_and_is_tried_again(desk: Desk) -> None:
    desk.alerts.stop()  # so that the three are one look
    desk.alerts.start(clock.now(), desk.looks.nudge if desk.looks else None)  # type: ignore[arg-type]
    good, bad, other = (Alert(source="monitor", labels={"alertname": name}, starts_at=clock.now()) for name in "ABC")
    desk.fails = {bad.fingerprint}
    desk.alerts.take([good, bad, other], clock.now())
    until(lambda: sorted(desk.seen) == sorted([good.fingerprint, other.fingerprint]))
    until(lambda: [tries for tries, _ in desk.left()] == [1])
    desk.fails = set()
    until(lambda: bad.fingerprint in desk.seen)
    until(lambda: desk.left() == [])


def test_what_fails_again_and_again_is_kept_and_told(desk: Desk) -> None:
    desk.fails = {"x"}
    desk.alerts.look_later(["x"], clock.now())
    until(lambda: [tries for tries, _ in desk.left()] == [1])
    for tries in range(2, looks.STUCK + 1):
        with desk.database.writing() as connection:  # its time has come
            connection.execute(looks.looks.update().values(due_at=clock.now()))
        until(lambda tries=tries: [one for one, _ in desk.left()] == [tries])  # type: ignore[misc]
    assert looks.stuck(desk.database) == 1
    due = looks.next_due(desk.database)
    assert due is not None
    assert due - clock.now() > timedelta(minutes=59)


def test_one_of_two_replicas_takes_what_was_left(postgres_url: str) -> None:
    replicas = Database(postgres_url), Database(postgres_url)
    replicas[0].migrate()
    at = clock.now()
    with replicas[0].writing() as connection:
        connection.execute(looks.looks.insert().values(fingerprints='["x"]', asked_at=at, tries=0))
    later = at + looks.LEFT
    assert looks.take_due(replicas[0], later - timedelta(seconds=1)) == ()
    assert len(looks.take_due(replicas[0], later)) == 1
    assert looks.take_due(replicas[1], later) == ()
    assert len(looks.take_due(replicas[1], later + looks.LEASE)) == 1  # the first one died with it
    for one in replicas:
        one.close()
