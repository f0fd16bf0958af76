"""Deeds by forms: post, redirect, get; the changed parts for htmx; and a no with its status and its sentence."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from fireline.core import approval
from fireline.core.alert import Alert
from fireline.core.events import ApprovalGiven, GateOverridden, GlassBroken, NoteAdded
from fireline.core.incident import fold
from fireline.web.incidents import REGIONS
from fireline.workflows.propose import OWN_WORDS
from web.told import RESTART, Told

HTMX = {"HX-Request": "true"}


def test_a_form_without_scripts_posts_and_comes_back_to_the_page(told: Told) -> None:
    number = told.declare()
    with told.browser() as ana:
        answer = ana.post(f"/incidents/{number}/acknowledgement")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/incidents/{number}")
        assert "Answered in" in ana.get(f"/incidents/{number}").text
        again = ana.post(f"/incidents/{number}/acknowledgement")
    assert again.status_code == 409
    assert "ana has it already." in again.text
    assert "<html" in again.text


def test_htmx_gets_every_region_anew_and_a_sentence(told: Told) -> None:
    number = told.declare()
    with told.browser() as ana:
        answer = ana.post(
            f"/incidents/{number}/notes", data={"text": "The disk is full."},
            headers=HTMX | {"HX-Current-URL": f"{told.url}/incidents/{number}?show=people"},
        )  # fmt: skip
    assert answer.status_code == 200
    assert answer.text.count("<hx-partial") == len(REGIONS) + 1  # and the sentence
    assert "The disk is full." in answer.text
    assert "<html" not in answer.text
    assert f'href="/incidents/{number}?show=people#timeline-card" aria-current="true"' in answer.text


def test_a_refusal_by_htmx_is_the_sentence_with_its_status(told: Told) -> None:
    number = told.declare()
    with told.browser() as ana:
        empty = ana.post(f"/incidents/{number}/notes", data={"text": "  "}, headers=HTMX)
        gone = ana.post("/incidents/9999/notes", data={"text": "hello"}, headers=HTMX)
        early = ana.post(f"/incidents/{number}/resolution", headers=HTMX)
    assert empty.status_code == 400
    assert "An empty note helps nobody." in empty.text
    assert 'hx-target="#said"' in empty.text
    assert gone.status_code == 404
    assert early.status_code == 409
    assert "gates are shut" in early.text


@pytest.mark.parametrize("foreign", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}])
def test_a_form_that_another_site_sends_is_refused(told: Told, foreign: dict[str, str]) -> None:
    number = told.night()
    digest = approval.digest(RESTART)
    with told.browser("ben", Origin="https://evil.example", **foreign) as ben:
        answer = ben.post(f"/incidents/{number}/approvals/1/yes", data={"shown": digest})
    assert answer.status_code == 403
    assert "did not come from fireline" in answer.text
    assert not [event for event in told.house.ledger.log(number) if isinstance(event, ApprovalGiven)]


def test_ben_approves_what_he_was_shown_and_nothing_else(told: Told) -> None:
    number = told.night()
    with told.browser("ben") as ben:
        other = ben.post(f"/incidents/{number}/approvals/1/yes", data={"shown": "0" * 64})
        assert other.status_code == 409
        assert "not the one that waits" in other.text
        assert (
            ben.post(f"/incidents/{number}/approvals/1/yes", data={"shown": approval.digest(RESTART)}).status_code
            == 303
        )
        assert "approved, about to start" in ben.get(f"/incidents/{number}").text
        assert "Yes from Ben Okoro." in ben.get(f"/incidents/{number}/approvals/1").text


def test_declining_and_breaking_the_glass_want_a_reason(told: Told) -> None:
    number = told.night()
    with told.browser("ben") as ben:
        assert ben.post(f"/incidents/{number}/approvals/1/no", data={"reason": ""}).status_code == 400
        assert ben.post(f"/incidents/{number}/approvals/1/no", data={"reason": "Replica is healthy"}).status_code == 303
        assert "declined by ben: Replica is healthy" in ben.get(f"/incidents/{number}").text
        ask = told.ask(number, by="ben")
        path = f"/incidents/{number}/approvals/{ask}/break-glass"
        shown = approval.digest(RESTART)
        assert ben.post(path, data={"shown": shown, "reason": "alone"}).status_code == 400
        assert ben.post(path, data={"shown": shown, "reason": "Ana is on a train without net"}).status_code == 303
    assert [event.by for event in told.house.ledger.log(number) if isinstance(event, GlassBroken)] == ["ben"]


def test_a_person_asks_for_a_command_of_the_runbook_and_the_exact_bytes_are_judged(told: Told) -> None:
    number = told.night()
    main = told.house.library.main
    assert main
    memory = main.scenarios[0].resolution[1].commands[0]
    with told.browser() as ana:
        wish = {"step": memory.key, "reason": "It ran out of memory", "value.redis_host": "10.0.0.7"}
        assert ana.post(f"/incidents/{number}/approvals", data=wish).status_code == 303
        none = ana.post(f"/incidents/{number}/approvals", data={"step": "c0", "reason": "to see"})
        asked = approval.asks(told.house.ledger.log(number))[-1].asked
        reads = ana.post(f"/incidents/{number}/approvals", data={"command": "uptime", "reason": "to see"}, headers=HTMX)
    assert asked.command == "redis-cli -h 10.0.0.7 -p 6390 config set maxmemory 512mb"
    assert (asked.by, asked.reason) == ("ana", "It ran out of memory")
    assert "It only reads, so it runs now." in reads.text
    assert approval.asks(told.house.ledger.log(number))[-1].granted
    assert none.status_code == 404


def test_gates_are_ticked_stated_and_set_aside_until_it_can_be_resolved(told: Told) -> None:
    number = told.declare()
    gates = {spec.kind: spec.key for spec in fold(number, told.house.ledger.log(number)).declared.gates}
    with told.browser() as ana:
        assert ana.post(f"/incidents/{number}/gates/{gates['by hand']}/tick").status_code == 303
        assert ana.post(f"/incidents/{number}/gates/{gates['watch']}/tick").status_code == 409
        why = {"reason": "One pod only, watched by hand."}
        assert ana.post(f"/incidents/{number}/gates/{gates['watch']}/override", data=why).status_code == 303
        assert (
            ana.post(f"/incidents/{number}/root-cause", data={"text": "Nobody knows yet", "unknown": "yes"}).status_code
            == 303
        )
        for spec in fold(number, told.house.ledger.log(number)).declared.gates:
            if spec.kind == "by hand" and spec.key != gates["by hand"]:
                ana.post(f"/incidents/{number}/gates/{spec.key}/tick")
        ana.post(f"/incidents/{number}/gates/{gates['verified']}/override", data=why)
        assert 'id="resolve"' in ana.get(f"/incidents/{number}").text
        assert ana.post(f"/incidents/{number}/resolution").status_code == 303
    assert fold(number, told.house.ledger.log(number)).resolved
    assert len([e for e in told.house.ledger.log(number) if isinstance(e, GateOverridden)]) == 2


def test_severity_and_status_change_with_their_reasons(told: Told) -> None:
    number = told.declare(severity="P2")
    with told.browser() as ana:
        assert (
            ana.post(f"/incidents/{number}/severity", data={"severity": "P0", "reason": "All readers"}).status_code
            == 303
        )
        assert ana.post(f"/incidents/{number}/severity", data={"severity": "P9", "reason": "x"}).status_code == 400
        monitoring = {"status": "Monitoring", "why": "seen by hand"}
        assert ana.post(f"/incidents/{number}/status", data=monitoring).status_code == 303
        assert ana.post(f"/incidents/{number}/status", data={"status": "Resolved"}).status_code == 409
    now = fold(number, told.house.ledger.log(number))
    assert (now.severity, now.response_minutes, now.status) == ("P0", 5, "Monitoring")


def test_a_note_told_afterwards_keeps_its_time_and_a_wrong_time_is_refused(told: Told) -> None:
    number = told.declare()
    with told.browser() as ana:
        wrong = ana.post(f"/incidents/{number}/notes", data={"text": "x", "happened_at": "yesterday"})
        assert wrong.status_code == 400
        ana.post(f"/incidents/{number}/notes", data={"text": "It began", "happened_at": "2026-01-02T03:04"})
    note = [event for event in told.house.ledger.log(number) if isinstance(event, NoteAdded)][-1]
    assert note.happened_at
    assert f"{note.happened_at:%Y-%m-%d %H:%M %Z}" == "2026-01-02 03:04 UTC"


def test_declaring_needs_a_title_and_nothing_else(told: Told) -> None:
    with told.browser() as ana:
        hint = ana.get("/declare?title=Checkout+failing", headers=HTMX).text
        answer = ana.post("/incidents", data={"title": "Checkout failing", "severity": ""})
        assert answer.status_code == 303
        page = ana.get(answer.headers["location"]).text
        assert ana.post("/incidents", data={"title": " "}).status_code == 400
        by_htmx = ana.post("/incidents", data={"title": "Search is slow"}, headers=HTMX)
    assert "P1" in hint
    assert "<html" not in hint
    assert "Checkout failing" in page
    assert by_htmx.headers["hx-redirect"].startswith("/incidents/")


def test_an_alert_that_nobody_wrote_a_scenario_for_is_declared_or_attached_by_a_person(told: Told) -> None:
    at = told.times()
    odd, odder = (
        Alert(source="grafana", labels={"alertname": name, "service": "press"}, starts_at=at - timedelta(minutes=3))
        for name in ("InkLow", "PaperJam")
    )
    told.house.alerts.take([odd, odder], at)
    with told.browser() as ana:
        assert "InkLow" in ana.get("/").text
        form = ana.get(f"/declare?alert={odd.fingerprint}").text
        assert 'value="press"' in form
        answer = ana.post("/incidents", data={"title": "Ink is low", "alert": odd.fingerprint})
        number = int(answer.headers["location"].rsplit("/", 1)[1])
        assert ana.post(f"/incidents/{number}/alerts", data={"fingerprint": odder.fingerprint}).status_code == 303
        assert ana.post(f"/incidents/{number}/alerts", data={"fingerprint": "gone"}).status_code == 404
        assert "Nothing waits." in ana.get("/alerts").text
    names = {one.joined.name for one in fold(number, told.house.ledger.log(number)).alerts.values()}
    assert names == {"InkLow", "PaperJam"}


def test_an_ask_that_went_stale_says_so_and_may_be_asked_again(told: Told) -> None:
    number = told.declare()
    told.times.back = timedelta(minutes=16)
    told.act(number, partial(approval.ask, step=OWN_WORDS, title="Restart Redis", command=RESTART, effect="write",
                             rule="supervisorctl.restart", reason="It is dead", yes_needed=1, by="ana"))  # fmt: skip
    told.times.back = timedelta()
    with told.browser("ben") as ben:
        assert "nobody answered within 15 minutes" in ben.get(f"/incidents/{number}").text
        late = ben.post(f"/incidents/{number}/approvals/1/yes", data={"shown": approval.digest(RESTART)})
    assert late.status_code == 409
    assert "stale" in late.text
