"""Slack as a chat with rooms: whose channel is whose, who is who, and what was posted already.

A channel's owner is the incident whose mark was set first as its purpose: Slack keeps those settings in order, so two
incidents of one minute cannot both have it, whoever was killed in between.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fireline.connectors.http import Permanent
from fireline.connectors.slack import No, Slack
from fireline.settings import PersonSettings
from fireline.workflows.inform.chat import Room

NAMES_MAX = 20  # channels of one minute; by then something else is wrong
ID = re.compile(r"[UW][A-Z0-9]{5,}")  # of a person: https://docs.slack.dev/reference/objects/user-object
WHY: Mapping[str, str] = {
    "user_not_found": "Slack knows nobody of this id",
    "cant_invite": "they cannot be invited to this channel",
    "user_is_restricted": "they are a guest",
    "user_is_ultra_restricted": "they are a guest",
    "ura_max_channels": "they are a guest",
}


@dataclass(frozen=True, slots=True)
class SlackChat:
    """One workspace; `people` are those of the settings, by handle."""

    slack: Slack
    people: Mapping[str, PersonSettings]

    def open(self, name: Callable[[int], str], mark: str, *, private: bool) -> Room:
        """The channel of this mark, made if it is not there."""
        for n in range(1, NAMES_MAX + 1):
            wanted = name(n)
            if (channel := self._mine(wanted, private=private)) and self._owned(channel, mark):
                return Room(channel, wanted, self.slack.link(channel))
        raise Permanent(f"{NAMES_MAX} channels are called {name(1)} already.")

    def invite(self, room: str, people: Sequence[str]) -> tuple[str, ...]:
        """Ask people in; whom Slack does not know does not keep the others out."""
        ids, missing = dict[str, str](), []
        for who in people:
            found, why = self._id(who)
            if found:
                ids.setdefault(found, who)
            else:
                missing.append((who, why))
        refused = self.slack.invite(room, tuple(ids))
        missing += [(ids[one], WHY.get(error, error)) for one, error in refused.items() if error != "cant_invite_self"]
        return tuple(f"{who} could not be invited: {why}." for who, why in missing)

    def set_topic(self, room: str, text: str) -> None:
        """Set what stands on top."""
        self.slack.set_topic(room, text)

    def post(
        self, room: str, text: str, *, mark: str, since: datetime, blocks: Sequence[Mapping[str, Any]] = ()
    ) -> str:
        """Write it, unless it is there already."""
        there = self.slack.posted(room, mark, since=since.timestamp())
        return there or self.slack.post(room, text, mark=mark, blocks=blocks)

    def tell(self, who: str, text: str, *, mark: str, since: datetime, blocks: Sequence[Mapping[str, Any]] = ()) -> str:
        """Write to one person directly, unless it is there already. Raises `Permanent` where Slack knows them not."""
        user, why = self._id(who)
        if not user:
            raise Permanent(f"{who} cannot be written to: {why}.")
        try:
            return self.post(self.slack.direct(user), text, mark=mark, since=since, blocks=blocks)
        except No as no:
            if no.error != "missing_scope":
                raise
            # an app that may write and not look: told twice is better than not at all
            return self.slack.post(user, text, mark=mark, blocks=blocks)

    def pin(self, room: str, message: str) -> None:
        """Pin a message."""
        self.slack.pin(room, message)

    def messages(self, room: str) -> tuple[int, str]:
        """All messages as Slack has them, with the channel they stood in."""
        found = self.slack.history(room)
        said = {"channel": room, "name": self.slack.channel(room).name, "messages": found}
        return len(found), json.dumps(said, indent=1, ensure_ascii=False, sort_keys=True)

    def archived(self, room: str) -> bool:
        """Whether it is archived."""
        return self.slack.channel(room).archived

    def archive(self, room: str) -> None:
        """Close it."""
        self.slack.archive(room)

    def unarchive(self, room: str) -> None:
        """Open it again, as the person whose token the settings hold."""
        self.slack.unarchive(room)

    def _mine(self, name: str, *, private: bool) -> str:
        """The channel of this name if the app made it, now or before; empty if it is another's."""
        try:
            return self.slack.create(name, private=private).id
        except No as no:
            if no.error != "name_taken":
                raise
        found = self.slack.find(name)
        return found.id if found and not found.archived and found.creator == self.slack.me() else ""

    def _owned(self, channel: str, mark: str) -> bool:
        """Whether the channel is this incident's; one that is nobody's becomes its own."""
        owner = self._owner(channel)
        if owner is None:
            self.slack.set_purpose(channel, f"fireline {mark}")
            owner = self._owner(channel)
            if owner != mark:  # another incident was faster: people read there whose channel it is
                self.slack.set_purpose(channel, f"fireline {owner}")
        return owner == mark

    def _owner(self, channel: str) -> str | None:
        marks = (re.search(r"fireline <?(?:https?://)?([^\s|>]+/INC-\d+)", one) for one in self.slack.purposes(channel))
        return next((found[1] for found in marks if found), None)

    def _id(self, who: str) -> tuple[str, str]:
        """The person's id in Slack, or why there is none."""
        person = self.people.get(who)
        named = (person.slack or person.mail) if person else who
        if ID.fullmatch(named):
            return named, ""
        if "@" not in named:
            return "", f"the settings name neither their mail address nor their Slack id ([people.{who}])"
        found = self.slack.of_mail(named)
        return (found.id, "") if found else ("", "Slack knows nobody with this mail address")
