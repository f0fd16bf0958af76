"""A stand-in for Slack: one workspace with its people, channels, messages and pins, over real HTTP. For tests only.

    with SlackStandIn(shared_if_there) as slack:
        ...                             # the code under test is given slack.url and TOKEN
        room = slack.channel("incident-20310504-0312")
        assert room.topic.startswith("P0")
        slack.says(room.id, "UANA00001", "I see it too")      # a person writes
        slack.refuse("conversations.invite", "missing_scope")   # the next such call is refused
        slack.wire.fail_next(1, "429")                          # and everything of `Faulty`

Every call and every answer is checked against Slack's own document, where it is there; without it the behaviour
stays the same. A call that breaks the contract makes leaving the `with` fail. As the real one it forgets its bot when
a channel is archived, so that only a person's token (`USER_TOKEN`) takes it out of the archive again.
"""

from __future__ import annotations

import json
import re
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from contracts.faulty import Answer, Faulty, Request
from contracts.slack_channel import (
    BOT,
    BOT_ID,
    FIRST,
    NAME_MAX,
    PEOPLE,
    PERSON,
    TEAM,
    TEXT_MAX,
    TOPIC_MAX,
    Channel,
    No,
    Said,
    flag,
    history,
    mail,
    page,
    person,
    thread,
)
from contracts.slack_document import SlackDocument, arguments, method_of

TOKEN = "xoxb-1111-2222-abcdefghijkl"
USER_TOKEN = "xoxp-1111-2222-abcdefghijkl"  # of somebody who may take channels out of the archive
APP_TOKEN = "xapp-1-A0FIRELINE-1111-abcdef"
SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
# A proxy that sends these twice would do them twice; Slack has no key for them.
NOT_TWICE = frozenset({"chat.postMessage", "chat.postEphemeral", "views.open"})


class SlackStandIn:
    """A workspace."""

    def __init__(self, shared: Path | None = None, people: dict[str, str] | None = None) -> None:
        self.people = dict(PEOPLE if people is None else people)
        self.channels: dict[str, Channel] = {}
        self.directs: dict[str, Channel] = {}  # what is said to one person alone, by that person's id
        self.calls: list[tuple[str, Said]] = []  # method and arguments, all that were understood
        self.ephemeral: list[Said] = []  # what only one person saw: channel, user, text, blocks
        self.person_facts: dict[str, Said] = {}  # what users.info says of somebody beside the usual
        self.views: list[Said] = []  # modals as they were opened or changed, newest last
        self.responses: list[Said] = []  # what was sent to a response_url
        self.socket_url = ""  # what apps.connections.open hands out
        self.violations: list[str] = []
        self._triggers: set[str] = set()
        self._refusals: dict[str, deque[str]] = {}
        self._count = 0
        path = shared / "contracts" / "slack" / "slack_web_openapi_v2.json" if shared else None
        self._document = SlackDocument(path) if path else None
        self.wire = Faulty(self._take, _refused, once=lambda asked: method_of(asked) in NOT_TWICE)

    @property
    def url(self) -> str:
        """What stands for https://slack.com/api/."""
        return f"{self.wire.url}/api/"

    @property
    def response_url(self) -> str:
        """What a command or a button brings along, to answer to."""
        return f"{self.wire.url}/response/1"

    def channel(self, name: str) -> Channel:
        """The channel of this name, or its id."""
        return next(one for one in self.channels.values() if name in {one.name, one.id})

    def called(self, method: str) -> list[Said]:
        """The arguments of each call of this method, oldest first; refused ones too."""
        return [said for one, said in self.calls if one == method]

    def add_channel(self, name: str, *members: str, private: bool = False) -> Channel:
        """A channel somebody else made."""
        made = Channel(f"{'G' if private else 'C'}{len(self.channels):08}", name, private, set(members))
        self.channels[made.id] = made
        return made

    def says(self, channel: str, user: str, text: str, **more: Any) -> str:
        """A person writes; answers the message's time, which is its name."""
        return str(self._write(self.channel(channel), {"user": user, "text": text, **more})["ts"])

    def trigger(self) -> str:
        """What a click or a command brings along, good for opening one modal."""
        made = f"{FIRST}.{len(self._triggers)}.trigger"
        self._triggers.add(made)
        return made

    def refuse(self, method: str, error: str, times: int = 1) -> None:
        """Refuse the next calls of this method."""
        self._refusals.setdefault(method, deque()).extend([error] * times)

    def forgive(self, method: str) -> None:
        """Refuse it no more."""
        self._refusals.pop(method, None)

    def __enter__(self) -> Self:
        self.wire.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wire.stop()
        if kind is None and self.violations:
            raise AssertionError("Slack's contract was broken: " + "; ".join(self.violations))

    def _take(self, asked: Request) -> Answer:
        if asked.path.startswith("/response/"):
            self.responses.append(json.loads(asked.body))
            return Answer(200, b"ok")
        method, said = method_of(asked), arguments(asked)
        self.calls.append((method, said))
        if self._document:
            self.violations += self._document.faults_of_call(method, said)
        try:
            who = self._who(method, asked.headers.get("Authorization", ""))
            answer = {"ok": True, **self._do(method, said, who)}
        except No as no:
            answer = no.answer
        if self._document:
            faults = self._document.faults_of_answer(method, answer)
            self.violations += [f"our own answer to {fault}" for fault in faults]
        return Answer(200, json.dumps(answer).encode())

    def _who(self, method: str, written: str) -> str:
        if method == "apps.connections.open":
            if written != f"Bearer {APP_TOKEN}":
                raise No("not_allowed_token_type")
            return BOT
        match written:
            case "":
                raise No("not_authed")
            case _ if written == f"Bearer {TOKEN}":
                return BOT
            case _ if written == f"Bearer {USER_TOKEN}":
                return PERSON
            case _:
                raise No("invalid_auth")

    def _do(self, method: str, said: Said, who: str) -> Said:
        if waiting := self._refusals.get(method):
            raise No(waiting.popleft())
        match method.split(".", maxsplit=1)[0]:
            case "conversations":
                return self._conversation(method, said, who)
            case "chat":
                return self._chat(method, said, who)
            case "users":
                return self._user(method, said)
        match method:
            case "auth.test":
                return {"url": "https://shop.slack.com/", "team": "Shop", "user": "fireline", "team_id": TEAM,
                        "user_id": who, "bot_id": BOT_ID, "is_enterprise_install": False}  # fmt: skip
            case "apps.connections.open":
                return {"url": self.socket_url}
            case "pins.add":
                room, message = self._room(said, who), self._message(said, who, "timestamp")
                if message["ts"] in room.pins:
                    raise No("already_pinned")
                room.pins.append(message["ts"])
                return {}
            case "reactions.add":
                message = self._message(said, who, "timestamp")
                marks = message.setdefault("reactions", [])
                if any(one["name"] == said["name"] and who in one["users"] for one in marks):
                    raise No("already_reacted")
                marks.append({"name": said["name"], "users": [who], "count": 1})
                return {}
            case "reactions.get":
                return {"type": "message", "channel": said["channel"], "message": self._message(said, who, "timestamp")}
            case "views.open" | "views.update":
                if method == "views.open":
                    if said["trigger_id"] not in self._triggers:
                        raise No("expired_trigger_id")
                    self._triggers.remove(said["trigger_id"])
                view = said["view"] if isinstance(said["view"], dict) else json.loads(said["view"])
                self.views.append(view | {"id": said.get("view_id") or f"V{len(self.views):08}"})
                return {"view": self.views[-1]}
        raise No("unknown_method")

    def _conversation(self, method: str, said: Said, who: str) -> Said:
        match method:
            case "conversations.create":
                return {"channel": self._create(said, who).facts(who)}
            case "conversations.list":
                return self._list(said, who)
            case "conversations.open":
                return {"channel": {"id": self._direct(str(said["users"]), who).id}}
        room = self._room(said, who)
        match method:
            case "conversations.info":
                return {"channel": room.facts(who)}
            case "conversations.members":
                return {"members": sorted(room.members), "response_metadata": {"next_cursor": ""}}
            case "conversations.unarchive":
                if not room.archived:
                    raise No("not_archived")
                if who == BOT:
                    raise No("not_in_channel")  # it was thrown out when the channel was archived
                room.archived = False
                room.members |= {who}
                return {}
            case "conversations.join" if not room.archived:
                if room.private:
                    raise No("method_not_supported_for_channel_type")
                room.members.add(who)
                return {"channel": room.facts(who)}
        return self._inside(method, room, said, who)

    def _inside(self, method: str, room: Channel, said: Said, who: str) -> Said:
        """What only members may do; a bot reads public channels without being one."""
        if who not in room.members and method not in {"conversations.history", "conversations.replies"}:
            raise No("already_archived" if room.archived and method.endswith(".archive") else "not_in_channel")
        match method:
            case "conversations.history":
                return history(room, said)
            case "conversations.replies":
                return {"messages": thread(room, said["ts"]), "has_more": False}
            case _ if room.archived:
                raise No("is_archived")
            case "conversations.archive":
                room.archived = True
                room.members.discard(BOT)
                return {}
            case "conversations.invite":
                return {"channel": self._invite(room, said, who).facts(who)}
            case "conversations.setTopic" | "conversations.setPurpose":
                kind = method.removeprefix("conversations.set").lower()
                if len(said[kind]) > TOPIC_MAX:
                    raise No("too_long")
                setattr(room, kind, said[kind])
                self._write(room, {"user": who, "text": f"set the channel {kind}: {said[kind]}",
                                   "subtype": f"channel_{kind}"})  # fmt: skip
                return {"channel": room.facts(who)} | ({"purpose": room.purpose} if kind == "purpose" else {})
        raise No("unknown_method")

    def _create(self, said: Said, who: str) -> Channel:
        name = str(said.get("name", ""))
        if not name:
            raise No("invalid_name_required")
        if len(name) > NAME_MAX:
            raise No("invalid_name_maxlength")
        if not re.fullmatch(r"[a-z0-9_-]+", name):
            raise No("invalid_name_specials")
        if any(one.name == name for one in self.channels.values()):
            raise No("name_taken")  # archived ones keep their names
        made = self.add_channel(name, who, private=flag(said.get("is_private")))
        made.creator = who
        self._write(made, {"user": who, "text": f"<@{who}> has joined the channel", "subtype": "channel_join"})
        return made

    def _list(self, said: Said, who: str) -> Said:
        kinds = str(said.get("types", "public_channel")).split(",")
        seen = [
            one.facts(who)
            for one in self.channels.values()
            if not (one.archived and flag(said.get("exclude_archived")))
            and (("private_channel" in kinds and who in one.members) if one.private else "public_channel" in kinds)
        ]
        rows, cursor = page(seen, said)
        return {"channels": rows, "response_metadata": {"next_cursor": cursor}}

    def _invite(self, room: Channel, said: Said, who: str) -> Channel:
        asked: list[str] = said["users"].split(",")
        errors = {
            one: "user_not_found"
            if one not in {*self.people, BOT}
            else "already_in_channel"
            if one in room.members
            else ""
            for one in asked
        } | {one: "cant_invite_self" for one in asked if one == who}
        if wrong := [{"ok": False, "user": one, "error": error} for one, error in errors.items() if error]:
            raise No(str(wrong[0]["error"]), errors=wrong)
        for one in asked:
            room.members.add(one)
            self._write(room, {"user": one, "text": f"<@{one}> has joined the channel", "subtype": "channel_join"})
        return room

    def _chat(self, method: str, said: Said, who: str) -> Said:
        to = str(said.get("channel", ""))
        if method == "chat.postMessage" and re.fullmatch(r"[UW][A-Z0-9]+", to):  # an id of a person: to them alone
            if to not in self.people:
                raise No("channel_not_found")
            said = said | {"channel": self._direct(to, who).id}
        room = self._room(said, who)
        text = str(said.get("text", ""))
        if method == "chat.getPermalink":
            return {"channel": room.id, "permalink": f"https://shop.slack.com/archives/{room.id}/p{said['message_ts']}"}
        if room.archived:
            raise No("is_archived")
        if who not in room.members:
            raise No("not_in_channel")
        if not text and not said.get("blocks"):
            raise No("no_text")
        if len(text) > TEXT_MAX:
            raise No("msg_too_long")
        shown: Said = {name: _json(said[name]) for name in ("blocks", "metadata", "thread_ts") if name in said}
        match method:
            case "chat.postMessage":
                message = self._write(room, {"user": who, "bot_id": BOT_ID, "text": text, **shown})
                return {"channel": room.id, "ts": message["ts"], "message": message}
            case "chat.update":
                message = self._message(said, who, "ts")
                if message.get("user") != who:
                    raise No("cant_update_message")
                message |= {"text": text, **shown}
                return {"channel": room.id, "ts": message["ts"], "text": text, "message": {"text": text}}
            case "chat.postEphemeral":
                if said["user"] not in room.members:
                    raise No("user_not_in_channel")
                self.ephemeral.append({"channel": room.id, "user": said["user"], "text": text, **shown})
                return {"message_ts": self._now()}
        raise No("unknown_method")

    def _user(self, method: str, said: Said) -> Said:
        match method:
            case "users.list":
                rows, cursor = page([person(one, self.people[one]) for one in self.people], said)
                return {"members": rows, "cache_ts": FIRST, "response_metadata": {"next_cursor": cursor}}
            case "users.lookupByEmail":
                found = next((one for one, handle in self.people.items() if said["email"] == mail(handle)), None)
                if found is None:
                    raise No("users_not_found")
                return {"user": person(found, self.people[found])}
            case "users.info" if said["user"] in self.people:
                facts = self.person_facts.get(said["user"], {})
                return {"user": person(said["user"], self.people[said["user"]]) | facts}
        raise No("user_not_found")

    def _direct(self, user: str, who: str) -> Channel:
        """The conversation of the app with one person."""
        if user not in self.people:
            raise No("user_not_found")
        return self.directs.setdefault(user, Channel(f"D{user[1:]}", "", True, {who, user}))

    def _room(self, said: Said, who: str) -> Channel:
        named = str(said.get("channel", ""))
        direct = next((one for one in self.directs.values() if one.id == named), None)
        room = self.channels.get(named) or direct
        if room is None or (room.private and who not in room.members and not room.archived):
            raise No("channel_not_found")
        return room

    def _message(self, said: Said, who: str, named: str) -> Said:
        room = self._room(said, who)
        found = next((one for one in room.messages if one["ts"] == said.get(named)), None)
        if found is None:
            raise No("message_not_found")
        return found

    def _write(self, room: Channel, facts: Said) -> Said:
        message = {"type": "message", "team": TEAM, "ts": self._now(), **facts}
        for parent in room.messages:
            if parent["ts"] == facts.get("thread_ts"):
                parent |= {"thread_ts": parent["ts"], "reply_count": parent.get("reply_count", 0) + 1}
        room.messages.append(message)
        return message

    def _now(self) -> str:
        self._count += 1
        return f"{int(time.time())}.{self._count:06}"


def _refused(status: int, wait: str) -> Answer:
    error = "ratelimited" if status == 429 else "internal_error"
    return Answer(status, json.dumps({"ok": False, "error": error}).encode(), {"Retry-After": wait} if wait else {})


def _json(value: Any) -> Any:  # a client may send JSON inside a string
    return json.loads(value) if isinstance(value, str) and value[:1] in {"[", "{"} else value
