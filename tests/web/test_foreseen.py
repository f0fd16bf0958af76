"""Whoever says yes sees target, preview, who is hit, undo and expiry first; a last resort is typed out."""

from __future__ import annotations

import re
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from fireline.core import approval, command, guard, undo
from fireline.core.about import About
from fireline.core.events import HOUSE, ApprovalAsked
from fireline.core.plan import plan
from fireline.core.runbook import parse
from fireline.shell import parse as shell
from fireline.web.ready import sessions
from fireline.workflows.propose import OWN_WORDS
from web.told import Told

SCALE = About(
    target="cluster production · namespace shop · deployment/web",
    runbook="ab" * 32,
    name="web",
    does="Changes how many pods run.",
    preview="3 replicas now (2 ready), 10 next\nThe autoscaler web keeps it between 2 and 8: it will take this back",
    blast="Adds 7 pods to deployment/web; none is stopped.",
    undo="kubectl scale deployment/web --replicas=3 --namespace=shop",
    undone="Scale deployment/web back to 3",
)
RESTART = About(
    target="cluster production · namespace shop · statefulset/postgres",
    name="postgres",
    last_resort=True,
    does="Replaces every pod.",
    no_preview="statefulset/postgres could not be read: the server is away",
    blast="Replaces the only pod of statefulset/postgres: nothing answers meanwhile.",
    undone="A restart cannot be taken back; the version stays the same.",
    asked_as="kubectl rollout restart deploy/postgres -n shop",
)


def asked(told: Told, about: About, text: str, effect: str = "write") -> tuple[int, approval.Ask]:
    """Ana asks for it in an incident of its own."""
    number = told.declare("Nobody can pay")
    deed = partial(
        approval.ask,
        step=OWN_WORDS,
        title="Scale up",
        command=text,
        effect=effect,
        rule="kubectl.scale",
        reason="the queue grows",
        yes_needed=1,
        by="ana",
        about=about,
    )
    told.act(number, deed)
    return number, approval.find(told.house.ledger.log(number), 1)


def plain(page: str) -> str:
    """The page's words without its marks: each argument of a command stands in one of its own."""
    return unescape(re.sub(r"<[^>]+>", "", page))


def ran(told: Told, number: int, *, way: str, what: str) -> None:
    """Ben says yes, its way back is kept, and it runs well."""
    one = approval.find(told.house.ledger.log(number), 1)
    told.act(number, partial(approval.give, number=1, shown=one.digest, by="ben"))
    run = f"{number}.ask1"
    told.act(number, partial(undo.keep, run=run, command=way, what=what, by=HOUSE))
    told.act(number, partial(command.start_approved, run=run, number=1, by=HOUSE))
    kept = told.house.evidence.keep("deployment.apps/web scaled\n")
    ended: dict[str, Any] = {"ending": "ok", "exit_code": 0, "seconds": 0.2, "evidence": kept, "size": 27, "by": HOUSE}
    told.act(number, partial(command.finish, run=run, **ended))


@pytest.mark.req(77)
@pytest.mark.parametrize("place", ["/incidents/{n}", "/incidents/{n}/approvals/1"])
def test_the_page_and_the_link_for_a_phone_show_all_that_was_seen(told: Told, place: str) -> None:
    number, one = asked(told, SCALE, "kubectl scale deployment/web --replicas=10 -n shop")
    with told.browser("ben") as ben:
        page = ben.get(place.format(n=number)).text
        page += plain(page)
    for words in (
        "cluster production",
        "namespace shop",
        "deployment/web",
        "3 replicas now (2 ready), 10 next",
        "Adds 7 pods to deployment/web; none is stopped.",
        "Scale deployment/web back to 3",
        "kubectl scale deployment/web --replicas=3 --namespace=shop",
        "the queue grows",
        'role="timer"',
        one.digest,
    ):
        assert words in page, words
    assert "Last resort" not in page


@pytest.mark.req(70)
def test_a_last_resort_without_a_preview_is_loud_and_its_name_is_typed(told: Told) -> None:
    number, one = asked(told, RESTART, "kubectl rollout restart statefulset/postgres -n shop", "destructive")
    with told.browser("ben") as ben:
        page = ben.get(f"/incidents/{number}/approvals/1").text
        assert "<strong>Last resort.</strong>" in page
        assert "<strong>No preview.</strong> statefulset/postgres could not be read" in page
        assert "<strong>No undo.</strong> A restart cannot be taken back" in page
        assert "kubectl rollout restart deploy/postgres -n shop" in plain(page)
        shown = {"shown": one.digest}
        wrong = ben.post(f"/incidents/{number}/approvals/1/yes", data=shown | {"typed": "redis"})
        assert (wrong.status_code, "type the name of what it hits, postgres" in wrong.text) == (400, True)
        assert ben.post(f"/incidents/{number}/approvals/1/yes", data=shown | {"typed": "postgres"}).status_code == 303
    assert approval.find(told.house.ledger.log(number), 1).yes == ("ben",)


@pytest.mark.req(77)
def test_the_way_back_stands_beside_the_step_as_an_ask_that_is_ready(told: Told) -> None:
    number, _ = asked(told, SCALE, "kubectl scale deployment/web --replicas=10 -n shop")
    ran(told, number, way="kubectl scale deployment/web --replicas=4", what="Scale deployment/web back to 4")
    with told.browser("ana") as ana:
        page = ana.get(f"/incidents/{number}").text
        assert "Undo: Scale deployment/web back to 4" in page
        form = {"command": "kubectl scale deployment/web --replicas=4", "title": "Undo: Scale deployment/web back to 4"}
        answer = ana.post(f"/incidents/{number}/approvals", data=form | {"reason": "Take back Scale up"})
    assert answer.status_code == 303
    newest = [event for event in told.house.ledger.log(number) if isinstance(event, ApprovalAsked)][-1]
    assert (newest.command, newest.title, newest.by) == (form["command"], form["title"], "ana")


def test_a_yes_that_did_not_hold_says_why_and_may_be_asked_for_again(told: Told) -> None:
    number, one = asked(told, SCALE, "kubectl scale deployment/web --replicas=10 -n shop")
    told.act(number, partial(approval.give, number=1, shown=one.digest, by="ben"))
    told.act(number, partial(approval.void, number=1, why="production is another cluster.", by=HOUSE))
    with told.browser("ana") as ana:
        page = ana.get(f"/incidents/{number}").text
        alone = ana.get(f"/incidents/{number}/approvals/1").text
    assert "not run: production is another cluster." in page
    assert "It did not run: production is another cluster." in alone
    assert "about to start" not in page


@pytest.mark.req(68, 69)
def test_a_scenario_that_looks_at_sessions_offers_to_list_first_and_cancel_before_ending(shared: Path) -> None:
    source = (shared / "seed" / "incident-response-runbook.md").read_bytes()
    book = parse(source, path="runbook.md", shell=shell)
    offered = sessions(plan(book, "Database Connection Exhausted"))
    assert [one.title.split()[0] for one in offered] == ["List", "Cancel", "End", "List", "End"]
    for one in offered:
        verdict = guard.judge(one.command, parse=shell)
        words = {"List": ("read", True), "Cancel": ("write", False), "End": ("destructive", False)}
        assert (str(verdict.effect), verdict.unattended) == words[one.title.split()[0]]
        assert "-n akaind-platform" in one.command
    assert sessions(plan(book, "Redis Down")) == ()
