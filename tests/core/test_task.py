"""A task has one named person and a time box, and is asked after when that is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from fireline.core import incident, task
from fireline.core.events import HOUSE, Log, TaskOverdue
from fireline.core.follow import Clock, follow
from fireline.core.refusal import Refused

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
give = partial(task.give, to="ben", text="See whether the disk is full", minutes=10, by="ana")


def declared() -> Log:
    return (
        incident.declare(
            (), NOON, title="Redis is down", severity="P1", severity_name="", severity_why="", response_minutes=15,
            by="ana",
        ),
    )  # fmt: skip


def test_a_task_is_given_taken_and_done() -> None:
    log = declared()
    log = (*log, give(log, NOON))
    assert [one.state for one in task.tasks(log)] == ["given"]
    log = (*log, task.take(log, NOON + MINUTE, task=1, by="ben"))
    assert [one.state for one in task.tasks(log)] == ["taken"]
    log = (*log, task.finish(log, NOON + 2 * MINUTE, task=1, by="ben", said="91 %"))
    assert [(one.state, one.done.said if one.done else "") for one in task.tasks(log)] == [("done", "91 %")]
    with pytest.raises(Refused, match="Task 1 is done already"):
        task.finish(log, NOON + 3 * MINUTE, task=1, by="ben")


def test_when_time_is_up_it_is_asked_after_once_each_the_oldest_first() -> None:
    log = declared()
    log = (*log, give(log, NOON))
    log = (*log, give(log, NOON, to="cleo", minutes=5))
    assert [(one.kind, one.due_at) for one in follow(1, log) if isinstance(one, Clock)] == [("task", NOON + 5 * MINUTE)]
    with pytest.raises(Refused):
        task.miss(log, NOON + 5 * MINUTE - timedelta(seconds=1), by=HOUSE)
    late = NOON + 20 * MINUTE  # the house was down meanwhile
    for number, who in ((2, "cleo"), (1, "ben")):
        missed = task.miss(log, late, by=HOUSE)
        assert missed == TaskOverdue(at=late, by=HOUSE, task=number, to=who)
        log = (*log, missed)
    with pytest.raises(Refused):
        task.miss(log, late, by=HOUSE)
    assert [one.state for one in task.tasks(log)] == ["overdue", "overdue"]


def test_what_is_done_or_dropped_is_not_asked_after() -> None:
    log = declared()
    log = (*log, give(log, NOON))
    log = (*log, task.finish(log, NOON + MINUTE, task=1, by="ana", dropped=True))
    assert [one.state for one in task.tasks(log)] == ["dropped"]
    with pytest.raises(Refused):
        task.miss(log, NOON + 20 * MINUTE, by=HOUSE)


@pytest.mark.parametrize(("wrong", "field"), [
    ({"to": ""}, "to"), ({"to": "somebody else"}, "to"), ({"to": HOUSE}, "to"), ({"text": "  "}, "text"),
    ({"text": "x" * 301}, "text"), ({"minutes": 0}, "minutes"), ({"minutes": 1441}, "minutes"),
])  # fmt: skip
def test_a_task_without_one_person_a_thing_and_a_time_is_refused(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as no:
        give(declared(), NOON, **wrong)
    assert (no.value.status, no.value.field) == (400, field)


def test_only_whoever_was_asked_says_that_they_do_it() -> None:
    log = declared()
    log = (*log, give(log, NOON))
    with pytest.raises(Refused, match="ben was asked, not you"):
        task.take(log, NOON, task=1, by="ana")
    with pytest.raises(Refused, match="no task 7"):
        task.take(log, NOON, task=7, by="ben")
