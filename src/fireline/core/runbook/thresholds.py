"""Thresholds: the numbers that say "back to normal", from checklists, verification comments and their own section.

Only the resolve phase, checklists and sections named after thresholds are read: a number elsewhere (an example
of a severity, a promise to customers) is no limit to hold the service to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fireline.core.runbook.fences import is_command
from fireline.core.runbook.model import Threshold
from fireline.core.runbook.structure import Structure, stage_of
from fireline.core.runbook.tree import Fence, Item, Prose, Section, Table
from fireline.core.runbook.words import plain

LIMIT = re.compile(
    r"(?P<before>[^,;(|]{0,80}?)"
    r"(?P<operator><=|>=|≤|≥|<|>|\b(?:below|under|less than|at most|above|over|more than|at least)\b)"
    r"\s*(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>%|percent|ms|milliseconds?|s(?:ec(?:ond)?s?)?\b|m(?:in(?:ute)?s?)?\b)",
    re.IGNORECASE,
)
OPERATORS = {
    "≤": "<=",
    "≥": ">=",
    "below": "<",
    "under": "<",
    "less than": "<",
    "at most": "<=",
    "above": ">",
    "over": ">",
    "more than": ">",
    "at least": ">=",
}
LASTING = re.compile(
    r"\b(?P<metric>monitor\w*|watch\w*|observ\w*|stable|green)\b[^.,;]{0,60}?(?P<value>\d+)\s*\+?\s*(?P<unit>min(?:ute)?s?|hours?)",
    re.IGNORECASE,
)
METRICS = (
    ("p95", re.compile(r"\bp\s?95\b|95th", re.IGNORECASE)),
    ("p99", re.compile(r"\bp\s?99\b|99th", re.IGNORECASE)),
    ("p50", re.compile(r"\bp\s?50\b|\bmedian\b", re.IGNORECASE)),
    ("error rate", re.compile(r"\berror(?:s|[- ]rates?)?\b|\b5xx\b", re.IGNORECASE)),
    ("response time", re.compile(r"\bresponse times?\b|\blatency\b", re.IGNORECASE)),
    ("cpu", re.compile(r"\bcpu\b", re.IGNORECASE)),
    ("memory", re.compile(r"\bmemory\b", re.IGNORECASE)),
    ("disk", re.compile(r"\bdisk\b", re.IGNORECASE)),
    ("success rate", re.compile(r"\bsuccess rate\b|\bavailability\b|\buptime\b", re.IGNORECASE)),
)
TITLE = re.compile(r"\bthresholds?\b|\bslos?\b|\btargets?\b|\bexit criteria\b", re.IGNORECASE)
COMMENT = re.compile(r"^\s*#+\s*(?P<words>.*)$")


def read_thresholds(structure: Structure) -> tuple[Threshold, ...]:
    """Give each limit once, where it is first stated."""
    found: dict[tuple[str, str, float, str], Threshold] = {}
    for section in structure.root.walk():
        for line, words, above in _texts(section, structure):
            for limit in _limits(words, above, line):
                found.setdefault((limit.metric, limit.operator, limit.value, limit.unit), limit)
    return tuple(found.values())


def _texts(section: Section, structure: Structure) -> Iterator[tuple[int, str, str]]:
    """Give (line, words, the words above) of everything that may state a limit."""
    phase = structure.phase(section)
    resolving = phase is not None and stage_of(phase.title) == "resolve"
    named = TITLE.search(section.title) is not None and structure.scenario(section) is None
    for block in section.blocks:
        match block:
            case Item() if block.box is not None or resolving or named:
                yield block.line, plain(block.text), section.title
            case Prose() if resolving or named:
                yield block.line, plain(block.text), section.title
            case Table() if named:
                for row in block.rows:
                    yield row.line, " ".join(map(plain, row.cells)), ""
            case Fence() if resolving and is_command(block):
                above = ""
                for offset, text in enumerate(block.lines):
                    if comment := COMMENT.match(text):
                        yield block.first + offset, comment["words"], above
                        above = comment["words"]
            case _:
                pass


def _limits(words: str, above: str, line: int) -> Iterator[Threshold]:
    for match in LIMIT.finditer(words):
        metric = _metric(match["before"]) or _metric(words[: match.start("operator")]) or _metric(above)
        if metric:
            operator = match["operator"].lower()
            yield _threshold(metric, OPERATORS.get(operator, operator), match["value"], match["unit"], line)
    if lasting := LASTING.search(words):
        yield _threshold("monitored", ">=", lasting["value"], lasting["unit"], line)


def _metric(words: str) -> str | None:
    return next((name for name, pattern in METRICS if pattern.search(words)), None)


def _threshold(metric: str, operator: str, value: str, unit: str, line: int) -> Threshold:
    unit, number = unit.lower(), float(value)
    if unit.startswith("hour"):
        unit, number = "minutes", number * 60
    unit = {"%": "%", "p": "%"}.get(unit[0]) or (
        "ms" if unit.startswith(("ms", "mil")) else "s" if unit[0] == "s" else "minutes"
    )
    return Threshold(metric=metric, operator=operator, value=number, unit=unit, line=line)
