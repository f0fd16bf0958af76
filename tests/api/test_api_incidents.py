"""The rule: whoever may, declares and moves an incident on in one request, and reads everything about it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from uuid import uuid4

import pytest

from api.caller import Caller
from fireline.core import command
from fireline.house import House

HERE = "/api/v1/incidents"


@pytest.mark.req(17)
def test_a_title_is_enough_to_declare_and_the_runbook_says_the_rest(ana: Caller) -> None:
    answer = ana.post(HERE, {"title": "Redis is down"})
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{HERE}/1"
    made = answer.json()
    assert (made["name"], made["severity"], made["status"]) == ("INC-1", "P1", "Investigating")
    assert made["response_minutes"] == 15
    assert (made["declared_by"], made["scenario"]) == ("ana", "Redis Down")
    assert made["runbook"]["title"] == "Lantern Books Incident Response"
    assert made["severity_why"]
    assert made["match_why"]
    assert {gate["kind"] for gate in made["gates"]} >= {"alerts", "watch", "root cause", "verified"}
    assert ana.get(f"{HERE}/1").json()["events"] == 1


@pytest.mark.req(3, 4, 5, 6)
@pytest.mark.parametrize(
    ("title", "severity", "minutes"),
    [
        ("Whole shop unreachable", "P0", 5),
        ("Customer data leaked", "P0", 5),
        ("Checkout failing", "P1", 15),
        ("Search results slow", "P2", 60),
        ("Typing error on a page", "P3", 240),
    ],
)
def test_the_severity_and_its_promise_are_the_runbooks(ana: Caller, title: str, severity: str, minutes: int) -> None:
    made = ana.post(HERE, {"title": title}).json()
    assert (made["severity"], made["response_minutes"]) == (severity, minutes)


def test_a_named_severity_beats_the_suggestion(ana: Caller) -> None:
    assert ana.post(HERE, {"title": "Redis is down", "severity": "p0", "service": "shop"}).json()["severity"] == "P0"


def test_the_same_key_declares_once_whoever_sends_it_again(ana: Caller) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first = ana.post(HERE, {"title": "Checkout failing"}, headers=key)
    again = ana.post(HERE, {"title": "Checkout failing"}, headers=key)
    other = ana.post(HERE, {"title": "Checkout failing"}, headers={"Idempotency-Key": str(uuid4())})
    assert [one.json()["number"] for one in (first, again, other)] == [1, 1, 2]


def test_a_key_that_others_would_choose_too_is_refused(ana: Caller) -> None:
    answer = ana.post(HERE, {"title": "Checkout failing"}, headers={"Idempotency-Key": "1"})
    assert (answer.status_code, answer.json()["field"]) == (400, "Idempotency-Key")


def test_the_list_shows_the_gravest_first_and_who_has_it(ana: Caller, ben: Caller) -> None:
    ana.post(HERE, {"title": "Search results slow"})
    ana.post(HERE, {"title": "Whole shop unreachable"})
    ben.post(f"{HERE}/2/acknowledgement")
    rows = ana.get(f"{HERE}?state=open").json()["incidents"]
    assert [(row["name"], row["severity"], row["acknowledged_by"]) for row in rows] == [
        ("INC-2", "P0", "ben"),
        ("INC-1", "P2", None),
    ]
    assert ana.get(f"{HERE}?state=closed").json()["incidents"] == []


@pytest.mark.req(42)
def test_ten_deeds_are_ten_lines_and_after_gives_only_the_new_ones(ana: Caller, ben: Caller) -> None:
    ana.post(HERE, {"title": "Redis is down"})
    deeds: tuple[tuple[str, object], ...] = (
        ("acknowledgement", None),
        ("notes", {"text": "It began after the deploy"}),
        ("notes", {"text": "A customer called", "happened_at": "2026-01-02T03:04:05Z"}),
        ("status", {"status": "Identified", "why": "disk full"}),
        ("severity", {"severity": "P0", "reason": "nobody can buy"}),
        ("root-cause", {"text": "The disk was full"}),
        ("gates/g2/tick", None),
        ("gates/g6/override", {"reason": "the shop is shut tonight"}),
        ("status", {"status": "Monitoring", "why": "seen by hand"}),
    )
    for noun, body in deeds:
        assert ben.post(f"{HERE}/1/{noun}", body).status_code == 201
    told = ana.get(f"{HERE}/1/timeline").json()
    assert (told["head"], len(told["entries"])) == (10, 10)
    assert told["entries"][0]["seq"] == 4  # told afterwards, stands where it happened
    assert told["entries"][0]["back_dated"]
    new = ana.get(f"{HERE}/1/timeline?after=8").json()["entries"]
    assert [(one["seq"], one["actor"]) for one in new] == [(9, "ben"), (10, "ben")]


def test_resolving_is_refused_with_the_gates_that_are_shut_and_done_when_none_is(ana: Caller) -> None:
    ana.post(HERE, {"title": "Redis is down"})
    refused = ana.post(f"{HERE}/1/resolution")
    assert refused.status_code == 409
    assert "Root cause identified (not stated)" in refused.json()["error"]
    ana.post(f"{HERE}/1/root-cause", {"text": "Nobody knows yet", "known": False})
    for gate in ana.get(f"{HERE}/1").json()["gates"]:
        if not gate["open"]:
            ana.post(f"{HERE}/1/gates/{gate['key']}/override", {"reason": "a game day, nothing is broken"})
    done = ana.post(f"{HERE}/1/resolution", {"why": "over"})
    assert (done.status_code, done.json()["status"]) == (201, "Resolved")
    assert done.json()["milestones"]["resolved"]


def test_the_review_is_markdown_from_the_log(ana: Caller) -> None:
    ana.post(HERE, {"title": "Redis is down"})
    ana.post(f"{HERE}/1/root-cause", {"text": "The disk was full"})
    answer = ana.get(f"{HERE}/1/review")
    assert answer.headers["content-type"].startswith("text/markdown")
    assert answer.text.startswith("# Post-Mortem: INC-1 Redis is down\n")
    assert "The disk was full" in answer.text


def test_evidence_is_shown_only_by_the_incident_that_has_it(ana: Caller, house: House) -> None:
    ana.post(HERE, {"title": "Redis is down"})
    digest = house.evidence.keep("PONG\n")
    answer = ana.get(f"{HERE}/1/evidence/{digest}")
    assert answer.status_code == 404
    assert "PONG" not in answer.text


def test_what_a_command_said_is_evidence_whole(ana: Caller, house: House) -> None:
    ana.post(HERE, {"title": "Redis is down"})
    house.ledger.act(
        1,
        partial(
            command.start_read, run="1.c1", by="fireline", step="c1", title="Ping", command="redis-cli ping",
            effect="read", rule="redis",
            unattended=True, purpose="diagnosis",
        ),
    )  # fmt: skip
    digest = house.evidence.keep("PONG <script>\n")
    house.ledger.act(
        1,
        partial(
            command.finish, run="1.c1", by="fireline", ending="ok", exit_code=0, seconds=0.1, evidence=digest, size=14
        ),
    )
    (run,) = ana.get(f"{HERE}/1").json()["runs"]
    assert (run["state"], run["exit_code"], run["evidence"]) == ("ok", 0, digest)
    answer = ana.get(f"{HERE}/1/evidence/{digest}")
    assert answer.text == "PONG <script>\n"
    assert answer.headers["content-type"].startswith("text/plain")


def test_runbooks_and_alerts_are_listed(ana: Caller) -> None:
    books = ana.get("/api/v1/runbooks").json()
    assert books["trouble"] == {}
    main = next(one for one in books["runbooks"] if one["severities"])
    whole = ana.get(f"/api/v1/runbooks/{main['digest']}").json()
    assert whole["title"] == main["title"] == "Lantern Books Incident Response"
    assert {"line", "text", "effect", "unattended", "tags", "placeholders", "rule"} <= set(whole["commands"][0])
    assert ana.get(f"/api/v1/runbooks/{'0' * 64}").status_code == 404
    assert ana.get("/api/v1/alerts").json() == {"firing": [], "to_triage": []}


def test_an_alert_that_no_incident_has_waits_for_triage(ana: Caller, house: House) -> None:
    token = house.accounts.token("ana", "hooks", house.now())
    alert = {"labels": {"alertname": "KettleCold", "service": "kitchen"}, "annotations": {"summary": "No tea"}}
    sent = ana.client.post("/api/v2/alerts", json=[alert], headers={"Authorization": f"Bearer {token}"})
    assert sent.status_code == 200
    told = ana.get("/api/v1/alerts").json()
    assert [(one["name"], one["service"], one["summary"]) for one in told["to_triage"]] == [
        ("KettleCold", "kitchen", "No tea")
    ]
    assert told["firing"] == told["to_triage"]


def test_everybody_may_read_who_may_look(caller: Callable[[str | None], Caller], ana: Caller) -> None:
    ana.post(HERE, {"title": "Redis is down"})
    vera = caller("vera")
    for path in (HERE, f"{HERE}/1", f"{HERE}/1/timeline", f"{HERE}/1/review", "/api/v1/alerts", "/api/v1/runbooks"):
        assert vera.get(path).status_code == 200
