"""Errand: one run that a runner carries out inside its own network, and what server and runner say of it.

A runner reaches out and asks; nothing reaches in. What it is handed is the exact command with its digest and the
name of a lane. The credentials of that lane are the runner's own, and never travel.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from fireline.core import approval
from fireline.core.events import Ending, Log, OutcomeHeard
from fireline.core.evidence import SHOWN, cut_here, not_here
from fireline.core.incident import fold
from fireline.core.place import Environment, chosen
from fireline.core.refusal import Refused

NAME = re.compile(r"[a-z][a-z0-9._-]{0,31}")
ENDED = {"ok": "ended well", "failed": "failed", "timed out": "ran out of time", "cancelled": "was cancelled"}


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """What a runner is to run. `state`: `offered` it may begin, `running` it has begun, `lost` it came back late."""

    run: str
    incident: int
    lane: Literal["read", "write"]
    effect: str
    command: str
    digest: str  # sha256 of the command's bytes
    environment: str = ""  # where the incident is, where that is known
    seconds: float = 0.0  # at most; 0: as long as the runner's lane gives
    state: Literal["offered", "running", "lost"] = "offered"


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """A runner asks for work and says how it is. `instance` names its spool, and so its memory of what ran."""

    name: str
    instance: str
    host: str = ""
    version: str = ""
    lanes: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    doing: tuple[str, ...] = ()  # the runs it works on
    free: int = 0  # how many more it takes; 0 only keeps what it has
    wait: float = 0.0  # seconds to wait for work


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: what to run, what to stop, and how long a lease holds without a word."""

    errands: tuple[Errand, ...] = ()
    cancelled: tuple[str, ...] = ()
    lease_seconds: float


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What the server has of an output in a row, as the number of the next piece; and whether it wants no more."""

    next: int
    cancelled: bool = False


class Begin(msgspec.Struct, frozen=True, kw_only=True):
    """A runner is about to start a command that may take so many seconds."""

    instance: str
    seconds: float


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a run, masked where it ran. `refused`: nothing was started, and why."""

    instance: str
    refused: str = ""
    exit_code: int | None = None
    output: str = ""
    seconds: float = 0.0
    started_at: datetime | None = None
    timed_out: bool = False
    interrupted: bool = False  # it was started, and nobody knows how it ended
    cancelled: bool = False  # somebody had it ended
    bytes_total: int = 0
    bytes_cut: int = 0
    masked: int = 0
    size: int = 0  # bytes of the masked output, where it is longer than what stands in `output`
    whole: str = ""  # sha256 of all of it, where all of it was sent before

    @property
    def ending(self) -> Ending:
        """In the words of the log."""
        if self.refused or self.interrupted:
            return "interrupted"
        if self.cancelled:
            return "cancelled"
        if self.timed_out:
            return "timed out"
        return "ok" if self.exit_code == 0 else "failed"


def ends_only(told: Told) -> Told:
    """The same where only the first and last half MiB of the output arrive: the rest is missing for ever."""
    missing = told.size - SHOWN
    if missing <= 0:
        return msgspec.structs.replace(told, whole="")
    output = told.output.replace(not_here(missing).decode(), cut_here(missing))
    return msgspec.structs.replace(told, output=output, whole="", size=0, bytes_cut=told.bytes_cut + missing)


@dataclass(frozen=True, slots=True)
class Route:
    """Which runner a command goes to, "" for none, and the environment it is for, where that is known."""

    runner: str
    environment: str = ""


def route(environments: Iterable[Environment], values: Mapping[str, str], lane_runner: str) -> Route:
    """Where a command of an incident with these values goes: its environment's runner, else the lane's.

    Raises `Refused` when the incident names no environment and they have different runners.
    """
    fitting = chosen(environments, values)
    runners = {one.runner or lane_runner for one in fitting}
    if len(runners) > 1:
        raise Refused(
            "Nobody knows in which network this is to run: the incident names no environment, and they have different "
            "runners. Give it the label `environment`, or set `environment` in [values]."
        )
    return Route(runners.pop() if runners else lane_runner, fitting[0].name if len(fitting) == 1 else "")


def unknown(log: Log, run: str, runner: str, how: str, at: datetime) -> tuple[str, ...]:
    """What to say of a run whose end nobody knows, and what to look at; the first sentence stands alone.

    `how` it came so goes on from the runner's name: "was lost while it ran this". `at` is when it had begun.
    """
    this = fold(0, log).run(run)
    if this and this.started.effect == "read":
        return (f"The runner {runner} {how}. It only reads: ask again when it is back.",)
    asked = next((one.asked for one in approval.asks(log) if this and one.asked.ask == this.started.ask), None)
    first = f"Unknown outcome: look. The runner {runner} {how}; it is not run again."
    began = f"It had begun by {at:%H:%M:%S} UTC, and did all, some or none of it. Part of it may still be running."
    where = f"Look at {asked.target}" if asked and asked.target else "Look at what the command changes"
    look = f"{where} before you ask for anything else, and at whether the machine of {runner} is up."
    back = (f"The way back, should it have been done: {asked.undo}",) if asked and asked.undo else ()
    return (first, began, look, *back)


def hear(
    log: Log, at: datetime, *, run: str, runner: str, told: Told, evidence: str, summary: str, by: str
) -> OutcomeHeard:
    """A lost runner came back and says what became of a change. Nothing is run; it is evidence. Told once."""
    this = fold(0, log).run(run)
    if this is None or this.finished is None:
        raise Refused(f"Run {run} has not ended yet.", status=503)  # its end is being written: come again
    if any(isinstance(one, OutcomeHeard) and one.run == run for one in log):
        raise Refused(f"What became of run {run} was heard already.")
    return OutcomeHeard(
        at=at, by=by, run=run, runner=runner, ending=told.ending, exit_code=told.exit_code, seconds=told.seconds,
        evidence=evidence, size=told.size or len(told.output.encode()), cut=told.bytes_cut, masked=told.masked,
        summary=summary,
    )  # fmt: skip


def heard(event: OutcomeHeard) -> str:
    """The end of the sentence on the timeline."""
    if event.ending == "interrupted":
        return f"the runner {event.runner} is back and cannot say either how it ended"
    code = f", exit {event.exit_code}" if event.exit_code is not None else ""
    return f"the runner {event.runner} is back: it {ENDED[event.ending]}{code}, {event.seconds:.1f} s"
