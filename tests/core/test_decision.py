"""A decision is written down with whether objections were asked for, and who had one; brief and review repeat it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.test_cadence import NOON, declared
from fireline.core import decision, review, timeline, update
from fireline.core.brief import brief, text
from fireline.core.events import DecisionMade, Dissent, StatusChanged
from fireline.core.refusal import Refused

LATER = NOON + timedelta(minutes=5)
BEN = Dissent(who="ben", what="the cache is  cold")


def decided() -> DecisionMade:
    return decision.decide(declared(), LATER, text=" We fail over to\nthe second site. ", dissent=(BEN,), by="ana")


def test_a_decision_holds_the_dissent_that_was_heard() -> None:
    made = decided()
    assert (made.decision, made.text) == (1, "We fail over to the second site.")
    assert made.objections_asked  # how else were they heard?
    assert made.dissent == (Dissent(who="ben", what="the cache is cold"),)
    (again, first) = (decision.decide((*declared(), made), LATER, text="back", by="ana"), made)
    assert (first.decision, again.decision) == (1, 2)


def test_it_is_told_in_timeline_draft_brief_and_review() -> None:
    log = (*declared(), decided())
    one = timeline.entries(log)[-1]
    assert (one.sentence, one.key) == ("ana decided: We fail over to the second site.", True)
    assert one.detail == "ben objects: the cache is cold"
    assert "ana decided: We fail over to the second site" in update.draft(log, LATER).news
    said = "We fail over to the second site (ben objects: the cache is cold)"
    assert f"Tried: decided: {said}" in text(brief(1, log, LATER))
    over = (*log, StatusChanged(at=LATER, by="ana", status="Resolved"))
    assert f"- 12:05 ana decided: {said}" in review.draft(review.TEMPLATE, 1, over)


def test_that_nobody_objected_is_said_only_where_they_were_asked() -> None:
    asked = decision.decide(declared(), LATER, text="We wait.", objections_asked=True, by="ana")
    alone = decision.decide(declared(), LATER, text="We wait.", by="ana")
    assert (decision.said(asked), decision.said(alone)) == ("We wait (no objections)", "We wait.")


def test_what_says_nothing_is_refused_and_nothing_is_decided_when_it_is_over() -> None:
    for words, against in ((" ", ()), ("x" * 501, ()), ("go", (Dissent(who=" ", what="no"),)),
                           ("go", (Dissent(who="ben", what=""),)), ("go", (BEN,) * 21)):  # fmt: skip
        with pytest.raises(Refused) as no:
            decision.decide(declared(), LATER, text=words, dissent=against, by="ana")
        assert no.value.status == 400
    over = (*declared(), StatusChanged(at=LATER, by="ana", status="Resolved"))
    with pytest.raises(Refused):
        decision.decide(over, LATER, text="go", by="ana")
