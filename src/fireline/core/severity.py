"""Severity: how bad it is, by the runbook's own table, with the row that says so.

A person may always name another. Between two that fit alike the graver one is taken: a page too many costs an
hour of sleep, a page too few costs the shop.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

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
RATE_LABELS = ("error_rate", "value")  # where alerts say a share of failing requests, with its % sign
PERCENT = re.compile(r"\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<sign>%?)\s*")
# What rule authors write into a `severity` label, as the least severity it stands for: P1 and P2, SEV1 and SEV2.
LABELLED = {"critical": 1, "page": 1, "error": 2, "high": 1, "warning": 2, "warn": 2}
Phrase = tuple[frozenset[str], str, float]  # its words, how it stands in the table, what it is worth
USUAL_RANGE = (1.0, 5.0)  # percent; the range most tables give their third severity
NORMAL = 0.1  # percent of errors below which a service counts as well


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A severity and, in one sentence, why. `sure` is False when it only stands until somebody knows better."""

    severity: Severity
    why: str
    sure: bool = True


class Grading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[severity]`: where an alert's error rate stands, and from how many percent on it is which severity."""

    error_rate: dict[str, float] = {}  # severity id -> percent; without it, the runbook's table decides
    error_rate_label: str = ""  # a label or annotation that holds percent, with or without the sign


USUAL = Grading()


def of_alert(
    text: str,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    severities: Sequence[Severity],
    grading: Grading = USUAL,
) -> Suggestion:
    """Give the severity of an alert: by its words, its error rate and its `severity` label, the graver of them.

    What only stands until somebody knows better gives way to what is known, but a label never lowers it.
    """
    rows = _ordered(severities)
    found = suggest(text, rows)
    rate = error_rate(labels, annotations, grading.error_rate_label)
    if rate is not None:
        measured = by_error_rate(rate, rows, grading.error_rate)
        # words that are like the table's own error range are about this rate, and the rate is the better witness
        its_words = ERRORS.search(text) and not NAMED.search(text) and found.severity == rows[_range(rows)[0]]
        found = _graver(found, measured, rows) if found.sure and not its_words else measured
    if (said := labels.get("severity", "")) and (least := _labelled(said, rows)):
        found = _graver(found, Suggestion(severity=least, why=f"Its severity label says {said}: {least.id}."), rows)
    return found


def error_rate(labels: Mapping[str, str], annotations: Mapping[str, str], named: str = "") -> float | None:
    """The share of failing requests an alert tells of, in percent; None when it tells of none.

    A bare number may be a share or percent, so it counts only under the label that the settings name.
    """
    for key in (named, *RATE_LABELS) if named else RATE_LABELS:
        for facts in (annotations, labels):
            if written := PERCENT.fullmatch(facts.get(key, "")):
                about_errors = key != "value" or ERRORS.search(" ".join([*labels.values(), *annotations.values()]))
                if (written["sign"] or key == named) and about_errors:
                    return min(float(written["number"]), 100.0)
    return None


def _graver(one: Suggestion, other: Suggestion, rows: Sequence[Severity]) -> Suggestion:
    """The graver of two, saying both; of two alike the one that knows why."""
    first, second = sorted((one, other), key=lambda found: rows.index(found.severity))
    if first.severity == second.severity:
        return one if one.sure else other
    if not second.sure:
        return first
    return Suggestion(severity=first.severity, why=f"{first.why} The graver of two is taken; the other: {second.why}")


def _labelled(said: str, rows: Sequence[Severity]) -> Severity | None:
    """The row a `severity` label stands for: by its id, or by the words rule authors use."""
    if row := _with_id(said, rows):
        return row
    least = LABELLED.get(said.strip().lower())
    return next((row for row in rows if least is not None and int(row.id[-1]) >= least), None)


def suggest(text: str, severities: Sequence[Severity]) -> Suggestion:
    """Give the severity that fits what somebody, or an alert, says is wrong.

    Looked at in turn: a severity named in the text, an example of the table word for word, an error rate in
    percent, the likeness to examples and impact lines. When nothing fits, it is the last but one of the table.
    """
    rows = _ordered(severities)
    if (named := NAMED.search(text)) and (row := _with_id(named[0], rows)):
        return Suggestion(severity=row, why=f"The text names {row.id} itself.")
    words = frozenset(stems(text))
    for row in rows:
        for example in row.examples:
            if words and words == frozenset(stems(example)):
                return Suggestion(severity=row, why=f"It is an example of {row.id}: “{example}”.")
    if ERRORS.search(text) and (rate := RATE.search(text)):
        return by_error_rate(min(float(rate["high"] or rate["low"]), 100.0), rows)
    return _by_likeness(words, rows)


def by_error_rate(
    percent: float, severities: Sequence[Severity], bounds: Mapping[str, float] | None = None
) -> Suggestion:
    """Give the severity for a share of failing requests in percent, 0 to 100, both included.

    `bounds` (severity id -> percent) are the site's own: the gravest whose bound is reached. Without them,
    the range comes from the table's own example, such as "error rate (1-5%)", else 1 to 5 % at the third row.
    Above it is one graver, below it one less grave: every share has an answer.
    """
    if not 0 <= percent <= 100:  # NaN is refused here too
        raise Refused(f"An error rate is between 0 and 100 %, not {percent}.", status=400, field="error_rate")
    rows = _ordered(severities)
    if bounds:
        return _by_bounds(percent, rows, bounds)
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


def _by_bounds(percent: float, rows: Sequence[Severity], bounds: Mapping[str, float]) -> Suggestion:
    for row in rows:
        least = bounds.get(row.id)
        if least is not None and percent >= least:
            why = f"An error rate of {percent:g} % is {row.id} from {least:g} % on, as the settings say."
            return Suggestion(severity=row, why=why)
    mildest = rows[-1]
    why = f"An error rate of {percent:g} % is below every bound of the settings: {mildest.id}."
    return Suggestion(severity=mildest, why=why)


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
    weights, phrases = _table(tuple(rows))
    best: list[tuple[float, Severity, str]] = []
    for row, spoken in zip(rows, phrases, strict=True):
        scored = [(_share(words, phrase, weights) * worth, said) for phrase, said, worth in spoken]
        share, said = max(scored, default=(0.0, ""))
        best.append((share, row, said))
    top = max(share for share, _, _ in best)
    if top < SURE:
        row = rows[max(len(rows) - 2, 0)]
        return Suggestion(
            severity=row,
            why=f"Nothing in the severity table fits these words; {row.id} until somebody knows better.",
            sure=False,
        )
    alike = [(row, said) for share, row, said in best if share >= max(SURE, top - CLOSE)]
    row, said = alike[0]
    if len(alike) > 1:
        others = " and ".join(f"{other.id} (“{words}”)" for other, words in alike[1:])
        return Suggestion(
            severity=row, why=f"It is like {row.id} (“{said}”) and like {others}: the graver one is taken."
        )
    return Suggestion(severity=row, why=f"It is like an example of {row.id}: “{said}”.")


def _phrases(row: Severity) -> Iterator[Phrase]:
    """Give each thing a row speaks of."""
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


@lru_cache(maxsize=64)  # tables change rarely, and every alert is held against one
def _table(rows: tuple[Severity, ...]) -> tuple[dict[str, float], tuple[tuple[Phrase, ...], ...]]:
    """Give each word's weight, and what each row speaks of. A word many examples hold, such as "down", tells little."""
    spoken = tuple(tuple(_phrases(row)) for row in rows)
    phrases = [phrase for row in spoken for phrase, _, _ in row]
    counts: dict[str, int] = {}
    for phrase in phrases:
        for word in phrase:
            counts[word] = counts.get(word, 0) + 1
    return {word: math.log(1 + len(phrases) / count) for word, count in counts.items()}, spoken


def _share(words: frozenset[str], phrase: frozenset[str], weights: dict[str, float]) -> float:
    if words.isdisjoint(phrase):
        return 0.0
    whole = sum(weights[word] for word in phrase)
    return sum(weights[word] for word in phrase & words) / whole if whole else 0.0
