"""A page that did not arrive is loud, says how to do it by hand, and takes a person's word for it, without scripts."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from fireline.core import delivery
from fireline.core.events import HOUSE
from web.told import Told

PAGE: dict[str, Any] = {"key": "pagerduty/1/trigger", "vendor": "pagerduty", "what": "Page the on-call", "by": HOUSE}


def given_up(told: Told) -> int:
    number = told.declare("Redis & <b>all</b> is down")
    told.act(number, partial(delivery.give_up, attempt=1, reason="bad key", **PAGE))
    return number


@pytest.mark.req(28, 37)
def test_a_page_that_did_not_arrive_is_loud_and_says_whom_to_call(told: Told) -> None:
    number = given_up(told)
    with told.browser() as ana:
        page = ana.get(f"/incidents/{number}").text
    card = page.split('id="by-hand"')[1].split("</section>")[0]
    assert 'href="#by-hand"' in page
    assert "given up, not delivered: bad key" in page
    assert "P1: Redis &amp; &lt;b&gt;all&lt;/b&gt; is down" in card
    assert 'href="tel:+442079460101"' in card
    assert f'action="/incidents/{number}/deliveries/by-hand"' in card
    assert f'action="/incidents/{number}/deliveries/retry"' in card


@pytest.mark.req(37)
def test_i_did_it_by_hand_settles_it_under_my_name(told: Told) -> None:
    number = given_up(told)
    with told.browser() as ana:
        answer = ana.post(f"/incidents/{number}/deliveries/by-hand", data={"delivery": PAGE["key"]})
        assert answer.status_code == 303
        page = ana.get(f"/incidents/{number}").text
    assert 'id="by-hand"' not in page
    assert "Ana Duarte" in page.split('id="deliveries"')[1].split("</section>")[0]
    assert "PagerDuty: page the on-call: ana did it by hand" in page


@pytest.mark.req(37)
def test_a_retry_makes_it_wait_again_and_a_second_one_is_refused(told: Told) -> None:
    number = given_up(told)
    with told.browser() as ana:
        assert ana.post(f"/incidents/{number}/deliveries/retry", data={"delivery": PAGE["key"]}).status_code == 303
        again = ana.post(f"/incidents/{number}/deliveries/retry", data={"delivery": PAGE["key"]})
        unknown = ana.post(f"/incidents/{number}/deliveries/by-hand", data={"delivery": "fax/1/send"})
    assert "Only what was given up can be tried again" in again.text
    assert (unknown.status_code, "There is no such delivery" in unknown.text) == (404, True)


def test_a_viewer_reads_the_card_and_is_offered_nothing(told: Told) -> None:
    number = given_up(told)
    with told.browser("vera") as vera:
        page = vera.get(f"/incidents/{number}").text
        refused = vera.post(f"/incidents/{number}/deliveries/by-hand", data={"delivery": PAGE["key"]})
    assert 'id="by-hand"' in page
    assert "/deliveries/by-hand" not in page
    assert refused.status_code == 403
