"""Scenarios (common incidents, and alert runbooks) and the stopgaps of the mitigate phase."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fireline.core.runbook.commands import Commands, Placed
from fireline.core.runbook.model import Command, Mitigation, Resolution, Scenario
from fireline.core.runbook.structure import Structure, condition_of, part_of
from fireline.core.runbook.tree import Item, Prose, Section
from fireline.core.runbook.words import plain

ALERTS = re.compile(r"^(?:firing )?alerts?(?: names?)?$", re.IGNORECASE)  # "related alerts" have pages of their own
# A name alone, or with words about it: "RedisDown", "RedisDown: nobody is signed in", "RedisDown (critical)"
ALERT_NAME = re.compile(r"\s*(?P<name>[A-Za-z_:][\w.:-]*?)[\s.]*(?:(?:[:(]|\s[-–—])\s.*|\(.*)?", re.DOTALL)


def read_mitigations(structure: Structure, commands: Commands) -> tuple[Mitigation, ...]:
    """Give each "If ..." section with its commands."""
    found = []
    for section in structure.root.walk():
        condition = condition_of(section.title)
        if condition:
            inside = tuple(c for _, _, c in commands.within(section))
            found.append(Mitigation(condition=condition, line=section.line, commands=inside))
    return tuple(found)


def read_scenarios(structure: Structure, commands: Commands, alerts: Sequence[str]) -> tuple[Scenario, ...]:
    """Give the scenarios; `alerts` of the front matter belong to a page with exactly one."""
    only = len(structure.scenarios) == 1
    return tuple(
        _scenario(section, title, structure, commands, alerts if only else ())
        for section, title in structure.scenarios.items()
    )


def _scenario(
    section: Section, title: str, structure: Structure, commands: Commands, alerts: Sequence[str]
) -> Scenario:
    inside = commands.within(section)
    named = [name for part in section.walk() if ALERTS.match(part.title) for name in _names(part)]
    symptoms = [t for p in section.parts if part_of(p.title) == "symptoms" for t in _said(p)]
    resolution: list[Resolution] = []
    for part in section.parts:
        if part_of(part.title) == "resolution":
            resolution += _resolutions(part, inside)
    return Scenario(
        title=title,
        line=section.line,
        symptoms=" ".join(symptoms),
        alerts=tuple(dict.fromkeys([*alerts, *named])),
        diagnosis=tuple(c for s, _, c in inside if structure.part(s) in ("symptoms", "impact", "diagnosis")),
        resolution=tuple(resolution),
    )


def _said(part: Section) -> Iterator[str]:
    for block in part.blocks:
        if isinstance(block, Prose | Item):
            yield plain(block.text)


def _names(part: Section) -> list[str]:
    pieces = (piece for text in _said(part) for piece in re.split(r"[,;]|\band\b|\bor\b", text))
    return [match["name"] for piece in pieces if (match := ALERT_NAME.fullmatch(piece))]


def _resolutions(part: Section, inside: Sequence[Placed]) -> Iterator[Resolution]:
    """Each outermost list item is a way out; without a list, each paragraph or titled part is one."""
    for section in part.walk():
        held = [(item, c) for s, item, c in inside if s is section]
        items = [b for b in section.blocks if isinstance(b, Item) and b.depth == 0]
        loose = [c for item, c in held if item is None]
        if loose or not items:
            prose = next((b for b in section.blocks if isinstance(b, Prose) and b.item is None), None)
            text = section.title if section is not part or prose is None else plain(prose.text)
            if prose is not None or loose:
                yield _resolution(text, prose.line if prose else loose[0].line, loose)
        for item in items:
            yield _resolution(plain(item.text), item.line, [c for i, c in held if i and _outermost(i) is item])


def _outermost(item: Item) -> Item:
    while item.parent is not None:
        item = item.parent
    return item


def _resolution(text: str, line: int, commands: Sequence[Command]) -> Resolution:
    return Resolution(
        text=text,
        line=line,
        commands=tuple(c for c in commands if c.role != "verification"),
        verification=tuple(c for c in commands if c.role == "verification"),
    )
