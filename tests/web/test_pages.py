"""Every page is whole without scripts, safe by its headers, and says no in words."""

from __future__ import annotations

import re
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from litestar import Litestar, get
from litestar.testing import TestClient
from structlog.testing import capture_logs

from fireline import web
from fireline.core import approval
from fireline.core.incident import fold
from web.told import Told


def test_the_incident_page_answers_the_five_questions_at_a_glance(told: Told) -> None:
    number = told.night()
    with told.browser("ben") as ben:
        page = ben.get(f"/incidents/{number}").text
    assert f"INC-{number}" in page
    assert "Redis on 127.0.0.1:6390 does not answer for more than a minute" in page
    assert '<li aria-current="step">' in page
    assert "Ana Duarte" in page, "who has it"
    assert "Restart Redis waits for a yes." in page, "what is done now"
    assert "PagerDuty: page the on-call" in page
    assert "not delivered, next try" in page
    assert "7 of 7 gates are shut" in page


def test_the_waiting_command_stands_there_whole_with_its_lines_broken_between_arguments(told: Told) -> None:
    number = told.night()
    with told.browser("ben") as ben:
        page = ben.get(f"/incidents/{number}").text
    asks = page.split('<li class="asks"')[1]
    shown = re.findall(r"<span>([^<]*)</span>", asks.split("</code>")[0])
    one = approval.asks(told.house.ledger.log(number))[0]
    assert " ".join(shown) == one.asked.command
    assert one.digest in asks, "the form carries the digest of what is shown"


def test_whoever_asked_sees_why_they_cannot_approve(told: Told) -> None:
    number = told.declare()
    told.ask(number, by="ana")
    with told.browser("ana") as ana, told.browser("ben") as ben:
        mine, theirs = ana.get(f"/incidents/{number}").text, ben.get(f"/incidents/{number}").text
    assert "You asked for this one; somebody else has to say yes." in mine
    assert f'action="/incidents/{number}/approvals/1/yes"' not in mine
    assert f'action="/incidents/{number}/approvals/1/yes"' in theirs


def test_a_viewer_sees_everything_and_is_offered_nothing(told: Told) -> None:
    number = told.night()
    with told.browser("vera") as vera:
        page = vera.get(f"/incidents/{number}").text
        assert "Restart Redis waits for a yes." in page
        assert re.findall(r'method="post" action="([^"]*)"', page) == ["/sign-out"]
        no = vera.post(f"/incidents/{number}/notes", data={"text": "hello"})
    assert no.status_code == 403
    assert "Your account may only look." in no.text


@pytest.mark.parametrize(
    "path",
    ["/", "/declare", "/declare?title=Redis+is+down", "/alerts", "/runbooks", "/runbooks/incident-response", "/reviews",
     "/incidents/{n}", "/incidents/{n}?show=key", "/incidents/{n}/review", "/incidents/{n}/runbook",
     "/incidents/{n}/approvals/1", "/sign-in", "/nothing/here"],
)  # fmt: skip
def test_every_page_carries_the_headers_that_keep_others_out(told: Told, path: str) -> None:
    number = told.night()
    with told.browser() as ana:
        answer = ana.get(path.format(n=number))
        if path == "/nothing/here":
            answer = ana.get(f"/incidents/{number}/nothing")
            assert answer.status_code == 404
        else:
            assert answer.status_code == 200, answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert 'style="' not in answer.text
    assert not re.search(r"<script(?![^>]* src=)", answer.text), "no inline script"
    assert not re.search(r"\son[a-z]+=", answer.text), "no inline handler"
    assert answer.text.rstrip().endswith("</html>")


def test_without_a_session_a_page_leads_to_the_sign_in_page_and_back(told: Told) -> None:
    with told.browser(None) as stranger:
        answer = stranger.get("/incidents/1")
        part = stranger.get("/incidents/1/steps", headers={"HX-Request": "true"})
        stream = stranger.get("/events", headers={"Accept": "text/event-stream"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/incidents/1")
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/sign-in")
    assert stream.status_code == 401


def test_a_region_is_a_part_for_htmx_and_leads_to_its_page_for_everybody_else(told: Told) -> None:
    number = told.night()
    with told.browser() as ana:
        for region in ("head", "situation", "steps", "timeline", "side", "dock"):
            part = ana.get(f"/incidents/{number}/{region}", headers={"HX-Request": "true"})
            assert part.status_code == 200
            assert "<html" not in part.text
            whole = ana.get(f"/incidents/{number}/{region}")
            assert whole.headers["location"] == f"/incidents/{number}#{region}"
        keys = ana.get(f"/incidents/{number}/timeline?show=alerts", headers={"HX-Request": "true"}).text
    assert len(re.findall(r'<li id="t-', keys)) == 1


def test_evidence_is_the_very_bytes_that_were_hashed_and_belongs_to_its_incident(told: Told) -> None:
    number, other = told.night(), told.declare()
    run = next(iter(fold(number, told.house.ledger.log(number)).runs.values()))
    assert run.finished
    digest = run.finished.evidence
    with told.browser() as ana:
        page = ana.get(f"/incidents/{number}/evidence/{digest}")
        text = ana.get(f"/incidents/{number}/evidence/{digest}.txt")
        elsewhere = ana.get(f"/incidents/{other}/evidence/{digest}")
    assert digest in page.text
    assert text.headers["content-type"].startswith("text/plain")
    assert sha256(text.content).hexdigest() == digest
    assert elsewhere.status_code == 404


def test_what_a_command_says_cannot_become_part_of_the_page(told: Told) -> None:
    number = told.declare("<script>alert(1)</script> & co")
    told.run(number, f"{number}.x", "Look", "echo '<b>'", "<img src=x onerror=alert(1)>\n", exit_code=1)
    with told.browser() as ana:
        page = ana.get(f"/incidents/{number}").text
        review = ana.get(f"/incidents/{number}/review").text
    for text in (page, review):
        assert "<script>alert" not in text
        assert "<img" not in text
    assert "&lt;img src=x" in page


def test_the_review_is_rendered_and_can_be_taken_away_as_markdown(told: Told) -> None:
    number = told.morning()
    with told.browser() as ana:
        page, text = ana.get(f"/incidents/{number}/review"), ana.get(f"/incidents/{number}/review.md")
        listed = ana.get("/reviews").text
    assert "<h2>Post-Mortem" in page.text
    assert page.text.count("<h1") == 1
    assert text.text.startswith("# Post-Mortem")
    assert text.headers["content-disposition"] == f'attachment; filename="INC-{number}-review.md"'
    assert f"/incidents/{number}/review" in listed


def test_a_resolved_incident_shows_its_gates_as_they_stood_at_the_end(told: Told) -> None:
    number = told.morning()
    with told.browser() as ana:
        page = ana.get(f"/incidents/{number}").text
    assert "30 of 30 min green" in page
    assert "7 of 7" in page
    assert "Read the review" in page


def test_a_runbook_shows_what_would_become_of_each_command(told: Told) -> None:
    with told.browser() as ana:
        page = ana.get("/runbooks/incident-response").text
        assert ana.get("/runbooks/no-such").status_code == 404
    flush = page.split("flushall")[1].split("</li>")[0]
    assert "Waits for two people." in flush
    assert 'href="#L' in page
    assert page.count('<li id="L') == len(
        (told.house.library.main.source if told.house.library.main else "").splitlines()
    )


def test_static_files_are_kept_for_a_year_under_the_hash_of_their_content(told: Told) -> None:
    with told.browser(None) as stranger:
        page = stranger.get("/sign-in").text
        addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
        assert len(addresses) >= 10
        for address in addresses:
            answer = stranger.get(address)
            assert answer.status_code == 200, address
            assert address.split("?v=")[1] == sha256(answer.content).hexdigest()[:12]
            assert "immutable" in answer.headers["cache-control"]
        assert stranger.get("/static/../rendering.py").status_code == 404


def test_no_template_asks_for_styles_scripts_or_files_of_others() -> None:
    web = Path(__file__).resolve().parents[2] / "src" / "fireline" / "web"
    for file in (*web.rglob("*.html"), *web.glob("static/css/*.css")):
        text = file.read_text()
        assert "style=" not in text, file
        assert not re.search(r'(?:src|href)="(?:https?:)?//', text), file
    assert not [path for path in web.rglob("*.py") if len(path.read_text().splitlines()) > 400]


def test_two_people_are_asked_for_when_two_are_needed(told: Told) -> None:
    number = told.declare()
    ask = told.ask(number, by="vera", yes_needed=2, title="Empty the cache", text="redis-cli flushall")
    one = approval.asks(told.house.ledger.log(number))[-1]
    told.act(number, partial(approval.give, number=ask, shown=one.digest, by="ana"))
    with told.browser("ana") as ana, told.browser("ben") as ben:
        assert "You have said yes; it needs another person too." in ana.get(f"/incidents/{number}").text
        page = ben.get(f"/incidents/{number}").text
    assert "Ana Duarte · 1 more needed" in page
    assert "Approve and run" in page


def test_a_mistake_of_ours_gives_a_reference_and_no_trace() -> None:
    @get("/", sync_to_thread=False)
    def boom() -> str:
        raise RuntimeError("secret-of-the-trace")

    app = Litestar([boom], exception_handlers=web.exception_handlers, template_config=web.templates())
    with capture_logs() as log, TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/")
    assert answer.status_code == 500
    assert "secret-of-the-trace" not in answer.text
    assert log[0]["reference"] in answer.text
    assert answer.headers["content-security-policy"]
