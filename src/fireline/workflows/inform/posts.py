"""Chats that only take messages: a webhook of Mattermost or Teams, and mail as the last resort.

They have no rooms: nobody is invited, nothing is pinned, nothing is archived. The words are those of the room, under
a line that says which incident they are about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol
from urllib.parse import urlsplit

from fireline.connectors.chat_webhook import ChatWebhook
from fireline.connectors.smtp import Smtp
from fireline.core import room
from fireline.core.delivery import Data
from fireline.core.events import Log
from fireline.core.incident import Incident
from fireline.core.runbook import Runbook
from fireline.workflows.inform.messenger import ByHand, Sent
from fireline.workflows.library import Library


@dataclass(frozen=True, slots=True)
class Message:
    """One message: `key` is the same for each try."""

    key: str
    title: str
    text: str
    incident: Incident


class Poster(Protocol):
    """Takes messages."""

    def post(self, message: Message) -> str:
        """Hand it over; answers a word for people. Raises Temporary or Permanent."""


@dataclass(frozen=True, slots=True)
class WebhookPoster:
    """A chat's incoming webhook."""

    webhook: ChatWebhook

    def post(self, message: Message) -> str:
        """Write it under its title."""
        self.webhook.post(f"{message.title}\n{message.text}")
        return ""


@dataclass(frozen=True, slots=True)
class MailPoster:
    """The team's mail addresses; one thread an incident."""

    smtp: Smtp
    sender: str
    to: Sequence[str]
    host: str

    def post(self, message: Message) -> str:
        """Mail it. Each try has the same Message-ID, so that programs drop a second copy."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, ", ".join(self.to), message.title
        mail["Message-ID"] = f"<{message.key}@{self.host}>"
        mail["References"] = f"<{message.incident.name}@{self.host}>"
        mail["Date"] = format_datetime(message.incident.declared.at)
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
        mail.set_content(f"{message.text}\n")
        self.smtp.send(mail)
        return ""


@dataclass(frozen=True, slots=True)
class PostMessenger:
    """Says in one place what the room would be told."""

    vendor: str
    poster: Poster
    base_url: str
    call: str  # the pattern of the call's link
    library: Library

    def send(self, verb: str, now: Incident, log: Log, data: Data) -> Sent:
        """Say it. `about` is the event, where another chat was to tell it."""
        seq = int(data.get("about", data["seq"]))
        key = f"{now.name}.{seq}.{verb}"
        note = self.poster.post(Message(key, self._title(now), self._text(verb, now, log, seq), now))
        return Sent(note=note)

    def by_hand(self, verb: str, now: Incident, log: Log) -> ByHand:
        """The newest words, to say them elsewhere."""
        return ByHand(f"{self._title(now)}\n{self._text(verb, now, log, len(log))}")

    def _text(self, verb: str, now: Incident, log: Log, seq: int) -> str:
        page = f"{self.base_url}/incidents/{now.number}"
        if verb == "open":
            return room.card(now, log, self._books(now), page=page, call=room.call(log, now.number, self.call))
        return room.said(now, log, seq, page=page)

    def _title(self, now: Incident) -> str:
        return f"{now.name} · {now.title}"

    def _books(self, now: Incident) -> tuple[Runbook | None, ...]:
        ref = now.declared.runbook
        return (self.library.at(ref) if ref else None, self.library.main)


def host(base_url: str) -> str:
    """What stands behind the @ of our mails' names."""
    return urlsplit(base_url).hostname or "fireline"
