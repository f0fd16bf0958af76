"""Task: one thing, one named person, so many minutes. Never "can somebody"; it is asked after when time is up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fireline.core.events import HOUSE, Log, TaskDone, TaskGiven, TaskOverdue, TaskTaken
from fireline.core.incident import fold, still_open
from fireline.core.people import HANDLE
from fireline.core.refusal import Refused

TEXT_MAX_CHARS = 300
MINUTES_MAX = 24 * 60  # what takes longer belongs into a tracker


@dataclass(frozen=True, slots=True)
class Task:
    """Where one task stands: `given`, `taken`, `overdue`, `done` or `dropped`."""

    given: TaskGiven
    taken: TaskTaken | None = None
    overdue: TaskOverdue | None = None
    done: TaskDone | None = None

    @property
    def number(self) -> int:
        """1 for the first of the incident."""
        return self.given.task

    @property
    def state(self) -> str:
        """In a word."""
        if self.done:
            return "dropped" if self.done.dropped else "done"
        return "overdue" if self.overdue else "taken" if self.taken else "given"


def tasks(log: Log) -> tuple[Task, ...]:
    """Every task, the first one first."""
    found: dict[int, Task] = {}
    for event in log:
        match event:
            case TaskGiven(task=n):
                found[n] = Task(event)
            case TaskTaken(task=n):
                found[n] = Task(found[n].given, event, found[n].overdue, found[n].done)
            case TaskOverdue(task=n):
                found[n] = Task(found[n].given, found[n].taken, event, found[n].done)
            case TaskDone(task=n):
                found[n] = Task(found[n].given, found[n].taken, found[n].overdue, event)
            case _:
                pass
    return tuple(found.values())


def give(log: Log, at: datetime, *, to: str, text: str, minutes: int, by: str) -> TaskGiven:
    """Ask one person to do one thing within so many minutes."""
    still_open(fold(0, log))
    text = " ".join(text.split())
    if not HANDLE.fullmatch(to) or to == HOUSE:
        raise Refused("A task has one named person: give their handle.", status=400, field="to")
    if not text or len(text) > TEXT_MAX_CHARS:
        raise Refused(f"Say what is to be done, in at most {TEXT_MAX_CHARS} characters.", status=400, field="text")
    if not 1 <= minutes <= MINUTES_MAX:
        raise Refused(f"Say after how many minutes you ask again: 1 to {MINUTES_MAX}.", status=400, field="minutes")
    due = at + timedelta(minutes=minutes)
    return TaskGiven(at=at, by=by, task=len(tasks(log)) + 1, to=to, text=text, minutes=minutes, due_at=due)


def take(log: Log, at: datetime, *, task: int, by: str) -> TaskTaken:
    """I do it."""
    one = _open_task(log, task)
    if one.given.to != by:
        raise Refused(f"{one.given.to} was asked, not you.")
    if one.taken:
        raise Refused("You have said so already.")
    return TaskTaken(at=at, by=by, task=task)


def finish(log: Log, at: datetime, *, task: int, by: str, said: str = "", dropped: bool = False) -> TaskDone:
    """It is done; or `dropped`, because nobody does it any more."""
    _open_task(log, task)
    return TaskDone(at=at, by=by, task=task, said=" ".join(said.split())[:TEXT_MAX_CHARS], dropped=dropped)


def miss(log: Log, at: datetime, *, by: str) -> TaskOverdue:
    """Called by the clock: the oldest task whose time is over and that nobody has been asked after yet."""
    still_open(fold(0, log))
    late = [one for one in tasks(log) if not one.done and not one.overdue and one.given.due_at <= at]
    if not late:
        raise Refused("No task is overdue that has not been asked after.")
    first = min(late, key=lambda one: one.given.due_at)
    return TaskOverdue(at=at, by=by, task=first.number, to=first.given.to)


def _open_task(log: Log, task: int) -> Task:
    one = next((one for one in tasks(log) if one.number == task), None)
    if one is None:
        raise Refused(f"There is no task {task}.", status=404)
    if one.done:
        raise Refused(f"Task {task} is {one.state} already.")
    return one
