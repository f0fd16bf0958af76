"""Similar: past incidents that read like this one, with what they have in common, what was wrong and what helped.

Words count by how rare they are among all incidents (tf-idf, compared by the cosine of the angle between them); the
same scenario or service counts beside them. Everything is read from our own logs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fireline.core.events import AlertJoined, AlertsJoined, Log, NoteAdded, RootCauseStated
from fireline.core.incident import fold
from fireline.core.runbook.words import stems

SHOWN = 3
LEAST = 0.25  # below this, two incidents share only words that all share
SCENARIO, SERVICE = 0.25, 0.15  # what the same scenario and the same service add
WORDS_SAID = 4


@dataclass(frozen=True, slots=True)
class Past:
    """What is kept of an incident to compare it: its words, and what people learned."""

    number: int
    title: str
    service: str
    scenario: str
    words: Mapping[str, int]
    ended_at: datetime | None
    cause: str  # empty where nobody stated one
    helped: tuple[str, ...]  # titles of the commands that changed something and ended well


@dataclass(frozen=True, slots=True)
class Similar:
    """A past incident, how like it is (0 to 1), and why, in a sentence."""

    past: Past
    score: float
    why: str


def read(number: int, log: Log) -> Past:
    """Read a log into what is compared."""
    now = fold(number, log)
    said = [now.declared.title, now.declared.scenario or "", now.declared.service or ""]
    for event in log:
        match event:
            case AlertJoined():
                said += [event.name, event.summary]
            case AlertsJoined():
                said += [text for one in event.alerts[:20] for text in (one.name, one.summary)]
            case NoteAdded(by=by) if by != "fireline":
                said.append(event.text)
            case RootCauseStated():
                said.append(event.text)
            case _:
                pass
    helped = [
        run.started.title for run in now.runs.values() if run.started.purpose == "mitigation" and run.state == "ok"
    ]
    return Past(
        number=number,
        title=now.declared.title,
        service=now.declared.service or "",
        scenario=now.declared.scenario or "",
        words=Counter(word for text in said for word in stems(text) if not word.isdigit()),
        ended_at=now.ended_at,
        cause=now.root_cause.text if now.root_cause and now.root_cause.known else "",
        helped=tuple(dict.fromkeys(helped)),
    )


def similar(one: Past, others: Iterable[Past]) -> tuple[Similar, ...]:
    """Those that are like it, the likest first; among equals the newer, whose systems are more like today's."""
    pool = [other for other in others if other.number != one.number]
    everything = [one, *pool]
    spread = Counter(word for past in everything for word in past.words)
    rare = {word: math.log(1 + len(everything) / count) for word, count in spread.items()}
    found = [_compared(one, other, rare) for other in pool]
    good = sorted((one for one in found if one.score >= LEAST), key=lambda it: (-it.score, -it.past.number))
    return tuple(good[:SHOWN])


def _compared(one: Past, other: Past, rare: Mapping[str, float]) -> Similar:
    mine, theirs = _weights(one, rare), _weights(other, rare)
    both = sorted(mine.keys() & theirs.keys(), key=lambda word: -mine[word] * theirs[word])
    angle = sum(mine[word] * theirs[word] for word in both)
    scenario = bool(one.scenario) and one.scenario == other.scenario
    service = bool(one.service) and one.service.casefold() == other.service.casefold()
    score = min(1.0, angle + SCENARIO * scenario + SERVICE * service)
    why = [
        f"the same scenario, {one.scenario}" if scenario else "",
        f"the same service, {one.service}" if service else "",
        f"both speak of {', '.join(both[:WORDS_SAID])}" if both else "",
    ]
    said = "; ".join(part for part in why if part)
    return Similar(other, round(score, 3), f"{said[:1].upper()}{said[1:]}." if said else "")


def _weights(past: Past, rare: Mapping[str, float]) -> dict[str, float]:
    raw = {word: (1 + math.log(count)) * rare[word] for word, count in past.words.items()}
    length = math.sqrt(sum(value * value for value in raw.values())) or 1.0
    return {word: value / length for word, value in raw.items()}
