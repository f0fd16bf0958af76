"""Hypothesis: what may be wrong, as somebody thinks; then supported or ruled out, each time with a reason.

Evidence is a run of this incident: what a command said can be read again. A hypothesis that was ruled out may
come back when something speaks for it after all; that it was out once stays in the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from fireline.core.events import HypothesisProposed, HypothesisRuledOut, HypothesisSupported, Log
from fireline.core.incident import fold, still_open
from fireline.core.refusal import Refused

TEXT_MAX_CHARS = 300
EVIDENCE_MAX = 20  # runs named at once; a reason that needs more is two reasons

Word = HypothesisProposed | HypothesisSupported | HypothesisRuledOut


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Where one stands: `words` are everything that was said of it, the proposal first."""

    words: tuple[Word, ...]

    @property
    def proposed(self) -> HypothesisProposed:
        """How it began."""
        first = self.words[0]
        assert isinstance(first, HypothesisProposed)
        return first

    @property
    def number(self) -> int:
        """1 for the first of the incident."""
        return self.proposed.hypothesis

    @property
    def state(self) -> str:
        """`proposed`, `supported` or `ruled out`: the newest word counts."""
        return what(self.words[-1])


def what(word: Word) -> str:
    """What a word says of it: `proposed`, `supported` or `ruled out`."""
    match word:
        case HypothesisSupported():
            return "supported"
        case HypothesisRuledOut():
            return "ruled out"
        case HypothesisProposed():
            return "proposed"


def hypotheses(log: Log) -> tuple[Hypothesis, ...]:
    """All of them: supported first, then proposed, those that are out at the end; each group in their order."""
    found: dict[int, Hypothesis] = {}
    for event in log:
        match event:
            case HypothesisProposed(hypothesis=n):
                found[n] = Hypothesis((event,))
            case HypothesisSupported(hypothesis=n) | HypothesisRuledOut(hypothesis=n) if n in found:
                found[n] = replace(found[n], words=(*found[n].words, event))
            case _:
                pass
    order = ("supported", "proposed", "ruled out")
    return tuple(sorted(found.values(), key=lambda one: order.index(one.state)))


def propose(
    log: Log, at: datetime, *, text: str, by: str, reason: str = "", evidence: Iterable[str] = ()
) -> HypothesisProposed:
    """Say what may be wrong. It may be wrong itself; that is what looking is for."""
    still_open(fold(0, log))
    text = _sentence(text, "Say in a sentence what may be wrong.", "text")
    known = hypotheses(log)
    for one in known:
        if one.proposed.text.casefold() == text.casefold():
            raise Refused(f"That is hypothesis {one.number} already, {one.state}.")
    return HypothesisProposed(
        at=at,
        by=by,
        hypothesis=len(known) + 1,
        text=text,
        reason=_short(reason),
        evidence=_runs(log, evidence),
    )


def support(
    log: Log, at: datetime, *, hypothesis: int, reason: str, by: str, evidence: Iterable[str] = ()
) -> HypothesisSupported:
    """Say what speaks for it."""
    _of(log, hypothesis)
    said = _sentence(reason, "Say what speaks for it: whoever reads it decides from your words.", "reason")
    return HypothesisSupported(at=at, by=by, hypothesis=hypothesis, reason=said, evidence=_runs(log, evidence))


def rule_out(
    log: Log, at: datetime, *, hypothesis: int, reason: str, by: str, evidence: Iterable[str] = ()
) -> HypothesisRuledOut:
    """Say why it is not that."""
    if _of(log, hypothesis).state == "ruled out":
        raise Refused(f"Hypothesis {hypothesis} is ruled out already.")
    said = _sentence(reason, "Say why it is not that, so that nobody looks there again.", "reason")
    return HypothesisRuledOut(at=at, by=by, hypothesis=hypothesis, reason=said, evidence=_runs(log, evidence))


def told(log: Log) -> list[str]:
    """For the review: each hypothesis in a line, with the reasons that were given and the runs they point at."""
    return [
        f"- {one.proposed.text} ({one.state}; proposed by {one.proposed.by} at {one.proposed.at:%H:%M})"
        + "".join(f"\n  - {_reason(word)}" for word in one.words if word.reason or word.evidence)
        for one in hypotheses(log)
    ]


def _reason(word: Word) -> str:
    what = {"HypothesisSupported": "for it", "HypothesisRuledOut": "against it"}.get(type(word).__name__, "because")
    runs = f" [{', '.join(word.evidence)}]" if word.evidence else ""
    return f"{word.at:%H:%M} {word.by}, {what}: {word.reason or 'see the evidence'}{runs}"


def _of(log: Log, number: int) -> Hypothesis:
    still_open(fold(0, log))
    one = next((one for one in hypotheses(log) if one.number == number), None)
    if one is None:
        raise Refused(f"There is no hypothesis {number}.", status=404)
    return one


def _runs(log: Log, evidence: Iterable[str]) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(one.strip() for one in evidence if one.strip()))
    known = fold(0, log).runs
    for one in named:
        if one not in known:
            raise Refused(f"There is no run {one} of this incident.", status=400, field="evidence")
    if len(named) > EVIDENCE_MAX:
        raise Refused(f"Name at most {EVIDENCE_MAX} runs.", status=400, field="evidence")
    return named


def _sentence(text: str, wanted: str, field: str) -> str:
    if not text.strip():
        raise Refused(wanted, status=400, field=field)
    return _short(text, field)


def _short(text: str, field: str = "reason") -> str:
    text = " ".join(text.split())
    if len(text) > TEXT_MAX_CHARS:
        raise Refused(f"Keep it under {TEXT_MAX_CHARS} characters; notes hold the rest.", status=400, field=field)
    return text
