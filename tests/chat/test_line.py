"""The rule: over Socket Mode it is the same as over HTTP, and the line comes back by itself.

Commands, presses, forms and events go the same path; what a broken line left unanswered is done once on the next.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from litestar.testing import TestClient

from chat.switch import Switch
from chat.workspace import ANA, BEN, DAN, Workspace, command, event, press, settings, settle_in, submission
from contracts.slack import APP_TOKEN, SlackStandIn
from fireline.app import asgi
from fireline.core import approval
from fireline.workflows.inform.blocks import APPROVE, DENY
from kiosk import Open, until

SOON = 0.2  # seconds between looks at the line


@pytest.fixture
def switch(slack: SlackStandIn) -> Iterator[Switch]:
    with Switch() as one:
        slack.socket_url = one.url
        yield one


@pytest.fixture
def workspace(
    build_house: Open, slack: SlackStandIn, switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workspace]:
    """A house that calls Slack; its line is looked at often."""
    monkeypatch.setattr("fireline.chat.line.EVERY", SOON)
    house = build_house(**settings(slack, app_token=APP_TOKEN))
    settle_in(house)
    with TestClient(asgi(house)) as client:
        until(lambda: switch.standing)
        yield Workspace(house, slack, client)
        house.durable.close(grace=0)


def types(workspace: Workspace, switch: Switch, user: str, text: str, channel: str = "C0GENERAL") -> str:
    sent = switch.send("slash_commands", command(user, text, channel, workspace.slack))
    return str(switch.acknowledged(sent).get("text", ""))


def test_a_whole_story_over_the_line(workspace: Workspace, switch: Switch) -> None:
    assert "INC-1 P1: Kiosk shut, declared by Ana" in types(workspace, switch, ANA, "declare P1 Kiosk shut")
    assert "does not know dan@example.com" in types(workspace, switch, DAN, "sev INC-1 P2 less")
    message = workspace.asked("echo opened >> door")
    buttons = {b["action_id"]: b for one in message["blocks"] if one["type"] == "actions" for b in one["elements"]}
    room = workspace.room().id
    switch.acknowledged(switch.send("interactive", press(BEN, buttons[DENY], room, workspace.slack, message)))
    refused = switch.send("interactive", submission(BEN, workspace.view(), reason=" "))
    assert switch.acknowledged(refused)["errors"]["reason"]
    switch.acknowledged(switch.send("interactive", press(BEN, buttons[APPROVE], room, workspace.slack, message)))
    until(lambda: approval.find(workspace.house.ledger.log(1), 1).granted)
    ts = workspace.slack.says(room, BEN, "the door is open")
    marked = event("reaction_added", user=ANA, reaction="pushpin", item={"type": "message", "channel": room, "ts": ts})
    switch.acknowledged(switch.send("events_api", marked))
    assert "the door is open" in str(workspace.house.ledger.log(1))


def test_the_line_comes_back_when_it_breaks_and_when_slack_asks(workspace: Workspace, switch: Switch) -> None:
    switch.hang_up()
    until(lambda: switch.opened >= 2 and switch.standing)
    assert "INC-1" in types(workspace, switch, ANA, "declare P2 the gate squeaks")
    switch.disconnect()
    until(lambda: switch.opened >= 3 and switch.standing)
    assert "INC-2" in types(workspace, switch, ANA, "declare P2 the gate squeaks again")


def test_an_envelope_sent_again_after_a_break_is_done_once(workspace: Workspace, switch: Switch) -> None:
    said = command(ANA, "declare P2 the gate squeaks", "C0GENERAL", workspace.slack)
    switch.acknowledged(switch.send("slash_commands", said, envelope="one"))
    switch.hang_up()
    until(lambda: switch.opened >= 2 and switch.standing)
    switch.acknowledged(switch.send("slash_commands", said, envelope="one", retry=1))
    assert workspace.house.ledger.head(1)
    assert workspace.house.ledger.head(2) == 0


def test_a_slack_that_is_away_at_the_start_does_not_keep_the_house_shut(
    build_house: Open, slack: SlackStandIn, switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fireline.chat.line.EVERY", SOON)
    slack.refuse("apps.connections.open", "internal_error", times=2)
    house = build_house(**settings(slack, app_token=APP_TOKEN))
    settle_in(house)
    with TestClient(asgi(house)) as client:
        assert client.get("/healthz").status_code in {200, 404}
        until(lambda: switch.standing)
        house.durable.close(grace=0)
    until(lambda: not switch.standing)
    assert not [one.name for one in threading.enumerate() if one.name.startswith("slack")]
