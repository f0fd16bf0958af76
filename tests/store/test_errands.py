"""The rule: an errand is leased to one runner at a time; what only reads is leased again, a change never."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fireline.core.errand import Errand, Poll, Told
from fireline.store.database import Database
from fireline.store.errands import ATTEMPTS, Errands

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=10)
ONE, TWO = Poll(name="eu", instance="one", free=4), Poll(name="eu", instance="two", free=4)


@pytest.fixture
def errands(tmp_path: Path) -> Iterator[Errands]:
    """With an incident, which every errand belongs to."""
    database = Database(f"sqlite:///{tmp_path}/fireline.db")
    database.migrate()
    with database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO incident (number, seq, title, severity, status, waiting, drill, state)"
                                   " VALUES (1, 0, '', '', '', 0, 0, 'open')")  # fmt: skip
    yield Errands(database, LEASE.total_seconds())
    database.close()


def offer(errands: Errands, run: str, effect: str) -> None:
    one = Errand(run=run, incident=1, lane="read", effect=effect, command="c", digest="d")
    errands.offer(one, "eu", NOON)
    errands.offer(one, "eu", NOON)  # asked again after a restart


def begun(errands: Errands, run: str, poll: Poll, at: datetime = NOON) -> bool:
    errands.take(poll, at)
    return errands.begin(run, "eu", poll.instance, at, 5)


def state(errands: Errands, run: str) -> str:
    found = errands.find(run)
    return found.state if found else ""


def test_it_is_offered_to_one_and_begun_by_that_one(errands: Errands) -> None:
    offer(errands, "r", "write")
    assert [one.run for one in errands.take(ONE, NOON)] == ["r"]
    assert errands.take(TWO, NOON) == ()
    assert errands.take(Poll(name="us", instance="x", free=4), NOON) == ()
    assert not errands.begin("r", "eu", "two", NOON, 5)
    assert errands.begin("r", "eu", "one", NOON, 5)
    assert errands.begin("r", "eu", "one", NOON, 5)  # the answer was lost on the way
    assert not errands.withdraw("r")


def test_an_offer_that_nobody_begins_is_offered_again_even_of_a_change(errands: Errands) -> None:
    offer(errands, "r", "write")
    errands.take(ONE, NOON)
    errands.expire("r", NOON + LEASE / 2)
    assert state(errands, "r") == "offered"
    errands.expire("r", NOON + LEASE * 2)
    assert begun(errands, "r", TWO)
    assert not errands.begin("r", "eu", "one", NOON, 5)


def test_a_change_whose_lease_ended_is_lost_and_its_late_outcome_known_as_late(errands: Errands) -> None:
    offer(errands, "r", "write")
    assert begun(errands, "r", ONE)
    errands.expire("r", NOON + LEASE * 2)
    assert state(errands, "r") == "lost"
    assert errands.take(TWO, NOON) == ()
    assert [one.state for one in errands.back(ONE, NOON)] == ["lost"]
    assert errands.settle("r", "eu", Told(instance="one", exit_code=0)) == "lost"
    assert errands.settle("r", "eu", Told(instance="two", exit_code=0)) == ""
    errands.heard("r")
    assert errands.back(ONE, NOON) == ()


def test_a_read_is_leased_again_and_whoever_answers_first_counts(errands: Errands) -> None:
    offer(errands, "r", "read")
    assert begun(errands, "r", ONE)
    errands.expire("r", NOON + LEASE * 2)
    assert begun(errands, "r", TWO)
    assert errands.settle("r", "eu", Told(instance="one", exit_code=0, output="first")) == "running"
    assert errands.settle("r", "eu", Told(instance="two", exit_code=0, output="second")) == "done"
    found = errands.find("r")
    assert found
    assert found.outcome
    assert found.outcome.output == "first"


def test_a_read_is_not_tried_for_ever(errands: Errands) -> None:
    offer(errands, "r", "read")
    at = NOON
    for _ in range(ATTEMPTS):
        assert begun(errands, "r", ONE, at)
        at += LEASE * 2
        errands.expire("r", at)
    assert state(errands, "r") == "lost"


def test_a_word_of_the_runner_keeps_its_leases(errands: Errands) -> None:
    offer(errands, "r", "write")
    assert begun(errands, "r", ONE)
    errands.seen(Poll(name="eu", instance="one", doing=("r",)), NOON + LEASE * 0.9)
    errands.expire("r", NOON + LEASE * 1.4)
    assert state(errands, "r") == "running"
    (known,) = errands.runners(NOON + LEASE)
    assert [run.run for run in known.doing] == ["r"]
    errands.seen(Poll(name="eu", instance="one", doing=("r",)), NOON + LEASE * 9)
    errands.expire("r", NOON + LEASE * 9)
    assert state(errands, "r") == "lost"  # it has had all its time and more, whatever its runner says


def test_what_is_cancelled_before_it_began_is_begun_by_nobody(errands: Errands) -> None:
    offer(errands, "waits", "write")
    assert errands.cancel("waits")
    assert errands.take(ONE, NOON) == ()
    offer(errands, "runs", "write")
    assert begun(errands, "runs", ONE)
    assert errands.cancel("runs")
    assert errands.cancelled(Poll(name="eu", instance="one", doing=("runs",))) == ("runs",)
