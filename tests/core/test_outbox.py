"""What is told to whom is decided by severity and by what is set up, once, and never to those who told us."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fireline.core import delivery, outbox
from fireline.core.events import (
    HOUSE,
    IncidentAcknowledged,
    IncidentDeclared,
    IncidentMerged,
    Log,
    PageHold,
    PageReleased,
    SeverityChanged,
    StatusChanged,
)
from fireline.core.outbox import EVENTS, REST

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SEVERITIES = ("P0", "P1", "P2", "P3")
PAGER = frozenset({"pagerduty", EVENTS})
BOTH = PAGER | {REST}
HAVE = IncidentAcknowledged(at=NOON, by="ana")
OVER = StatusChanged(at=NOON, by="ana", status="Resolved")
FOUND = StatusChanged(at=NOON, by="ana", status="Identified", why="a full disk")
# What a declaration tells each vendor by itself, by severity. The public and customers are never told by themselves.
MATRIX: dict[str, dict[str, tuple[str, ...]]] = {
    "pagerduty": {"P0": ("trigger",), "P1": ("trigger",), "P2": (), "P3": ()},
    "slack": dict.fromkeys(SEVERITIES, ()) | dict.fromkeys(("P0", "P1"), ("open", "card", "invite", "topic")),
    "chat_webhook": dict.fromkeys(SEVERITIES, ()) | dict.fromkeys(("P0", "P1"), ("open",)),
    "statuspage": dict.fromkeys(SEVERITIES, ()),
    "own_page": dict.fromkeys(SEVERITIES, ()),
}


def declared(severity: str = "P1", **more: Any) -> IncidentDeclared:
    facts: dict[str, Any] = {"severity_name": "", "severity_why": "", "response_minutes": 15, "detected_at": NOON}
    return IncidentDeclared(at=NOON, by="ana", title="Redis is down", severity=severity, **facts | more)


def became(severity: str) -> SeverityChanged:
    return SeverityChanged(at=NOON, by="ana", severity=severity, severity_name="", response_minutes=15, reason="")


def verbs(log: Log, vendors: frozenset[str] = BOTH) -> list[str]:
    return [str(one.data["verb"]) for one in outbox.told(1, log, vendors)]


@pytest.mark.parametrize(
    ("severity", "pages"), [("SEV1", True), ("SEV2", True), ("SEV3", False), ("S1", True), ("S4", False), ("P2", False)]
)
def test_severities_of_other_tables_page_too(severity: str, pages: bool) -> None:  # noqa: FBT001
    assert bool(outbox.told(1, (declared(severity),), PAGER)) is pages


@pytest.mark.req(26)
@pytest.mark.parametrize("vendor", MATRIX)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_declaration_tells_each_vendor_what_its_severity_asks_for(vendor: str, severity: str) -> None:
    effects = outbox.told(1, (declared(severity),), PAGER | frozenset(MATRIX))
    assert tuple(one.data["verb"] for one in effects if one.kind == vendor) == MATRIX[vendor][severity]


@pytest.mark.req(26)
def test_the_table_of_severities_names_no_vendor_the_matrix_does_not_show() -> None:
    assert set(outbox.TOLD) <= set(MATRIX)


def test_an_event_is_dressed_with_what_only_the_rest_api_can_give_it() -> None:
    assert verbs((declared("P0"),)) == ["trigger", "retitle"]
    assert verbs((declared("P0"),), frozenset({"pagerduty", REST})) == ["trigger"]
    assert verbs((declared("P0"),), PAGER) == ["trigger"]


@pytest.mark.req(38)
def test_a_changed_severity_is_told_where_somebody_was_paged() -> None:
    assert verbs((declared("P1"), became("P0"))) == ["retitle"]
    assert verbs((declared("P1"), became("P3"))) == ["retitle"]
    assert verbs((declared("P3"), became("P2"))) == []
    assert verbs((declared("P3"), became("P0"))) == ["trigger", "retitle"]


def test_status_changes_are_notes_for_those_who_can_take_them() -> None:
    assert verbs((declared("P1"), FOUND)) == ["note"]
    assert verbs((declared("P1"), FOUND), PAGER) == []
    assert verbs((declared("P2"), FOUND)) == []


@pytest.mark.req(109)
@pytest.mark.parametrize("end", [OVER, IncidentMerged(at=NOON, by="ana", into=2, why="one fault")])
def test_what_was_paged_for_is_closed_in_the_end(end: Any) -> None:
    assert verbs((declared("P1"), end)) == ["resolve"]
    assert verbs((declared("P3"), end)) == []


@pytest.mark.req(12)
def test_an_incident_that_pagerduty_told_of_is_not_told_to_pagerduty() -> None:
    theirs = declared("P0", source="pagerduty")
    for event in (HAVE, OVER, FOUND, became("P1"), PageReleased(at=NOON, by=HOUSE)):
        assert verbs((theirs, event)) == []
    assert verbs((theirs,)) == []


def test_a_page_that_was_held_goes_out_once() -> None:
    held = declared("P1", hold=PageHold(until=NOON + timedelta(minutes=1), other=7, why="ana is being paged for it"))
    released = PageReleased(at=NOON, by=HOUSE)
    assert verbs((held,), PAGER) == []
    assert verbs((held, released), PAGER) == ["trigger"]
    assert verbs((held, became("P0"), released), PAGER) == []  # the graver severity had paged already


def test_what_nobody_has_tried_yet_is_shown_as_waiting_and_only_for_a_while() -> None:
    log: Log = (declared("P0"), HAVE)
    shown = delivery.deliveries(log, PAGER, NOON)
    assert [(one.verb, one.state, one.attempt) for one in shown] == [
        ("trigger", "waiting", 0),
        ("acknowledge", "waiting", 0),
    ]
    assert shown[0].what == "Page the on-call"
    assert delivery.deliveries(log, PAGER, NOON + timedelta(hours=2)) == ()  # the pager was set up since
    page: dict[str, Any] = {"key": shown[0].key, "vendor": "pagerduty", "what": shown[0].what, "by": HOUSE}
    log = (*log, delivery.made(log, NOON, attempt=1, **page))
    assert [one.state for one in delivery.deliveries(log, PAGER, NOON)] == ["made", "waiting"]


def test_the_next_try_knows_what_the_first_one_knew() -> None:
    key = "slack/4/invite/ben"
    facts: dict[str, Any] = {"key": key, "vendor": "slack", "what": "Invite", "by": HOUSE, "data": {"person": "ben"}}
    log: Log = (declared("P0"),)
    log = (*log, delivery.delayed(log, NOON, attempt=1, reason="503", **facts))
    (again,) = outbox.told(1, log, PAGER)
    assert again.data == {"verb": "invite", "attempt": 2, "delivery": key, "person": "ben"}
    assert again.due_at == NOON + timedelta(seconds=2)
    log = (*log, delivery.give_up(log, NOON, attempt=2, reason="no", **facts))
    assert outbox.told(1, log, PAGER) == ()
    log = (*log, delivery.ask_again(log, NOON, key=key, by="ana"))
    (again,) = outbox.told(1, log, PAGER)
    assert again.data == {"verb": "invite", "attempt": 3, "delivery": key, "person": "ben"}
    assert again.due_at is None
