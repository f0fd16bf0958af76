"""A decision is written down on the incident's page; a summary is read on a page of its own before it goes out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fireline.core import update
from fireline.core.events import DecisionMade, SummarySent
from fireline.settings import StakeholderSettings, UpdatesSettings
from web.told import Told, served


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The house, where a P0 has stakeholders with a chat, and updates are CAN reports."""
    named = {"P0": StakeholderSettings(webhook="http://127.0.0.1:9/hooks/secret")}
    with served(tmp_path_factory.mktemp("house"), stakeholders=named, updates=UpdatesSettings(style="can")) as house:
        yield house


def test_a_decision_and_its_objection_stand_on_the_page(told: Told) -> None:
    number = told.declare()
    with told.browser() as ana:
        body = {"text": "We fail over", "objections_asked": "yes", "who": "ben", "what": "the cache is cold"}
        assert ana.post(f"/incidents/{number}/decisions", data=body).status_code == 303
        page = ana.get(f"/incidents/{number}").text
        assert ana.post(f"/incidents/{number}/decisions", data={"text": ""}).status_code == 400
    card = page[page.index('id="decisions"') :]
    assert "We fail over" in card
    assert "objects: the cache is cold" in card
    assert sum(isinstance(event, DecisionMade) for event in told.house.ledger.log(number)) == 1


def test_where_nobody_is_named_the_page_has_no_card_and_the_composer_says_so(told: Told) -> None:
    number = told.declare()
    with told.browser() as ana:
        assert 'id="stakeholders"' not in ana.get(f"/incidents/{number}").text
        page = ana.get(f"/incidents/{number}/summaries/new").text
        answer = ana.post(f"/incidents/{number}/summaries", data={"text": "The shop is slow."})
    assert "The settings name no stakeholders of a P1." in page
    assert "Send the summary" not in page
    assert answer.status_code == 409


def test_a_summary_is_read_before_somebody_sends_it(told: Told) -> None:
    number = told.declare("The shop is slow", severity="P0")
    with told.browser() as ana:
        assert "Review and send a summary" in ana.get(f"/incidents/{number}").text
        page = ana.get(f"/incidents/{number}/summaries/new").text
        assert ana.post(f"/incidents/{number}/summaries", data={"text": "db-01 is slow"}).status_code == 400
        assert ana.post(f"/incidents/{number}/summaries", data={"text": "The shop is slow."}).status_code == 303
        again = ana.get(f"/incidents/{number}").text
    assert "their chat" in page
    assert "Investigating, since" in page
    assert "/hooks/secret" not in page + again
    (sent,) = [one for one in told.house.ledger.log(number) if isinstance(one, SummarySent)]
    assert (sent.by, sent.text, sent.chat) == ("ana", "The shop is slow.", True)
    assert 'id="summary-1"' in again


def test_a_can_report_has_its_needs_as_a_line_and_only_where_they_are_given(told: Told) -> None:
    number = told.declare()
    with told.browser() as ana:
        assert "Needs: what would help?" in ana.get(f"/incidents/{number}/updates/new").text
        words = {"actions": "the restart", "needs": "someone who knows Redis"}
        shown = ana.get(f"/incidents/{number}/updates/preview", params=words).text
        assert ana.post(f"/incidents/{number}/updates", data=words).status_code == 303
        ana.post(f"/incidents/{number}/updates", data={"actions": "the restart"})
    with_, without = update.updates(told.house.ledger.log(number))
    assert "\nNeeds: someone who knows Redis" in shown
    assert with_.text.endswith("\nNeeds: someone who knows Redis")
    assert not without.needs
    assert "Needs" not in without.text
