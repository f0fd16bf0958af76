"""What a commit asks for is begun at once, only what was committed, and an idle queue hardly looks."""

from __future__ import annotations

import inspect
import statistics
import threading
import time

import pytest
from dbos._queue import queue_worker_thread

from durable.conftest import Errands
from fireline.core.follow import Effect
from fireline.durable.queues import IDLE, QUICK, Bell
from fireline.store.database import Database, after_commit
from kiosk import until

SOON = 0.25  # seconds; an idle queue looks every three, so this tells a nudge from luck on a busy machine


def test_an_effect_begins_at_once_when_its_commit_is_done(errands: Errands) -> None:
    waited = []
    for n in range(5):
        asked = errands.ask(f"page {n}")
        until(lambda key=f"page {n}": key in errands.done)  # type: ignore[misc]
        waited.append(errands.done[f"page {n}"] - asked)
    assert statistics.median(waited) < SOON


def test_a_walk_and_a_command_begin_at_once_too(errands: Errands) -> None:
    for kind in ("walk", "run"):
        asked = errands.ask(kind, kind=kind)
        until(lambda kind=kind: kind in errands.done)  # type: ignore[misc]
        assert errands.done[kind] - asked < 4 * SOON


def test_what_was_rolled_back_is_never_begun(errands: Errands) -> None:
    def regrets() -> None:
        with errands.database.writing() as connection:
            lost = Effect(kind="tell", key="lost", incident=1, seq=1)
            errands.durable.enqueue(connection, [lost])
            after_commit(connection, lambda: errands.times.append("told of nothing"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        regrets()
    errands.ask("real")
    until(lambda: "real" in errands.done)
    assert errands.times == ["real"]


def test_what_is_told_after_a_commit_can_be_read_by_then(database_url: str) -> None:
    database = Database(database_url)
    database.migrate()
    seen: list[int] = []

    def look() -> None:
        with database.reading() as other:
            seen.append(other.exec_driver_sql("SELECT count(*) FROM evidence").scalar_one())

    with database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO evidence (digest, body) VALUES ('1', '')")
        after_commit(connection, look)
        assert seen == []
    assert seen == [1]
    database.close()


def test_more_effects_than_workers_do_not_wait_for_the_next_idle_look(errands: Errands) -> None:
    keys = [f"{n}" for n in range(60)]  # five times as many as workers
    asked = time.monotonic()
    for n, key in enumerate(keys):
        errands.ask(key, incident=n)
    until(lambda: len(errands.done) == len(keys))
    assert max(errands.done.values()) - asked < 2 * IDLE  # at one idle look after another it would be five times that


def test_effects_of_one_incident_keep_their_order(errands: Errands) -> None:
    keys = [f"{n}" for n in range(12)]
    errands.ask(*keys)
    until(lambda: len(errands.done) == len(keys))
    assert errands.times == keys


def test_a_vendor_of_an_incident_does_not_wait_for_another_one(errands: Errands) -> None:
    """Two effects of one incident meet: each waits until the other one has begun."""
    errands.meet = threading.Barrier(2)
    errands.ask("a", kind="pagerduty", verb="trigger")
    errands.ask("b", kind="statuspage", verb="open")
    until(lambda: set(errands.done) == {"a", "b"})


def test_effects_of_one_event_keep_their_order_within_a_vendor(errands: Errands) -> None:
    keys = [f"{n}" for n in range(12)]
    errands.ask(*keys, kind="pagerduty", verb="trigger", seq=7)
    until(lambda: len(errands.done) == len(keys))
    assert errands.times == keys


def test_work_of_a_process_that_stopped_is_begun_by_the_next(url: str) -> None:
    first = Errands(url)
    first.durable.prepare()
    first.ask("left behind")
    first.database.close()
    second = Errands(url)
    second.launch()
    until(lambda: "left behind" in second.done)
    second.close()


def test_the_engine_s_worker_still_takes_a_stop_event_and_sleeps_on_it() -> None:
    """The one private name that we use. Should a release rename or rebuild it, this says what queues.py needs.

    A function of (stop_event, dbos, queue) that looks into one queue again and again, sleeping between looks by
    `stop_event.wait(timeout=seconds)` and ending when that answers True. Without one, queues of ours fall back to
    the engine's own listening: remove `listen_queues([])` from durable/engine.py and lower `IDLE` to 0.25.
    """
    assert list(inspect.signature(queue_worker_thread).parameters) == ["stop_event", "dbos", "queue"]
    source = inspect.getsource(queue_worker_thread)
    assert "stop_event.wait(timeout=" in source
    assert "time.sleep" not in source


def test_a_bell_wakes_its_sleeper_soon_again_and_then_less_and_less() -> None:
    bell = Bell()
    bell.nudge()
    looks = []
    began = time.monotonic()
    for _ in range(4):
        assert not bell.wait(10)
        looks.append(time.monotonic() - began)
    assert looks[0] < SOON  # at once
    assert looks[1] >= QUICK
    assert looks[3] - looks[2] > looks[2] - looks[1] > looks[1] - looks[0]


def test_a_bell_never_sleeps_longer_than_it_was_told() -> None:
    bell = Bell()
    for _ in range(5):
        bell.wait(0)  # by now it would sleep for seconds
    began = time.monotonic()
    bell.wait(0.05)
    assert time.monotonic() - began < 1.0


def test_a_stopped_bell_wakes_everybody_for_good() -> None:
    bell = Bell()
    for _ in range(5):
        bell.wait(0)
    threading.Timer(0.05, bell.set).start()
    began = time.monotonic()
    assert bell.wait(60)
    assert bell.wait(60)
    assert time.monotonic() - began < 30


@pytest.fixture
def database_url(url: str) -> str:
    """The same, under a name that says what it is."""
    return url
