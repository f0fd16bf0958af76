"""Alerts say their state and why; incidents are merged and split from their page, without scripts."""

from __future__ import annotations

import re
from functools import partial

import pytest

from fireline.clock import now
from fireline.core import alert as core
from fireline.core.alert import Alert
from web.told import Told


def alert(name: str, **more: object) -> Alert:
    return Alert(source="monitor", labels={"alertname": name}, starts_at=now(), **more)  # type: ignore[arg-type]


def with_alerts(told: Told, title: str, *alerts: Alert) -> int:
    number = told.declare(title)
    for one in alerts:
        told.act(number, partial(core.join, alert=one, why="w", by="ana"))
    return number


@pytest.mark.req(18)
def test_an_incident_is_merged_from_its_page_and_both_pages_say_so(told: Told) -> None:
    first, second = with_alerts(told, "Slow", alert("Slow")), with_alerts(told, "Leak", alert("Leak"))
    with told.browser() as ana:
        assert f'action="/incidents/{second}/merge"' in ana.get(f"/incidents/{second}").text
        answer = ana.post(f"/incidents/{second}/merge", data={"into": f"inc-{first}", "why": "the same disk"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/incidents/{first}")
        there, here = ana.get(f"/incidents/{first}").text, ana.get(f"/incidents/{second}").text
    assert f"from INC-{second} because the same disk" in there
    assert f"INC-{second} is part of this: the same disk" in there
    assert f"Part of INC-{first} since" in here
    assert f'action="/incidents/{second}/merge"' not in here


@pytest.mark.req(18)
def test_alerts_are_split_off_from_the_page(told: Told) -> None:
    leak, smoke = alert("Leak"), alert("Smoke")
    number = with_alerts(told, "Slow", alert("Slow"), leak, smoke)
    with told.browser() as ana:
        form = {"alerts": [leak.fingerprint, smoke.fingerprint], "why": "another house", "title": "Fire and water"}
        answer = ana.post(f"/incidents/{number}/split", data=form)
        assert answer.headers["location"] == f"/incidents/{number + 1}"
        page = ana.get(f"/incidents/{number + 1}").text
        one = ana.post(f"/incidents/{number + 1}/split", data={"alerts": leak.fingerprint, "why": "only water"})
        assert one.headers["location"] == f"/incidents/{number + 2}"
    assert "Fire and water" in page
    assert f"Split from INC-{number}: another house." in page


def test_what_cannot_be_merged_is_said_in_words(told: Told) -> None:
    number = with_alerts(told, "Slow", alert("Slow"))
    with told.browser() as ana:
        assert ana.post(f"/incidents/{number}/merge", data={"into": "that one", "why": "w"}).status_code == 400
        answer = ana.post(f"/incidents/{number}/merge", data={"into": str(number), "why": "w"})
    assert "An incident cannot be part of itself" in answer.text
    with told.browser("vera") as vera:
        assert f'action="/incidents/{number}/merge"' not in vera.get(f"/incidents/{number}").text


def test_the_alerts_page_says_state_verdict_and_why_and_offers_to_declare(told: Told) -> None:
    waits, ignored, blind = alert("MoonTooBright"), alert("Ignored"), alert("Blind", no_data=True)
    told.house.alerts.take([waits, ignored, blind], now())
    for one, verdict, why in (
        (waits, "suggested", "no runbook has a scenario for it"), (ignored, "ignored", "the rule “noise” says ignore"),
        (blind, "suggested", "its source sends no data"),
    ):  # fmt: skip
        told.house.alerts.settle(one.fingerprint, verdict=verdict, why=why)  # type: ignore[arg-type]
    with told.browser() as ana:
        page = ana.get("/alerts").text
    triage, aside = page.split("Silenced or ignored")
    assert "no runbook has a scenario for it" in triage
    assert f'href="/declare?alert={waits.fingerprint}"' in triage
    assert re.search(r"no data \d+ (s|min)", triage)
    assert "the rule “noise” says ignore" in aside
    assert f'href="/declare?alert={ignored.fingerprint}"' in aside


@pytest.mark.req(24)
def test_the_incident_page_says_which_alerts_flap_or_cannot_be_seen(told: Told) -> None:
    slow, leak = alert("Slow"), alert("Leak")
    number = with_alerts(told, "Slow", slow, leak)
    told.act(number, partial(core.fall_silent, alerts=[slow], by="fireline"))
    told.act(number, partial(core.flap, alert=leak, turns=[now()] * 5, by="fireline"))
    with told.browser() as ana:
        page = ana.get(f"/incidents/{number}").text
    assert "neither good nor over" in page
    assert "flapping since" in page
    assert "flapping: Leak; no data: Slow" in page
