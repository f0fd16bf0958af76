"""Slack's own document of its web API, read the way its clients use it. For tests only.

The document is of 2021 and in Swagger 2: it declares form parameters though JSON is taken too, writes "one of these"
as a list under `items`, and knows no field that came later. So arguments are checked by name and type wherever they
travelled, and answers by what the document says has to be there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft4Validator  # type: ignore[import-untyped]

from contracts.faulty import Request

# Arguments that came after the document, by method: https://docs.slack.dev/reference/methods
LATER: Mapping[str, frozenset[str]] = {
    "chat.postMessage": frozenset({"metadata", "markdown_text"}),
    "chat.update": frozenset({"metadata"}),
    "conversations.create": frozenset({"team_id"}),
    "conversations.history": frozenset({"include_all_metadata"}),
    "conversations.invite": frozenset({"force"}),
    "conversations.list": frozenset({"team_id"}),
    "conversations.replies": frozenset({"include_all_metadata"}),
    "users.list": frozenset({"team_id"}),
    "views.open": frozenset({"interactivity_pointer"}),
    "views.update": frozenset(),
    "auth.test": frozenset(),
}
# What the document leaves optional and the method cannot do without.
NEEDED: Mapping[str, frozenset[str]] = {
    "conversations.archive": frozenset({"channel"}),
    "conversations.create": frozenset({"name"}),
    "conversations.history": frozenset({"channel"}),
    "conversations.info": frozenset({"channel"}),
    "conversations.invite": frozenset({"channel", "users"}),
    "conversations.join": frozenset({"channel"}),
    "conversations.setPurpose": frozenset({"channel", "purpose"}),
    "conversations.setTopic": frozenset({"channel", "topic"}),
    "conversations.unarchive": frozenset({"channel"}),
    "pins.add": frozenset({"timestamp"}),
}
NOT_IN_IT = frozenset({"apps.connections.open"})
ELSEWHERE = frozenset({"token"})  # declared in a header of that name; clients send `Authorization`
# Errors that its lists leave out: they may come from any method, or came later.
ANY_ERROR = frozenset({
    "ratelimited", "internal_error", "fatal_error", "missing_scope", "token_revoked", "unknown_method",
    "invalid_metadata_schema", "invalid_arguments", "not_in_channel", "name_taken", "already_archived", "not_archived",
    "is_archived", "user_not_found", "expired_trigger_id", "cant_update_message", "message_not_found", "not_found",
    "not_allowed_token_type", "invalid_blocks", "already_reacted", "channel_not_found", "user_not_in_channel",
})  # fmt: skip


class SlackDocument:
    """What a call and its answer have to look like."""

    def __init__(self, document: Path) -> None:
        written = json.loads(document.read_text())
        self._methods = {path.removeprefix("/"): next(iter(verbs.values())) for path, verbs in written["paths"].items()}
        self._definitions = _plain(written["definitions"])
        self._judges: dict[tuple[str, str], Draft4Validator] = {}

    def faults_of_call(self, method: str, said: Mapping[str, Any]) -> list[str]:
        """Everything wrong with a call's arguments, wherever they travelled."""
        if method in NOT_IN_IT:
            return []
        if method not in self._methods:
            return [f"there is no method {method}"]
        declared = {one["name"]: one for one in self._methods[method].get("parameters", ())}
        known = set(declared) | LATER.get(method, frozenset())
        needed = {name for name, one in declared.items() if one.get("required")} | NEEDED.get(method, frozenset())
        found = [f"{method}: no argument is called {name}" for name in said if name not in known]
        found += [f"{method}: {name} is missing" for name in sorted(needed - ELSEWHERE) if said.get(name) in (None, "")]
        for name, value in said.items():
            wanted = declared.get(name, {}).get("type")
            if wanted and not _is(wanted, value):
                found.append(f"{method}: {name} is no {wanted}: {value!r}")
        return found

    def faults_of_answer(self, method: str, answer: Mapping[str, Any]) -> list[str]:
        """Everything an answer of ours lacks or has wrong."""
        if method not in self._methods:
            return []
        found = [
            f"{method}: {'.'.join(map(str, one.path)) or 'answer'}: {one.message[:300]}"
            for one in self._judge(method, "200" if answer["ok"] else "default").iter_errors(answer)
        ]
        return [] if answer.get("error") in ANY_ERROR and all("is not one of" in one for one in found) else found

    def _judge(self, method: str, status: str) -> Draft4Validator:
        if (method, status) not in self._judges:
            said = self._methods[method]["responses"][status].get("schema", {})
            self._judges[method, status] = Draft4Validator(_plain(said) | {"definitions": self._definitions})
        return self._judges[method, status]


def _plain(part: Any) -> Any:
    """The schema as JSON Schema: choices as `anyOf`, and nothing forbidden that may have come since."""
    match part:
        case dict():
            kept = {key: _plain(value) for key, value in part.items() if key not in {"additionalProperties", "format"}}
            if isinstance(choices := kept.get("items"), list):
                del kept["items"]
                if kept.get("type") == "array":
                    return kept | {"items": {"anyOf": choices}}
                return {key: value for key, value in kept.items() if key != "type"} | {"anyOf": choices}
            if kept.get("minItems") == 1 and kept.get("type") == "array":
                del kept["minItems"]  # an empty channel has no message, whatever the document says
            return kept
        case list():
            return [_plain(value) for value in part]
        case _:
            return part


def _is(wanted: str, value: Any) -> bool:
    match wanted:
        case "boolean":
            return value in (True, False, "0", "1", "true", "false")
        case "integer":
            return str(value).isdecimal()
        case "number":
            return str(value).replace(".", "", 1).isdecimal()
        case _:
            return isinstance(value, str | list | dict | bool)  # blocks and views are JSON, in a string or not


def method_of(asked: Request) -> str:
    """Which method a request calls."""
    return asked.path.rsplit("/", 1)[-1]


def arguments(asked: Request) -> dict[str, Any]:
    """The arguments, of the query, a form or JSON: clients send them all three ways."""
    said: dict[str, Any] = {name: values[-1] for name, values in asked.query.items()}
    if asked.headers.get("Content-Type", "").startswith("application/json"):
        body: dict[str, Any] = json.loads(asked.body or b"{}")
        return said | body
    return said | dict(parse_qsl(asked.body.decode(), keep_blank_values=True))
