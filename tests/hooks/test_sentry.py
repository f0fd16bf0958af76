"""A Sentry issue is one alert, whoever tells of it and in whichever order; only Sentry's own signature is believed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from openapi_schema_validator import OAS30Validator

from fireline.core.alert import Alert
from fireline.settings import SentrySettings
from hooks.vendors import OLDER, ROTTEN, SECRET, Door, hex_of, open_door, sample
from kiosk import until

PATH = "/hooks/sentry"
SETTINGS = SentrySettings(client_secrets=(OLDER, SECRET), services={"kiosk-web": "kiosk"})
ISSUE = "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/"


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """A house that Sentry may tell."""
    with open_door(tmp_path, sentry=SETTINGS) as found:
        yield found


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One house for all that stores nothing: in the end nothing may have come in."""
    with open_door(tmp_path_factory.mktemp("quiet"), sentry=SETTINGS) as found:
        yield found
        assert found.firing == {}


def issue(action: str = "created", **changes: Any) -> dict[str, Any]:
    """As `issue` webhooks tell of it."""
    return {
        "action": action,
        "actor": {"id": "7", "name": "Colleen", "type": "user"},
        "installation": {"uuid": "a8e5d37a-696c-4c54-adb5-b3f28d64c7de"},
        "data": {
            "issue": {
                "annotations": [],
                "assignedTo": None,
                "count": "12",
                "culprit": "kiosk.till in open_drawer",
                "firstSeen": "2026-03-02T11:58:00.391000Z",
                "hasSeen": False,
                "id": "1170820242",
                "lastSeen": "2026-03-02T11:59:00.391000Z",
                "level": "fatal",
                "logger": None,
                "metadata": {"type": "DrawerError", "value": "stuck"},
                "permalink": "https://sentry.example.org/issues/1170820242/",
                "platform": "python",
                "project": {"id": "1", "name": "Kiosk", "platform": "python", "slug": "kiosk-web"},
                "shortId": "KIOSK-9",
                "status": "unresolved",
                "statusDetails": {},
                "substatus": "new",
                "title": "DrawerError: stuck",
                "type": "error",
                "userCount": 3,
                **changes,
            }
        },
    }


def rule_fired(rule: str = "Kiosk shut", **changes: Any) -> dict[str, Any]:
    """As `event_alert` webhooks tell of the same issue."""
    event = {
        "issue_id": "1170820242",
        "title": "DrawerError: stuck",
        "level": "fatal",
        "culprit": "kiosk.till in open_drawer",
        "datetime": "2026-03-02T11:59:30.677000Z",
        "received": 1772452770.677,
        "release": None,
        "project": 1,
        "url": "https://sentry.example.org/api/0/projects/shops/kiosk-web/events/e4874d664c3540c1a32eab185f12c5ab/",
        "web_url": "https://sentry.example.org/organizations/shops/issues/1170820242/events/e4874d/",
    }
    return {"action": "triggered", "data": {"event": event | changes, "triggered_rule": rule}}


def metric(action: str = "critical", **changes: Any) -> dict[str, Any]:
    """As `metric_alert` webhooks tell of a threshold."""
    rule = {"id": "7", "name": "Too many errors", "aggregate": "count()", "query": "level:error", "environment": None}
    return {
        "action": action,
        "data": {
            "description_title": f"{action.capitalize()}: Too many errors",
            "description_text": "1000 events in the last 10 minutes",
            "web_url": "https://sentry.example.org/organizations/shops/alerts/1/",
            "metric_alert": {
                "id": "4",
                "alert_rule": rule,
                "projects": ["kiosk-web"],
                "date_started": "2026-03-02T11:50:00.000000Z",
                "date_closed": None,
                **changes,
            },
        },
    }


def send(door: Door, resource: str, body: Any, *, secret: str = SECRET) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return door.post(PATH, raw, {"Sentry-Hook-Resource": resource, "Sentry-Hook-Signature": hex_of(secret, raw)})


def why(door: Door, resource: str, body: Any) -> str:
    answer = send(door, resource, body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["why"])


def only(door: Door) -> Alert:
    (alert,) = door.house.alerts.firing()
    return alert


# Signatures


@pytest.mark.req(16)
@pytest.mark.parametrize("signature", [None, "", hex_of("guess", b"{}"), "ä"], ids=["missing", "empty", "wrong", "odd"])
def test_without_the_right_signature_nothing_comes_in(quiet: Door, signature: str | None) -> None:
    headers = {"Sentry-Hook-Resource": b"issue"}
    if signature is not None:
        headers["Sentry-Hook-Signature"] = signature.encode()
    answer = quiet.client.post(PATH, content=b"{}", headers=headers)  # type: ignore[arg-type]  # bytes as they are
    assert answer.status_code == 401


@pytest.mark.req(16)
def test_a_body_changed_by_one_byte_is_not_believed(quiet: Door) -> None:
    raw = json.dumps(issue()).encode()
    headers = {"Sentry-Hook-Resource": "issue", "Sentry-Hook-Signature": hex_of(SECRET, raw)}
    for place in range(0, len(raw), 97):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        assert quiet.post(PATH, changed, headers).status_code == 401


def test_while_the_secret_is_changed_both_are_believed(door: Door) -> None:
    assert send(door, "installation", {}, secret=OLDER).status_code == 200
    assert send(door, "installation", {}, secret=SECRET).status_code == 200


def test_a_house_without_a_secret_believes_nobody_and_says_what_to_set(tmp_path: Path) -> None:
    with open_door(tmp_path) as door:
        answer = send(door, "issue", issue())
    assert answer.status_code == 401
    assert "set `client_secrets` in [sentry]" in answer.json()["error"]


# What becomes what


def test_the_bodies_of_these_tests_are_what_sentry_s_document_says(shared: Path) -> None:
    document = json.loads((shared / "contracts/sentry/openapi-derefed.json").read_text())
    answer = document["paths"][ISSUE]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    told = issue()["data"]["issue"]
    assert set(told) <= set(answer["properties"])
    for name, value in told.items():
        OAS30Validator(answer["properties"][name]).validate(value)


@pytest.mark.req(16)
def test_sentry_s_own_examples_are_taken(door: Door, shared: Path) -> None:
    assert why(door, "issue", sample(shared, "sentry/webhook_issue.json")) == "new"
    assert why(door, "event_alert", sample(shared, "sentry/webhook_event_alert.json")) == "new"
    assert why(door, "metric_alert", sample(shared, "sentry/webhook_metric_alert.json")) == "new"
    found = door.firing
    assert set(found) == {"ReferenceError: blooopy is not defined", "Very Important Alert Rule!"}  # the third is over
    fired = found["Very Important Alert Rule!"]
    assert (fired.source, fired.service, fired.labels["level"]) == ("sentry", "front-end", "error")
    assert fired.annotations["culprit"] == "?(<anonymous>)"
    assert fired.generator_url.endswith("/events/e4874d664c3540c1a32eab185f12c5ab/")
    assert fired.starts_at.isoformat() == "2019-08-19T21:06:17.677000+00:00"


def test_an_issue_says_what_a_responder_asks(door: Door) -> None:
    why(door, "issue", issue())
    alert = only(door)
    assert alert.labels == {
        "alertname": "DrawerError: stuck", "service": "kiosk", "project": "kiosk-web", "level": "fatal",
    }  # fmt: skip
    assert alert.annotations == {
        "summary": "DrawerError: stuck", "culprit": "kiosk.till in open_drawer", "count": "12", "users": "3",
        "issue": "KIOSK-9", "status": "unresolved", "sentry_url": "https://sentry.example.org/issues/1170820242/",
    }  # fmt: skip
    assert f"{alert.starts_at:%H:%M:%S}" == "11:58:00"


@pytest.mark.req(16)
@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("resolved", "resolved by Colleen"),
        ("ignored", "archived by Colleen"),
        ("pending_merge", "pending_merge by Colleen"),
    ],
)
def test_an_issue_that_wants_nobody_any_more_is_over(door: Door, status: str, told: str) -> None:
    why(door, "issue", issue())
    one = only(door)
    assert why(door, "issue", issue(status, status=status)) == "over"
    assert door.firing == {}
    over = door.house.alerts.find(one.fingerprint)
    assert over is not None
    assert over.annotations["status"] == told


def test_an_issue_that_comes_back_fires_again_from_now_on(door: Door) -> None:
    why(door, "issue", issue())
    why(door, "issue", issue("resolved", status="resolved"))
    assert why(door, "issue", issue("unresolved", substatus="regressed")) == "again"
    assert only(door).starts_at.year >= 2026


def test_the_rule_that_fired_names_the_issue_and_it_is_looked_at_anew(door: Door) -> None:
    assert why(door, "issue", issue()) == "new"
    assert why(door, "event_alert", rule_fired()) == "again"
    assert (only(door).name, only(door).service) == ("Kiosk shut", "kiosk")
    for resource, body in (("event_alert", rule_fired("Another rule")), ("issue", issue("assigned", count="13"))):
        assert why(door, resource, body) in {"changed", "same"}
        assert only(door).name == "Kiosk shut"
    why(door, "issue", issue("resolved", status="resolved"))
    assert door.firing == {}


def test_a_rule_that_fires_again_and_again_is_one_alert(door: Door) -> None:
    assert why(door, "event_alert", rule_fired()) == "new"
    assert why(door, "event_alert", rule_fired(received=1772452800.5)) == "same"
    assert f"{only(door).starts_at:%H:%M:%S}" == "11:59:30"


def test_a_house_that_wants_rules_to_decide_leaves_other_issues_alone(tmp_path: Path) -> None:
    settings = SentrySettings(client_secrets=(SECRET,), new_issues=False)
    with open_door(tmp_path, sentry=settings) as door:
        assert why(door, "issue", issue()) == "no alert rule fired about this issue"
        assert door.firing == {}
        assert why(door, "event_alert", rule_fired()) == "new"
        assert why(door, "issue", issue("resolved", status="resolved")) == "over"
        assert door.firing == {}


def test_a_threshold_goes_from_warning_to_critical_to_over_and_begins_anew(door: Door) -> None:
    assert why(door, "metric_alert", metric("warning")) == "new"
    assert only(door).labels["severity"] == "warning"
    assert why(door, "metric_alert", metric("critical")) == "changed"
    alert = only(door)
    assert (alert.name, alert.service, alert.labels["severity"]) == ("Too many errors", "kiosk", "critical")
    assert alert.annotations["measures"] == "count() where level:error"
    end = metric("resolved", date_closed="2026-03-02T12:10:00Z")
    assert why(door, "metric_alert", end) == "over"
    assert door.firing == {}
    assert why(door, "metric_alert", metric("critical", id="5", date_started="2026-03-02T12:20:00Z")) == "again"


@pytest.mark.parametrize(
    ("resource", "end", "beginning"),
    [
        ("issue", issue("resolved", status="resolved"), issue()),
        ("metric_alert", metric("resolved"), metric("critical")),
    ],
)
def test_the_beginning_that_comes_after_the_end_begins_nothing(
    door: Door, resource: str, end: dict[str, Any], beginning: dict[str, Any]
) -> None:
    why(door, resource, end)
    assert why(door, resource, beginning) == "it was over already: this came late"
    assert door.firing == {}


def test_a_title_from_outside_is_kept_harmless(door: Door) -> None:
    why(door, "issue", issue(title=ROTTEN, culprit="\x00"))
    alert = only(door)
    assert alert.name == 'K\ufffdiosk\ufffd[31m shut <b onclick="x">now</b> 🔥 \u202eévil'
    assert alert.annotations["culprit"] == "\ufffd"


@pytest.mark.parametrize("resource", ["installation", "comment", "error", "activity_alert", "of the future"])
def test_other_resources_are_taken_though_nothing_is_done(quiet: Door, resource: str) -> None:
    answer = send(quiet, resource, {"action": "created", "data": {}})
    assert (answer.status_code, answer.json()["did"]) == (200, "nothing")


@pytest.mark.parametrize(
    ("resource", "body", "field"),
    [
        ("issue", b"", None),
        ("issue", b"[]", None),
        ("issue", {"action": "created"}, "data"),
        ("issue", issue(status=5), "data.issue.status"),
        ("issue", issue(project=None), "data.issue.project"),
        ("issue", issue(firstSeen="noon"), "data.issue.firstSeen"),
        ("event_alert", {"data": {"event": {}}}, "data.event.issue_id"),
        ("event_alert", rule_fired(title=None), "data.event.title"),
        ("metric_alert", metric(projects="kiosk-web"), "data.metric_alert.projects"),
        ("", issue(), "Sentry-Hook-Resource"),
    ],
)
def test_a_broken_body_is_refused_with_its_field(quiet: Door, resource: str, body: Any, field: str | None) -> None:
    answer = send(quiet, resource, body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


@pytest.mark.parametrize("received", [1e300, -1.0, 0, None])
def test_an_impossible_time_costs_the_time_and_not_the_alert(door: Door, received: float | None) -> None:
    assert why(door, "event_alert", rule_fired(received=received)) == "new"


@pytest.mark.req(16)
def test_a_rule_that_a_runbook_knows_becomes_an_incident(tmp_path: Path) -> None:
    with open_door(tmp_path, sentry=SETTINGS, awake=True) as door:
        why(door, "event_alert", rule_fired("Kiosk shut"))
        until(lambda: door.house.ledger.head(1) and door.house.ledger.read(1).alerts)
        incident = door.house.ledger.read(1)
        assert (incident.declared.scenario, incident.declared.service) == ("Kiosk Shut", "kiosk")
        assert [one.joined.source for one in incident.alerts.values()] == ["sentry"]
