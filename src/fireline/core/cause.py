"""Cause: what may be behind an incident, ranked, each with its reasons in sentences. "Not sure" is an answer.

Most faults follow a change, and a change of the service itself just before the beginning says most. What was measured,
what alerts and commands said, and what the service depends on are weighed beside it. The weights are chosen so that
one strong sign wins over two weak ones; people see the reasons and decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from fireline.core.deploy import Deploy
from fireline.core.runbook.words import stems
from fireline.core.series import Moved, number
from fireline.core.timeline import duration

Kind = Literal["change", "traffic", "memory", "database", "provider", "disk", "certificate"]

SURE = 0.6  # the first has to have at least this much
APART = 0.08  # and so much more than the next of another kind
SHOWN = 5
FAR = timedelta(days=7)
# How much the time between a change and the beginning says: (within, weight, in words).
NEAR: tuple[tuple[timedelta, float, str], ...] = (
    (timedelta(minutes=10), 0.50, "within ten minutes"),
    (timedelta(hours=1), 0.45, "within the hour"),
    (timedelta(hours=6), 0.32, "within six hours"),
    (timedelta(days=1), 0.24, "within a day"),
    (FAR, 0.10, "within seven days"),
)
# What a sentence of an alert or a command speaks of.
SPEAKS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "database",
        re.compile(
            r"too many (?:clients|connections)|connection slots|connections? (?:pool|are|in use)|idle in transaction"
            r"|dead ?lock|slow quer|statement timeout|max_connections|replication lag",
            re.IGNORECASE,
        ),
    ),
    ("memory", re.compile(r"\boom|out of memory|heap|memory leak|evicted|exit(?:ed)? (?:code )?137", re.IGNORECASE)),
    ("traffic", re.compile(r"\b429s?\b|too many requests|rate limit|traffic (?:spike|surge)|surge", re.IGNORECASE)),
    ("disk", re.compile(r"no space left|disk (?:is )?(?:almost )?full|\benospc\b", re.IGNORECASE)),
    (
        "certificate",
        re.compile(r"certificate (?:has )?(?:expired|is not valid)|x509|tls handshake|not be trusted", re.IGNORECASE),
    ),
)
TITLES: dict[Kind, str] = {
    "database": "The database",
    "memory": "Memory",
    "traffic": "More traffic than usual",
    "disk": "A full disk",
    "certificate": "A certificate",
    "change": "A change",
    "provider": "Something it depends on",
}


@dataclass(frozen=True, slots=True)
class Clue:
    """What an alert or a command said; `run` where it was a command of this incident."""

    text: str
    run: str = ""


@dataclass(frozen=True, slots=True)
class Failing:
    """Something else that is unwell: another service, or a provider by its own feed."""

    service: str
    says: str
    since: datetime
    provider: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that is weighed. `about` are the incident's own words: title, alerts, scenario."""

    began: datetime
    service: str = ""
    about: str = ""
    changes: tuple[Deploy, ...] = ()
    moved: tuple[Moved, ...] = ()
    clues: tuple[Clue, ...] = ()
    failing: tuple[Failing, ...] = ()
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """What may be behind it: `score` 0 to 1, `reasons` in sentences, `runs` of this incident that say so."""

    kind: Kind
    title: str
    score: float
    reasons: tuple[str, ...]
    at: datetime | None = None
    url: str = ""
    runs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suspects:
    """The suspects, the likeliest first; `sure` only when the first stands out. `says` is the answer in a sentence."""

    sure: bool
    says: str
    all: tuple[Suspect, ...] = ()


def suspects(facts: Facts) -> Suspects:
    """Rank what may be behind it. Nothing is asked here: what was not measured or told cannot be suspected."""
    found = [*_changes(facts), *_measured(facts), *_failing(facts)]
    ranked = sorted(found, key=lambda one: (-one.score, -(one.at or facts.began - FAR).timestamp()))
    if not ranked:
        return Suspects(False, "Not sure: nothing changed, moved or fails that fireline knows of.")
    first = ranked[0]
    rival = next((one for one in ranked[1:] if one.kind != first.kind or first.score - one.score < 0.02), None)
    if first.score < SURE:
        return Suspects(False, f"Not sure. Nearest: {first.title}.", tuple(ranked[:SHOWN]))
    if rival and first.score - rival.score < APART:
        return Suspects(False, f"Not sure: {first.title}, or {rival.title}.", tuple(ranked[:SHOWN]))
    return Suspects(True, f"Most likely: {first.title}.", tuple(ranked[:SHOWN]))


def _changes(facts: Facts) -> Iterator[Suspect]:
    """Each change before the beginning, told once even if a push and a deployment told of the same commit."""
    before = sorted((one for one in facts.changes if one.at <= facts.began), key=lambda one: one.at, reverse=True)
    told: set[str] = set()
    for one in before:
        gap = facts.began - one.at
        if gap > FAR or (one.sha and one.sha[:12] in told):
            continue
        told.add(one.sha[:12])
        yield _change(one, gap, facts)


def _change(one: Deploy, gap: timedelta, facts: Facts) -> Suspect:
    _, score, near = next(it for it in NEAR if gap <= it[0])
    reasons = [f"It came {duration(gap)} before, {near}."]
    own = bool(facts.service) and one.service.casefold() == facts.service.casefold()
    if own:
        score += 0.30
        reasons.append(f"It changed {one.service} itself.")
    elif one.service.casefold() in {name.casefold() for name in facts.depends_on}:
        score += 0.20
        reasons.append(f"{facts.service} depends on {one.service}.")
    elif not facts.service:
        score += 0.10
    else:
        reasons.append(f"It is of {one.service}, and nobody said that {facts.service} depends on that.")
    score += {"deploy": 0.05, "release": 0.05, "workflow": -0.10}.get(one.kind, 0.0)
    shared = [word for word in stems(one.title) if word in stems(facts.about) and len(word) > 3][:3]
    if shared:
        score += 0.05
        reasons.append(f"Its words are those of the incident: {', '.join(shared)}.")
    for line in facts.moved:
        if line.kind in {"errors", "latency"} and timedelta() <= line.at - one.at <= timedelta(minutes=30):
            score += 0.08
            reasons.append(f"{_said(line)}, {duration(line.at - one.at)} after it.")
            break
    title = one.title or one.ref or one.sha[:10] or one.kind
    score -= 0.01 * (gap / FAR)  # between two that are alike, the newer
    return Suspect(
        kind="change", title=f"{one.kind} of {one.service}: {title}", score=round(min(score, 0.99), 3),
        reasons=tuple(reasons), at=one.at, url=one.url,
    )  # fmt: skip


def _measured(facts: Facts) -> Iterator[Suspect]:
    """What moved before or as it began, and what sentences speak of."""
    found: dict[Kind, Suspect] = {}
    errors = min((line.at for line in facts.moved if line.kind in {"errors", "latency"}), default=facts.began)
    for line in facts.moved:
        if line.kind in {"traffic", "memory"} and line.up and line.at <= errors + timedelta(minutes=2):
            kind: Kind = "traffic" if line.kind == "traffic" else "memory"
            lead = errors - line.at
            when = f" {duration(lead)} before it showed" if lead >= timedelta(minutes=1) else " as it began"
            found[kind] = Suspect(kind=kind, title=TITLES[kind], score=0.62, reasons=(f"{_said(line)},{when}.",))
    busy = next((line for line in facts.moved if line.kind == "cpu" and line.up), None)
    if busy and "traffic" in found:
        found["traffic"] = _more(found["traffic"], 0.08, f"{_said(busy)}.")
    for clue in facts.clues:
        kinds = [kind for kind, pattern in SPEAKS if pattern.search(clue.text)]
        for kind in kinds:
            said = f"{'A command' if clue.run else 'An alert'} says: {_short(clue.text)}"
            known = found.get(kind)
            if known is None:
                found[kind] = Suspect(kind=kind, title=TITLES[kind], score=0.62, reasons=(said,))
            elif said not in known.reasons:
                found[kind] = _more(known, 0.08, said)
            if clue.run:
                found[kind] = replace(found[kind], runs=tuple(dict.fromkeys((*found[kind].runs, clue.run))))
    yield from found.values()


def _failing(facts: Facts) -> Iterator[Suspect]:
    """Other services and providers that are unwell; one the service depends on, and that began first, says most."""
    depends = {name.casefold() for name in facts.depends_on}
    for one in facts.failing:
        if facts.service and one.service.casefold() == facts.service.casefold():
            continue
        needed = one.service.casefold() in depends
        score = 0.62 if needed else 0.40 if one.provider else 0.30
        reasons = [f"{_short(one.says)}"]
        if needed:
            reasons.append(f"{facts.service} depends on {one.service}.")
        lead = facts.began - one.since
        if lead >= timedelta(minutes=1):
            score += 0.10 if lead <= timedelta(hours=6) else 0.02
            reasons.append(f"It began {duration(lead)} before.")
        elif lead < -timedelta(minutes=10):
            score -= 0.15
            reasons.append(f"It began {duration(-lead)} after, so that it may be an effect.")
        yield Suspect(
            kind="provider", title=f"{one.service} is unwell", score=round(score, 3), reasons=tuple(reasons),
            at=one.since,
        )  # fmt: skip


def _more(suspect: Suspect, score: float, reason: str) -> Suspect:
    return replace(suspect, score=round(min(suspect.score + score, 0.95), 3), reasons=(*suspect.reasons, reason)[:6])


def _said(line: Moved) -> str:
    unit = f" {line.unit}" if line.unit else ""
    name = line.name[:1].upper() + line.name[1:]
    way = "rose" if line.up else "fell"
    return f"{name} {way} from {number(line.before)} to {number(line.peak)}{unit} at {line.at:%H:%M}"


def _short(text: str, most: int = 160) -> str:
    text = " ".join(text.split())
    text = text if len(text) <= most else f"{text[: most - 1]}…"
    return text if text.endswith((".", "…", "!", "?")) else f"{text}."


def clues(texts: Iterable[tuple[str, str]]) -> tuple[Clue, ...]:
    """Sentences worth weighing out of (text, run): those that speak of something, each once."""
    found: dict[str, Clue] = {}
    for text, run in texts:
        for line in text.splitlines()[:40]:
            if line.strip() and any(pattern.search(line) for _, pattern in SPEAKS):
                found.setdefault(line.strip(), Clue(line.strip(), run))
    return tuple(found.values())[:20]
