"""Nobody resolves by feeling: what can be measured is measured, and what is set aside says why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fireline.core import gate
from fireline.core.events import (
    HOUSE,
    AlertCleared,
    AlertJoined,
    CommandFinished,
    CommandStarted,
    Ending,
    GateSpec,
    IncidentDeclared,
    Log,
    RootCauseStated,
    StatusChanged,
)
from fireline.core.incident import fold
from fireline.core.refusal import Refused

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HALF_HOUR = 30 * MINUTE
ALERTS = GateSpec(key="g1", text="No alerts firing", kind="alerts")
WATCH = GateSpec(key="g2", text="Watched for 30 minutes", kind="watch")
CAUSE = GateSpec(key="g3", text="Root cause identified", kind="root cause")
VERIFIED = GateSpec(key="g4", text="Fix verified", kind="verified")
BY_HAND = GateSpec(key="g5", text="Customers were told", kind="by hand")


def declared(*gates: GateSpec, speed: float = 1.0) -> IncidentDeclared:
    return IncidentDeclared(
        at=NOON,
        by="ana",
        title="Redis is down",
        severity="P1",
        severity_name="High",
        severity_why="",
        response_minutes=15,
        detected_at=NOON,
        gates=gates,
        watch_speed=speed,
    )


def status(word: str, at: datetime) -> StatusChanged:
    return StatusChanged(at=at, by="ana", status=word)  # type: ignore[arg-type]


def fires(at: datetime) -> AlertJoined:
    return AlertJoined(at=at, by=HOUSE, fingerprint="f1", name="RedisDown", source="probe", starts_at=at, why="")


def over(at: datetime) -> AlertCleared:
    return AlertCleared(at=at, by=HOUSE, fingerprint="f1", name="RedisDown", ended_at=at)


def check(at: datetime, ending: Ending | None, run: str = "r1") -> Log:
    started = CommandStarted(
        at=at,
        by=HOUSE,
        run=run,
        step="ping",
        title="Ping",
        command="redis-cli ping",
        digest="d" * 64,
        effect="read",
        rule="",
        lane="read",
        purpose="verification",
    )
    if ending is None:
        return (started,)
    ended = CommandFinished(
        at=at, by=HOUSE, run=run, ending=ending, exit_code=0, seconds=0.1, evidence="e" * 64, size=5
    )
    return (started, ended)


def stands(log: Log, at: datetime, key: str) -> gate.Standing:
    return next(one for one in gate.standings(log, at) if one.spec.key == key)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("No alerts firing", "alerts"),
        ("Zero active alerts", "alerts"),
        ("Alerts are clear", "alerts"),
        ("Monitored for 30+ minutes", "watch"),
        ("Green for 45 min", "watch"),
        ("Root cause identified", "root cause"),
        ("Root-cause verified", "root cause"),
        ("Fix verified in production", "verified"),
        ("All services healthy", "verified"),
        ("Status page updated", "status page"),
        ("Customers written to", "by hand"),
        ("Support team informed of the alertness drill", "by hand"),
    ],
)
def test_a_checklist_item_becomes_a_gate_by_its_words(text: str, kind: str) -> None:
    assert gate.specs([text])[0].kind == kind


def test_every_runbook_watches_alerts_and_green_even_when_its_checklist_forgets() -> None:
    assert [(one.key, one.kind) for one in gate.specs(["Customers written to"])] == [
        ("g1", "by hand"),
        ("g2", "alerts"),
        ("g3", "watch"),
    ]
    assert [one.kind for one in gate.specs([])] == ["alerts", "watch"]
    assert [one.kind for one in gate.specs(["No alerts firing", "Green for 30 min"])] == ["alerts", "watch"]


@pytest.mark.req(100)
def test_twenty_nine_minutes_fifty_nine_are_not_thirty() -> None:
    log: Log = (declared(WATCH), status("Monitoring", NOON))
    with pytest.raises(Refused, match=r"Watched for 30 minutes \(29 of 30 min green\)"):
        gate.resolve(log, NOON + HALF_HOUR - SECOND, by="ana")
    with pytest.raises(Refused, match="green window is not over"):
        gate.pass_watch(log, NOON + HALF_HOUR - SECOND, by=HOUSE)
    assert gate.resolve(log, NOON + HALF_HOUR, by="ana").status == "Resolved"
    passed = gate.pass_watch(log, NOON + HALF_HOUR, by=HOUSE)
    assert (passed.minutes, passed.since) == (30.0, NOON)


@pytest.mark.req(100)
def test_a_relapse_starts_the_green_window_again() -> None:
    relapse, calm = NOON + 20 * MINUTE, NOON + 22 * MINUTE
    log: Log = (declared(WATCH), fires(NOON), over(NOON), status("Monitoring", NOON), fires(relapse))
    assert stands(log, relapse, "g2").detail == "0 of 30 min: not Monitoring and quiet"
    with pytest.raises(Refused, match="Not green now"):
        gate.pass_watch(log, NOON + HALF_HOUR, by=HOUSE)
    log = (*log, over(calm))
    with pytest.raises(Refused, match="29 of 30 min green"):
        gate.resolve(log, calm + HALF_HOUR - SECOND, by="ana")
    assert gate.resolve(log, calm + HALF_HOUR, by="ana").status == "Resolved"


@pytest.mark.req(100)
def test_the_green_window_counts_only_while_monitoring() -> None:
    log: Log = (declared(WATCH), status("Monitoring", NOON), status("Identified", NOON + 10 * MINUTE))
    assert not stands(log, NOON + 60 * MINUTE, "g2").open
    log = (*log, status("Monitoring", NOON + 60 * MINUTE))
    assert not stands(log, NOON + 89 * MINUTE, "g2").open
    assert stands(log, NOON + 90 * MINUTE, "g2").open


@pytest.mark.req(100)
def test_a_failed_verification_ends_green_and_its_recovery_begins_it_anew() -> None:
    bad, good = NOON + 10 * MINUTE, NOON + 12 * MINUTE
    log: Log = (declared(WATCH, VERIFIED), *check(NOON, "ok"), status("Monitoring", NOON), *check(bad, "failed", "r2"))
    assert stands(log, bad, "g4").detail == "the last verification failed"
    assert gate.green_since(fold(1, log), log) is None
    log = (*log, *check(good, "ok", "r3"))
    assert gate.green_since(fold(1, log), log) == good


def test_a_verification_under_way_takes_nothing_back() -> None:
    log: Log = (declared(WATCH, VERIFIED), *check(NOON, "ok"), status("Monitoring", NOON), *check(NOON, None, "r2"))
    assert stands(log, NOON, "g4").open
    assert gate.green_since(fold(1, log), log) == NOON
    log = (*log, *check(NOON + 5 * MINUTE, "ok", "r3"))  # a mere re-check that passes moves nothing either
    assert gate.green_since(fold(1, log), log) == NOON


def test_a_green_window_passes_once() -> None:
    log: Log = (declared(WATCH), status("Monitoring", NOON))
    log = (*log, gate.pass_watch(log, NOON + HALF_HOUR, by=HOUSE))
    with pytest.raises(Refused, match="passed already"):
        gate.pass_watch(log, NOON + HALF_HOUR, by=HOUSE)


def test_a_drill_watches_faster_and_still_says_the_runbooks_minutes() -> None:
    log: Log = (declared(WATCH, speed=60.0), status("Monitoring", NOON))
    assert stands(log, NOON + 29 * SECOND, "g2").detail == "29 of 30 min green"
    assert stands(log, NOON + 30 * SECOND, "g2").open
    assert gate.pass_watch(log, NOON + 30 * SECOND, by=HOUSE).minutes == 30.0


def test_nobody_resolves_while_an_alert_of_the_incident_fires() -> None:
    log: Log = (declared(ALERTS), fires(NOON))
    with pytest.raises(Refused, match=r"1 of 1 gates are shut: No alerts firing \(firing: RedisDown\)"):
        gate.resolve(log, NOON, by="ana")
    assert gate.resolve((*log, over(NOON)), NOON, by="ana").status == "Resolved"


@pytest.mark.req(95)
def test_a_root_cause_is_stated_or_accepted_as_unknown() -> None:
    log: Log = (declared(CAUSE),)
    with pytest.raises(Refused, match=r"Root cause identified \(not stated\)"):
        gate.resolve(log, NOON, by="ana")
    with pytest.raises(Refused, match="State the root cause"):
        gate.tick(log, NOON, gate="g3", by="ana")
    accepted = RootCauseStated(at=NOON, by="ana", text="logs were gone", known=False)
    assert gate.resolve((*log, accepted), NOON, by="ana").status == "Resolved"


@pytest.mark.req(108)
@pytest.mark.parametrize("spec", [ALERTS, WATCH, VERIFIED])
def test_what_is_measured_cannot_be_ticked(spec: GateSpec) -> None:
    with pytest.raises(Refused, match="measured and cannot be ticked"):
        gate.tick((declared(spec), fires(NOON)), NOON, gate=spec.key, by="ana")


@pytest.mark.req(108)
def test_what_cannot_be_measured_is_ticked_once_and_shows_by_whom() -> None:
    log: Log = (declared(BY_HAND),)
    assert stands(log, NOON, "g5").detail == "a person ticks this"
    log = (*log, gate.tick(log, NOON, gate="g5", by="ana"))
    assert (stands(log, NOON, "g5").open, stands(log, NOON, "g5").detail) == (True, "ana, 12:00")
    with pytest.raises(Refused, match="ticked already"):
        gate.tick(log, NOON, gate="g5", by="ben")


@pytest.mark.req(108)
def test_a_gate_is_set_aside_with_a_reason_that_shows() -> None:
    log: Log = (declared(ALERTS), fires(NOON))
    with pytest.raises(Refused, match="the review will print it") as no:
        gate.override(log, NOON, gate="g1", reason="  ", by="ana")
    assert no.value.field == "reason"
    log = (*log, gate.override(log, NOON, gate="g1", reason=" the exporter is broken ", by="ana"))
    assert stands(log, NOON, "g1").detail == "set aside by ana: the exporter is broken"
    assert gate.resolve(log, NOON, by="ana").status == "Resolved"


def test_an_open_gate_is_not_set_aside_and_an_unknown_one_not_found() -> None:
    with pytest.raises(Refused, match="open already"):
        gate.override((declared(ALERTS),), NOON, gate="g1", reason="why not", by="ana")
    with pytest.raises(Refused, match="no gate g9") as no:
        gate.tick((declared(ALERTS),), NOON, gate="g9", by="ana")
    assert no.value.status == 404


def test_what_was_set_aside_no_longer_counts_when_the_incident_comes_back() -> None:
    log: Log = (declared(ALERTS), fires(NOON))
    log = (*log, gate.override(log, NOON, gate="g1", reason="broken exporter", by="ana"))
    log = (*log, status("Resolved", NOON), status("Investigating", NOON + MINUTE))
    assert not stands(log, NOON + MINUTE, "g1").open


def test_the_gates_of_a_resolved_incident_stay_as_they_stood_then() -> None:
    log: Log = (declared(ALERTS, WATCH), status("Monitoring", NOON), status("Resolved", NOON + HALF_HOUR))
    log = (*log, fires(NOON + 60 * MINUTE))
    assert [one.detail for one in gate.standings(log, NOON + 90 * MINUTE)] == ["nothing fires", "30 of 30 min green"]


def test_no_verification_is_no_proof() -> None:
    with pytest.raises(Refused, match="no verification has run"):
        gate.resolve((declared(VERIFIED),), NOON, by="ana")


def test_it_is_resolved_once() -> None:
    with pytest.raises(Refused, match="resolved already"):
        gate.resolve((declared(), status("Resolved", NOON)), NOON, by="ana")
