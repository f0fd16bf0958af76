"""What Grafana tells is stored before it is answered, and a rule that cannot see is neither firing nor over."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fireline.access import COOKIE
from hooks.vendors import ROTTEN, Door, open_door, sample

PATH = "/hooks/grafana"
YEAR_ONE = "0001-01-01T00:00:00Z"


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """A house that Grafana may tell."""
    with open_door(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One house for all that is refused: in the end nothing may have come in."""
    with open_door(tmp_path_factory.mktemp("quiet")) as found:
        yield found
        assert found.firing == {}


def one(**changes: Any) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": "Queue too long", "service": "kiosk", "grafana_folder": "Shops"},
        "annotations": {"summary": "People wait", "__dashboardUid__": ""},
        "startsAt": "2026-03-02T13:58:00.123456789+02:00",
        "endsAt": YEAR_ONE,
        "generatorURL": "https://grafana.example.org/alerting/grafana/x/view",
        "fingerprint": "c6eadffa33fcdf37",
        "silenceURL": "https://grafana.example.org/alerting/silence/new?matcher=a",
        "dashboardURL": "https://grafana.example.org/d/kiosk",
        "panelURL": "https://grafana.example.org/d/kiosk?viewPanel=4",
        "values": {"B": 44.23943737541908, "C": 1},
        "valueString": "[ var='B' labels={} value=44.2 ]",
        **changes,
    }


def webhook(*alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"receiver": "fireline", "status": "firing", "orgId": 1, "state": "alerting", "title": "[FIRING:1]",
            "message": "words", "version": "1", "alerts": alerts, "truncatedAlerts": 0, **more}  # fmt: skip


def send(door: Door, *alerts: dict[str, Any], **more: Any) -> dict[str, int]:
    answer = door.post(PATH, webhook(*alerts, **more), {"Authorization": f"Bearer {door.token}"})
    assert answer.status_code == 200, answer.text
    found: dict[str, int] = answer.json()
    return found


def blind(name: str, **changes: Any) -> dict[str, Any]:
    """As Grafana tells that a rule's query gives nothing, or fails."""
    labels = {"alertname": name, "rulename": "Queue too long", "service": "kiosk", "datasource_uid": "prom",
              "ref_id": "A", "grafana_folder": "Shops"}  # fmt: skip
    return one(labels=labels, values=None, valueString="", **changes)


@pytest.mark.req(13)
def test_grafana_s_own_example_is_stored_with_its_links_and_values(door: Door, shared: Path) -> None:
    body = sample(shared, "grafana/webhook_unified_alerting_firing.json")
    answer = door.post(PATH, body, {"Authorization": f"Bearer {door.token}"})
    assert (answer.status_code, answer.json()) == (200, {"stored": 2, "changed": 2})
    assert set(door.firing) == {"High memory usage", "High CPU usage"}
    memory = door.firing["High memory usage"]
    assert (memory.source, memory.state, memory.labels["zone"]) == ("grafana", "firing", "us-1")
    assert memory.annotations["values"] == "B=44.2394, C=1"
    assert memory.annotations["silence_url"].startswith("https://play.grafana.org/alerting/silence/new?")
    assert "dashboard_url" not in memory.annotations  # an empty link is none
    assert memory.starts_at.isoformat() == "2021-10-12T07:51:03.157076+00:00"


def test_a_basic_password_is_a_token_too(door: Door) -> None:
    basic = base64.b64encode(f"grafana:{door.token}".encode()).decode()
    assert door.post(PATH, webhook(one()), {"Authorization": f"Basic {basic}"}).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer fl_guess"}])
def test_without_a_token_nothing_comes_in(quiet: Door, headers: dict[str, str]) -> None:
    assert quiet.post(PATH, webhook(one()), headers).status_code == 401


def test_a_resend_changes_nothing_and_a_resolve_ends_it(door: Door) -> None:
    assert send(door, one()) == {"stored": 1, "changed": 1}
    assert send(door, one()) == {"stored": 1, "changed": 0}
    send(door, one(status="resolved", endsAt="2026-03-02T12:30:00Z"))
    assert door.firing == {}
    send(door, one(startsAt="2026-03-02T12:40:00Z"))
    assert set(door.firing) == {"Queue too long"}


@pytest.mark.req(24)
@pytest.mark.parametrize("name", ["DatasourceNoData", "DatasourceError"])
def test_a_rule_that_cannot_see_is_no_data_under_the_rule_s_own_name(door: Door, name: str) -> None:
    send(door, blind(name))
    (alert,) = door.house.alerts.firing()
    assert (alert.name, alert.service, alert.state) == ("Queue too long", "kiosk", "no data")
    assert alert.labels["grafana_alertname"] == name
    send(door, blind(name, status="resolved", endsAt="2026-03-02T12:30:00Z"))
    assert door.firing == {}


@pytest.mark.req(24)
@pytest.mark.parametrize(
    ("reason", "state"),
    [("NoData", "no data"), ("Error", "no data"), ("NoData, KeepLast", "no data"), ("Updated", "firing")],
)
def test_an_alert_kept_firing_without_data_says_that_nobody_knows(door: Door, reason: str, state: str) -> None:
    send(door, one(annotations={"grafana_state_reason": reason}, values=None))
    (alert,) = door.house.alerts.firing()
    assert alert.state == state


def test_a_rule_that_takes_no_data_for_normal_ends_its_alert(door: Door) -> None:
    send(door, one())
    end = {"status": "resolved", "endsAt": "2026-03-02T12:30:00Z", "annotations": {"grafana_state_reason": "NoData"}}
    send(door, one(**end))
    assert door.firing == {}


def test_an_older_grafana_sends_values_as_text_only(door: Door) -> None:
    send(door, one(values=None))
    (alert,) = door.house.alerts.firing()
    assert alert.annotations["values"] == "[ var='B' labels={} value=44.2 ]"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", None),
        (b"{", None),
        (b"[]", None),
        (b'{"version": "1"}', "alerts"),
        (b'{"version": "2", "alerts": []}', "version"),
        (b'{"version": "1", "alerts": [{}]}', "alerts[0].status"),
        (json.dumps(webhook(one(values={"B": "many"}))).encode(), "alerts[0].values[...]"),
        (json.dumps(webhook(one(status="pending"))).encode(), "alerts[0].status"),
        (json.dumps(webhook(one(startsAt="noon"))).encode(), "alerts[0].startsAt"),
        (json.dumps(webhook(one(labels={}))).encode(), "labels"),
    ],
)
def test_a_broken_body_is_refused_with_its_field_and_stores_nothing(
    quiet: Door, body: bytes, field: str | None
) -> None:
    answer = quiet.post(PATH, body, {"Authorization": f"Bearer {quiet.token}"})
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_who_mixes_up_the_two_doors_is_told_the_other(quiet: Door) -> None:
    headers = {"Authorization": f"Bearer {quiet.token}"}
    theirs = {"version": "4", "alerts": [one()]}
    assert "/hooks/alertmanager" in quiet.post(PATH, theirs, headers).json()["error"]
    answer = quiet.post("/hooks/alertmanager", webhook(one()), headers)
    assert answer.status_code == 400
    assert "/hooks/grafana" in answer.json()["error"]


def test_a_poisoned_alert_is_kept_and_shown_harmless(door: Door) -> None:
    send(door, one(labels={"alertname": ROTTEN, "service": "kiosk"}, annotations={"summary": ROTTEN}))
    (alert,) = door.house.alerts.firing()
    assert alert.name == 'K\ufffdiosk\ufffd[31m shut <b onclick="x">now</b> 🔥 \u202eévil'
    accounts, at = door.house.accounts, door.house.now()
    door.client.cookies.set(COOKIE, accounts.sign_in(accounts.link("ana", at), at))
    page = door.client.get("/alerts").text
    assert "&lt;b onclick=" in page
    assert "<b onclick" not in page
