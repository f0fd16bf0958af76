"""What changes for a responder between two versions of a runbook: commands, effects, gates, promises, scenarios.

Words that nothing acts on are left to a plain text diff. A command that was reworded in its place is one change,
not one that went and one that came.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from fireline.core import gate
from fireline.core.runbook.checklists import resolution_checklist
from fireline.core.runbook.document import Judged
from fireline.core.runbook.fill import missing
from fireline.core.runbook.model import Command, Runbook

ALIKE = 0.6  # share of characters two commands of one place have in common when one is the other reworded
LONGEST = 1000  # characters of a command that are compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A command of one version: where it stands and what the guard says of it."""

    line: int
    text: str
    place: str  # scenario, condition or phase; empty where it stands in none
    title: str | None
    effect: str
    unattended: bool
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepChange:
    """A command that was reworded, or that has another effect now."""

    before: Step
    after: Step

    @property
    def effect_changed(self) -> bool:
        """Whether what it does to the world, or whether it runs by itself, is another matter now."""
        return (self.before.effect, self.before.unattended) != (self.after.effect, self.after.unattended)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """The minutes to acknowledge of one severity in both versions, None where it does not exist."""

    severity: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All that changes for a responder; everything empty when nothing does."""

    commands_added: tuple[Step, ...]
    commands_removed: tuple[Step, ...]
    commands_changed: tuple[StepChange, ...]
    gates_added: tuple[str, ...]
    gates_removed: tuple[str, ...]
    response_minutes: tuple[Promise, ...]
    scenarios_added: tuple[str, ...]
    scenarios_removed: tuple[str, ...]

    @property
    def effects_changed(self) -> tuple[StepChange, ...]:
        """Those of the changed commands that do something else to the world now."""
        return tuple(one for one in self.commands_changed if one.effect_changed)

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__dataclass_fields__)


def compare(before: Runbook, after: Runbook, judge: Callable[[Command], Judged]) -> Difference:
    """Give what changes from one version to the next; `judge` gives the verdict on a command."""
    old = [_step(one, judge(one)) for one in before.commands]
    new = [_step(one, judge(one)) for one in after.commands]
    changed, removed, added = _paired(old, new)
    gates = [[spec.text for spec in gate.specs(resolution_checklist(one))] for one in (before, after)]
    promises = [{row.id: row.response_minutes for row in one.severities} for one in (before, after)]
    titles = [[one.title for one in book.scenarios] for book in (before, after)]
    return Difference(
        commands_added=tuple(added),
        commands_removed=tuple(removed),
        commands_changed=tuple(changed),
        gates_added=_only(gates[1], gates[0]),
        gates_removed=_only(gates[0], gates[1]),
        response_minutes=tuple(
            Promise(severity=row, before=promises[0].get(row), after=promises[1].get(row))
            for row in sorted(promises[0] | promises[1])
            if promises[0].get(row) != promises[1].get(row)
        ),
        scenarios_added=_only(titles[1], titles[0]),
        scenarios_removed=_only(titles[0], titles[1]),
    )


def as_document(difference: Difference) -> dict[str, Any]:
    """Give the difference as JSON types: what `fireline runbook diff --json` prints."""
    return {
        "commands": {
            "added": [_plain(one) for one in difference.commands_added],
            "removed": [_plain(one) for one in difference.commands_removed],
            "changed": [
                {"before": _plain(one.before), "after": _plain(one.after), "effect_changed": one.effect_changed}
                for one in difference.commands_changed
            ],
        },
        "gates": {"added": list(difference.gates_added), "removed": list(difference.gates_removed)},
        "response_minutes": [
            {"severity": one.severity, "before": one.before, "after": one.after} for one in difference.response_minutes
        ],
        "scenarios": {"added": list(difference.scenarios_added), "removed": list(difference.scenarios_removed)},
    }


def _step(command: Command, verdict: Judged) -> Step:
    return Step(
        line=command.line,
        text=command.text,
        place=command.scenario or command.condition or command.phase or "",
        title=command.title,
        effect=str(verdict.effect),
        unattended=verdict.unattended and not missing(command, {}) and not command.inside,
        rule=verdict.rule,
    )


def _plain(step: Step) -> dict[str, Any]:
    return {name: getattr(step, name) for name in step.__dataclass_fields__}


def _paired(old: Sequence[Step], new: Sequence[Step]) -> tuple[list[StepChange], list[Step], list[Step]]:
    """Give what changed, what went, what came: first the same words, then one place, the likest first."""
    changed: list[StepChange] = []
    gone, come = list(old), list(new)
    for one in old:
        same = next((other for other in come if (other.text, other.place) == (one.text, one.place)), None)
        same = same or next((other for other in come if other.text == one.text), None)
        if same:
            gone.remove(one)
            come.remove(same)
            change = StepChange(before=one, after=same)
            changed += [change] if change.effect_changed else []
    pairs = [(_likeness(one, other), one, other) for one in gone for other in come if one.place == other.place]
    for likeness, one, other in sorted(pairs, key=lambda pair: -pair[0]):
        if likeness >= ALIKE and one in gone and other in come:
            gone.remove(one)
            come.remove(other)
            changed.append(StepChange(before=one, after=other))
    return sorted(changed, key=lambda change: change.after.line), gone, come


def _likeness(one: Step, other: Step) -> float:
    """Give 1 for two commands under one title, else the share of characters they have in common."""
    if one.title and one.title == other.title:
        return 1.0
    return SequenceMatcher(None, one.text[:LONGEST], other.text[:LONGEST], autojunk=False).ratio()


def _only(these: Sequence[str], those: Sequence[str]) -> tuple[str, ...]:
    return tuple(one for one in these if one not in those)
