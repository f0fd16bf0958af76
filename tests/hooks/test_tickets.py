"""Tickets come in by token or signature; 2xx means on the disk, and six tickets are six reports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fireline.settings import HeartbeatSettings, IntakeSettings, OverWhen, Settings, ZendeskSettings
from hooks.porch import Porch, signed, signed_with_time

SETTINGS = Settings(
    zendesk=ZendeskSettings(secrets=("old", "new"), services={"checkout": "checkout"}),
    intake=(
        IntakeSettings(name="desk", id="id", summary="title", labels={"service": "=till"}),
        IntakeSettings(
            name="jira",
            id="issue.key",
            summary="issue.fields.summary",
            over_when=OverWhen(path="issue.fields.status.name", among=("Done",)),
            secrets=("s3cret",),
            signature="X-Hub-Signature",
        ),
    ),
    heartbeats=(HeartbeatSettings(name="backup", service="till", every=3600),),
)


@pytest.fixture
def porch(tmp_path: Path) -> Iterator[Porch]:
    made = Porch(tmp_path, SETTINGS)
    yield made
    made.close()


def ticket(number: int, **more: Any) -> bytes:
    return json.dumps({"id": str(number), "subject": "Checkout fails", "service": "checkout", **more}).encode()


@pytest.mark.req(14)
def test_six_tickets_are_six_reports_and_one_told_twice_is_one(porch: Porch) -> None:
    for number in range(6):
        assert porch.post("/intake/ticket", ticket(number), **porch.token) == (200, {"stored": 1, "changed": 1})
    assert porch.post("/intake/ticket", ticket(5), **porch.token) == (200, {"stored": 1, "changed": 0})
    assert {(one.name, one.service) for one in porch.firing()} == {("CustomerReport", "checkout")}
    assert len(porch.firing()) == 6


def test_without_a_token_no_ticket_comes_in(porch: Porch) -> None:
    status, said = porch.post("/intake/ticket", ticket(1))
    assert (status, "token add --scope hooks" in said["error"]) == (401, True)
    assert porch.firing() == []


def test_a_broken_ticket_is_refused_naming_the_field(porch: Porch) -> None:
    status, said = porch.post("/intake/ticket", b'{"id": "1"}', **porch.token)
    assert (status, said["field"]) == (400, "subject")


def test_a_store_that_is_away_is_no_2xx(porch: Porch) -> None:
    porch.away("alert")
    assert porch.post("/intake/ticket", ticket(1), **porch.token)[0] == 503


def test_zendesks_signature_is_believed_in_either_of_two_secrets_and_not_for_ever(porch: Porch, shared: Path) -> None:
    body = (shared / "contracts/samples/zendesk/event_ticket.created_composed.json").read_bytes()
    time = porch.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    stamp = {"X_Zendesk_Webhook_Signature_Timestamp": time}
    for secret in ("old", "new"):
        sign = {"X_Zendesk_Webhook_Signature": signed_with_time(secret, body, time)}
        assert porch.post("/hooks/zendesk", body, **stamp, **sign)[0] == 200
    assert [one.summary for one in porch.firing()] == ["Checkout is down"]
    assert porch.post("/hooks/zendesk", body + b" ", **stamp, **sign)[0] == 401
    assert porch.post("/hooks/zendesk", body, **stamp)[0] == 401
    porch.at += timedelta(hours=1)
    assert porch.post("/hooks/zendesk", body, **stamp, **sign)[0] == 401


def test_anybodys_json_comes_in_by_its_own_name(porch: Porch) -> None:
    body = b'{"id": 7, "title": "Till is stuck"}'
    assert porch.post("/hooks/json/desk", body, **porch.token)[0] == 200
    (one,) = porch.firing()
    assert (one.service, one.summary, one.labels["ticket"]) == ("till", "Till is stuck", "7")
    assert porch.post("/hooks/json/desk", body)[0] == 401
    status, said = porch.post("/hooks/json/desk", b'{"id": 7}', **porch.token)
    assert (status, said["field"]) == (400, "title")


@pytest.mark.parametrize("prefix", ["", "sha256="])
def test_anybodys_json_may_be_signed_instead(porch: Porch, prefix: str) -> None:
    body = json.dumps({"issue": {"key": "S-1", "fields": {"summary": "Stuck", "status": {"name": "Open"}}}}).encode()
    sign = prefix + signed("s3cret", body).removeprefix("sha256=")
    assert porch.post("/hooks/json/jira", body, X_Hub_Signature=sign)[0] == 200
    assert porch.post("/hooks/json/jira", body, **porch.token)[0] == 401, "a token is no signature"
    done = body.replace(b"Open", b"Done")
    assert porch.post("/hooks/json/jira", done, X_Hub_Signature=signed("s3cret", done))[0] == 200
    assert porch.firing() == []


def test_a_name_that_is_not_in_the_settings_is_told_to_those_with_a_token(porch: Porch) -> None:
    assert porch.post("/hooks/json/nobody", b"{}")[0] == 401
    assert porch.post("/hooks/json/nobody", b"{}", **porch.token)[0] == 404


def test_a_heartbeat_is_heard_by_post_and_by_get_once_it_is_on_the_disk(porch: Porch) -> None:
    assert porch.post("/hooks/heartbeat/backup", b"", **porch.token) == (200, {"heard": "backup"})
    porch.at += timedelta(minutes=5)
    assert porch.caller.get("/hooks/heartbeat/backup", headers=porch.token).status_code == 200
    assert porch.heard.of("heartbeat") == {"backup": (porch.at, "")}
    assert porch.post("/hooks/heartbeat/backup", b"")[0] == 401
    assert porch.post("/hooks/heartbeat/nobody", b"", **porch.token)[0] == 404
    porch.away("heard")
    assert porch.post("/hooks/heartbeat/backup", b"", **porch.token)[0] == 503
