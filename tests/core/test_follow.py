"""What follows from an event is decided in one place, and nothing follows twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fireline.core import approval, command
from fireline.core.events import (
    HOUSE,
    AlertCleared,
    AlertJoined,
    ApprovalAsked,
    CommandFinished,
    DeliveryDelayed,
    GateTicked,
    IncidentAcknowledged,
    IncidentDeclared,
    Log,
    NoteAdded,
    RunbookRef,
    SeverityChanged,
    StatusChanged,
)
from fireline.core.follow import Clock, Effect, Tell, Work, follow
from fireline.core.work import Mail

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PAGER = frozenset({"pagerduty"})
RESTART = "supervisorctl restart redis"


def declared(severity: str = "P1", **more: Any) -> IncidentDeclared:
    facts: dict[str, Any] = {"severity_name": "", "severity_why": "", "response_minutes": 15, "detected_at": NOON}
    return IncidentDeclared(at=NOON, by="ana", title="Redis is down", severity=severity, **facts | more)


def severity(to: str, minutes: int, at: datetime) -> SeverityChanged:
    return SeverityChanged(at=at, by="ana", severity=to, severity_name="", response_minutes=minutes, reason="")


def asked(by: str, yes_needed: int = 1) -> ApprovalAsked:
    return ApprovalAsked(
        at=NOON,
        by=by,
        ask=1,
        step="s1",
        title="Restart",
        command=RESTART,
        effect="write",
        rule="",
        reason="down",
        yes_needed=yes_needed,
    )


def said(log: Log, *, yes: str) -> Log:
    return (*log, approval.give(log, NOON, number=1, shown=approval.digest(RESTART), by=yes))


def kinds(work: tuple[Work, ...]) -> list[str]:
    return [one.topic if isinstance(one, Tell) else "mail" if isinstance(one, Mail) else one.kind for one in work]


@pytest.mark.req(26)
@pytest.mark.parametrize(("name", "pages"), [("P0", True), ("P1", True), ("P2", False), ("P3", False)])
def test_p0_and_p1_page_and_p2_and_p3_do_not(name: str, pages: bool) -> None:  # noqa: FBT001
    work = follow(1, (declared(name),), vendors=PAGER)
    assert ("pagerduty" in kinds(work)) is pages
    assert "acknowledge" in kinds(work)  # the promise holds for everybody


def test_nobody_is_paged_without_a_pager() -> None:
    assert kinds(follow(1, (declared("P0"),))) == ["acknowledge"]


def test_the_promise_to_acknowledge_counts_from_detection() -> None:
    (clock,) = follow(1, (declared(detected_at=NOON - 3 * MINUTE),))
    assert clock == Clock(kind="acknowledge", incident=1, seq=1, due_at=NOON + 12 * MINUTE)


def test_a_walk_follows_where_a_runbook_has_a_scenario() -> None:
    book = RunbookRef(path="runbook.md", title="Runbook", digest="d" * 64)
    assert "walk" in kinds(follow(1, (declared(runbook=book, scenario="Redis Down"),)))
    assert "walk" not in kinds(follow(1, (declared(runbook=book),)))


def test_an_effect_is_named_for_ever() -> None:
    first, again = (follow(7, (declared("P0"),), vendors=PAGER) for _ in range(2))
    assert first == again
    assert [one.key for one in first if isinstance(one, Effect)] == ["7:1:pagerduty:trigger"]


def test_an_acknowledgement_stops_the_paging_that_was_begun() -> None:
    have = IncidentAcknowledged(at=NOON, by="ana")
    (stop,) = follow(1, (declared("P1"), have), vendors=PAGER)
    assert isinstance(stop, Effect)
    assert stop.data == {"verb": "acknowledge", "attempt": 1, "delivery": "pagerduty/2/acknowledge"}
    assert follow(1, (declared("P2"), have), vendors=PAGER) == ()


@pytest.mark.req(10)
def test_a_changed_severity_sets_a_new_promise_and_pages_the_first_time_it_is_grave() -> None:
    log: Log = (declared("P2", response_minutes=60), severity("P0", 5, NOON + 10 * MINUTE))
    page, clock = follow(1, log, vendors=PAGER)
    assert clock == Clock(kind="acknowledge", incident=1, seq=2, due_at=NOON + 5 * MINUTE)
    assert isinstance(page, Effect)
    assert page.data["verb"] == "trigger"
    twice = (*log, severity("P2", 60, NOON), severity("P1", 15, NOON))
    title, _ = follow(1, twice, vendors=PAGER)
    assert isinstance(title, Effect)
    assert title.data["verb"] == "retitle"  # they were woken once


def test_no_promise_is_left_once_somebody_has_it() -> None:
    log: Log = (declared("P2"), IncidentAcknowledged(at=NOON, by="ana"), severity("P1", 15, NOON))
    assert kinds(follow(1, log, vendors=frozenset())) == []


def test_a_resolution_closes_the_page_and_drafts_the_review() -> None:
    over = StatusChanged(at=NOON, by="ana", status="Resolved")
    assert kinds(follow(1, (declared("P1"), over), vendors=PAGER)) == ["pagerduty", "review"]
    assert kinds(follow(1, (declared("P3"), over), vendors=PAGER)) == ["review"]


def test_the_green_window_begins_when_the_last_thing_turns_green() -> None:
    fires = AlertJoined(at=NOON, by=HOUSE, fingerprint="f", name="Down", source="probe", starts_at=NOON, why="")
    calm = NOON + 5 * MINUTE
    monitoring = StatusChanged(at=NOON + MINUTE, by="ana", status="Monitoring")
    over = AlertCleared(at=calm, by=HOUSE, fingerprint="f", name="Down", ended_at=calm)
    log: Log = (declared(), fires, monitoring)
    assert follow(1, log) == ()
    assert follow(1, (*log, over)) == (Clock(kind="watch", incident=1, seq=4, due_at=calm + 30 * MINUTE),)
    assert follow(1, (declared(), fires, over)) == ()  # not Monitoring yet


def test_a_drill_rings_its_watch_sooner() -> None:
    log: Log = (declared(watch_speed=60.0), StatusChanged(at=NOON, by="ana", status="Monitoring"))
    assert follow(1, log) == (Clock(kind="watch", incident=1, seq=2, due_at=NOON + timedelta(seconds=30)),)


def test_a_command_runs_with_the_last_yes_and_not_before() -> None:
    log: Log = (declared(), asked("ana", yes_needed=2))
    assert follow(1, log) == ()
    log = said(log, yes="ben")
    assert follow(1, log) == ()
    (run,) = follow(1, said(log, yes="eva"))
    assert isinstance(run, Effect)
    assert (run.kind, run.data) == ("run", {"ask": 1})


def test_broken_glass_runs_the_command() -> None:
    log: Log = (declared(), asked("ana", yes_needed=2))
    reason = "nobody else answers"
    broken = approval.break_glass(log, NOON, number=1, shown=approval.digest(RESTART), reason=reason, by="ana")
    assert kinds(follow(1, (*log, broken))) == ["run"]


@pytest.mark.parametrize(("by", "told"), [(HOUSE, True), ("ana", False)])
def test_the_walk_hears_what_became_of_its_own_asks_only(by: str, told: bool) -> None:  # noqa: FBT001
    log: Log = (declared(), asked(by))
    no = approval.deny(log, NOON, number=1, reason="wrong host", by="ben")
    assert follow(1, (*log, no)) == ((Tell(incident=1, seq=3, topic="ask:1", text="denied"),) if told else ())
    log = said(log, yes="ben")
    log = (*log, command.start_approved(log, NOON, run="r1", number=1, by=HOUSE))
    ended = CommandFinished(
        at=NOON, by=HOUSE, run="r1", ending="failed", exit_code=1, seconds=1.0, evidence="e" * 64, size=0
    )
    assert follow(1, (*log, ended)) == ((Tell(incident=1, seq=5, topic="ask:1", text="failed"),) if told else ())


def test_a_delayed_delivery_is_tried_again_at_its_time_under_its_own_name() -> None:
    delayed = DeliveryDelayed(
        at=NOON,
        by=HOUSE,
        delivery="pagerduty/1/trigger",
        vendor="pagerduty",
        what="Page the on-call",
        reason="503",
        attempt=2,
        again_at=NOON + MINUTE,
    )
    (again,) = follow(1, (declared(), delayed), vendors=PAGER)
    assert isinstance(again, Effect)
    assert (again.kind, again.due_at) == ("pagerduty", NOON + MINUTE)
    assert again.data == {"verb": "trigger", "attempt": 3, "delivery": "pagerduty/1/trigger"}


def test_nothing_follows_from_words() -> None:
    for event in (NoteAdded(at=NOON, by="ana", text="hm"), GateTicked(at=NOON, by="ana", gate="g1")):
        assert follow(1, (declared(), event), vendors=PAGER) == ()
