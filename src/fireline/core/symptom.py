"""Symptom: what somebody sees, in their own words, and the runbook's own check for it.

The runbook's symptom table comes first, then the symptoms of its scenarios. Rare words count more than common ones,
as in `core.severity`; what fits nothing gets no proposal, because a wrong check costs minutes.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fireline.core.runbook import Command, Runbook
from fireline.core.runbook.words import stems

SHOWN = 3
ENOUGH = 0.5  # share of a phrase's words, by weight, that have to be in the text
SAME_COMMAND = 0.6  # share of a cell's words that a step's command has to hold to be what the cell means
PHRASES = re.compile(r"\s*(?:[,;/]|\bor\b)\s*", re.IGNORECASE)
STATUS = re.compile(r"\b([45])\d\d\b")  # 502 and 503 are both "5xx"
# What people and alerts say where tables say something else.
SAME = {
    "latency": "slow", "lag": "slow", "timeout": "slow", "p95": "slow", "p99": "slow", "performance": "slow",
    "oom": "memory", "oomkilled": "memory", "heap": "memory", "ram": "memory", "rss": "memory",
    "processor": "cpu", "load": "cpu", "throttled": "cpu", "throttling": "cpu",
    "econnrefused": "connection", "econnreset": "connection", "refused": "connection", "unreachable": "connection",
    "network": "connection", "internal": "5xx", "gateway": "5xx", "exception": "error", "traceback": "error",
    "response": "page", "request": "page", "query": "query",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Proposal:
    """A check that fits. `command` is empty where the table has words only; `step` is set when a step has it."""

    symptom: str
    check: str
    command: str
    step: str | None
    title: str
    line: int
    score: float
    why: str


def proposals(text: str, book: Runbook, *, scenario: str | None = None) -> tuple[Proposal, ...]:
    """The checks for what somebody sees, the best first; none where nothing fits. `scenario`: the one at hand."""
    seen = words(text)
    if not seen:
        return ()
    rows = [*_rows(book, scenario), *_scenarios(book)]
    phrases = [[words(part) for part in PHRASES.split(row.symptom) if words(part)] for row in rows]
    count = Counter(word for parts in phrases for word in frozenset().union(*parts))
    weight = {word: math.log(1 + len(rows) / n) for word, n in count.items()}
    found = []
    for row, parts in zip(rows, phrases, strict=True):
        score, both = max(((_share(seen, part, weight), seen & part) for part in parts), default=(0.0, frozenset()))
        if score >= ENOUGH:
            why = f"The runbook's “{row.symptom}” and your words share {', '.join(sorted(both))}."
            found.append(
                Proposal(row.symptom, row.check, row.command, row.step, row.title, row.line, round(score, 3), why)
            )
    once: dict[str, Proposal] = {}  # of two rows with one command, the one that fits better
    for one in sorted(found, key=lambda one: -one.score):
        once.setdefault(one.command or one.symptom, one)
    return tuple(once.values())[:SHOWN]


def words(text: str) -> frozenset[str]:
    """The words of a text that say how it shows, each in its plainest form."""
    said = stems(STATUS.sub(r"\1xx", text))
    return frozenset(SAME.get(word, word) for word in said)


@dataclass(frozen=True, slots=True)
class _Row:
    symptom: str
    check: str
    command: str
    step: str | None
    title: str
    line: int


def _rows(book: Runbook, scenario: str | None) -> Iterator[_Row]:
    for one in book.symptoms:
        step = _step(one.command or "", book.commands, scenario)
        command = step.text if step else one.command or ""
        yield _Row(one.symptom, one.check, command, step.key if step else None, _title(step, one.check), one.line)


def _scenarios(book: Runbook) -> Iterator[_Row]:
    for one in book.scenarios:
        step = next((command for command in one.diagnosis if command.text and not command.manual), None)
        if one.symptoms and step:
            yield _Row(one.symptoms, one.title, step.text, step.key, _title(step, one.title), one.line)


def _title(step: Command | None, check: str) -> str:
    return (step.title if step else None) or check


def _step(cell: str, commands: Sequence[Command], scenario: str | None) -> Command | None:
    """The runbook's own step that a cell means: `kubectl logs <pod>` is the step that reads the logs, filled in."""
    wanted = _tokens(cell)
    if len(wanted) < 2:  # one word, such as `curl`, is a program and no command
        wanted_one = next(iter(wanted), "")
        named = [one for one in commands if wanted_one and "_" in wanted_one and wanted_one in one.text]
        return named[0] if named else None
    scored = [
        (len(wanted & _tokens(one.text)) / len(wanted), one.scenario == scenario, one.role == "diagnosis", -n, one)
        for n, one in enumerate(commands)
        if not one.manual and one.inside is None and one.text.split()[:1] == cell.split()[:1]
    ]
    best = max(scored, key=lambda it: it[:4], default=None)
    return best[4] if best and best[0] >= SAME_COMMAND else None


def _tokens(text: str) -> frozenset[str]:
    """The words of a command that say what it does: no blanks, no values of options."""
    return frozenset(one for one in re.findall(r"(?<![\w<-])[a-z][\w-]*(?![\w>-])", text) if not one.startswith("-"))


def _share(seen: frozenset[str], part: frozenset[str], weight: dict[str, float]) -> float:
    whole = sum(weight[word] for word in part)
    return sum(weight[word] for word in part & seen) / whole if whole else 0.0


def fitting(texts: Iterable[str], book: Runbook, *, scenario: str | None = None) -> tuple[Proposal, ...]:
    """The checks for several texts at once, such as the words of all alerts: each once, the best first."""
    found: dict[str, Proposal] = {}
    for text in texts:
        for one in proposals(text, book, scenario=scenario):
            key = one.command or one.symptom
            if key not in found or found[key].score < one.score:
                found[key] = one
    return tuple(sorted(found.values(), key=lambda one: -one.score)[:SHOWN])
