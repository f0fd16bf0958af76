"""The page shows what changed, what people think and where to look; and all of it works without scripts."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial

import pytest

from fireline import clock
from fireline.core import hypothesis, pulse
from fireline.core.deploy import Deploy
from fireline.core.pulse import Look
from fireline.workflows.signals import Seen
from web.told import Told


def declared(told: Told, service: str) -> int:
    return told.house.declare.by_person("Errors at the till", by="ana", service=service).number


@pytest.mark.req(45, 62)
def test_the_suspect_stands_on_the_page_and_is_taken_up_as_a_hypothesis_by_one_button(told: Told) -> None:
    at = clock.now() - timedelta(minutes=9)
    told.house.deploys.keep(
        Deploy(key="k1", at=at, kind="deploy", source="github", service="till-1", title="New <b>totals</b>")
    )
    number = declared(told, "till-1")
    with told.browser("ana") as ana:
        page = ana.get(f"/incidents/{number}").text
        card = page.partition('id="changes"')[2].partition("</section>")[0]
        assert "Most likely: deploy of till-1: New &lt;b&gt;totals&lt;/b&gt;." in card
        assert "It changed till-1 itself." in card
        assert "1 change in the last hour before it" in card
        form = re.search(r'id="suspect-1".*?</form>', page, re.DOTALL)
        assert form
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))
        assert ana.post(f"/incidents/{number}/hypotheses", data=fields).status_code == 303
    [one] = hypothesis.hypotheses(told.house.ledger.log(number))
    assert one.proposed.by == "ana"
    assert "It changed till-1 itself." in one.proposed.reason


def test_nothing_known_is_said_as_that(told: Told) -> None:
    number = declared(told, "till-2")
    with told.browser("vera") as vera:
        page = vera.get(f"/incidents/{number}").text
        assert "Not sure" in page
        assert "Nobody has said yet what it may be." in page
        assert 'id="think"' not in page


@pytest.mark.req(61)
def test_a_hypothesis_is_supported_with_a_run_and_ruled_out_by_plain_forms(told: Told) -> None:
    number = declared(told, "till-3")
    told.run(number, f"{number}.look", "Look at the disk", "df", "40 %")
    with told.browser("ben") as ben:
        ben.post(f"/incidents/{number}/hypotheses", data={"text": "The disk is full"})
        ben.post(f"/incidents/{number}/hypotheses/1/words", data={"reason": "it was", "evidence": f"{number}.look"})
        page = ben.get(f"/incidents/{number}").text
        assert re.search(
            r'href="/incidents/\d+/evidence/\w+">Look at the disk</a>', page.partition('id="hypotheses"')[2]
        )
        ben.post(f"/incidents/{number}/hypotheses/1/words", data={"reason": "df says 40 %", "out": "yes"})
        page = ben.get(f"/incidents/{number}").text
        assert "<s>The disk is full</s>" in page
        assert "0 open · 1 ruled out" in page
        assert ben.post(f"/incidents/{number}/hypotheses/1/words", data={"out": "yes"}).status_code == 409
        assert "against it: df says 40 %" in ben.get(f"/incidents/{number}/review").text
    with told.browser("vera") as vera:
        assert vera.post(f"/incidents/{number}/hypotheses", data={"text": "no"}).status_code == 403


@pytest.mark.req(55)
def test_a_symptom_is_looked_up_and_its_check_asked_for_without_scripts(told: Told) -> None:
    number = told.night()
    with told.browser("ana") as ana:
        page = ana.get(f"/incidents/{number}/symptoms", params={"text": "cache misses <everywhere>"}).text
        assert "Cache misses: Redis" in page
        assert 'value="cache misses &lt;everywhere&gt;"' in page
        form = re.search(rf'method="post" action="/incidents/{number}/approvals">.*?</form>', page, re.DOTALL)
        assert form
        fields = dict(re.findall(r'name="([\w.]+)" value="([^"]*)"', form[0])) | {
            "value.redis_host": "127.0.0.1", "value.redis_port": "6390",
        }  # fmt: skip
        assert ana.post(f"/incidents/{number}/approvals", data=fields).status_code == 303
        nothing = ana.get(f"/incidents/{number}/symptoms", params={"text": "the cat sits on it"}).text
        assert "The runbook has no check for that." in nothing
        assert ana.get(f"/incidents/{number}/symptoms").status_code == 200


def test_the_strip_stands_in_the_head_as_squares_with_words(told: Told) -> None:
    number = declared(told, "till-5")
    looks = [Look(clock.now(), well, ("it said",)) for well in (True, None, False, False)]
    told.act(number, partial(pulse.change, looks=looks, by="fireline"))
    seen = told.house.investigate.signals._seen.setdefault(number, Seen())
    seen.looks.extend(looks)
    with told.browser("vera") as vera:
        head = vera.get(f"/incidents/{number}").text.partition('<div class="strip">')[0]
        assert "Still happening" in head
        assert "The last 4 looks: 2 unwell, 1 well, 1 unknown" in head
        assert re.findall(r'<i class="(well|unwell|blind)"', head) == ["well", "blind", "unwell", "unwell"]
