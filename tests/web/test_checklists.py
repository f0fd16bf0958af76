"""The runbook's checklist on the incident's page: one state for everybody, with and without scripts."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest

from fireline.core import incident
from fireline.core.checklist import Item
from fireline.core.events import ChecklistTicked
from fireline.workflows import checklists
from web.told import Told

pytestmark = pytest.mark.req(44)
HTMX = {"HX-Request": "true"}


def items(told: Told, number: int) -> dict[str, Item]:
    lists = checklists.shown(told.house.library, told.house.ledger.log(number))
    return {item.text: item for one in lists for item in one.items}


def test_two_browsers_tick_at_once_and_each_reads_whose_tick_it_is(told: Told) -> None:
    number = told.declare()
    post, thank = (
        items(told, number)[text].key
        for text in ("Next update promised (every 15 minutes)", "Post-mortem invited (within 48 hours)")
    )
    together = Barrier(2)

    def ticks(who: str, *keys: str) -> list[str]:
        with told.browser(who) as browser:
            together.wait()
            answers = [browser.post(f"/incidents/{number}/checklist/{key}/tick", headers=HTMX) for key in keys]
        assert {one.status_code for one in answers} == {200}
        return [re.findall(r"Ticked\.|(?:ana|ben) has ticked this already", one.text)[-1] for one in answers]

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(ticks, ("ana", "ben"), (post, post)))
        assert sorted(len(one[0].split()) for one in said) == [1, 5]
        told.act(number, partial(incident.acknowledge, by="ana"))
        bell = items(told, number)["Everybody who helped thanked"].key
        assert list(pool.map(ticks, ("ana", "ben"), (thank, bell))) == [["Ticked."], ["Ticked."]]
    assert sum(isinstance(one, ChecklistTicked) for one in told.house.ledger.log(number)) == 3


def test_a_form_ticks_and_takes_back_and_the_page_says_who(told: Told) -> None:
    number = told.declare()
    key = items(told, number)["Call opened and its link posted"].key
    with told.browser("ben") as ben, told.browser("vera") as vera:
        assert ben.post(f"/incidents/{number}/checklist/{key}/tick").status_code == 303
        card = _card(vera.get(f"/incidents/{number}").text)
        assert "Ben Okoro, <time" in card
        assert "it began with the declaration" in card
        assert "<form" not in card  # she only looks
        assert vera.post(f"/incidents/{number}/checklist/{key}/untick").status_code == 403
        assert card.count("<details") == 2
        assert card.count(" open>") == 1  # the other list's time comes when it is over
        assert ben.post(f"/incidents/{number}/checklist/{key}/untick").status_code == 303
        page = ben.get(f"/incidents/{number}").text
        assert ben.post(f"/incidents/{number}/checklist/none/tick").status_code == 404
    assert "ben took back their own tick of “Call opened and its link posted”" in page
    assert f'id="tick-{key}"' in _card(page)


def test_once_it_is_over_the_first_list_is_folded_with_its_count(told: Told) -> None:
    number = told.morning()
    with told.browser() as ana:
        card = _card(ana.get(f"/incidents/{number}").text)
    first, last = re.findall(r"<details id=\"list-\d\"([^>]*)>.*?<span class=\"muted\">(\d of \d)<", card)
    assert first == ("", "1 of 4")
    assert last == (" open", "0 of 4")


def _card(page: str) -> str:
    start = page.index('id="checklist"')
    return page[start : page.index("</section>", start)]
