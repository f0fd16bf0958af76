"""PagerDuty's own incidents become alerts; whoever takes our page there has the incident; nothing is done twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Response

from contracts.pagerduty import ROUTING_KEY, PagerDutyStandIn
from fireline.core import delivery
from fireline.core.events import IncidentAcknowledged, NoteAdded
from fireline.settings import PagerDutySettings
from hooks.vendors import OLDER, ROTTEN, SECRET, Door, hex_of, open_door, read_only, sample
from kiosk import resolve, until

PATH = "/hooks/pagerduty"
SECRETS = (OLDER, SECRET)
OUR_PAGE = "127.0.0.1:8000/INC-1"  # the dedup key of our first incident's page
ANA = {"id": "PLH1HKV", "summary": "Ana", "type": "user_reference"}
ROBOT = {"id": "PB", "summary": "Events API V2", "type": "events_api_v2_inbound_integration_reference"}
SAMPLES = (
    "incident_action_invocation", "incident_conference_bridge", "incident_field_values", "incident_note",
    "incident_responder", "incident_role_assignment", "incident_status_update", "incident_task",
    "incident_workflow_instance", "service", "service_field_values",
)  # fmt: skip


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """A house that PagerDuty may tell, and that pages nobody."""
    with open_door(tmp_path, pagerduty=PagerDutySettings(webhook_secrets=SECRETS)) as found:
        yield found


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One house for all that stores nothing: in the end nothing may have come in."""
    settings = PagerDutySettings(webhook_secrets=SECRETS)
    with open_door(tmp_path_factory.mktemp("quiet"), pagerduty=settings) as found:
        yield found
        assert found.firing == {}


def incident(**changes: Any) -> dict[str, Any]:
    return {
        "id": "PGR0VU2",
        "type": "incident",
        "self": "https://api.pagerduty.com/incidents/PGR0VU2",
        "html_url": "https://acme.pagerduty.com/incidents/PGR0VU2",
        "number": 2,
        "status": "triggered",
        "incident_key": "made-by-somebody-else",
        "created_at": "2026-03-02T11:58:00Z",
        "title": "Long queue",
        "service": {"id": "PF9KMXH", "summary": "kiosk", "type": "service_reference"},
        "assignees": [{"id": "PTUXL6G", "summary": "Ben", "type": "user_reference"}],
        "escalation_policy": {"id": "PUS0KTE", "summary": "Default", "type": "escalation_policy_reference"},
        "teams": [],
        "priority": None,
        "urgency": "high",
        "conference_bridge": None,
        "resolve_reason": None,
        **changes,
    }


def event(what: str, data: dict[str, Any], *, id_: str = "", agent: Any = ANA, at: str = "12:00:00") -> dict[str, Any]:
    return {
        "event": {
            "id": id_ or f"{what}-{at}",
            "event_type": what,
            "resource_type": "incident",
            "occurred_at": f"2026-03-02T{at}.169Z",
            "agent": agent,
            "client": {"name": "PagerDuty"},
            "data": data,
        }
    }


def send(door: Door, body: Any, *, secret: str = SECRET) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return door.post(PATH, raw, {"X-PagerDuty-Signature": f"v1={hex_of(secret, raw)}"})


def did(door: Door, what: str, data: dict[str, Any], **more: Any) -> str:
    answer = send(door, event(f"incident.{what}", data, **more))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["did"])


def notes(door: Door) -> list[tuple[str, str]]:
    return [(one.by, one.text) for one in door.house.ledger.log(1) if isinstance(one, NoteAdded)]


# Signatures


@pytest.mark.req(12)
@pytest.mark.parametrize(
    "header",
    [None, "", f"v1={hex_of('guess', b'{}')}", f"v2={hex_of(SECRET, b'{}')}", hex_of(SECRET, b"{}"), "v1=ä"],
    ids=["missing", "empty", "wrong", "another version", "no version", "no hex"],
)
def test_without_the_right_signature_nothing_comes_in(quiet: Door, header: str | None) -> None:
    headers = {} if header is None else {"X-PagerDuty-Signature": header.encode()}
    answer = quiet.client.post(PATH, content=b"{}", headers=headers)  # type: ignore[arg-type]  # bytes as they are
    assert answer.status_code == 401
    assert "PagerDuty" in answer.json()["error"]


@pytest.mark.req(12)
def test_a_body_changed_by_one_byte_is_not_believed(quiet: Door) -> None:
    raw = json.dumps(event("incident.triggered", incident())).encode()
    signature = {"X-PagerDuty-Signature": f"v1={hex_of(SECRET, raw)}"}
    for place in range(0, len(raw), 97):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        assert quiet.post(PATH, changed, signature).status_code == 401


@pytest.mark.req(12)
def test_while_the_secret_is_changed_the_old_the_new_and_both_are_believed(door: Door) -> None:
    raw = json.dumps(event("pagey.ping", {"message": "Hello", "type": "ping"})).encode()
    for written in (
        f"v1={hex_of(OLDER, raw)}",
        f"v1={hex_of(SECRET, raw)}",
        f"v1={hex_of('theirs alone', raw)},v1={hex_of(SECRET, raw)}",
    ):
        assert door.post(PATH, raw, {"X-PagerDuty-Signature": written}).status_code == 200


def test_a_house_without_a_secret_believes_nobody_and_says_what_to_set(tmp_path: Path) -> None:
    with open_door(tmp_path) as door:
        answer = send(door, event("pagey.ping", {}))
    assert answer.status_code == 401
    assert "set `webhook_secrets` in [pagerduty]" in answer.json()["error"]


# PagerDuty's own incidents


@pytest.mark.req(12)
def test_pagerduty_s_own_example_is_stored(door: Door, shared: Path) -> None:
    answer = send(door, sample(shared, "pagerduty/v3_incident.priority_updated.json"))
    assert answer.json() == {"did": "stored", "why": "new"}
    (alert,) = door.house.alerts.firing()
    assert (alert.source, alert.name, alert.service) == ("pagerduty", "A little bump in the road", "API Service")
    assert (alert.labels["priority"], alert.labels["urgency"]) == ("P1", "high")
    assert alert.annotations["assigned_to"] == "User 123"
    assert alert.generator_url == "https://acme.pagerduty.com/incidents/PGR0VU2"
    assert alert.starts_at.isoformat() == "2020-10-02T18:45:22+00:00"  # when it was reopened


@pytest.mark.parametrize("name", SAMPLES)
def test_every_shape_of_data_is_taken_though_nothing_is_done(quiet: Door, shared: Path, name: str) -> None:
    data = json.loads(sample(shared, f"pagerduty/v3_data_{name}.json"))
    for kind in (f"{name.replace('_', '.', 1)}.updated", "incident.something_new", "incident.triggered"):
        answer = send(quiet, event(kind, data))
        assert (answer.status_code, answer.json()["did"]) == (200, "nothing"), kind


def test_an_event_type_of_the_future_and_a_ping_are_taken_though_nothing_is_done(quiet: Door, shared: Path) -> None:
    assert send(quiet, sample(shared, "pagerduty/v3_service.updated.json")).json()["did"] == "nothing"
    for kind in ("pagey.ping", "incident.something_new", "x"):
        assert send(quiet, event(kind, incident(), agent=None)).json()["did"] == "nothing"


def test_from_triggered_to_resolved_it_is_one_alert_whatever_it_is_called_meanwhile(door: Door) -> None:
    assert did(door, "triggered", incident()) == "stored"
    assert did(door, "acknowledged", incident(status="acknowledged", title="Long queue (Ben looks)")) == "stored"
    (alert,) = door.house.alerts.firing()
    assert (alert.name, alert.annotations["status"]) == ("Long queue (Ben looks)", "acknowledged")
    assert did(door, "resolved", incident(status="resolved", service=None), at="12:30:00") == "stored"
    assert door.firing == {}
    over = door.house.alerts.find(alert.fingerprint)
    assert over is not None
    assert over.ends_at is not None
    assert (over.name, over.service, f"{over.ends_at:%H:%M}") == (alert.name, "kiosk", "12:30")


def test_an_event_told_twice_changes_nothing(door: Door) -> None:
    for change in ("new", "same", "same"):
        assert send(door, event("incident.triggered", incident())).json()["why"] == change


def test_the_beginning_that_comes_after_the_end_begins_nothing(door: Door) -> None:
    assert did(door, "resolved", incident(status="resolved"), at="12:30:00") == "stored"
    answer = send(door, event("incident.triggered", incident()))
    assert answer.json() == {"did": "nothing", "why": "it was resolved already: this event came late"}
    assert door.firing == {}


def test_one_that_is_reopened_fires_again_and_its_old_end_does_not_end_it(door: Door) -> None:
    end = event("incident.resolved", incident(status="resolved"), at="12:30:00")
    send(door, event("incident.triggered", incident()))
    send(door, end)
    send(door, event("incident.reopened", incident(reopened_at="2026-03-02T13:00:00Z"), at="13:00:00"))
    assert set(door.firing) == {"Long queue"}
    assert send(door, end).json()["why"] == "stale"
    assert set(door.firing) == {"Long queue"}


def test_a_title_from_outside_is_kept_harmless(door: Door) -> None:
    did(door, "triggered", incident(title=ROTTEN))
    (alert,) = door.house.alerts.firing()
    assert alert.name == 'K\ufffdiosk\ufffd[31m shut <b onclick="x">now</b> 🔥 \u202eévil'


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", None),
        (b"{", None),
        (b'{"messages": []}', "event"),
        (b'{"event": {"id": 5}}', "event.id"),
        (json.dumps(event("incident.triggered", {"type": "incident", "id": "P1"})).encode(), "event.data.title"),
        (json.dumps(event("incident.triggered", incident(created_at="noon"))).encode(), "event.data.created_at"),
        (json.dumps(event("incident.triggered", incident(assignees=[5]))).encode(), "event.data.assignees[0]"),
        (b'{"event": {"id": "\xff"}}', None),
    ],
)
def test_a_broken_body_is_refused_with_its_field(quiet: Door, body: bytes, field: str | None) -> None:
    answer = send(quiet, body)
    assert answer.status_code == 400, answer.text
    if field:
        assert answer.json()["field"] == field


def test_too_large_a_body_is_not_read(quiet: Door) -> None:
    assert send(quiet, b"x" * 10_000_001).status_code == 413


def test_what_cannot_be_stored_is_no_2xx_so_that_it_is_sent_again(door: Door) -> None:
    door.house.declare.by_person("Long queue", by="ben", severity="P1")
    read_only(door)
    for key in ("made-by-somebody-else", OUR_PAGE):
        answer = send(door, event("incident.acknowledged", incident(incident_key=key, status="acknowledged")))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert door.firing == {}
    assert door.house.ledger.read(1).acknowledged is None


# Our own page


@pytest.mark.req(9, 12)
def test_who_takes_our_page_has_the_incident_and_a_second_delivery_does_nothing(door: Door) -> None:
    door.house.declare.by_person("Long queue", by="ben", severity="P1")
    ours = incident(incident_key=OUR_PAGE, status="acknowledged")
    assert did(door, "triggered", incident(incident_key=OUR_PAGE), agent=ROBOT) == "nothing"
    assert did(door, "acknowledged", ours, id_="E1") == "acknowledged"
    assert did(door, "acknowledged", ours, id_="E1") == "acknowledged"
    told = [one for one in door.house.ledger.log(1) if isinstance(one, IncidentAcknowledged)]
    assert [one.by for one in told] == ["Ana in PagerDuty"]
    assert door.firing == {}  # our own page is no news


def test_only_the_first_has_it_and_a_robot_never(door: Door) -> None:
    door.house.declare.by_person("Long queue", by="ben", severity="P1")
    ours = incident(incident_key=OUR_PAGE, status="acknowledged")
    for agent in (ROBOT, None):
        assert did(door, "acknowledged", ours, agent=agent, id_=str(agent)) == "nothing"
    assert door.house.ledger.read(1).acknowledged is None
    assert did(door, "acknowledged", ours, id_="E1") == "acknowledged"
    cleo = {"summary": "Cleo", "type": "user_reference"}
    assert did(door, "acknowledged", ours, agent=cleo, id_="E2") == "nothing"
    first = door.house.ledger.read(1).acknowledged
    assert first is not None
    assert first.by == "Ana in PagerDuty"


def test_closing_the_page_is_a_note_and_not_the_end(door: Door) -> None:
    door.house.declare.by_person("Long queue", by="ben", severity="P1")
    for _ in range(2):
        assert did(door, "resolved", incident(incident_key=OUR_PAGE, status="resolved"), id_="E9") == "noted"
    assert door.house.ledger.read(1).status == "Investigating"
    assert notes(door) == [("Ana in PagerDuty", "Resolved in PagerDuty. Here it is over when its gates are open.")]


def test_what_happens_to_our_page_is_on_the_timeline(door: Door) -> None:
    door.house.declare.by_person("Long queue", by="ben", severity="P1")
    ours = incident(incident_key=OUR_PAGE, priority={"summary": "P2"})
    for what, agent in (("unacknowledged", None), ("escalated", ANA), ("priority_updated", ANA)):
        assert did(door, what, ours, agent=agent) == "noted"
    assert notes(door) == [
        ("PagerDuty", "PagerDuty pages again: the acknowledgement there has run out."),
        ("Ana in PagerDuty", "Escalated in PagerDuty to Ben."),
        ("Ana in PagerDuty", "The priority in PagerDuty is now P2."),
    ]


@pytest.mark.parametrize("key", ["staging.example:8000/INC-1", "127.0.0.1:8000/INC-77"])
def test_a_page_of_another_fireline_or_of_a_lost_incident_is_no_alert(quiet: Door, key: str) -> None:
    for what in ("triggered", "acknowledged", "resolved"):
        assert did(quiet, what, incident(incident_key=key)) == "nothing"


@pytest.mark.req(12)
def test_out_and_home_again(tmp_path: Path, shared: Path) -> None:
    folder = shared / "contracts"
    document, errata = folder / "pagerduty" / "events-v2-openapiv3.json", folder / "errata.json"
    with PagerDutyStandIn(document, errata) as pager:
        settings = PagerDutySettings(routing_key=ROUTING_KEY, url=pager.url, webhook_secrets=SECRETS)
        with open_door(tmp_path, pagerduty=settings, awake=True) as door:
            ledger = door.house.ledger
            door.house.declare.by_person("Long queue", by="ben", severity="P1")
            until(lambda: list(pager.open_alerts))
            (key,) = pager.open_alerts
            assert did(door, "acknowledged", incident(incident_key=key, status="acknowledged")) == "acknowledged"
            # it is told back under the same key, and the echo of that changes nothing
            until(lambda: [one.state for one in delivery.deliveries(ledger.log(1))] == ["made", "made"])
            before = ledger.head(1)
            assert did(door, "acknowledged", incident(incident_key=key), agent=ROBOT, id_="echo") == "nothing"
            assert ledger.head(1) == before
            resolve(door.house)
            until(lambda: ledger.read(1).review)
            until(lambda: [one.state for one in delivery.deliveries(ledger.log(1))] == ["made"] * 3)
            assert not list(pager.open_alerts)
            before = ledger.head(1)
            assert did(door, "resolved", incident(incident_key=key, status="resolved"), agent=ROBOT) == "nothing"
            assert ledger.head(1) == before
