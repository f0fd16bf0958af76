"""The rule: a message that somebody marks in an incident's channel is in its timeline, once, with its author.

Whoever marks it, however often, and however often Slack tells of it. Fixed phrases count as said.
"""

from __future__ import annotations

from typing import Any

from chat.workspace import ANA, BEN, DAN, Workspace, event
from fireline.core import roles
from fireline.core.events import NoteAdded
from kiosk import until


def marked(user: str, channel: str, ts: str, emoji: str = "pushpin") -> dict[str, Any]:
    return event("reaction_added", user=user, reaction=emoji, item={"type": "message", "channel": channel, "ts": ts})


def wrote(user: str, channel: str, ts: str, text: str) -> dict[str, Any]:
    return event("message", channel=channel, user=user, text=text, ts=ts)


def notes(workspace: Workspace) -> list[NoteAdded]:
    """What people wrote down, without what the house notes by itself."""
    return [one for one in workspace.house.ledger.log(1) if isinstance(one, NoteAdded) and one.by in {"ana", "ben"}]


def room(workspace: Workspace) -> str:
    workspace.types(ANA, "declare P1 Kiosk shut")
    return str(workspace.room().id)


def test_a_marked_message_is_a_note_once(workspace: Workspace) -> None:
    channel = room(workspace)
    ts = workspace.slack.says(channel, BEN, "the key &amp; the <https://kiosk.example|door> are gone")
    for user, emoji in ((ANA, "pushpin"), (ANA, "pushpin"), (BEN, "pushpin::skin-tone-3"), (BEN, "eyes")):
        assert workspace.tells(marked(user, channel, ts, emoji), **{"X-Slack-Retry-Num": "1"}).status_code == 200
    (note,) = notes(workspace)
    assert note.by == "ana"
    assert note.text.startswith("the key & the door are gone (ben in Slack, https://")
    assert ts.split(".")[0] in note.text
    assert note.happened_at


def test_a_reply_in_a_thread_can_be_marked(workspace: Workspace) -> None:
    channel = room(workspace)
    first = workspace.slack.says(channel, BEN, "who has the key?")
    reply = workspace.slack.says(channel, ANA, "I do", thread_ts=first)
    workspace.tells(marked(BEN, channel, reply))
    assert [one.text.startswith("I do (ana") for one in notes(workspace)] == [True]


def test_a_mark_elsewhere_or_on_no_message_is_nothing(workspace: Workspace) -> None:
    room(workspace)
    workspace.slack.add_channel("general", ANA)
    other = workspace.slack.channel("general").id
    ts = workspace.slack.says(other, ANA, "lunch?")
    assert workspace.tells(marked(ANA, other, ts)).status_code == 200
    file = event("reaction_added", user=ANA, reaction="pushpin", item={"type": "file", "file": "F1"})
    assert workspace.tells(file).status_code == 200
    assert not notes(workspace)


def test_whom_nobody_knows_is_told_so_alone(workspace: Workspace) -> None:
    channel = room(workspace)
    workspace.slack.channel(channel).members.add(DAN)
    ts = workspace.slack.says(channel, BEN, "the key is gone")
    assert workspace.tells(marked(DAN, channel, ts)).status_code == 200
    (said,) = workspace.slack.ephemeral
    assert said["user"] == DAN
    assert "fireline people add" in said["text"]
    assert not notes(workspace)


def test_what_slack_cannot_say_just_now_it_is_asked_to_tell_again(workspace: Workspace) -> None:
    channel = room(workspace)
    ts = workspace.slack.says(channel, BEN, "the key is gone")
    # as often as anybody asks: whoever posts looks into the channel first, too
    workspace.slack.refuse("conversations.history", "internal_error", times=100)
    assert workspace.tells(marked(ANA, channel, ts)).status_code == 503
    workspace.slack.forgive("conversations.history")
    assert workspace.tells(marked(ANA, channel, ts), **{"X-Slack-Retry-Num": "1"}).status_code == 200
    assert len(notes(workspace)) == 1


def test_declaring_by_the_fixed_phrase(workspace: Workspace) -> None:
    workspace.slack.add_channel("kiosk", ANA, "UBOT00001")
    channel = workspace.slack.channel("kiosk").id
    said = "I am declaring an incident because the Kiosk is shut"
    ts = workspace.slack.says(channel, ANA, said)
    for _ in range(2):
        assert workspace.tells(wrote(ANA, channel, ts, said)).status_code == 200
    assert workspace.house.ledger.read(1).declared.title == "the Kiosk is shut"
    assert workspace.house.ledger.head(2) == 0
    answers = [one for one in workspace.slack.channel("kiosk").posted if one["ts"] != ts]
    assert ["INC-1" in one["text"] for one in answers] == [True]


def test_taking_command_by_the_fixed_phrase_in_the_incident_s_channel(workspace: Workspace) -> None:
    channel = room(workspace)
    ts = workspace.slack.says(channel, BEN, "I'm the incident commander.")
    workspace.tells(wrote(BEN, channel, ts, "I'm the incident commander."))
    until(lambda: roles.crew(workspace.house.ledger.log(1)).commander == "ben")


def test_what_is_said_about_declaring_declares_nothing(workspace: Workspace) -> None:
    for text in ("should I be declaring an incident because of this?", "Ben said: I am declaring an incident because"):
        workspace.tells(wrote(ANA, "C0GENERAL", "1.1", text))
    assert workspace.house.ledger.head(1) == 0
