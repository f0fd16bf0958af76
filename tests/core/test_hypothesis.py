"""What people think is wrong is written down with reasons, and what was ruled out stays to be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from fireline.core import command, gate, hypothesis, review, timeline
from fireline.core.events import IncidentDeclared, Log
from fireline.core.hypothesis import hypotheses, propose, rule_out, support
from fireline.core.refusal import Refused
from fireline.store.ledger import Deed

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DECLARED = IncidentDeclared(
    at=NOON, by="ana", title="Nobody can pay", severity="P1", severity_name="High", severity_why="w",
    response_minutes=15, detected_at=NOON,
)  # fmt: skip
LOOK = partial(
    command.start_read, run="1.s1", step="s1", title="Look at the till", command="ls", effect="read", rule="r",
    unattended=True, purpose="diagnosis",
)  # fmt: skip


def told(*deeds: Deed) -> Log:
    log: Log = (DECLARED,)
    for n, deed in enumerate(deeds, 1):
        log = (*log, deed(log, NOON + timedelta(minutes=n)))
    return log


DISK = partial(propose, text="The disk is full", reason="df was red yesterday", by="ana")
CACHE = partial(propose, text="The cache lost its memory", by="ben")


@pytest.mark.req(61)
def test_the_newest_word_says_where_a_hypothesis_stands_and_the_supported_come_first() -> None:
    log = told(
        DISK,
        CACHE,
        partial(LOOK, by="fireline"),
        partial(rule_out, hypothesis=1, reason="df says 40 %", evidence=("1.s1",), by="ben"),
        partial(support, hypothesis=2, reason="it began empty", by="ana"),
    )
    assert [(one.number, one.state) for one in hypotheses(log)] == [(2, "supported"), (1, "ruled out")]
    back = (*log, support(log, NOON, hypothesis=1, reason="another disk is", by="ana"))
    assert [one.state for one in hypotheses(back)] == ["supported", "supported"]
    assert len(hypotheses(back)[0].words) == 3


@pytest.mark.req(61)
def test_the_timeline_and_the_review_tell_each_with_its_reasons_and_runs() -> None:
    log = told(
        DISK, partial(LOOK, by="fireline"),
        partial(rule_out, hypothesis=1, reason="df says 40 %", evidence=("1.s1",), by="ben"),
    )  # fmt: skip
    said = [one.sentence for one in timeline.entries(log)]
    assert "ana thinks: The disk is full" in said
    assert "ben ruled out “The disk is full”: df says 40 %" in said
    draft = review.draft(review.TEMPLATE, 1, log)
    cause = draft.partition("## Root Cause")[2].partition("## Resolution")[0]
    assert "- The disk is full (ruled out; proposed by ana at 12:01)" in cause
    assert "12:03 ben, against it: df says 40 % [1.s1]" in cause


@pytest.mark.req(61)
@pytest.mark.parametrize(
    ("deed", "words"),
    [
        (partial(propose, text=" ", by="ana"), "Say in a sentence"),
        (partial(propose, text="the disk is FULL", by="ben"), "hypothesis 1 already"),
        (partial(propose, text="x" * 301, by="ben"), "under 300"),
        (partial(propose, text="a pod", evidence=("9.s9",), by="ben"), "no run 9.s9"),
        (partial(support, hypothesis=1, reason="", by="ben"), "what speaks for it"),
        (partial(rule_out, hypothesis=1, reason=" ", by="ben"), "why it is not that"),
        (partial(support, hypothesis=7, reason="because", by="ben"), "no hypothesis 7"),
    ],
)
def test_what_helps_nobody_is_refused_in_words(deed: Deed, words: str) -> None:
    with pytest.raises(Refused, match=words):
        deed(told(DISK), NOON)


def test_when_it_is_over_nothing_is_thought_any_more() -> None:
    log = told(DISK)
    log = (*log, gate.resolve(log, NOON, by="ana"))
    with pytest.raises(Refused, match="resolved"):
        hypothesis.support(log, NOON, hypothesis=1, reason="after all", by="ana")
