"""Buttons and forms: a press, or a form sent off, is one deed in the presser's name.

A yes is bound to the digest of the bytes that stood in the very message or form, and checked against what waits now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from fireline.chat import forms
from fireline.chat.commands import Commands
from fireline.chat.forms import Asking
from fireline.chat.parts import Answer, Parts
from fireline.chat.payloads import Press, Submission, kept
from fireline.core import approval, incident, update
from fireline.core.people import Person
from fireline.core.refusal import Refused
from fireline.workflows.inform import blocks
from fireline.workflows.inform.blocks import ACKNOWLEDGE, APPROVE, DENY, NEXT, UPDATE, Value

Closed = Mapping[str, Any]  # what Slack does with a form that was sent off; empty: it closes it
ERROR_MAX = 3000


@dataclass(frozen=True, slots=True)
class Buttons:
    """Does what people press and send off."""

    parts: Parts
    commands: Commands

    def press(self, said: Press) -> Answer:
        """Do it and say so. Raises `Refused`, for the presser alone to read."""
        pressed = said.actions[0]
        if not pressed.action_id.startswith("fireline.") or not pressed.value:
            return Answer()  # a link that Slack tells of, or nobody's button
        value = _from(kept(pressed.value, Value), said)
        person = self.parts.people.who_acts(said.user.id)
        key = f"slack:{said.trigger_id}:{pressed.action_id}"
        match pressed.action_id:
            case blocks.ACKNOWLEDGE:
                return self._acknowledge(value, person, key, said)
            case blocks.APPROVE:
                return self._approve(value, person, key)
            case blocks.READ:
                return self._read(value, said.trigger_id)
            case blocks.DENY:
                approval.waiting(self.parts.house.ledger.log(value.incident), self.parts.now(), value.ask)
                self.parts.desk.open_view(said.trigger_id, forms.say_no(value))
            case blocks.NEXT:
                return self.commands.runs.next(value.incident, trigger=said.trigger_id, channel=said.channel.id)
            case blocks.UPDATE:
                return self.commands.write_update(value.incident, said.trigger_id)
        return Answer()

    def submit(self, said: Submission, tell: Callable[[Value, Answer], None]) -> Closed:
        """Take a form. A refusal stands beside its field; `tell` is handed what came of it, and where it began."""
        view = said.view
        do = {APPROVE: self._said_yes, DENY: self._said_no, NEXT: self._asked, UPDATE: self._sent}.get(view.callback_id)
        if do is None:
            return {}
        try:
            where, answer = do(said, self.parts.people.who_acts(said.user.id))
        except Refused as no:
            return _beside(said, no)
        tell(where, answer)
        return {}

    def _acknowledge(self, value: Value, person: Person, key: str, said: Press) -> Answer:
        number = value.incident
        now = self.parts.house.ledger.act(number, partial(incident.acknowledge, by=person.handle), key=key)
        text = f"{person.name} has {now.name}."
        shown = [_without(one, ACKNOWLEDGE) for one in said.message.blocks] if said.message else []
        found = [*filter(None, shown), blocks.context(text)]
        return Answer(text, found, everybody=not now.private, replace=bool(shown))

    def _approve(self, value: Value, person: Person, key: str, typed: str = "") -> Answer:
        deed = partial(approval.give, number=value.ask, shown=value.shown, by=person.handle, typed=typed)
        self.parts.house.ledger.act(value.incident, deed, key=key)
        return self._shown(value)

    def _read(self, value: Value, trigger: str) -> Answer:
        """The command whole, in a form; refused where it is not the one that the message spoke of."""
        one = approval.waiting(self.parts.house.ledger.log(value.incident), self.parts.now(), value.ask)
        if one.digest != value.shown or not blocks.whole(one.asked, inline=False):
            raise Refused("The command you were shown is not the one that waits. Open the page, read it, and decide.")
        self.parts.desk.open_view(trigger, forms.say_yes(value, one, self.parts.name))
        return Answer()

    def _said_yes(self, said: Submission, person: Person) -> tuple[Value, Answer]:
        value = kept(said.view.private_metadata, Value)
        return value, self._approve(value, person, _key(said), said.view.field("typed"))

    def _said_no(self, said: Submission, person: Person) -> tuple[Value, Answer]:
        value, reason = kept(said.view.private_metadata, Value), said.view.field("reason").strip()
        deed = partial(approval.deny, number=value.ask, reason=reason, by=person.handle)
        self.parts.house.ledger.act(value.incident, deed, key=_key(said))
        return value, self._shown(value)

    def _asked(self, said: Submission, person: Person) -> tuple[Value, Answer]:
        asking, start = kept(said.view.private_metadata, Asking), "value."
        values = {
            name.removeprefix(start): said.view.field(name) for name in said.view.state.values if name.startswith(start)
        }
        reason = said.view.field("reason").strip()
        answer = self.commands.runs.submit(asking, reason=reason, values=values, by=person.handle, key=_key(said))
        return Value(incident=asking.incident, channel=asking.channel), answer

    def _sent(self, said: Submission, person: Person) -> tuple[Value, Answer]:
        value = kept(said.view.private_metadata, Value)
        users, services = update.impact(said.view.field("users"), said.view.field("services"))
        communicate, actions = self.parts.house.communicate, said.view.field("actions")
        communicate.send(
            value.incident, actions=actions, users=users, services=services, by=person.handle, key=_key(said)
        )
        return value, Answer()

    def _shown(self, value: Value) -> Answer:
        one = approval.find(self.parts.house.ledger.log(value.incident), value.ask)
        return self.commands.runs.shown(value.incident, one, replace=True)


def _from(value: Value, said: Press) -> Value:
    """The value, with the message it was pressed in."""
    return msgspec.structs.replace(value, channel=said.channel.id, ts=said.message.ts) if said.message else value


def _key(said: Submission) -> str:
    """One form: sent off twice, it is done once."""
    return f"slack:{said.view.id}"


def _without(one: blocks.Block, action: str) -> blocks.Block | None:
    """A block of a message of ours without this button; None where nothing is left of it."""
    if one.get("type") != "actions":
        return one
    left = [each for each in one.get("elements", ()) if each.get("action_id") != action]
    return {**one, "elements": left} if left else None


def _beside(said: Submission, no: Refused) -> Closed:
    """The refusal beside the field it is about, or in a window of its own where the form has no fields."""
    fields = list(said.view.state.values)
    named = [name for name in fields if no.field and name in {no.field, f"value.{no.field}"}]
    if fields:
        return {"response_action": "errors", "errors": {(named or fields)[0]: no.sentence[:ERROR_MAX]}}
    return {"response_action": "update", "view": forms.refusal(no.sentence)}
