"""Palette: the runbook's commands at hand, found by typing. The reading ones of every part, and all of the appendix.

Nothing here goes past the gates: what only reads runs at once, a tunnel is leased, what wants a terminal is handed
out to be typed, and anything else is asked for like every change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fireline.core import lease
from fireline.core.events import Log, TerminalHandedOut
from fireline.core.guard import Verdict
from fireline.core.incident import fold
from fireline.core.refusal import Refused
from fireline.core.runbook import Command, Placeholder, Runbook
from fireline.core.runbook.fill import blanks

Way = Literal["look", "ask", "tunnel", "terminal"]
APPENDIX = "At hand"  # what belongs to no phase and no scenario is there for every night


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One command that can be chosen. `way` is what choosing it leads to."""

    step: str
    title: str
    command: str  # as the runbook has it
    group: str
    line: int
    way: Way
    effect: str
    why: str
    blanks: tuple[Placeholder, ...]


def actions(book: Runbook, judge: Callable[[Command], Verdict], scenario: str | None = None) -> tuple[Action, ...]:
    """What the palette offers of a runbook: the appendix, then the scenario at hand, then the rest; nothing twice."""
    found: dict[str, Action] = {}
    for one in sorted(book.commands, key=lambda one: (one.role != "reference", one.scenario != scenario)):
        action = action_of(one, judge(one))
        if one.inside is None and (one.role == "reference" or action.way == "look"):
            found.setdefault(" ".join(one.text.split()), action)
    return tuple(found.values())


def action_of(one: Command, verdict: Verdict) -> Action:
    """A command as something that can be chosen, whether the palette lists it or not."""
    return Action(
        step=one.key, title=one.title or one.text.splitlines()[0], command=one.text, line=one.line,
        group=one.scenario or one.condition or one.phase or APPENDIX, way=way_of(one, verdict),
        effect=str(verdict.effect), why=verdict.why, blanks=blanks(one),
    )  # fmt: skip


def way_of(command: Command, verdict: Verdict) -> Way:
    """What choosing a command leads to."""
    if lease.wants_terminal(command.judged):
        return "terminal"
    if lease.is_tunnel(command.judged):
        return "tunnel"
    return "look" if verdict.unattended else "ask"


def fitting(found: tuple[Action, ...], text: str) -> tuple[Action, ...]:
    """Those that have every word that was typed, where the title has them first; all of them for no word."""
    words = text.lower().split()
    have = [one for one in found if all(word in f"{one.title} {one.command} {one.group}".lower() for word in words)]
    return tuple(sorted(have, key=lambda one: not all(word in one.title.lower() for word in words)))


def named_by(command: Command) -> Mapping[str, str]:
    """Which blank says what kind of thing another blank names: `<resource-type> <resource-name>`."""
    pairs = zip(command.placeholders, command.placeholders[1:], strict=False)
    return {
        name.name: of.name
        for of, name in pairs
        if name.thing is None and of.name.endswith(("type", "kind"))
        and command.text[of.end : name.start].strip() in {"", "/"}
    }  # fmt: skip


def hand_out(log: Log, at: datetime, *, step: str, title: str, command: str, by: str) -> TerminalHandedOut:
    """Give somebody a command to type, and write down that they have it."""
    if fold(0, log).resolved:
        raise Refused("The incident is over: nothing is handed out for it any more.")
    return TerminalHandedOut(at=at, by=by, terminal=len(terminals(log)) + 1, step=step, title=title, command=command)


def terminals(log: Log) -> tuple[TerminalHandedOut, ...]:
    """Every command that was handed out, the first one first."""
    return tuple(event for event in log if isinstance(event, TerminalHandedOut))
