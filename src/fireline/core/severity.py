"""Severity: how bad it is, by the runbook's own table, with the row that says so.

A person may always name another. Between two that fit alike the graver one is taken: a page too many costs an
hour of sleep, a page too few costs the shop.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fireline.core.refusal import Refused
from fireline.core.runbook.model import Severity
from fireline.core.runbook.severities import read_error_range
from fireline.core.runbook.words import stems

SURE = 0.5  # share of an example's words, by weight, that must be in the text
CLOSE = 0.1  # two shares nearer than this are alike
IMPACT_COUNTS = 0.9  # a phrase of the impact line says less than an example
NAMED = re.compile(r"\b(?:P|SEV)[ -]?[0-5]\b", re.IGNORECASE)
RATE = re.compile(
    r"(?P<low>\d+(?:\.\d+)?)\s*(?:%?\s*(?:-|–|to)\s*(?P<high>\d+(?:\.\d+)?))?\s*(?:%|percent)", re.IGNORECASE
)
ERRORS = re.compile(r"\berrors?\b|\b5xx\b|\bfail(?:ure|ing|ed)?\b", re.IGNORECASE)
USUAL_RANGE = (1.0, 5.0)  # percent; the range most tables give their third severity
NORMAL = 0.1  # percent of errors below which a service counts as well


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A severity and, in one sentence, why."""

    severity: Severity
    why: str


def suggest(text: str, severities: Sequence[Severity]) -> Suggestion:
    """Give the severity that fits what somebody, or an alert, says is wrong.

    Looked at in turn: a severity named in the text, an example of the table word for word, an error rate in
    percent, the likeness to examples and impact lines. When nothing fits, it is the last but one of the table.
    """
    rows = _ordered(severities)
    if (named := NAMED.search(text)) and (row := _with_id(named[0], rows)):
        return Suggestion(severity=row, why=f"The text names {row.id} itself.")
    words = stems(text)
    for row in rows:
        for example in row.examples:
            if words and set(stems(example)) == set(words):
                return Suggestion(severity=row, why=f"It is an example of {row.id}: “{example}”.")
    if ERRORS.search(text) and (rate := RATE.search(text)):
        return by_error_rate(min(float(rate["high"] or rate["low"]), 100.0), rows)
    return _by_likeness(frozenset(words), rows)


def by_error_rate(percent: float, severities: Sequence[Severity]) -> Suggestion:
    """Give the severity for a share of failing requests in percent, 0 to 100, both included.

    The range comes from the table's own example, such as "error rate (1-5%)", else 1 to 5 % at the third row.
    Above it is one graver, below it one less grave: every share has an answer.
    """
    if not 0 <= percent <= 100:  # NaN is refused here too
        raise Refused(f"An error rate is between 0 and 100 %, not {percent}.", status=400, field="error_rate")
    rows = _ordered(severities)
    at, low, high = _range(rows)
    if percent > high:
        graver = rows[max(at - 1, 0)]
        return Suggestion(
            severity=graver,
            why=f"An error rate of {percent:g} % is above {high:g} %, where {graver.id} begins.",
        )
    if percent >= low:
        return Suggestion(
            severity=rows[at],
            why=f"An error rate of {percent:g} % is within {low:g} to {high:g} %: {rows[at].id}.",
        )
    milder = rows[min(at + 1, len(rows) - 1)]
    if percent >= min(NORMAL, low):
        return Suggestion(severity=milder, why=f"An error rate of {percent:g} % is under {low:g} %: {milder.id}.")
    return Suggestion(
        severity=milder,
        why=f"An error rate of {percent:g} % is below {NORMAL:g} %, which counts as normal: {milder.id}.",
    )


def _ordered(severities: Sequence[Severity]) -> list[Severity]:
    if not severities:
        raise Refused("The runbook names no severities. Add a severity table, or name the severity yourself.")
    return sorted(severities, key=lambda s: int(s.id[-1]))


def _with_id(written: str, rows: Sequence[Severity]) -> Severity | None:
    wanted = re.sub(r"[ -]", "", written).upper()
    return next((row for row in rows if row.id == wanted), None)


def _range(rows: Sequence[Severity]) -> tuple[int, float, float]:
    stated = read_error_range(rows)
    return (rows.index(stated[0]), *stated[1:]) if stated else (min(2, len(rows) - 1), *USUAL_RANGE)


def _by_likeness(words: frozenset[str], rows: Sequence[Severity]) -> Suggestion:
    weights = _weights(rows)
    best: list[tuple[float, Severity, str]] = []
    for row in rows:
        scored = [(_share(words, phrase, weights) * worth, said) for phrase, said, worth in _phrases(row)]
        share, said = max(scored, default=(0.0, ""))
        best.append((share, row, said))
    top = max(share for share, _, _ in best)
    if top < SURE:
        row = rows[max(len(rows) - 2, 0)]
        return Suggestion(
            severity=row,
            why=f"Nothing in the severity table fits these words; {row.id} until somebody knows better.",
        )
    alike = [(row, said) for share, row, said in best if share >= max(SURE, top - CLOSE)]
    row, said = alike[0]
    if len(alike) > 1:
        others = " and ".join(f"{other.id} (“{words}”)" for other, words in alike[1:])
        return Suggestion(
            severity=row, why=f"It is like {row.id} (“{said}”) and like {others}: the graver one is taken."
        )
    return Suggestion(severity=row, why=f"It is like an example of {row.id}: “{said}”.")


def _phrases(row: Severity) -> Iterator[tuple[frozenset[str], str, float]]:
    """Give (words, how it stands in the table, worth) of each thing a row speaks of."""
    for example in row.examples:
        for variant in _alternatives(example):
            yield frozenset(stems(variant)), example, 1.0
    for part in re.split(r"[,;.]|\bor\b|\band\b", row.impact):
        phrase = frozenset(stems(part))
        if len(phrase) > 1:
            yield phrase, part.strip(), IMPACT_COUNTS


def _alternatives(example: str) -> Iterator[str]:
    """Give "Cache down" and "session store down" for "Cache or session store down"."""
    yield example
    left, found, right = example.partition(" or ")
    if found and right.strip():
        yield right
        yield f"{left} {right.split()[-1]}" if len(left.split()) < len(right.split()) else left


def _weights(rows: Sequence[Severity]) -> dict[str, float]:
    """Give each word's weight: a word many examples hold, such as "down", tells little."""
    phrases = [phrase for row in rows for phrase, _, _ in _phrases(row)]
    counts: dict[str, int] = {}
    for phrase in phrases:
        for word in phrase:
            counts[word] = counts.get(word, 0) + 1
    return {word: math.log(1 + len(phrases) / count) for word, count in counts.items()}


def _share(words: frozenset[str], phrase: frozenset[str], weights: dict[str, float]) -> float:
    whole = sum(weights[word] for word in phrase)
    return sum(weights[word] for word in phrase & words) / whole if whole else 0.0
