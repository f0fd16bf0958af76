"""People who type, press and mark in Slack, as Slack tells of it. For tests only.

Ana, Ben and Cleo may act, Vera may only look, Dan is in Slack and nobody of this house.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from copy import deepcopy
from typing import Any
from urllib.parse import urlencode

from litestar.testing import TestClient

from contracts.slack import SIGNING_SECRET, TOKEN, SlackStandIn
from contracts.slack_channel import TEAM
from fireline.core import delivery
from fireline.house import House
from fireline.settings import PersonSettings, SlackSettings
from kiosk import until

PEOPLE = {"UANA00001": "ana", "UBEN00001": "ben", "UCLEO0001": "cleo", "UVERA0001": "vera", "UDAN00001": "dan"}
ANA, BEN, CLEO, VERA, DAN = PEOPLE
ELSEWHERE = "C0GENERAL"
OURS = ("ana", "ben", "cleo", "vera")


def settings(slack: SlackStandIn, **more: Any) -> dict[str, Any]:
    """The settings of a house with Slack."""
    one = SlackSettings(token=TOKEN, signing_secret=SIGNING_SECRET, url=slack.url, **more)
    return {"slack": one, "people": {name: PersonSettings(mail=f"{name}@example.com") for name in OURS}}


def settle_in(house: House) -> None:
    """Everybody of this house gets an account."""
    house.database.migrate()
    for name in OURS:
        house.accounts.add(name, name.capitalize(), "viewer" if name == "vera" else "responder")


def command(user: str, text: str, channel: str, slack: SlackStandIn) -> dict[str, str]:
    """What Slack sends when somebody types `/incident …`."""
    return {
        "command": "/incident", "text": text, "user_id": user, "channel_id": channel, "team_id": TEAM,
        "trigger_id": slack.trigger(), "response_url": slack.response_url, "api_app_id": "A0FIRELINE",
        "user_name": PEOPLE.get(user, "somebody"), "channel_name": "incident", "team_domain": "shop",
    }  # fmt: skip


def press(user: str, action: dict[str, Any], channel: str, slack: SlackStandIn, message: Any = None) -> dict[str, Any]:
    """What Slack sends when somebody presses this button, of this message."""
    return {
        "type": "block_actions", "user": {"id": user, "team_id": TEAM}, "team": {"id": TEAM},
        "trigger_id": slack.trigger(), "response_url": slack.response_url, "channel": {"id": channel},
        "container": {"type": "message"}, "actions": [action | {"action_ts": "1"}],
        **({"message": message} if message else {}),
    }  # fmt: skip


def submission(user: str, view: dict[str, Any], **fields: str) -> dict[str, Any]:
    """What Slack sends when somebody sends this form off; what nobody wrote over stays as it was."""
    values = {
        one["block_id"]: {one["block_id"]: {"type": "plain_text_input", "value": one["element"].get("initial_value")}}
        for one in view["blocks"]
        if one["type"] == "input"
    }
    for name, value in fields.items():
        values[name] = {name: {"type": "plain_text_input", "value": value}}
    return {
        "type": "view_submission", "user": {"id": user, "team_id": TEAM}, "team": {"id": TEAM},
        "view": {**view, "state": {"values": values}},
    }  # fmt: skip


def event(kind: str, **more: Any) -> dict[str, Any]:
    """What Slack sends when something happens."""
    return {
        "type": "event_callback", "team_id": TEAM, "event_id": "Ev0001", "event_time": 1,
        "event": {"type": kind, **more},
    }  # fmt: skip


def headers(body: bytes, kind: str, *, at: float | None = None, secret: str = SIGNING_SECRET) -> dict[str, str]:
    """Signed as Slack signs."""
    now = str(int(time.time() if at is None else at))
    digest = hmac.digest(secret.encode(), f"v0:{now}:".encode() + body, hashlib.sha256).hex()
    return {"Content-Type": kind, "X-Slack-Request-Timestamp": now, "X-Slack-Signature": f"v0={digest}"}


class Workspace:
    """Slack as its people use it, with one house behind."""

    def __init__(self, house: House, slack: SlackStandIn, client: TestClient[Any]) -> None:
        self.house, self.slack, self.client = house, slack, client

    def post(self, body: bytes, kind: str = "application/json", **more: Any) -> Any:
        return self.client.post("/hooks/slack", content=body, headers=headers(body, kind, **more))

    def form(self, facts: dict[str, str]) -> Any:
        answer = self.post(urlencode(facts).encode(), "application/x-www-form-urlencoded")
        assert answer.status_code == 200, answer.text
        return answer.json() if answer.text else {}

    def types(self, user: str, text: str, channel: str = ELSEWHERE) -> Any:
        """What is answered to a command."""
        return self.form(command(user, text, channel, self.slack))

    def presses(self, user: str, message: dict[str, Any], action: str, channel: str = "") -> None:
        """Press the button of this name in this message."""
        buttons = [b for one in message["blocks"] if one["type"] == "actions" for b in one["elements"]]
        found = next(one for one in buttons if one["action_id"] == action)
        body = press(user, found, channel or self.room().id, self.slack, message)
        self.form({"payload": json.dumps(body)})

    def sends(self, user: str, view: dict[str, Any], **fields: str) -> Any:
        """What is answered to a form."""
        return self.form({"payload": json.dumps(submission(user, view, **fields))})

    def tells(self, body: dict[str, Any], **more: str) -> Any:
        """An event; its status is the answer."""
        raw = json.dumps(body).encode()
        return self.client.post("/hooks/slack", content=raw, headers=headers(raw, "application/json") | more)

    def said(self, count: int = 1) -> dict[str, Any]:
        """The newest of so many answers that came afterwards."""
        until(lambda: len(self.slack.responses) >= count)
        return self.slack.responses[-1]

    def view(self, count: int = 1) -> dict[str, Any]:
        """The newest of so many forms."""
        until(lambda: len(self.slack.views) >= count)
        return self.slack.views[-1]

    def room(self, number: int = 1) -> Any:
        """The incident's channel, once it stands."""
        until(lambda: delivery.ref(self.house.ledger.log(number), "slack", "open"))
        return self.slack.channel(delivery.ref(self.house.ledger.log(number), "slack", "open"))

    def asked(self, text: str, number: int = 1) -> dict[str, Any]:
        """The message in the channel that asks for a yes to this."""
        room = self.room(number)
        until(lambda: any(text in json.dumps(one.get("blocks", "")) for one in room.posted))
        return deepcopy(next(one for one in room.posted if text in json.dumps(one.get("blocks", ""))))
