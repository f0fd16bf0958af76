"""Desk: what this door asks Slack: who somebody is, what a message says, to open a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fireline.chat.people import Face
from fireline.connectors.slack import Slack


@dataclass(slots=True)
class Desk:
    """Asks Slack. Every call raises `Temporary` or `Permanent`."""

    slack: Slack
    _team: str = field(default="", init=False)

    def face(self, user: str) -> Face:
        """Who somebody is, as their own workspace says."""
        one: Mapping[str, Any] = self.slack.call("users.info", user=user)["user"]
        profile: Mapping[str, Any] = one.get("profile") or {}
        # a program, somebody who left, or a guest of another company is nobody of this house
        strange = one.get("is_bot") or one.get("deleted") or one.get("is_stranger")
        sure = one.get("is_email_confirmed") is not False  # absent in old workspaces, which have no other addresses
        return Face(
            id=user,
            name=str(profile.get("real_name") or one.get("real_name") or one.get("name") or user),
            mail=str(profile.get("email") or "") if sure else "",
            ours=not strange and one.get("team_id") == self.team(),
        )

    def team(self) -> str:
        """Our own workspace; asked once."""
        self._team = self._team or str(self.slack.call("auth.test")["team_id"])
        return self._team

    def message(self, channel: str, ts: str) -> Mapping[str, Any] | None:
        """One message, be it in a thread."""
        found = self.slack.message(channel, ts)
        if found and found.get("ts") == ts:
            return found
        rows = self.slack.call("conversations.replies", channel=channel, ts=ts, oldest=ts, latest=ts, inclusive=True)
        return next((one for one in rows.get("messages") or () if one.get("ts") == ts), None)

    def link(self, channel: str, ts: str) -> str:
        """The address of one message."""
        return str(self.slack.call("chat.getPermalink", channel=channel, message_ts=ts)["permalink"])

    def whisper(self, channel: str, user: str, text: str) -> None:
        """Say something that only one person reads."""
        self.slack.whisper(channel, user, text)

    def open_view(self, trigger: str, view: Mapping[str, Any]) -> None:
        """Show a form to whoever pressed or typed, within three seconds."""
        self.slack.open_view(trigger, view)

    def reply(self, channel: str, ts: str, text: str) -> None:
        """Answer a message in its thread."""
        self.slack.post(channel, text, thread=ts)

    def update(self, channel: str, ts: str, text: str, blocks: list[dict[str, Any]]) -> None:
        """Change a message of ours."""
        self.slack.update(channel, ts, text, blocks=blocks)

    def post(self, channel: str, text: str, blocks: list[dict[str, Any]]) -> None:
        """Write into a channel."""
        self.slack.post(channel, text, blocks=blocks)
