"""The rule: over HTTP only Slack comes in, and only now; what cannot be read is told so, and nothing breaks."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from litestar.testing import TestClient

from chat.workspace import ANA, Workspace, command, event, headers, settings, settle_in
from contracts.slack import SlackStandIn
from fireline.app import asgi
from fireline.settings import SlackSettings
from kiosk import Open

JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def test_the_challenge_is_answered(workspace: Workspace) -> None:
    answer = workspace.post(b'{"type": "url_verification", "token": "t", "challenge": "3eZbrw1a"}')
    assert (answer.status_code, answer.json()) == (200, {"challenge": "3eZbrw1a"})


@pytest.mark.parametrize(
    "changed",
    [{"secret": "another"}, {"late": -301}, {"late": 330}],
    ids=["another secret", "old", "of the future"],
)
def test_what_slack_did_not_sign_just_now_is_401(workspace: Workspace, changed: dict[str, Any]) -> None:
    more = {"at": time.time() + changed["late"]} if "late" in changed else changed
    answer = workspace.post(b'{"type": "url_verification", "challenge": "x"}', **more)
    assert answer.status_code == 401
    assert "signing_secret" in answer.json()["error"]


@pytest.mark.parametrize("header", ["X-Slack-Signature", "X-Slack-Request-Timestamp"])
@pytest.mark.parametrize("value", ["", "v0=", "abc", "1e99", "99999999999999999999"])
def test_a_header_that_is_none_is_401(workspace: Workspace, header: str, value: str) -> None:
    body = b'{"type": "url_verification", "challenge": "x"}'
    answer = workspace.client.post("/hooks/slack", content=body, headers=headers(body, JSON) | {header: value})
    assert answer.status_code == 401


def test_a_changed_byte_is_401(workspace: Workspace) -> None:
    sent = headers(b'{"type": "url_verification", "challenge": "x"}', JSON)
    changed = b'{"type": "url_verification", "challenge": "y"}'
    assert workspace.client.post("/hooks/slack", content=changed, headers=sent).status_code == 401


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"{", JSON), (b"[1]", JSON), (b'"x"', JSON), (b"", JSON), (b"payload=%7B", FORM), (b"nothing", FORM)],
)
def test_a_body_that_cannot_be_read_is_400(workspace: Workspace, body: bytes, kind: str) -> None:
    answer = workspace.post(body, kind)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_bytes_that_are_no_text_are_nobody_s(workspace: Workspace) -> None:
    assert workspace.post(b"\xff\xfe{}").status_code == 401


def test_a_press_without_a_presser_is_400_with_the_field_s_name(workspace: Workspace) -> None:
    answer = workspace.post(json.dumps({"type": "block_actions", "actions": [{"action_id": "x"}]}).encode())
    assert answer.status_code == 400
    assert "user" in answer.text


def test_an_event_that_nobody_here_listens_to_is_taken(workspace: Workspace) -> None:
    assert workspace.tells(event("channel_rename", channel={"id": "C1"})).status_code == 200
    assert workspace.tells(event("message", subtype="channel_join", channel="C1", ts="1.1")).status_code == 200


def test_without_slack_there_is_no_such_door(build_house: Open) -> None:
    house = build_house()
    with TestClient(asgi(house)) as client:
        assert client.post("/hooks/slack", content=b"{}").status_code == 404
        house.durable.close(grace=0)


def test_without_a_signing_secret_http_is_shut(build_house: Open, slack: SlackStandIn) -> None:
    more = settings(slack)
    house = build_house(**more | {"slack": SlackSettings(token=more["slack"].token, url=slack.url)})
    with TestClient(asgi(house)) as client:
        body = b'{"type": "url_verification", "challenge": "x"}'
        assert client.post("/hooks/slack", content=body, headers=headers(body, JSON)).status_code == 401
        house.durable.close(grace=0)


def test_a_slow_deed_is_acknowledged_in_time_and_answered_afterwards(
    build_house: Open, slack: SlackStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fireline.chat.clerk.PATIENCE", 0.0)
    house = build_house(**settings(slack))
    settle_in(house)
    with TestClient(asgi(house)) as client:
        one = Workspace(house, slack, client)
        with house.database.writing():  # for which the deed waits, so that it is the slower one on any machine
            assert one.types(ANA, "declare P2 the gate squeaks") == {}
        assert "INC-1 P2: the gate squeaks" in one.said()["text"]
        house.durable.close(grace=0)


def test_the_same_command_sent_again_is_done_once(workspace: Workspace) -> None:
    sent = command(ANA, "declare P2 the gate squeaks", "C0GENERAL", workspace.slack)
    assert workspace.form(sent)["text"] == workspace.form(sent)["text"]
    assert len(workspace.house.ledger.log(1)) >= 1
    assert workspace.house.ledger.head(2) == 0
