"""Steps: what an incident's page shows of its runbook. What waits for a yes, what ran, what was skipped, what is left.

A step is read from the log where it has happened, and from the runbook's plan where it has not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

from fireline.core.approval import Ask
from fireline.core.events import HOUSE, StepSkipped
from fireline.core.incident import Incident, Run
from fireline.core.plan import Plan
from fireline.core.runbook import Command, Placeholder, Runbook
from fireline.core.runbook.fill import blanks, value_of
from fireline.core.runbook.sources import said, sources
from fireline.workflows.propose import OWN_WORDS

State = Literal["todo", "run", "done", "fail", "skip"]
OUTPUT_LINES = 40  # of an output beside its step; the whole of it is one press away
OUTPUT_CHARS = 6000
DOING = frozenset({"mitigation", "verification"})
Read = Callable[[str], str]
Fields = Callable[[Command], "tuple[Blank, ...]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """A field for one blank of a command: what is known of it already, and where else to look."""

    name: str
    kind: str
    value: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the runbook card, opening to what is behind it."""

    id: str
    state: State
    title: str
    command: str
    said: str = ""
    at: datetime | None = None
    by: str = HOUSE
    run: Run | None = None
    output: str = ""
    cut: bool = False  # more output than is shown here
    key: str = ""
    blanks: tuple[Blank, ...] = ()
    may_ask: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Steps that stand together under one heading."""

    id: str
    title: str
    note: str
    steps: tuple[Step, ...]


def groups(
    now: Incident,
    asks: tuple[Ask, ...],
    plan: Plan,
    book: Runbook | None,
    *,
    values: dict[str, str],
    read: Read,
    at: datetime,
) -> list[Group]:
    """The card's groups: the way out that is being taken with its checks, the diagnosis, the ways that are left."""
    fields = partial(fields_of, book=book, values=values)
    lines = partial(_of_way, now, asks, fields=fields, read=read, at=at)
    known = {one.key for way in plan.ways for one in (*way.commands, *way.verification)}
    found = []
    for n, way in enumerate(plan.ways, 1):
        ways = [step for one in way.commands for step in lines(one, "mitigation")]
        ways += [step for one in way.verification for step in lines(one, "verification")]
        found.append(_group(f"way-{n}", way.text, ways))
    people = [step for ask in asks if ask.asked.step not in known for step in _answered(now, ask, read, at)]
    mine = [run for run in now.runs.values() if run.started.step not in known and run.started.ask is None]
    people += [_ran(run, read) for run in mine if run.started.purpose in DOING]
    if people:
        found.insert(0, _group("asked", "Asked for by people", people))
    looked = [step for one in plan.diagnosis for step in _of_plan(now, one, "diagnosis", fields, read)]
    planned = {one.key for one in plan.diagnosis}
    looked += [_ran(run, read) for run in mine if run.started.step not in planned and run.started.purpose not in DOING]
    looked += [_skipped(s) for s in now.skipped if s.step not in planned | known]
    if looked:
        found.append(_group("diagnosis", "Diagnosis", looked))
    if now.resolved:  # what was not needed is no longer to do
        found = [_group(one.id, one.title, [step for step in one.steps if step.state != "todo"]) for one in found]
    waiting = {one.asked.step for one in asks if one.waiting(at)}
    active = [n for n, way in enumerate(plan.ways, 1) if waiting & {one.key for one in way.commands}]
    return sorted(found, key=lambda group: _place(group, active))


def _place(group: Group, active: list[int]) -> int:
    """What is being done stands first, then what was seen, then the ways out that are left."""
    if group.id == "diagnosis":
        return 1
    busy = any(step.state in {"run", "done", "fail"} for step in group.steps)
    return 0 if busy or group.id == "asked" or group.id in {f"way-{n}" for n in active} else 2


def _of_way(
    now: Incident,
    asks: tuple[Ask, ...],
    one: Command,
    purpose: str,
    *,
    fields: Fields,
    read: Read,
    at: datetime,
) -> Iterator[Step]:
    mine = [step for ask in asks if ask.asked.step == one.key for step in _answered(now, ask, read, at)]
    if mine and purpose == "mitigation":
        yield from mine
        return
    if any(ask.asked.step == one.key and ask.waiting(at) for ask in asks):
        return  # it stands at the top of the card, waiting
    yield from _of_plan(now, one, purpose, fields, read)


def _of_plan(now: Incident, one: Command, purpose: str, fields: Fields, read: Read) -> Iterator[Step]:
    runs = [run for run in now.runs.values() if (run.started.step, run.started.purpose) == (one.key, purpose)]
    skips = [skip for skip in now.skipped if (skip.step, skip.purpose) == (one.key, purpose)]
    yield from (_ran(run, read) for run in reversed(runs))
    blank = fields(one) if skips and not runs and not now.resolved else ()
    yield from (_skipped(skip, blank) for skip in (skips if not runs else ()))
    if not runs and not skips:
        yield _to_do(one, purpose, fields(one), may_ask=purpose == "mitigation" and not now.resolved)


def _answered(now: Incident, ask: Ask, read: Read, at: datetime) -> Iterator[Step]:
    """An ask that no longer waits: its run, or why there was none."""
    if ask.waiting(at):
        return
    asked = ask.asked
    line = partial(
        Step,
        id=f"was-asked-{ask.number}",
        title=asked.title,
        command=asked.command,
        at=asked.at,
        by=asked.by,
        key=asked.step,
    )
    if ask.started:
        yield _ran(now.runs[ask.started.run], read, yes=(ask.glass.by,) if ask.glass else ask.yes)
    elif ask.denied:
        yield line(state="skip", said=f"declined by {ask.denied.by}: {ask.denied.reason}")
    elif ask.void:
        yield line(state="skip", said=f"not run: {ask.void.why}", may_ask=not now.resolved and asked.step != OWN_WORDS)
    elif ask.granted:
        yield line(state="run", said="approved, about to start" if ask.yes or ask.glass else "about to start")
    else:
        again = not now.resolved and asked.step != OWN_WORDS
        yield line(state="skip", said="nobody answered within 15 minutes", may_ask=again)


def _ran(run: Run, read: Read, *, yes: tuple[str, ...] = ()) -> Step:
    ended = run.finished
    state: State = "run" if ended is None else "done" if ended.ending == "ok" else "fail"
    output = read(ended.evidence) if ended else ""
    lines = output.splitlines()
    shown = "\n".join(lines[-OUTPUT_LINES:])[-OUTPUT_CHARS:]
    return Step(
        id=f"run-{run.started.run.replace('.', '-')}",
        state=state,
        title=run.started.title,
        command=run.started.command,
        said=ended.summary if ended else "running",
        at=ended.at if ended else run.started.at,
        by="+".join(yes) if yes else run.started.by,
        run=run,
        output=shown,
        cut=len(shown) < len(output.rstrip("\n")),
        key=run.started.step,
    )


def _skipped(skip: StepSkipped, blank: tuple[Blank, ...] = ()) -> Step:
    """What did not run; with `blank` because of a value that a person may know."""
    return Step(
        id=f"skip-{skip.purpose}-{skip.step}",
        state="skip",
        title=skip.title,
        command=skip.command,
        said=skip.reason,
        at=skip.at,
        by=skip.by,
        key=skip.step,
        blanks=blank,
        may_ask=any(not field.value for field in blank),
    )


def _to_do(one: Command, purpose: str, blank: tuple[Blank, ...], *, may_ask: bool) -> Step:
    said = {"diagnosis": "runs by itself", "verification": "runs by itself afterwards"}.get(purpose, "")
    return Step(
        id=f"todo-{purpose}-{one.key}",
        state="todo",
        title=one.title or one.text.splitlines()[0],
        command=one.text,
        said=said,
        key=one.key,
        blanks=blank,
        may_ask=may_ask,
    )


def fields_of(one: Command, *, book: Runbook | None, values: dict[str, str]) -> tuple[Blank, ...]:
    """One field a blank, those that are known filled in already; a person may say something else."""
    if book is None:
        return ()
    return tuple(
        Blank(
            name=blank.name,
            kind=blank.kind,
            value=(value := value_of(blank, values)),
            hint=_hint(blank, one, book, value),
        )
        for blank in blanks(one)
    )


def _hint(blank: Placeholder, one: Command, book: Runbook, value: str) -> str:
    if value:
        return "Filled in from the alert or the settings. Write over it if it is another."
    look = [said(source) for source in sources(blank, one, book) if source.kind in ("step", "list")]
    return f"Look at {', or '.join(look)}" if look else ""


def _group(id_: str, title: str, steps: list[Step]) -> Group:
    counts = [(state, sum(step.state == state for step in steps)) for state in ("done", "fail", "run", "skip", "todo")]
    words = {"done": "done", "fail": "failed", "run": "running", "skip": "skipped", "todo": "to do"}
    return Group(
        id=id_, title=title, note=" · ".join(f"{n} {words[state]}" for state, n in counts if n), steps=tuple(steps)
    )
