"""Updates, roles and tasks on the page: forms without scripts, words seen before they go out, a no with its reason."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial

import pytest

from fireline.core import roles, task, update
from fireline.core.events import RoleTaken, UpdateSent
from web.told import Told

HTMX = {"HX-Request": "true"}


def sent(told: Told, number: int) -> list[UpdateSent]:
    return list(update.updates(told.house.ledger.log(number)))


@pytest.mark.req(94)
def test_the_page_shows_both_audiences_clocks_together_and_the_draft_with_its_preview(told: Told) -> None:
    number = told.night()
    with told.browser() as ana:
        page = ana.get(f"/incidents/{number}").text
    card = page[page.index('id="updates"') : page.index('id="gates"')]
    assert re.findall(r'<dt class="label">(.+?)</dt>', card) == ["Our people", "The public"]
    assert card.count('role="timer"') == 2
    assert "📊 Update #1 (" in card
    assert "Restart Redis (waits for a yes). New: Ask Redis whether it is there" in card
    assert "Next update: " in card
    assert sent(told, number) == []


@pytest.mark.req(80, 82, 85)
def test_an_update_is_sent_by_a_form_and_numbered(told: Told) -> None:
    number = told.night()
    words = {"actions": "the restart of Redis", "users": "1,200", "services": "sessions, cart"}
    with told.browser() as ana:
        answer = ana.post(f"/incidents/{number}/updates", data=words)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/incidents/{number}")
        ana.post(f"/incidents/{number}/updates", data=words | {"users": "unknown", "services": "none"})
        page = ana.get(f"/incidents/{number}").text
    assert [(one.number, one.users, one.services) for one in sent(told, number)] == [
        (1, 1200, ("sessions", "cart")),
        (2, None, ()),
    ]
    assert "Update 3" in page
    assert "ana sent update #2: the restart of Redis" in page


@pytest.mark.req(84)
def test_what_goes_out_is_seen_first_and_a_promise_is_refused_with_its_words(told: Told) -> None:
    number = told.night()
    with told.browser() as ana:
        looked = ana.get(
            f"/incidents/{number}/updates/new", params={"actions": "the <b>restart</b>", "users": "7"}
        ).text
        assert "Actions: We are doing the &lt;b&gt;restart&lt;/b&gt;" in looked
        assert "Impact: 7 readers affected" in looked
        part = ana.get(
            f"/incidents/{number}/updates/preview", params={"actions": "back in 10 minutes"}, headers=HTMX
        ).text
        assert "promises when it will be fixed" in part
        refused = ana.post(f"/incidents/{number}/updates", data={"actions": "back in 10 minutes"}, headers=HTMX)
        odd = ana.post(f"/incidents/{number}/updates", data={"actions": "a", "users": "many"}, headers=HTMX)
    assert (refused.status_code, odd.status_code) == (400, 400)
    assert "promises when it will be fixed" in refused.text
    assert sent(told, number) == []


def test_the_next_update_is_moved_with_a_reason(told: Told) -> None:
    number = told.night()
    with told.browser() as ana:
        wrong = ana.post(f"/incidents/{number}/snoozes", data={"minutes": "soon", "reason": "r"}, headers=HTMX)
        moved = ana.post(
            f"/incidents/{number}/snoozes", data={"minutes": "30", "reason": "the restore runs", "audience": "public"},
            headers=HTMX,
        )  # fmt: skip
    assert "Give a whole number." in wrong.text
    assert "moved by Ana Duarte: the restore runs" in moved.text


@pytest.mark.req(39, 40)
def test_command_is_handed_over_by_two_people_on_two_pages(told: Told) -> None:
    number = told.night()
    with told.browser("ana") as ana, told.browser("ben") as ben:
        ana.post(f"/incidents/{number}/roles/commander/offers", data={"to": "ben"})
        assert "Ben Okoro is asked" in ana.get(f"/incidents/{number}").text
        page = ben.get(f"/incidents/{number}").text
        assert "Ana Duarte asks you" in page
        assert 'aria-label="Yes, be Commander"' in page
        ben.post(f"/incidents/{number}/roles/commander/taking")
        assert roles.crew(told.house.ledger.log(number)).commander == "ben"
        again = ana.post(f"/incidents/{number}/roles/commander/taking")
    assert again.status_code == 409
    assert "the deputy steps in" in again.text


def test_a_role_is_taken_offered_declined_and_given_up_by_buttons(told: Told) -> None:
    number = told.night()
    at = f"/incidents/{number}/roles"
    with told.browser("ana") as ana, told.browser("ben") as ben:
        ana.post(f"{at}/sme/offers", data={"to": "ben", "subject": "Redis"})
        ben.post(f"{at}/sme/declining")
        ben.post(f"{at}/scribe/taking")
        assert "Let Ben Okoro go as Scribe" in ana.get(f"/incidents/{number}").text
        ana.post(f"{at}/scribe/release", data={"to": "ben"})
        ana.post(f"{at}/sme/taking")
        page = ana.get(f"/incidents/{number}").text
    now = roles.crew(told.house.ledger.log(number))
    assert (now.who("scribe"), list(now.smes), now.offers) == ("", ["ana"], {})
    assert "ana commands and is an SME too" in page  # a warning, and nothing is stopped


@pytest.mark.req(39)
def test_a_grave_incident_that_nobody_commands_is_red(told: Told) -> None:
    with told.browser() as ana:
        grave = ana.get(f"/incidents/{told.declare('Nobody can pay', severity='P0')}").text
        mild = ana.get(f"/incidents/{told.declare('A typing error', severity='P3')}").text
    assert '<span class="chip bad end">nobody commands</span>' in grave
    assert "nobody commands" not in mild


def test_a_task_is_given_taken_and_done_and_one_that_is_late_says_so(told: Told) -> None:
    number = told.night()
    told.times.back = timedelta(minutes=6)
    told.act(number, partial(task.give, to="ben", text="Call the printer", minutes=5, by="ana"))
    told.times.back = timedelta()
    with told.browser("ana") as ana, told.browser("ben") as ben:
        ana.post(f"/incidents/{number}/tasks", data={"to": "ben", "text": "Look at the disk", "minutes": "10"})
        page = ben.get(f"/incidents/{number}").text
        assert 'aria-label="I do it: Look at the disk"' in page
        assert "was due" in page
        ben.post(f"/incidents/{number}/tasks/2/taking")
        ben.post(f"/incidents/{number}/tasks/2/end")
        ana.post(f"/incidents/{number}/tasks/1/end", data={"dropped": "yes"})
        nobody = ana.post(f"/incidents/{number}/tasks", data={"to": "vera", "text": "t", "minutes": "5"}, headers=HTMX)
    assert [one.state for one in task.tasks(told.house.ledger.log(number))] == ["dropped", "done"]
    assert "vera may only look" in nobody.text


def test_whoever_may_only_look_sees_it_all_and_changes_nothing(told: Told) -> None:
    number = told.night()
    with told.browser("vera") as vera:
        page = vera.get(f"/incidents/{number}").text
        assert "📊 Update #1 (" in page
        assert "Review and send" not in page
        assert "/roles/" not in page
        assert vera.post(f"/incidents/{number}/updates", data={"actions": "a"}).status_code == 403
        assert vera.get(f"/incidents/{number}/updates/new").status_code == 200
        brief = vera.get(f"/incidents/{number}/brief").text
    assert re.findall(r"<dt>(.+?)</dt>", brief)[:4] == ["What", "Since", "Severity", "Command"]


def test_the_review_tells_updates_and_hand_overs(told: Told) -> None:
    number = told.night()
    told.house.communicate.send(number, actions="the restart", users=None, services=None, by="ana")
    told.house.communicate.offer(number, role="commander", to="ben", by="ana")
    told.act(number, partial(roles.take, role="commander", by="ben"))
    assert isinstance(told.house.ledger.log(number)[-1], RoleTaken)
    with told.browser() as ana:
        review = ana.get(f"/incidents/{number}/review").text
    assert "ana sent update #1: the restart" in review
    assert "ben took command from ana" in review
