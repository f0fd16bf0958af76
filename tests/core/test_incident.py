"""An incident is what its log says: declared once, acknowledged once, and every no says what to do instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fireline.core import incident
from fireline.core.events import (
    HOUSE,
    AcknowledgementMissed,
    AlertCleared,
    AlertJoined,
    IncidentAcknowledged,
    IncidentDeclared,
    ReviewDrafted,
    SeverityChanged,
    StatusChanged,
)
from fireline.core.incident import fold
from fireline.core.refusal import Refused

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DECLARED = IncidentDeclared(
    at=NOON,
    by="ana",
    title="Checkout is slow",
    severity="P1",
    severity_name="High",
    severity_why="named by whoever declared it",
    response_minutes=15,
    detected_at=NOON,
)
RESOLVED = StatusChanged(at=NOON + MINUTE, by="ana", status="Resolved")


def declare(title: str, detected_at: datetime | None = None) -> IncidentDeclared:
    return incident.declare(
        (),
        NOON,
        title=title,
        severity="P1",
        severity_name="High",
        severity_why="",
        response_minutes=15,
        by="ana",
        detected_at=detected_at,
    )


def test_an_incident_is_declared_once() -> None:
    with pytest.raises(Refused, match="declared already"):
        incident.declare(
            (DECLARED,),
            NOON,
            title="Again",
            severity="P1",
            severity_name="High",
            severity_why="",
            response_minutes=15,
            by="ben",
        )


@pytest.mark.parametrize("title", ["", "  \n\t "])
def test_a_title_says_what_is_wrong(title: str) -> None:
    with pytest.raises(Refused, match="in a few words") as no:
        declare(title)
    assert (no.value.status, no.value.field) == (400, "title")


def test_a_title_fits_a_lock_screen() -> None:
    assert len(declare("x" * 200).title) == 200
    with pytest.raises(Refused, match="under 200 characters"):
        declare("x" * 201)


def test_a_title_is_one_line() -> None:
    assert declare("  Checkout\n is   slow ").title == "Checkout is slow"


def test_nothing_is_detected_after_it_was_declared() -> None:
    assert declare("Slow").detected_at == NOON
    assert declare("Slow", NOON - MINUTE).detected_at == NOON - MINUTE
    assert declare("Slow", NOON + MINUTE).detected_at == NOON  # a sender whose clock is ahead


def test_a_log_that_is_empty_or_begins_with_anything_else_is_no_incident() -> None:
    for log in ((), (RESOLVED,)):
        with pytest.raises(Refused, match="no such incident") as no:
            fold(1, log)
        assert no.value.status == 404


def test_the_name_and_title_are_said_aloud() -> None:
    now = fold(142, (DECLARED,))
    assert (now.name, now.title) == ("INC-142", "P1: Checkout is slow")


@pytest.mark.req(3, 4, 5, 6, 9)
@pytest.mark.parametrize(("severity", "minutes"), [("P0", 5), ("P1", 15), ("P2", 60), ("P3", 240)])
def test_the_response_time_is_missed_when_it_is_over_and_not_a_second_before(severity: str, minutes: int) -> None:
    detected = NOON - 3 * MINUTE  # the clock runs from detection, not from declaration
    log = (
        IncidentDeclared(
            at=NOON,
            by=HOUSE,
            title="Down",
            severity=severity,
            severity_name="",
            severity_why="",
            response_minutes=minutes,
            detected_at=detected,
        ),
    )
    due = detected + minutes * MINUTE
    assert fold(1, log).acknowledge_by == due
    with pytest.raises(Refused, match="response time is not over"):
        incident.miss_acknowledgement(log, due - SECOND, by=HOUSE)
    assert incident.miss_acknowledgement(log, due, by=HOUSE).response_minutes == minutes
    in_time = (*log, incident.acknowledge(log, due - SECOND, by="ana"))
    with pytest.raises(Refused, match="Nothing is left to miss"):
        incident.miss_acknowledgement(in_time, due, by=HOUSE)


@pytest.mark.req(9)
def test_the_first_acknowledgement_counts_and_the_second_hears_who_has_it() -> None:
    log = (DECLARED, incident.acknowledge((DECLARED,), NOON + MINUTE, by="ana"))
    with pytest.raises(Refused, match="ana has it already"):
        incident.acknowledge(log, NOON + 2 * MINUTE, by="ben")
    twice = (*log, IncidentAcknowledged(at=NOON + 2 * MINUTE, by="ben"))  # even if a log held two
    held = fold(1, twice).acknowledged
    assert held is not None
    assert held.by == "ana"


def test_late_is_better_than_never() -> None:
    log = (DECLARED, incident.miss_acknowledgement((DECLARED,), NOON + 15 * MINUTE, by=HOUSE))
    assert incident.acknowledge(log, NOON + 16 * MINUTE, by="ana").by == "ana"
    with pytest.raises(Refused, match="missed already"):
        incident.miss_acknowledgement(log, NOON + 17 * MINUTE, by=HOUSE)


def test_a_resolved_incident_takes_no_acknowledgement_and_no_severity() -> None:
    with pytest.raises(Refused, match=r"resolved\. Declare a new one"):
        incident.acknowledge((DECLARED, RESOLVED), NOON + 2 * MINUTE, by="ben")
    with pytest.raises(Refused, match=r"resolved\. Declare a new one"):
        graver((DECLARED, RESOLVED), NOON + 2 * MINUTE)


def graver(log: tuple[IncidentDeclared | StatusChanged | IncidentAcknowledged, ...], at: datetime) -> SeverityChanged:
    return incident.change_severity(
        log, at, severity="P0", severity_name="Critical", response_minutes=5, reason="nobody can pay", by="ben"
    )


@pytest.mark.req(10)
def test_a_graver_severity_moves_the_target_and_may_have_missed_it_already() -> None:
    p2 = IncidentDeclared(
        at=NOON,
        by="ana",
        title="Slow",
        severity="P2",
        severity_name="Medium",
        severity_why="",
        response_minutes=60,
        detected_at=NOON,
    )
    log = (p2, graver((p2,), NOON + 10 * MINUTE))
    now = fold(1, log)
    assert (now.severity, now.severity_name, now.response_minutes) == ("P0", "Critical", 5)
    assert now.acknowledge_by == NOON + 5 * MINUTE
    assert isinstance(incident.miss_acknowledgement(log, NOON + 10 * MINUTE, by=HOUSE), AcknowledgementMissed)


@pytest.mark.req(10)
def test_a_milder_severity_gives_a_new_promise_that_can_be_missed_anew() -> None:
    missed = incident.miss_acknowledgement((DECLARED,), NOON + 15 * MINUTE, by=HOUSE)
    milder = incident.change_severity(
        (DECLARED, missed),
        NOON + 20 * MINUTE,
        severity="P2",
        severity_name="Medium",
        response_minutes=60,
        reason="only one page",
        by="ana",
    )
    log = (DECLARED, missed, milder)
    with pytest.raises(Refused, match="response time is not over"):
        incident.miss_acknowledgement(log, NOON + 59 * MINUTE, by=HOUSE)
    assert incident.miss_acknowledgement(log, NOON + 60 * MINUTE, by=HOUSE).response_minutes == 60


def test_a_severity_changes_with_a_reason_and_to_another_one() -> None:
    with pytest.raises(Refused, match="why the severity changes") as no:
        incident.change_severity(
            (DECLARED,), NOON, severity="P0", severity_name="", response_minutes=5, reason=" ", by="ana"
        )
    assert no.value.field == "reason"
    with pytest.raises(Refused, match="P1 already"):
        incident.change_severity(
            (DECLARED,), NOON, severity="P1", severity_name="", response_minutes=15, reason="so", by="ana"
        )


@pytest.mark.req(81)
def test_a_status_is_one_of_the_four_words() -> None:
    for wrong in ("Fixed", "investigating", "", "Monitoring "):
        with pytest.raises(Refused, match="one of Investigating, Identified, Monitoring, Resolved") as no:
            incident.change_status((DECLARED,), NOON, status=wrong, by="ana")
        assert no.value.field == "status"


@pytest.mark.req(81)
def test_a_status_may_go_back() -> None:
    forward = incident.change_status((DECLARED,), NOON + MINUTE, status="Monitoring", by="ana", why="seen by hand")
    back = incident.change_status((DECLARED, forward), NOON + 2 * MINUTE, status="Investigating", by="ana")
    now = fold(1, (DECLARED, forward, back))
    assert now.status == "Investigating"
    assert now.status_since == (
        ("Investigating", NOON),
        ("Monitoring", NOON + MINUTE),
        ("Investigating", NOON + 2 * MINUTE),
    )


def test_a_status_is_not_set_to_what_it_is_and_resolved_has_its_own_door() -> None:
    with pytest.raises(Refused, match="Investigating already"):
        incident.change_status((DECLARED,), NOON, status="Investigating", by="ana")
    with pytest.raises(Refused, match="through its gates"):
        incident.change_status((DECLARED,), NOON, status="Resolved", by="ana")


def test_a_resolved_incident_can_come_back() -> None:
    assert fold(1, (DECLARED, RESOLVED)).ended_at == NOON + MINUTE
    back = incident.change_status((DECLARED, RESOLVED), NOON + 2 * MINUTE, status="Investigating", by="ana")
    now = fold(1, (DECLARED, RESOLVED, back))
    assert not now.resolved
    assert now.ended_at is None


@pytest.mark.parametrize(("text", "sentence"), [("  ", "empty note"), ("x" * 10_001, "under 10000 characters")])
def test_a_note_says_something_and_not_a_novel(text: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        incident.note((DECLARED,), NOON, text=text, by="ana")


def test_a_note_may_speak_of_the_past_and_not_of_the_future() -> None:
    told = incident.note((DECLARED,), NOON, text=" the deploy began ", by="ana", happened_at=NOON - MINUTE)
    assert (told.text, told.happened_at) == ("the deploy began", NOON - MINUTE)
    with pytest.raises(Refused, match="still to come"):
        incident.note((DECLARED,), NOON, text="x", by="ana", happened_at=NOON + SECOND)
    with pytest.raises(Refused, match="with its zone"):
        incident.note((DECLARED,), NOON, text="x", by="ana", happened_at=NOON.replace(tzinfo=None))


def test_a_root_cause_is_said_or_accepted_as_unknown_in_words() -> None:
    with pytest.raises(Refused, match="Say what was wrong"):
        incident.state_root_cause((DECLARED,), NOON, text=" ", by="ana")
    unknown = incident.state_root_cause((DECLARED,), NOON, text="logs were gone", by="ana", known=False)
    assert fold(1, (DECLARED, unknown)).root_cause == unknown


def test_an_alert_of_the_incident_fires_until_it_is_over_and_may_fire_again() -> None:
    began = AlertJoined(
        at=NOON, by=HOUSE, fingerprint="f1", name="RedisDown", source="alertmanager", starts_at=NOON, why=""
    )
    over = AlertCleared(at=NOON + MINUTE, by=HOUSE, fingerprint="f1", name="RedisDown", ended_at=NOON + MINUTE)
    assert [one.joined.name for one in fold(1, (DECLARED, began)).firing] == ["RedisDown"]
    assert not fold(1, (DECLARED, began, over)).firing
    assert len(fold(1, (DECLARED, began, over, began)).firing) == 1
    stranger = AlertCleared(at=NOON, by=HOUSE, fingerprint="f2", name="Other", ended_at=NOON)
    assert fold(1, (DECLARED, stranger)).seq == 2


def test_what_was_folded_before_changes_no_other_fold() -> None:
    began = AlertJoined(at=NOON, by=HOUSE, fingerprint="f1", name="Down", source="sentry", starts_at=NOON, why="")
    over = AlertCleared(at=NOON + MINUTE, by=HOUSE, fingerprint="f1", name="Down", ended_at=NOON + MINUTE)
    fires = fold(1, (DECLARED, began))
    assert not fold(2, (DECLARED, began, over)).firing
    assert (len(fires.firing), fires.seq, fires.number) == (1, 2, 1)
    assert fold(3, (DECLARED, RESOLVED)).resolved  # another course from the same beginning
    assert (fold(1, (DECLARED, began)), fold(1, (DECLARED,)).alerts) == (fires, {})


def test_the_end_of_the_walk_and_the_review_are_remembered() -> None:
    end = incident.end_walk((DECLARED,), NOON, why="no further way out", by=HOUSE)
    draft = ReviewDrafted(at=NOON, by=HOUSE, evidence="e" * 64, due_at=NOON + 48 * 60 * MINUTE)
    now = fold(1, (DECLARED, end, draft))
    assert (now.walk_ended, now.review, now.seq) == (end, draft, 3)
