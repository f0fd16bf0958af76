"""Plan: what a runbook says to do about one scenario, in the order a responder would do it.

Diagnosis first, all of it at once, because it only reads. Then the ways out, one after another as the
runbook lists them: a way out that names a condition the runbook has commands for ("Roll back if recent
deployment") borrows those. Words without commands are for people and stay words; what is the work of weeks ("Add a
connection pool") is kept for the review.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from fireline.core.branch import kind_of
from fireline.core.runbook import Command, Mitigation, Resolution, Runbook, Scenario

SMALL_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "at",
        "by",
        "for",
        "from",
        "if",
        "in",
        "into",
        "is",
        "it",
        "of",
        "on",
        "or",
        "out",
        "the",
        "there",
        "to",
        "was",
        "when",
        "with",
    ]
)


@dataclass(frozen=True, slots=True)
class Way:
    """One way out: what to run, and how to know that it worked."""

    text: str
    commands: tuple[Command, ...]
    verification: tuple[Command, ...]
    of: str = ""  # the scenario's own words, where the text says more


@dataclass(frozen=True, slots=True)
class Plan:
    """What can be done about a scenario with the runbook's own commands."""

    diagnosis: tuple[Command, ...] = ()
    ways: tuple[Way, ...] = ()
    words: tuple[str, ...] = ()  # ways out that a person has to take
    aside: tuple[Way, ...] = ()  # conditions of the runbook that the scenario does not mention: people may take them
    later: tuple[str, ...] = ()  # follow-ups: they end no incident tonight


def plan(runbook: Runbook, scenario: str | None, first: tuple[str, ...] = ()) -> Plan:
    """The plan for the scenario of this title; when the runbook has none such, only what people may take by themselves.

    `first` are the scenario's own ways out and the runbook's conditions that the evidence points to (`core.branch`):
    they come before the others, and a condition that the scenario does not mention lends its commands all the same.
    """
    for one in runbook.scenarios:
        if one.title == scenario:
            return _aside(_ahead(_plan(runbook, one), runbook, first), runbook)
    return _aside(Plan(), runbook)


def _aside(found: Plan, runbook: Runbook) -> Plan:
    taken = {command.key for way in found.ways for command in way.commands}
    ways = [_commands(one) for one in runbook.mitigations]
    return replace(found, aside=tuple(way for way in ways if not {one.key for one in way.commands} <= taken))


def _ahead(found: Plan, runbook: Runbook, first: tuple[str, ...]) -> Plan:
    ahead: list[Way] = []
    for words in first:
        way = next((one for one in found.ways if words in (one.text, one.of)), None)
        if way is None and (lent := next((one for one in runbook.mitigations if one.condition == words), None)):
            own = _commands(lent)
            # the scenario's own words for it, where it has some
            way = next((one for one in found.ways if one.commands == own.commands), own)
        ahead += [way] if way and way.commands and way not in ahead else []
    ways = (*ahead, *(one for one in found.ways if one not in ahead))
    order = {words: n for n, words in enumerate(first)}
    return replace(found, ways=ways, words=tuple(sorted(found.words, key=lambda one: order.get(one, len(order)))))


def _plan(runbook: Runbook, scenario: Scenario) -> Plan:
    ways: list[Way] = []
    words: list[str] = []
    later: list[str] = []
    for resolution in scenario.resolution:
        way = _way(resolution, runbook.mitigations)
        if way is not None:
            ways.append(way)
        else:
            (later if kind_of(resolution.text) == "later" else words).append(resolution.text)
    return Plan(diagnosis=scenario.diagnosis, ways=tuple(ways), words=tuple(words), later=tuple(later))


def _way(resolution: Resolution, mitigations: tuple[Mitigation, ...]) -> Way | None:
    if resolution.commands:
        return Way(resolution.text, resolution.commands, resolution.verification)
    wanted = _words(resolution.text)
    for mitigation in mitigations:
        condition = _words(mitigation.condition)
        if condition and condition <= wanted:
            text = f"{resolution.text} ({mitigation.condition})"
            return replace(_commands(mitigation), text=text, of=resolution.text)
    return None


def _commands(mitigation: Mitigation) -> Way:
    """A condition as a way of its own: what to run, and what tells that it worked."""
    commands = tuple(one for one in mitigation.commands if one.role != "verification")
    verification = tuple(one for one in mitigation.commands if one.role == "verification")
    return Way(mitigation.condition, commands, verification)


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", text.lower())) - SMALL_WORDS
