"""The timeline is the log read aloud: one sentence an event, back-dated notes marked and where they belong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fireline.core import alert as alerts
from fireline.core import approval, command, gate, incident, review, timeline
from fireline.core.alert import Alert
from fireline.core.events import (
    HOUSE,
    AcknowledgementMissed,
    AnyEvent,
    CommandFinished,
    DeliveryDelayed,
    DeliveryGivenUp,
    DeliveryMade,
    GateSpec,
    IncidentDeclared,
    Log,
    StatusChanged,
    StepSkipped,
    WatchPassed,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RESTART = "supervisorctl restart redis"
DECLARED = IncidentDeclared(
    at=NOON,
    by=HOUSE,
    title="Redis is down",
    severity="P1",
    severity_name="High",
    severity_why="it is like an example of P1",
    response_minutes=15,
    detected_at=NOON - MINUTE,
    scenario="Redis Down",
    match_why="the alert is named there",
    gates=(
        GateSpec(key="g1", text="Customers were told", kind="by hand"),
        GateSpec(key="g2", text="No alerts firing", kind="alerts"),
    ),
)
DOWN = Alert(source="alertmanager", labels={"alertname": "RedisDown"}, starts_at=NOON)


def ten_deeds() -> Log:
    """What ana, ben and the house did in ten minutes, one deed a minute."""
    log: Log = (DECLARED,)
    log = (*log, alerts.join(log, NOON + MINUTE, alert=DOWN, why="it began all this", by=HOUSE))
    log = (*log, incident.acknowledge(log, NOON + 2 * MINUTE, by="ana"))
    log = (*log, incident.note(log, NOON + 3 * MINUTE, text="the shop is slow", by="ana"))
    log = (*log, incident.change_status(log, NOON + 4 * MINUTE, status="Identified", by="ana", why="it is Redis"))
    ask = approval.ask(
        log,
        NOON + 5 * MINUTE,
        step="s1",
        title="Restart Redis",
        command=RESTART,
        effect="write",
        rule="supervisorctl",
        reason="it is down",
        yes_needed=1,
        by="ana",
    )
    log = (*log, ask)
    log = (*log, approval.give(log, NOON + 6 * MINUTE, number=1, shown=approval.digest(RESTART), by="ben"))
    log = (*log, command.start_approved(log, NOON + 7 * MINUTE, run="r1", number=1, by=HOUSE))
    ended = command.finish(
        log,
        NOON + 8 * MINUTE,
        run="r1",
        ending="ok",
        exit_code=0,
        seconds=1.25,
        evidence="e" * 64,
        size=3,
        summary="redis: started",
        by=HOUSE,
    )
    log = (*log, ended)
    return (*log, gate.tick(log, NOON + 9 * MINUTE, gate="g1", by="ben"))


@pytest.mark.req(42)
def test_ten_deeds_are_ten_rows_from_the_declaration_on_with_time_and_actor() -> None:
    rows = timeline.entries(ten_deeds())
    assert [(row.at, row.actor, row.sentence) for row in rows] == [
        (NOON, "fireline", "P1 declared: Redis is down, scenario Redis Down"),
        (NOON + MINUTE, "fireline", "RedisDown fires (alertmanager): RedisDown"),
        (NOON + 2 * MINUTE, "ana", "ana acknowledged after 3 min"),
        (NOON + 3 * MINUTE, "ana", "the shop is slow"),
        (NOON + 4 * MINUTE, "ana", "Status Identified: it is Redis"),
        (NOON + 5 * MINUTE, "ana", "ana asks to run Restart Redis"),
        (NOON + 6 * MINUTE, "ben", "ben approved Restart Redis"),
        (NOON + 7 * MINUTE, "fireline", "Restart Redis started"),
        (NOON + 8 * MINUTE, "fireline", "Restart Redis: exit 0, 1.2 s"),
        (NOON + 9 * MINUTE, "ben", "ben vouches: Customers were told"),
    ]
    assert [row.seq for row in rows] == list(range(1, 11))


@pytest.mark.req(42)
def test_a_note_told_afterwards_stands_at_its_time_and_says_so() -> None:
    log = ten_deeds()
    told = incident.note(log, NOON + 30 * MINUTE, text="deploy began", by="ben", happened_at=NOON - 5 * MINUTE)
    first = timeline.entries((*log, told))[0]
    assert (first.sentence, first.at, first.back_dated) == ("deploy began", NOON - 5 * MINUTE, True)
    assert first.detail == "told at 12:30"
    assert not any(row.back_dated for row in timeline.entries(log))


def test_the_command_and_its_evidence_hang_on_their_rows() -> None:
    rows = timeline.entries(ten_deeds())
    assert rows[7].detail == RESTART
    assert (rows[8].detail, rows[8].evidence) == ("redis: started", "e" * 64)


def test_time_that_is_up_is_not_told_as_a_number() -> None:
    log = ten_deeds()[:8]
    late = CommandFinished(
        at=NOON + 9 * MINUTE,
        by=HOUSE,
        run="r1",
        ending="timed out",
        exit_code=137,
        seconds=120.0,
        evidence="e" * 64,
        size=0,
    )
    assert timeline.entries((*log, late))[-1].sentence == "Restart Redis: timed out, 120.0 s"


def test_what_goes_wrong_is_said_in_words() -> None:
    page: dict[str, Any] = {"delivery": "pagerduty/1/trigger", "vendor": "pagerduty", "what": "Page the on-call"}
    again_at = NOON + 3 * MINUTE
    at = NOON + 10 * MINUTE
    log = ten_deeds()
    said: dict[AnyEvent, str] = {
        AcknowledgementMissed(at=at, by=HOUSE, response_minutes=15): "Nobody acknowledged within 15 min",
        incident.change_severity(
            log, at, severity="P0", severity_name="", response_minutes=5, reason="no checkout", by="ana"
        ): "Severity is now P0: no checkout",
        incident.state_root_cause(log, at, text="disk", by="ana"): "Root cause: disk",
        incident.state_root_cause(log, at, text="logs lost", by="ana", known=False): (
            "Root cause unknown, accepted: logs lost"
        ),
        gate.override(log, at, gate="g2", reason="exporter broken", by="ana"): (
            "ana set aside “No alerts firing”: exporter broken"
        ),
        WatchPassed(at=at, by=HOUSE, minutes=30.0, since=NOON): "30 minutes of green passed",
        StepSkipped(at=at, by=HOUSE, step="s", title="Look", command="", reason="no pod given"): (
            "Look skipped: no pod given"
        ),
        DeliveryMade(at=at, by=HOUSE, **page): "PagerDuty: page the on-call: done",
        DeliveryDelayed(at=at, by=HOUSE, reason="503", attempt=2, again_at=again_at, **page): (
            "PagerDuty did not take it (page the on-call), try 2"
        ),
        DeliveryGivenUp(at=at, by=HOUSE, reason="bad key", **page): "PagerDuty: page the on-call: not delivered",
        DeliveryGivenUp(at=at, by=HOUSE, reason="ana had it", needed=False, **page): (
            "PagerDuty: page the on-call: no longer needed"
        ),
        incident.end_walk(log, at, why="People go on from here.", by=HOUSE): "People go on from here.",
        alerts.clear(log, at, alert=DOWN, by=HOUSE): "RedisDown is over",
    }
    for event, sentence in said.items():
        assert timeline.entries((*log, event))[-1].sentence == sentence


def test_broken_glass_is_loud_and_a_no_gives_its_reason() -> None:
    log = ten_deeds()[:6]
    shown, reason = approval.digest(RESTART), "nobody else answers"
    glass = approval.break_glass(log, NOON + 9 * MINUTE, number=1, shown=shown, reason=reason, by="ana")
    assert timeline.entries((*log, glass))[-1].sentence == "BREAK-GLASS: ana ran Restart Redis alone: " + reason
    no = approval.deny(log, NOON + 9 * MINUTE, number=1, reason="wrong host", by="ben")
    assert timeline.entries((*log, no))[-1].sentence == "ben declined Restart Redis: wrong host"


def test_a_resolution_and_its_review_end_the_story() -> None:
    over = StatusChanged(at=NOON + 10 * MINUTE, by="ana", status="Resolved")
    log = (*ten_deeds(), over)
    due = datetime(2026, 3, 4, 12, 10, tzinfo=UTC)
    draft = review.drafted(log, NOON + 11 * MINUTE, evidence="e" * 64, due_at=due, by=HOUSE)
    assert [row.sentence for row in timeline.entries((*log, draft))][-2:] == [
        "Status Resolved",
        "Review drafted from the log, due 04 Mar 12:10",
    ]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (185, "3 min 5 s"), (3600, "1 h 0 min"), (7499, "2 h 4 min")],
)
def test_a_span_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert timeline.duration(timedelta(seconds=seconds)) == said
