"""Which scenario is this? An alert, or a person's own words, finds its place in the runbooks, with a reason.

The surest sign wins: the runbook names the alert; the alert names the runbook; the page is named like the alert;
the alert's name says what the scenario's title says; the alert tells of its symptoms. When nothing fits, nothing
is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from fireline.core.runbook.model import Runbook, Scenario
from fireline.core.runbook.words import PRODUCTS, slug, stems

FAIR = 0.6  # share of words two names must have in common, when neither holds the other whole
LONGEST_SYMPTOM = 300  # characters; more is an explanation, not a list of symptoms
ONE_WORD = re.compile(r"\w+")
# PostgreSQL's texts for "too many connections", as in core/question/slots.py; the third has these very words.
OWN_WORDS = (
    ("too many clients already", "too many connections"),
    ("remaining connection slots are reserved", "too many connections"),
)
TOLD_BY = ("summary", "description", "message", "title")  # the annotations that describe what is seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What an alert says about itself. For a person's words, they are the name."""

    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The scenario that fits, and why, in one sentence."""

    runbook: Runbook
    scenario: Scenario
    why: str


def match(facts: Facts, runbooks: Sequence[Runbook]) -> Match | None:
    """Find the scenario for an alert; None when none fits. Ties go to the runbook that stands first."""
    return by_names(facts, runbooks) or by_symptoms(facts, runbooks)


def by_names(facts: Facts, runbooks: Sequence[Runbook]) -> Match | None:
    """The scenario that the alert names or that names it; `names` says what of the alert is looked at."""
    places = _places(runbooks)
    for rule in (_by_list, _by_url, _by_file, _by_title):
        found = max(rule(facts, places), key=lambda f: f[0], default=None)
        if found:
            return found[1]
    return None


def names(facts: Facts) -> tuple[str, str, str]:
    """What `by_names` goes by: alerts with the same names find the same scenario."""
    url = facts.annotations.get("runbook_url") or facts.labels.get("runbook_url") or ""
    return facts.name, facts.labels.get("alertname", ""), url


def by_symptoms(facts: Facts, runbooks: Sequence[Runbook], titles: Collection[str] | None = None) -> Match | None:
    """The scenario, of those with these `titles` or of all, of whose symptoms the alert tells."""
    told = _told(facts).replace("’", "'").lower()
    places = [place for place in _places(runbooks) if titles is None or place[1].title in titles]
    if not any(word in told for word in _telling(tuple(one.symptoms for _, one in places))):
        return None
    found = max(_by_symptoms(facts, places), key=lambda f: f[0], default=None)
    return found[1] if found else None


def _told(facts: Facts) -> str:
    """All that the alert says, with what people call it where a program has words of its own."""
    said = " ".join([facts.name, *(facts.annotations.get(key, "") for key in TOLD_BY)])
    return said + "".join(f" {plainly}" for words, plainly in OWN_WORDS if words in said)


def _places(runbooks: Sequence[Runbook]) -> Places:
    return [(runbook, scenario) for runbook in runbooks for scenario in runbook.scenarios]


@lru_cache(maxsize=64)
def _telling(symptoms: tuple[str, ...]) -> tuple[str, ...]:
    """A word of each phrase: a text that has none of them, as a whole word or as part of one, tells of no symptom.

    A stem is the beginning of its word, so it stands in the text as it is written.
    """
    phrases = (words for one in symptoms if len(one) <= LONGEST_SYMPTOM for _, words in _phrases(one))
    return tuple(sorted({max(words, key=lambda word: (len(word), word)) for words in phrases if len(words) > 1}))


Places = Sequence[tuple[Runbook, Scenario]]
Scored = Iterator[tuple[float, Match]]


def _by_list(facts: Facts, places: Places) -> Scored:
    names = {n.lower() for n in (facts.name, facts.labels.get("alertname", "")) if n}
    for runbook, scenario in places:
        for alert in scenario.alerts:
            if alert.lower() in names:
                why = f"{runbook.title} lists the alert {alert} under “{scenario.title}”."
                yield 1.0, Match(runbook=runbook, scenario=scenario, why=why)


def _by_url(facts: Facts, places: Places) -> Scored:
    _, _, url = names(facts)
    parts = urlsplit(url) if "[" not in url else None  # urlsplit refuses a stray bracket
    if not parts or not parts.path.strip("/"):
        return
    wanted = [p.lower() for p in unquote(parts.path).strip("/").removesuffix(".md").removesuffix(".html").split("/")]
    anchor = slug(unquote(parts.fragment))
    for runbook, scenario in places:
        have = [p.lower() for p in runbook.path.strip("/").removesuffix(".md").split("/")]
        shared = _shared_end(wanted, have)
        if not shared:
            continue
        named = slug(scenario.title)
        if anchor == named or (len(runbook.scenarios) == 1 and not anchor):
            spot = f"{runbook.path}#{anchor}" if anchor else runbook.path
            yield shared, Match(runbook=runbook, scenario=scenario, why=f"The alert's runbook_url points to {spot}.")


def _shared_end(one: Sequence[str], other: Sequence[str]) -> float:
    count = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if a != b:
            break
        count += 1
    return float(count)


def _by_file(facts: Facts, places: Places) -> Scored:
    names = {n.lower() for n in (facts.name, facts.labels.get("alertname", "")) if n}
    for runbook, scenario in places:
        file = _stem(runbook.path)
        if len(runbook.scenarios) == 1 and file.lower() in names:
            yield (
                1.0,
                Match(runbook=runbook, scenario=scenario, why=f"The page {runbook.path} is named like the alert."),
            )


@lru_cache(maxsize=2048)
def _stem(path: str) -> str:
    return PurePosixPath(path).stem


def _by_title(facts: Facts, places: Places) -> Scored:
    for runbook, scenario in places:
        score = _likeness(facts.name, scenario.title)
        if score:
            why = f"The name “{facts.name}” says what the title “{scenario.title}” says."
            yield score, Match(runbook=runbook, scenario=scenario, why=why)


def _likeness(name: str, title: str) -> float:
    """Give how alike two names are, 0 (not) to 1 (the same words)."""
    if _others(_products(name), _products(title)):
        return 0.0
    a, b = set(stems(name)), set(stems(title))
    both = a & b
    if not both:
        return 0.0
    if ONE_WORD.fullmatch(name) and ONE_WORD.fullmatch(title):
        return float(a == b)  # a page named like an alert is about that alert, not about one with a similar name
    share = len(both) / len(a | b)
    whole = both in (a, b) and len(both) > 1
    return share if a == b or whole or (share >= FAIR and len(both) > 1) else 0.0


def _products(text: str) -> frozenset[str]:
    """The products a text names, such as Redis."""
    return PRODUCTS & set(stems(text, level=False))


def _others(one: frozenset[str], other: frozenset[str]) -> bool:
    """Both name products, and none is the same, such as Redis and Memcached."""
    return bool(one and other and not one & other)


def _by_symptoms(facts: Facts, places: Places) -> Scored:
    words = frozenset(stems(_told(facts), level=False))
    products = PRODUCTS & words
    for runbook, scenario in places:
        if len(scenario.symptoms) > LONGEST_SYMPTOM or _others(products, _products(scenario.title)):
            continue
        seen = [p for p in _phrases(scenario.symptoms) if len(p[1]) > 1 and p[1] <= words]
        if seen:
            phrase = max(seen, key=lambda p: len(p[1]))[0]
            why = f"The alert tells of “{phrase}”, a symptom of “{scenario.title}”."
            yield sum(len(p[1]) for p in seen), Match(runbook=runbook, scenario=scenario, why=why)


@lru_cache(maxsize=2048)  # every alert is held against the same symptoms
def _phrases(symptoms: str) -> tuple[tuple[str, frozenset[str]], ...]:
    parts = re.split(r"[,;.\n\"“”]|\bor\b", symptoms)
    return tuple((part.strip(), frozenset(stems(part, level=False))) for part in parts if part.strip())
