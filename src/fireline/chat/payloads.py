"""Payloads: what Slack sends, as far as fireline reads it. What does not fit is refused by the field's name.

Formats: https://docs.slack.dev/interactivity/implementing-slash-commands/, https://docs.slack.dev/reference/interaction-payloads/,
https://docs.slack.dev/reference/events/
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from fireline.core.refusal import Refused


class Named(msgspec.Struct, frozen=True):
    """A thing with an id; a user and a team may say their team."""

    id: str = ""
    team_id: str = ""


class Command(msgspec.Struct, frozen=True):
    """`/incident …`."""

    user_id: str
    channel_id: str
    trigger_id: str
    team_id: str
    text: str = ""


class Action(msgspec.Struct, frozen=True):
    """One press."""

    action_id: str
    action_ts: str = ""
    value: str = ""


class Message(msgspec.Struct, frozen=True):
    """The message that a button stood in."""

    ts: str = ""
    text: str = ""
    blocks: list[dict[str, Any]] = []


class Press(msgspec.Struct, frozen=True):
    """Somebody pressed a button."""

    user: Named
    actions: list[Action]
    trigger_id: str = ""
    channel: Named = Named()
    message: Message | None = None


class Field(msgspec.Struct, frozen=True):
    """What somebody wrote into one field."""

    value: str | None = None


class State(msgspec.Struct, frozen=True):
    """A modal's fields, by block and by action."""

    values: dict[str, dict[str, Field]] = {}


class View(msgspec.Struct, frozen=True):
    """A modal."""

    id: str
    callback_id: str
    private_metadata: str = ""
    state: State = State()

    def field(self, name: str) -> str:
        """What stands in this field; empty where it is none of this modal's."""
        return self.state.values.get(name, {}).get(name, Field()).value or ""


class Submission(msgspec.Struct, frozen=True):
    """Somebody sent a modal off."""

    user: Named
    view: View


class Item(msgspec.Struct, frozen=True):
    """What was reacted to: a message by its channel and time."""

    type: str = ""
    channel: str = ""
    ts: str = ""


class Reaction(msgspec.Struct, frozen=True):
    """Somebody put an emoji to something."""

    user: str
    reaction: str
    item: Item = Item()


class Words(msgspec.Struct, frozen=True):
    """Somebody wrote a message. `subtype` is of joins, edits and the like, `bot_id` of programs."""

    channel: str
    ts: str
    user: str = ""
    text: str = ""
    team: str = ""
    subtype: str = ""
    bot_id: str = ""


Kind = TypeVar("Kind")


def read(body: Any, kind: type[Kind]) -> Kind:
    """The payload. Raises `Refused(400)` naming what is missing or of the wrong kind."""
    try:
        return msgspec.convert(body, kind, strict=False)
    except msgspec.ValidationError as trouble:
        raise Refused(f"This is not what Slack sends: {trouble}.", status=400) from trouble


def kept(text: str, kind: type[Kind]) -> Kind:
    """What a button or a modal of ours kept. Raises `Refused(400)` where it is none of ours."""
    try:
        return msgspec.json.decode(text.encode(), type=kind)
    except msgspec.MsgspecError as trouble:
        raise Refused("This button or form is none that fireline made, or of an older one.", status=400) from trouble
