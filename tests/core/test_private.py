"""The rule: who may know of an incident follows from its log alone, and it opens only by its commander's word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from fireline.core import incident, outbox, private, readers, roles, task, timeline
from fireline.core.events import HOUSE, AnyEvent, DeliveryMade, Log
from fireline.core.incident import fold
from fireline.core.people import Person
from fireline.core.private import Secrets
from fireline.core.refusal import Refused

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
VENDORS = frozenset({"slack", "chat_webhook", "chat_mail", "pagerduty", "pagerduty rest"})
ALICE = Person("alice", "Alice", "admin")


def story(*deeds: Callable[[Log, datetime], AnyEvent], closed: bool = True) -> Log:
    """Ana declares it, private or not; then these happen, a minute apart."""
    facts: dict[str, Any] = {"private": True, "people": ("sec",)} if closed else {}
    log: Log = (
        incident.declare(
            (), NOON, title="Somebody is in our network", severity="P0", severity_name="Critical",
            severity_why="w", response_minutes=5, by="ana", **facts,
        ),
    )  # fmt: skip
    for minutes, deed in enumerate(deeds, 1):
        log = (*log, deed(log, NOON + timedelta(minutes=minutes)))
    return log


ACK = partial(incident.acknowledge, by="ana")


@pytest.mark.req(8)
def test_an_open_one_is_everybodys_and_a_private_one_its_peoples() -> None:
    assert readers.readers(story(closed=False)) is None
    assert readers.readers(story()) == frozenset({"ana", "sec"})
    assert "ben" not in (readers.readers(story()) or ())


@pytest.mark.req(8)
def test_whoever_is_named_by_its_people_knows_of_it() -> None:
    log = story(
        ACK,
        partial(roles.offer, role="scribe", to="ben", by="ana"),
        partial(task.give, to="cleo", text="Look at the till", minutes=10, by="ana"),
        partial(private.admit, who="dan", by="cleo"),
    )
    assert readers.listed(log) == ("ana", "sec", "ben", "cleo", "dan")


def test_the_house_is_nobody() -> None:
    declare = partial(
        incident.declare, title="t", severity="P0", severity_name="n", severity_why="w", response_minutes=5, by=HOUSE
    )
    assert readers.readers((declare((), NOON, private=True),)) == frozenset()


def test_made_private_later_it_keeps_who_had_a_part_in_it() -> None:
    log = story(ACK, partial(incident.note, text="seen", by="ben"), partial(private.close_off, by="cleo"), closed=False)
    assert readers.readers(log) == frozenset({"ana", "cleo"})  # who only read along, or wrote a note, is not in it
    assert fold(1, log).private
    with pytest.raises(Refused, match="private already"):
        private.close_off(log, NOON, by="ana")


def test_only_the_commander_opens_it_and_says_why() -> None:
    log = story(ACK)
    with pytest.raises(Refused, match="Only the commander"):
        private.open_up(log, NOON, by="sec", why="it is over")
    with pytest.raises(Refused, match="take command first"):
        private.open_up(story(), NOON, by="ana", why="it is over")
    with pytest.raises(Refused, match="Say why"):
        private.open_up(log, NOON, by="ana", why=" ")
    opened = (*log, private.open_up(log, NOON, by="ana", why="the report is public"))
    assert readers.readers(opened) is None
    again = (*opened, private.close_off(opened, NOON, by="ana"))
    assert readers.closed_at(again) == len(again)


def test_an_admin_lets_themselves_in_only_loudly() -> None:
    log = story()
    with pytest.raises(Refused, match="Say why"):
        private.enter(log, NOON, admin=ALICE, why="")
    log = (*log, private.enter(log, NOON, admin=ALICE, why="the declarer is on a plane"))
    assert "alice" in (readers.readers(log) or ())
    told = timeline.entries(log)[-1]
    assert told.sentence == "alice let themselves in as an admin: the declarer is on a plane"
    assert (told.tone, told.key) == ("bad", True)


def test_whoever_is_taken_off_no_longer_knows_and_nobody_is_lost_with_a_role() -> None:
    log = story(ACK)
    with pytest.raises(Refused, match="Hand that over first"):
        private.take_off(log, NOON, who="ana", by="sec", why="w")
    log = (*log, private.take_off(log, NOON, who="sec", by="ana", why="on leave"))
    assert readers.readers(log) == frozenset({"ana"})
    with pytest.raises(Refused, match="not on the list"):
        private.take_off(log, NOON, who="sec", by="ana", why="w")
    alone = story()
    alone = (*alone, private.take_off(alone, NOON, who="ana", by="sec", why="w"))
    with pytest.raises(Refused, match="let another person in first"):
        private.take_off(alone, NOON, who="sec", by="sec", why="w")


def test_an_open_one_has_no_list_to_change() -> None:
    for deed in (
        partial(private.admit, who="ben", by="ana"),
        partial(private.enter, admin=ALICE, why="w"),
        partial(private.take_off, who="ana", by="ana", why="w"),
        partial(private.open_up, by="ana", why="w"),
    ):
        with pytest.raises(Refused, match="It is open"):
            deed(story(closed=False), NOON)


@pytest.mark.req(8)
@pytest.mark.parametrize(
    ("title", "word"),
    [
        ("Active security breach", "security breach"),
        ("ROOT  COMPROMISED on web-1", "compromised"),
        ("Honeypot touched", "honeypot"),
        ("Circuit breaches its limit", ""),
        ("Redis is down", ""),
    ],
)
def test_words_of_an_attacker_make_it_private(title: str, word: str) -> None:
    assert Secrets(words=("honeypot",)).word(title) == word


def test_only_incidents_of_the_same_people_become_one() -> None:
    private.same_readers(story(), story())
    wider = story(ACK, partial(private.admit, who="ben", by="ana"))
    for other in (story(closed=False), wider):
        with pytest.raises(Refused, match="Different people"):
            private.same_readers(story(), other)
        with pytest.raises(Refused, match="Different people"):
            private.same_readers(other, story())


def verbs(log: Log) -> set[str]:
    return {f"{one.kind} {one.data['verb']}" for one in outbox.told(1, log, VENDORS)}


@pytest.mark.req(8)
def test_only_its_own_room_and_the_pager_hear_of_it_and_the_pager_no_words() -> None:
    log = story()
    assert verbs(log) == {"slack open", "slack card", "slack invite", "slack topic", "pagerduty trigger"}
    assert fold(7, log).outside == "P0: INC-7 (private)"
    assert "network" in fold(7, story(closed=False)).outside
    moved = partial(incident.change_status, status="Identified", why="it is the till", by="ana")
    assert "pagerduty note" in verbs(story(moved, closed=False))
    assert verbs(story(moved)) == {"slack post", "slack topic"}


def test_a_channel_that_was_open_hears_nothing_more_and_what_waits_is_not_sent() -> None:
    made = DeliveryMade(
        at=NOON, by=HOUSE, delivery="slack/1/open", vendor="slack", what="w", attempt=1, ref="C01", link="", note=""
    )
    before = (*story(ACK, closed=False), made)
    assert "slack post" in verbs((*before, incident.change_status(before, NOON, status="Identified", by="ana")))
    closed = (*before, private.close_off(before, NOON, by="ana"))
    assert not verbs((*closed, incident.change_status(closed, NOON, status="Identified", by="ana")))
    assert outbox.too_late(closed, "chat_webhook/1/open")
    assert not outbox.too_late(closed, "pagerduty/1/trigger")
    assert not outbox.too_late(before, "chat_webhook/1/open")


def test_who_is_let_in_is_asked_into_its_room() -> None:
    assert verbs(story(partial(private.admit, who="ben", by="ana"))) == {"slack invite"}
