"""What was published stands once, with a letter to everybody who asked for it, on both databases."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from fireline.core.board import Notice
from fireline.store.database import Database
from fireline.store.notices import Notices
from fireline.store.subscribers import HANDED_OVER, Letter, Subscribers

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FIRST = Notice(
    incident="aaa", update=1, at=NOON, status="Investigating", title="Slow", text="We look.", impact="major",
    components={"Shop": "partial_outage"},
)  # fmt: skip


def subscribed(database: Database, count: int) -> Subscribers:
    people = Subscribers(database)
    for n in range(count):
        asked = people.ask(f"reader{n}@example.com", NOON)
        assert asked
        people.confirm(asked[1], NOON)
    return people


def test_a_notice_is_kept_once_and_read_back_as_it_was(database: Database) -> None:
    notices = Notices(database)
    assert notices.publish(FIRST, number=7)
    assert not notices.publish(FIRST, number=7)
    assert notices.find("aaa", 1) == FIRST
    assert notices.find("aaa", 2) is None
    assert notices.read() == ((FIRST,), ())


def test_many_at_once_publish_one_notice_and_one_letter_each(database: Database) -> None:
    people, notices = subscribed(database, 3), Notices(database)
    threads = [threading.Thread(target=notices.publish, args=(FIRST,)) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert people.letters("aaa") == {1: {"waiting": 3}}


def test_two_takers_never_hold_the_same_letter(database: Database) -> None:
    people = subscribed(database, 12)
    Notices(database).publish(FIRST)
    taken: list[Letter] = []

    def take() -> None:
        while one := people.take(NOON):
            taken.append(one)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rest = []
    while one := people.take(NOON):  # PostgreSQL passes over what another one holds just then
        rest.append(one)
    assert sorted(one.subscriber for one in [*taken, *rest]) == sorted({one.subscriber for one in [*taken, *rest]})
    assert len(taken) + len(rest) == 12


def test_a_letter_nobody_answered_for_is_unknown_and_not_taken_again(database: Database) -> None:
    people = subscribed(database, 1)
    Notices(database).publish(FIRST)
    assert people.take(NOON)
    assert people.forgotten(NOON + HANDED_OVER / 2) == 0
    assert people.forgotten(NOON + HANDED_OVER + timedelta(seconds=1)) == 1
    assert people.take(NOON + timedelta(days=1)) is None
    assert people.letters("aaa") == {1: {"unknown": 1}}


def test_a_letter_to_be_tried_again_waits_for_its_time(database: Database) -> None:
    people = subscribed(database, 1)
    Notices(database).publish(FIRST)
    letter = people.take(NOON)
    assert letter
    people.settle(letter, "waiting", NOON, reason="later", again_at=NOON + timedelta(minutes=5))
    assert people.take(NOON + timedelta(minutes=4)) is None
    again = people.take(NOON + timedelta(minutes=5))
    assert again
    assert again.attempt == 2
