"""Stakeholders have a clock of their own; their words name no machine, promise nothing, and go out by a press only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.test_cadence import MINUTE, NOON, declared
from fireline.core import outbox, recipients, summary, timeline, update
from fireline.core.events import (
    HOUSE,
    AccessGiven,
    AlertJoined,
    AnyEvent,
    Log,
    MadePrivate,
    SeverityChanged,
    Status,
    StatusChanged,
    SummaryNudged,
    SummarySent,
)
from fireline.core.follow import Clock, follow
from fireline.core.refusal import Refused
from fireline.core.summary import Reach

HALF = {"P0": 30.0, "P1": 30.0}
BOSS = Reach(("boss@example.com",), chat=True)
WORDS = "The shop is slow for some people. We are looking for the cause."


def grave(**more: Any) -> Log:
    return declared(stakeholders=HALF, **more)


def sent(log: Log, at: Any = NOON + 5 * MINUTE, **more: Any) -> SummarySent:
    facts: dict[str, Any] = {"text": WORDS, "severity": "P1", "to": BOSS, "mails": {}, "by": "ana"}
    return summary.send(log, at, **facts | more)


def rings(log: Log) -> list[Any]:
    return [one.due_at for one in follow(1, log) if isinstance(one, Clock) and one.kind == summary.CLOCK]


def test_where_nobody_is_named_nothing_happens() -> None:
    assert summary.count(declared()) is None
    assert rings(declared()) == []
    with pytest.raises(Refused) as no:
        sent(declared(), to=Reach())
    assert "name no stakeholders of a P1: see [stakeholders.P1]" in no.value.sentence


def test_the_clock_counts_from_the_last_summary_and_nudges_once_for_each_due_time() -> None:
    log = grave()
    assert rings(log) == [NOON + 30 * MINUTE]
    with pytest.raises(Refused):
        summary.ring(log, NOON + 29 * MINUTE, by=HOUSE)
    nudge = summary.ring(log, NOON + 30 * MINUTE, by=HOUSE)
    assert nudge == SummaryNudged(at=NOON + 30 * MINUTE, by=HOUSE, who="", due_at=NOON + 30 * MINUTE)
    assert timeline.entries((*log, nudge))[-1].sentence == "The summary for stakeholders was due at 12:30"
    with pytest.raises(Refused):
        summary.ring((*log, nudge), NOON + 31 * MINUTE, by=HOUSE)
    log = (*log, nudge, sent(log, NOON + 40 * MINUTE))
    assert rings(log) == [NOON + 70 * MINUTE]
    assert summary.ring(log, NOON + 70 * MINUTE, by=HOUSE).due_at == NOON + 70 * MINUTE


@pytest.mark.parametrize(
    "after",
    [
        StatusChanged(at=NOON, by="ana", status="Resolved"),
        SeverityChanged(at=NOON, by="ana", severity="P2", severity_name="", response_minutes=60, reason="r"),
    ],
)
def test_nobody_waits_for_one_that_is_over_or_less_grave(after: AnyEvent) -> None:
    assert summary.count((*grave(), after)) is None
    graver = SeverityChanged(at=NOON + 50 * MINUTE, by="ana", severity="P0", severity_name="", response_minutes=5,
                             reason="r")  # fmt: skip
    assert rings((*declared("P2", stakeholders=HALF), graver)) == [NOON + 30 * MINUTE]  # long due: rings at once


def test_the_draft_says_what_they_want_to_know_and_names_no_machine() -> None:
    alert = AlertJoined(
        at=NOON, by=HOUSE, fingerprint="f", name="RedisDown", source="probe", starts_at=NOON, summary="s", why="w",
        labels={"instance": "Redis:6379", "service": "shop"},
    )  # fmt: skip
    log = (*grave(), alert)
    log = (
        *log,
        update.send(log, NOON, actions="restarting web-01", template="", users=1200, services=["shop"], by="a"),
    )
    told = summary.drafted(log, NOON + 5 * MINUTE).splitlines()
    assert told == [
        "P1, Investigating, since 12:00 UTC: one of our machines is down",  # the instance of an alert is called so
        "Affected: shop; about 1,200 people notice.",
        "What is being done: we are looking for the cause.",  # the update's own words name a machine
        "Next word at 12:35 UTC.",
    ]
    assert sent(log, text="\n".join(told)).text.splitlines() == told
    log = (*log, update.send(log, NOON, actions="the restart", template="", by="a"))
    assert "What is being done: the restart." in summary.drafted(log, NOON)
    over = (*log, StatusChanged(at=NOON + 40 * MINUTE, by="ana", status="Resolved"))
    assert summary.drafted(over, NOON + 41 * MINUTE).endswith("This was the last word.")
    assert sent(over).next_at is None


@pytest.mark.parametrize(
    "text", ["", "x" * 1501, "db-01 is slow", "10.0.0.7 is slow", "fixed in 10 minutes", "[what happens] is slow"]
)
def test_words_that_name_machines_promise_or_say_nothing_are_refused(text: str) -> None:
    with pytest.raises(Refused) as no:
        sent(grave(), text=text)
    assert (no.value.status, no.value.field) == (400, "text")


def test_it_goes_by_each_way_it_was_meant_for_and_to_nobody_the_sender_did_not_see() -> None:
    both = frozenset(recipients.NAMES)
    log = (*grave(), sent(grave()))
    told = [(one.kind, one.data["verb"]) for one in outbox.told(1, log, both)]
    assert told == [(recipients.MAIL, "summary"), (recipients.CHAT, "summary")]
    assert [one.kind for one in outbox.told(1, (*grave(), sent(grave(), to=Reach(chat=True))), both)] == [
        recipients.CHAT
    ]
    assert outbox.told(1, log, frozenset()) == ()
    one = timeline.entries(log)[-1]
    assert one.sentence == "ana sent summary #1 to the stakeholders of a P1 (1 by mail and their chat)"
    assert (one.detail, log[-1].at + timedelta(minutes=30)) == (WORDS, sent(grave()).next_at)
    with pytest.raises(Refused) as no:
        sent(grave(), severity="P0")
    assert "It is a P1 by now" in no.value.sentence


def test_a_private_incident_is_mailed_to_its_readers_only_and_told_to_no_chat() -> None:
    log = (*grave(), MadePrivate(at=NOON, by="ana", why="w"))
    with pytest.raises(Refused) as no:
        sent(log)
    assert "boss@example.com may not know of it" in no.value.sentence
    with pytest.raises(Refused) as chat:
        sent(log, to=Reach(chat=True))
    assert "a chat is read by others" in chat.value.sentence
    mails = {"boss": "Boss@example.com"}
    with pytest.raises(Refused):
        sent(log, mails=mails)  # known to the house, and not let in
    log = (*log, AccessGiven(at=NOON, by="ana", who="boss", why="w"))
    one = sent(log, mails=mails)
    assert (one.to, one.chat) == (("boss@example.com",), False)


def test_every_status_has_words_of_what_is_being_done() -> None:
    statuses: tuple[Status, ...] = ("Investigating", "Identified", "Monitoring", "Resolved")
    assert tuple(summary.DOING) == statuses
