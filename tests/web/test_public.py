"""On the incident's pages people read what the public reads, and nobody publishes their own words by accident."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx2
import pytest

from fireline.core import public
from fireline.settings import StatusComponentSettings, StatusSettings
from web.told import Told, served

WORDS = {"status": "Investigating", "title": "Slow shop", "text": "We are investigating.", "impact": "major"}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The house with a status page of its own."""
    folder = tmp_path_factory.mktemp("public")
    parts = (StatusComponentSettings(name="Shop", services=("lantern",)), StatusComponentSettings(name="Search"))
    status = StatusSettings(copy=str(folder / "status.json"), components=parts)
    with served(folder, status=status) as house:
        yield house


@pytest.fixture
def number(told: Told) -> int:
    return told.declare()


def draft(told: Told, number: int, who: str = "ana", **more: str) -> httpx2.Response:
    with told.browser(who) as browser:
        return browser.post(f"/incidents/{number}/public", data=WORDS | more)


def page(told: Told, number: int, who: str = "ana", query: str = "") -> str:
    with told.browser(who) as browser:
        answer = browser.get(f"/incidents/{number}/public{query}")
        assert answer.status_code == 200
        return answer.text


def say_yes(told: Told, number: int, who: str = "ben", update: int = 1, **more: str) -> httpx2.Response:
    shown = public.find(told.house.ledger.log(number), update).digest
    with told.browser(who) as browser:
        return browser.post(f"/incidents/{number}/public/{update}/yes", data={"shown": shown} | more)


def test_the_form_begins_with_the_words_of_the_status(told: Told, number: int) -> None:
    first = page(told, number)
    assert re.search(r'name="status" value="Investigating"', first)
    assert "told nothing yet" in first
    assert 'name="status" value="Monitoring"' in page(told, number, query="?status=Monitoring")
    assert 'name="status" value="Investigating"' in page(told, number, query="?status=<script>")


def test_a_draft_waits_and_another_person_publishes_it(told: Told, number: int) -> None:
    answer = draft(told, number, **{"part:Shop": "partial_outage", "part:Search": ""})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/incidents/{number}/public")
    own = page(told, number)
    assert "You wrote it" in own
    assert "Publish these words" not in own
    other = page(told, number, "ben")
    assert "Publish these words" in other
    assert "Shop: partial outage" in other
    assert "Search:" not in other
    assert say_yes(told, number).status_code == 303
    after = page(told, number)
    assert "approved by Ben" in after
    assert "Our own status page" in after
    with told.browser() as browser:
        side = browser.get(f"/incidents/{number}").text
    assert "The public" in side
    assert "Investigating: Slow shop" in side


def test_what_stops_a_draft_is_said_beside_the_button(told: Told, number: int) -> None:
    draft(told, number, text="The issue is [why].")
    found = page(told, number, "ben")
    assert "A blank that nobody filled: “[why]”" in found
    assert "Write it anew" in found
    answer = say_yes(told, number, meant="yes")
    assert answer.status_code == 409
    assert "cannot go out" in answer.text


@pytest.mark.req(93)
def test_what_the_check_found_wants_a_tick(told: Told, number: int) -> None:
    draft(told, number, text="Write to support@example.com.")
    assert 'name="meant"' in page(told, number, "ben")
    assert say_yes(told, number).status_code == 409
    assert say_yes(told, number, meant="yes").status_code == 303
    assert "Meant: An e-mail address" in page(told, number)


def test_a_draft_is_taken_back_with_a_reason(told: Told, number: int) -> None:
    draft(told, number)
    with told.browser("ben") as browser:
        browser.post(f"/incidents/{number}/public/1/no", data={"reason": "too early"})
    assert "took it back: too early" in page(told, number)


def test_whoever_may_only_look_sees_no_form(told: Told, number: int) -> None:
    draft(told, number)
    seen = page(told, number, "vera")
    assert "We are investigating." in seen
    assert "Publish these words" not in seen
    assert "Keep this draft" not in seen
    assert draft(told, number, "vera").status_code == 403


def test_words_are_shown_and_never_obeyed(told: Told, number: int) -> None:
    draft(told, number, title="<script>alert(1)</script>", text="<img src=x onerror=alert(1)>")
    seen = page(told, number, "ben")
    assert "<script>alert" not in seen
    assert "&lt;img src=x" in seen
