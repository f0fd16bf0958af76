"""Notes: what people write in an incident's channel and mark becomes a line of its timeline; and phrases that count.

Slack tells an event again when it heard no answer: each message is noted once, whoever marks it and however often.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from fireline.chat import words
from fireline.chat.parts import Parts
from fireline.chat.payloads import Reaction, Words
from fireline.core import incident, roles
from fireline.core.incident import NOTE_MAX_CHARS
from fireline.core.refusal import AWAY, Refused
from fireline.store import eyes

# Fixed phrases, after the incident process of the UK's Ministry of Justice: easy to find in a log afterwards.
DECLARING = re.compile(r"\s*I(?:['\u2019]| a)m declaring an incident because (?P<why>.+)", re.IGNORECASE)
TAKING = re.compile(
    r"\s*I(?:['\u2019]| a)m (?:now )?the (?:incident )?(?P<role>commander|deputy|scribe|communications)\s*[.!]?\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Notes:
    """Listens in channels. `emoji` marks what is to be noted."""

    parts: Parts
    emoji: str

    def reacted(self, said: Reaction) -> None:
        """Note the message that was marked. Raises `ConnectorError` where Slack cannot say what it is just now."""
        channel, ts = said.item.channel, said.item.ts
        name = said.reaction.partition("::")[0]  # pushpin::skin-tone-2 is a pushpin
        if said.item.type != "message" or name != self.emoji:
            return
        number, key = self.parts.rooms.of(channel), f"slack:note:{channel}:{ts}"
        if number is None or self.parts.house.ledger.done(key):
            return
        try:
            by = self.parts.people.who_acts(said.user).handle
            eyes.belong_to(by)
            text = self._text(channel, ts)
            deed = partial(incident.note, text=text, by=by, happened_at=self._when(ts))
            self.parts.house.ledger.act(number, deed, key=key)
        except Refused as no:
            self._no(no, channel, said.user)

    def heard(self, said: Words) -> None:
        """Do what a fixed phrase says: declare an incident, or take a role in its channel."""
        if said.subtype or said.bot_id or not said.user:
            return
        text, key = words.typed(said.text), f"slack:said:{said.channel}:{said.ts}"
        declaring, taking = DECLARING.match(text), TAKING.fullmatch(text)
        number = self.parts.rooms.of(said.channel) if taking else None
        if not (declaring or number) or self.parts.house.ledger.done(key):
            return
        try:
            person = self.parts.people.who_acts(said.user)
            eyes.belong_to(person.handle)
            if declaring:
                made = self.parts.house.declare.by_person(declaring["why"], by=person.handle, key=key)
                told = f"{made.name} {made.title}, declared by {person.name}: {self.parts.page(made.number)}"
                if made.private:  # the channel is not its own
                    self.parts.desk.whisper(said.channel, said.user, told)
                    return
            else:
                assert taking
                assert number
                role = taking["role"].lower()
                self.parts.house.ledger.act(number, partial(roles.take, role=role, by=person.handle), key=key)
                told = f"{person.name} is {roles.TITLES[role]} of INC-{number}."
        except Refused as no:
            self._no(no, said.channel, said.user)
        else:
            self.parts.desk.reply(said.channel, said.ts, told)

    def _no(self, no: Refused, channel: str, user: str) -> None:
        """Tell the asker alone; what time may cure is raised, so that Slack asks again."""
        if no.status == AWAY:
            raise no
        self.parts.desk.whisper(channel, user, no.sentence)

    def _text(self, channel: str, ts: str) -> str:
        message = self.parts.desk.message(channel, ts)
        if message is None:
            raise Refused("Slack shows fireline no such message: invite its app to the channel.", status=404)
        author = str(message.get("user") or "")
        name = self.parts.people.face(author).name if author else str(message.get("username") or "a program")
        said = words.typed(str(message.get("text") or "")).strip() or "(no text)"
        tail = f" ({name} in Slack, {self.parts.desk.link(channel, ts)})"
        return f"{said[: NOTE_MAX_CHARS - len(tail)]}{tail}"

    def _when(self, ts: str) -> datetime:
        """When it was written; two clocks may differ a little, and nothing happened in the future."""
        return min(datetime.fromtimestamp(float(ts), UTC), self.parts.now())
