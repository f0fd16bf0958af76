"""Settings of the people's chats: Slack with a channel for each incident, a webhook of another chat, and mail."""

from __future__ import annotations

from typing import Literal

from fireline.settings.part import Part


class SlackSettings(Part, frozen=True, kw_only=True):
    """`[slack]`: the app that was installed in the workspace."""

    token: str  # of the bot: xoxb-…
    signing_secret: str = ""  # for commands and buttons that come by HTTP
    app_token: str = ""  # for Socket Mode: xapp-…
    user_token: str = ""  # xoxp-… of somebody who may take channels out of the archive; no app may
    severities: tuple[str, ...] = ()  # that get a channel; without any those that page
    leads: tuple[str, ...] = ()  # invited to every channel: handles, mail addresses or Slack ids
    owners: dict[str, tuple[str, ...]] = {}  # invited where this service is concerned
    note_emoji: str = "pushpin"  # a message reacted to with it becomes a note of the incident
    archive_after_hours: float = 24.0  # after it was resolved; a negative number never
    url: str = "https://slack.com/api/"


class ChatSettings(Part, frozen=True, kw_only=True):
    """`[chat]`: where people talk, and what is told to a chat that only takes messages."""

    call: str = ""  # the pattern of a call's link, with {number}, {incident} or {channel}
    webhook: str = ""  # an incoming webhook's address, which is as good as a password
    kind: Literal["mattermost", "teams"] = "mattermost"
    mail: tuple[str, ...] = ()  # the last resort: who is mailed where no chat takes it
