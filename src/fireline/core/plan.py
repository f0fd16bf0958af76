"""Plan: what a runbook says to do about one scenario, in the order a responder would do it.

Diagnosis first, all of it at once, because it only reads. Then the ways out, one after another as the
runbook lists them: a way out that names a condition the runbook has commands for ("Roll back if recent
deployment") borrows those. Words without commands are for people and stay words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

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


@dataclass(frozen=True, slots=True)
class Plan:
    """What can be done about a scenario with the runbook's own commands."""

    diagnosis: tuple[Command, ...] = ()
    ways: tuple[Way, ...] = ()
    words: tuple[str, ...] = ()  # ways out that a person has to take


def plan(runbook: Runbook, scenario: str | None, first: tuple[str, ...] = ()) -> Plan:
    """The plan for the scenario of this title; empty when the runbook has none such.

    `first` are conditions of the runbook that the evidence points to (`core.branch`): their ways come before the
    others, and a condition that the scenario does not mention lends its commands all the same.
    """
    for one in runbook.scenarios:
        if one.title == scenario:
            return _ahead(_plan(runbook, one), runbook, first)
    return Plan()


def _ahead(found: Plan, runbook: Runbook, first: tuple[str, ...]) -> Plan:
    ahead: list[Way] = []
    for condition in first:
        mitigation = next((one for one in runbook.mitigations if one.condition == condition), None)
        if mitigation is None:
            continue
        own = _commands(mitigation)
        # the scenario's own words for it, where it has some
        way = next((one for one in found.ways if one.commands == own.commands), own)
        ahead += [way] if way.commands and way not in ahead else []
    return replace(found, ways=(*ahead, *(one for one in found.ways if one not in ahead)))


def _plan(runbook: Runbook, scenario: Scenario) -> Plan:
    ways, words = [], []
    for resolution in scenario.resolution:
        way = _way(resolution, runbook.mitigations)
        if way is None:
            words.append(resolution.text)
        else:
            ways.append(way)
    return Plan(diagnosis=scenario.diagnosis, ways=tuple(ways), words=tuple(words))


def _way(resolution: Resolution, mitigations: tuple[Mitigation, ...]) -> Way | None:
    if resolution.commands:
        return Way(resolution.text, resolution.commands, resolution.verification)
    wanted = _words(resolution.text)
    for mitigation in mitigations:
        condition = _words(mitigation.condition)
        if condition and condition <= wanted:
            return replace(_commands(mitigation), text=f"{resolution.text} ({mitigation.condition})")
    return None


def _commands(mitigation: Mitigation) -> Way:
    """A condition as a way of its own: what to run, and what tells that it worked."""
    commands = tuple(one for one in mitigation.commands if one.role != "verification")
    verification = tuple(one for one in mitigation.commands if one.role == "verification")
    return Way(mitigation.condition, commands, verification)


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", text.lower())) - SMALL_WORDS
