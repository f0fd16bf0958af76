"""Forms: the windows that Slack opens after a press or a command. Pure: facts in, Slack's JSON out.

Limits: https://docs.slack.dev/reference/views/modal-views/
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fireline.core.approval import Ask
from fireline.workflows.inform.blocks import (
    APPROVE,
    DENY,
    NEXT,
    TEXT_MAX,
    UPDATE,
    Block,
    Names,
    Value,
    code,
    reasons,
    section,
    within,
)


def say_yes(value: Value, one: Ask, names: Names) -> Block:
    """The modal that shows a longer command whole, and says yes to just that."""
    found = [section(one.asked.title), code(one.asked.command), *reasons(one, names)]
    if one.asked.last_resort:
        found.append(_field("typed", "A last resort: type the name of what it hits"))
    return _modal("Approve", APPROVE, msgspec.json.encode(value).decode(), found, submit="Approve")


def say_no(value: Value) -> Block:
    """The modal that asks why not."""
    why = _field("reason", "Why not? The next person needs to know.")
    return _modal("Decline", DENY, msgspec.json.encode(value).decode(), [why], submit="Decline")


class Asking(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the modal that asks for a command knows: one of the runbook by its `step`, or a `command` typed.

    `channel` is where it was asked for.
    """

    incident: int
    step: str = ""
    channel: str = ""
    command: str = ""


def ask_for(one: Asking, title: str, command: str, verdict: str, blanks: Sequence[tuple[str, str]]) -> Block:
    """The modal that shows a judged command and asks why. `blanks` are names to fill in, with what is known."""
    found = [section(title), code(command), section(verdict, label="Judged:")]
    found += [_field(f"value.{name}", name, value) for name, value in blanks]
    found.append(_field("reason", "Why? Whoever approves decides from your words."))
    return _modal("Run a command", NEXT, msgspec.json.encode(one).decode(), found, submit="Ask")


def write_update(number: int, news: str, *, actions: str, users: str, services: str) -> Block:
    """The modal with the draft of the next update."""
    found = [
        section(news),
        _field("actions", "What is being done", actions, lines=True),
        _field("users", "Users affected: a number, or unknown", users),
        _field("services", "Services degraded: names with commas between, none, or unknown", services),
    ]
    kept = msgspec.json.encode(Value(incident=number)).decode()
    return _modal("Write update", UPDATE, kept, found, submit="Send")


def refusal(sentence: str) -> Block:
    """The window that says no, where a form has no field to say it beside."""
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Not done"},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [section(sentence)],
    }


def _field(name: str, label: str, value: str = "", *, lines: bool = False) -> Block:
    element: Block = {"type": "plain_text_input", "action_id": name, "multiline": lines}
    element |= {"initial_value": value[:TEXT_MAX]} if value else {}
    return {
        "type": "input", "block_id": name, "label": {"type": "plain_text", "text": label[:2000]}, "element": element,
    }  # fmt: skip


def _modal(title: str, callback: str, kept: str, blocks: list[Block], *, submit: str) -> Block:
    return {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": kept,  # at most 3000 characters
        "title": {"type": "plain_text", "text": title[:24]},
        "submit": {"type": "plain_text", "text": submit[:24]},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": within(blocks),
    }
