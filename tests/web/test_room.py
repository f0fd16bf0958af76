"""The call stands on top of the incident's page, pasted there or made from the site's pattern."""

from __future__ import annotations

from functools import partial

import pytest

from fireline.core import delivery
from fireline.core.events import HOUSE, CallLinked
from web.told import Told


@pytest.mark.req(43)
def test_a_pasted_call_stands_on_top_of_the_page_for_everybody(told: Told) -> None:
    number = told.declare()
    with told.browser() as ana:
        assert "Join the call" not in ana.get(f"/incidents/{number}").text
        answer = ana.post(f"/incidents/{number}/call", data={"url": "https://zoom.example.com/j/7?a=1&b=2"})
        assert answer.status_code == 303
        page = ana.get(f"/incidents/{number}").text
        refused = ana.post(f"/incidents/{number}/call", data={"url": "javascript:alert(1)"})
    top = page[: page.index('class="strip"')]
    assert 'href="https://zoom.example.com/j/7?a=1&amp;b=2" rel="noreferrer"' in top
    assert refused.status_code == 400
    assert sum(isinstance(event, CallLinked) for event in told.house.ledger.log(number)) == 1


@pytest.mark.req(111)
def test_a_channel_can_be_kept_from_the_page(told: Told) -> None:
    number = told.declare()
    with told.browser() as ana:
        assert ana.post(f"/incidents/{number}/channel/keeping").status_code == 303
        assert "wants the chat channel to stay" in ana.get(f"/incidents/{number}").text


@pytest.mark.req(111)
def test_the_messages_that_were_kept_can_be_read_from_the_timeline(told: Told) -> None:
    number = told.declare()
    digest = told.house.evidence.keep('{"messages": ["it was the fuse"]}')
    made = partial(delivery.made, key="slack/1/export", vendor="slack", what="Keep the channel's messages", attempt=1)
    told.house.ledger.act(number, partial(made, by=HOUSE, evidence=digest))
    with told.browser() as ana:
        assert f'href="/incidents/{number}/evidence/{digest}"' in ana.get(f"/incidents/{number}").text
        kept = ana.get(f"/incidents/{number}/evidence/{digest}")
        assert ana.get(f"/incidents/{number}/evidence/{'0' * 64}").status_code == 404
    assert kept.headers["content-type"].startswith("text/plain")
    assert "it was the fuse" in kept.text
