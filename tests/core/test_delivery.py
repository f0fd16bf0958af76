"""A delivery is tried until it is made or given up, ever less often, and then it is settled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fireline.core import delivery
from fireline.core.events import HOUSE, Log
from fireline.core.refusal import Refused

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PAGE: dict[str, Any] = {"key": "pagerduty/1/trigger", "vendor": "pagerduty", "what": "Page the on-call", "by": HOUSE}


def test_waits_double_from_two_seconds_to_five_minutes() -> None:
    waits = [delivery.wait_before(attempt).total_seconds() for attempt in range(2, 14)]
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]


def test_the_vendors_own_wish_counts_when_it_is_longer() -> None:
    assert delivery.wait_before(2, 60).total_seconds() == 60
    assert delivery.wait_before(12, 1).total_seconds() == 300


def test_all_tries_together_take_about_two_hours() -> None:
    tries = range(2, delivery.ATTEMPTS_MAX + 1)
    together = sum((delivery.wait_before(attempt) for attempt in tries), timedelta())
    assert timedelta(hours=1, minutes=45) < together < timedelta(hours=2, minutes=15)


def test_a_delivery_is_followed_from_its_first_try_to_its_last() -> None:
    log: Log = (delivery.delayed((), NOON, attempt=1, reason="503", **PAGE),)
    (one,) = delivery.deliveries(log)
    assert (one.state, one.attempt, one.again_at) == ("waiting", 1, NOON + timedelta(seconds=2))
    log = (*log, delivery.made(log, NOON, attempt=2, **PAGE))
    (one,) = delivery.deliveries(log)
    assert (one.state, one.attempt, one.again_at) == ("made", 2, None)


@pytest.mark.parametrize(("needed", "state"), [(True, "given up"), (False, "dropped")])
def test_a_settled_delivery_is_not_told_again(needed: bool, state: str) -> None:  # noqa: FBT001
    log: Log = (delivery.give_up((), NOON, reason="bad key", needed=needed, **PAGE),)
    assert delivery.deliveries(log)[0].state == state
    for deed in (
        lambda: delivery.made(log, NOON, attempt=2, **PAGE),
        lambda: delivery.delayed(log, NOON, attempt=2, reason="503", **PAGE),
        lambda: delivery.give_up(log, NOON, reason="no", **PAGE),
    ):
        with pytest.raises(Refused, match="settled already"):
            deed()


def test_a_delivery_given_up_keeps_the_number_of_its_tries() -> None:
    log: Log = (delivery.delayed((), NOON, attempt=7, reason="503", **PAGE),)
    log = (*log, delivery.give_up(log, NOON, reason="410", **PAGE))
    assert delivery.deliveries(log)[0].attempt == 7


def test_deliveries_stand_in_the_order_of_their_first_word() -> None:
    other = PAGE | {"key": "pagerduty/9/resolve"}
    log: Log = (delivery.delayed((), NOON, attempt=1, reason="503", **PAGE),)
    log = (*log, delivery.made(log, NOON, attempt=1, **other))
    log = (*log, delivery.made(log, NOON, attempt=2, **PAGE))
    assert [one.key for one in delivery.deliveries(log)] == [PAGE["key"], other["key"]]


def test_a_person_may_ask_for_another_round_of_tries_at_what_was_given_up() -> None:
    log: Log = (delivery.delayed((), NOON, attempt=29, reason="503", **PAGE),)
    with pytest.raises(Refused, match="this is waiting"):
        delivery.ask_again(log, NOON, key=PAGE["key"], by="ana")
    assert delivery.exhausted(delivery.find(log, PAGE["key"]), 30)
    log = (*log, delivery.give_up(log, NOON, attempt=30, reason="30 tries", **PAGE))
    log = (*log, delivery.ask_again(log, NOON, key=PAGE["key"], by="ana"))
    now = delivery.find(log, PAGE["key"])
    assert now is not None
    assert (now.state, now.attempt) == ("waiting", 30)
    assert not delivery.exhausted(now, 31)
    log = (*log, delivery.delayed(log, NOON, attempt=31, reason="503", **PAGE))
    now = delivery.find(log, PAGE["key"])
    assert now is not None
    assert now.again_at == NOON + timedelta(seconds=2)  # the waits begin anew


@pytest.mark.req(37)
def test_what_was_done_by_hand_is_settled() -> None:
    log: Log = (delivery.delayed((), NOON, attempt=1, reason="503", **PAGE),)
    assert delivery.deliveries(log)[0].missing
    log = (*log, delivery.by_hand(log, NOON, key=PAGE["key"], by="ana"))
    (one,) = delivery.deliveries(log)
    assert (one.state, one.by, one.missing) == ("by hand", "ana", False)
    with pytest.raises(Refused, match="settled already"):
        delivery.made(log, NOON, attempt=2, **PAGE)
    with pytest.raises(Refused, match="Nothing is left to do by hand"):
        delivery.by_hand(log, NOON, key=PAGE["key"], by="ben")
    with pytest.raises(Refused, match="no such delivery"):
        delivery.by_hand(log, NOON, key="pagerduty/9/trigger", by="ben")


def test_what_the_vendor_calls_it_is_found_again() -> None:
    log: Log = (delivery.made((), NOON, attempt=1, ref="PT4KHLK", link="https://pd.example/1", note="Ana", **PAGE),)
    assert delivery.ref(log, "pagerduty", "trigger") == "PT4KHLK"
    assert delivery.ref(log, "pagerduty", "resolve") == ""
    (one,) = delivery.deliveries(log)
    assert (one.link, one.note) == ("https://pd.example/1", "Ana")
