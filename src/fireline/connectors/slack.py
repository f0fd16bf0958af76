"""Slack: channels, messages, pins and people of one workspace, as the app that was installed there.

Speaks the Web API, https://docs.slack.dev/reference/methods, through slack-sdk. Its own tries are switched off: what
fails is tried again by whoever asked, after the time that Slack names.

A message carries a mark of ours in its metadata, by which it is found again when an answer got lost: Slack takes no
key that would make a second post harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from fireline.connectors.http import (
    ASK_AGAIN,
    LONGEST_WORDS,
    PATIENCE,
    Permanent,
    Temporary,
    host_of,
    phrase,
    retry_after,
    trouble,
)
from fireline.core.refusal import Refused

URL = "https://slack.com/api/"
TOPIC_MAX_CHARS = 250  # https://docs.slack.dev/reference/methods/conversations.setTopic
TEXT_MAX_CHARS = 40_000  # https://docs.slack.dev/reference/methods/chat.postMessage
PAGE = 200  # rows in one answer; Slack advises no more
CHANNELS_PAGE = 999  # channels are many, and only their names are wanted
MARK = "fireline"  # the event_type of our messages' metadata
NOT_NOW = frozenset({
    "ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
    "team_added_to_org", "accesslimited",
})  # fmt: skip
TOKEN_WRONG = frozenset({
    "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type",
})  # fmt: skip
# What the errors mean that people can do something about: https://docs.slack.dev/reference/methods
SENTENCES: Mapping[str, str] = {
    "channel_not_found": "Slack has no such channel, or fireline's app is not in it.",
    "is_archived": "The Slack channel is archived.",
    "not_in_channel": "fireline's app is not in the Slack channel: invite it there.",
    "restricted_action": "The workspace lets only its admins do this: allow fireline's app, or do it by hand.",
    "users_not_found": "Slack knows nobody with this mail address.",
    "user_not_found": "Slack knows nobody of this id.",
    "user_disabled": "This person has left the Slack workspace.",
    "messages_tab_disabled": "People cannot be written to directly: switch on the app's messages tab (App Home).",
    "expired_trigger_id": "That took too long: Slack lets a click open a window for three seconds.",
}


class No(Permanent):
    """Slack says no. `error` is its own word for why, `answer` all it said."""

    def __init__(self, method: str, error: str, answer: Mapping[str, Any]) -> None:
        super().__init__(_sentence(method, error, answer))
        self.error, self.answer = error, answer


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel: `creator` is the id of who made it."""

    id: str
    name: str
    creator: str = ""
    archived: bool = False
    topic: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the workspace; `mail` is empty where the app may not see it."""

    id: str
    handle: str
    name: str
    mail: str
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Slack:
    """One workspace. Every call raises Temporary or Permanent (`No` where Slack itself refuses).

    `token` is the bot's; `user_token` of somebody who may take channels out of the archive, which no bot may.
    """

    token: str = field(repr=False)
    url: str = URL
    user_token: str = field(default="", repr=False)
    timeout: float = PATIENCE

    def __post_init__(self) -> None:
        for name, token in (("token", self.token), ("user_token", self.user_token)):
            if not token.isascii() or not token.isprintable() or " " in token:
                raise Refused(f"[slack] {name} holds a character that no token has.", status=400)

    def me(self) -> str:
        """The app's own user id, which also shows that the token holds."""
        return str(self.call("auth.test")["user_id"])

    def create(self, name: str, *, private: bool = False) -> Channel:
        """Make a channel; `No` with the error `name_taken` where the name is, be it by an archived one."""
        return _channel(self.call("conversations.create", name=name, is_private=private)["channel"])

    def find(self, name: str) -> Channel | None:
        """The channel of this name, among all that the app can see, archived ones too."""
        kinds = "public_channel,private_channel"
        rows = self._rows("conversations.list", "channels", types=kinds, limit=CHANNELS_PAGE)
        return next((_channel(one) for one in rows if one.get("name") == name), None)

    def channel(self, channel: str) -> Channel:
        """The channel of this id, as it is now."""
        return _channel(self.call("conversations.info", channel=channel)["channel"])

    def invite(self, channel: str, users: Sequence[str]) -> dict[str, str]:
        """Ask them in; answers who could not come and why. Who is there already has come."""
        if not users:
            return {}
        try:
            self.call("conversations.invite", channel=channel, users=",".join(users))
        except No as no:
            wrong = {str(one.get("user", "")): str(one.get("error", "")) for one in no.answer.get("errors") or ()}
            if len(users) == 1 or not wrong:
                if no.error == "already_in_channel":
                    return {}
                if len(users) > 1:
                    raise
                return {users[0]: no.error}
            missing: dict[str, str] = {}
            for user in users:  # Slack invites nobody where one cannot be: so each alone
                missing |= self.invite(channel, [user])
            return missing
        return {}

    def set_topic(self, channel: str, text: str) -> None:
        """Set what stands on top of the channel, cut where Slack would refuse it."""
        self.call("conversations.setTopic", channel=channel, topic=text[:TOPIC_MAX_CHARS])

    def set_purpose(self, channel: str, text: str) -> None:
        """Set what the channel is there for."""
        self.call("conversations.setPurpose", channel=channel, purpose=text[:TOPIC_MAX_CHARS])

    def post(
        self, channel: str, text: str, *, mark: str = "", blocks: Sequence[Mapping[str, Any]] = (), thread: str = ""
    ) -> str:
        """Write, literally: nothing in the text is taken for markup. The answer is the message's `ts`, its name there.

        `channel` may be a person's id: then it is said to them directly. `blocks` are shown instead of the text where
        they are; `mark` is what `posted` looks for; `thread` the `ts` of the message this replies to.
        """
        said: dict[str, Any] = {
            "channel": channel, "text": literal(text[:TEXT_MAX_CHARS]), "mrkdwn": False, "unfurl_links": False,
        }  # fmt: skip
        said |= {"blocks": list(blocks)} if blocks else {}
        said |= {"thread_ts": thread} if thread else {}
        said |= {"metadata": {"event_type": MARK, "event_payload": {"mark": mark}}} if mark else {}
        return str(self.call("chat.postMessage", said)["ts"])

    def direct(self, user: str) -> str:
        """The conversation with one person, made if it is not there; it needs the scope `im:write`."""
        return str(self.call("conversations.open", users=user)["channel"]["id"])

    def posted(self, channel: str, mark: str, *, since: float) -> str:
        """The `ts` of our message with this mark, written after `since` (seconds since 1970); empty without one."""
        for one in self._messages(channel, oldest=f"{since:.6f}"):
            found = one.get("metadata") or {}
            if found.get("event_type") == MARK and (found.get("event_payload") or {}).get("mark") == mark:
                return str(one["ts"])
        return ""

    def update(self, channel: str, ts: str, text: str, *, blocks: Sequence[Mapping[str, Any]] = ()) -> None:
        """Change a message of ours; without `blocks` it has none any more."""
        self.call("chat.update", {"channel": channel, "ts": ts, "text": literal(text), "blocks": list(blocks)})

    def whisper(self, channel: str, user: str, text: str, *, blocks: Sequence[Mapping[str, Any]] = ()) -> None:
        """Write what only one person sees."""
        said = {"channel": channel, "user": user, "text": literal(text)} | ({"blocks": list(blocks)} if blocks else {})
        self.call("chat.postEphemeral", said)

    def pin(self, channel: str, ts: str) -> None:
        """Pin a message; pinned is pinned."""
        self._unless("already_pinned", "pins.add", channel=channel, timestamp=ts)

    def message(self, channel: str, ts: str) -> Mapping[str, Any] | None:
        """One message of a channel, as Slack has it."""
        found = self.call("conversations.history", channel=channel, oldest=ts, latest=ts, inclusive=True, limit=1)
        return next(iter(found["messages"]), None)

    def history(self, channel: str) -> tuple[Mapping[str, Any], ...]:
        """Every message with its thread, the oldest first, as Slack has them."""
        found: list[Mapping[str, Any]] = []
        for one in reversed(list(self._messages(channel))):
            if one.get("reply_count"):
                found += self._rows("conversations.replies", "messages", channel=channel, ts=one["ts"], limit=PAGE)
            else:
                found.append(one)
        return tuple(found)

    def purposes(self, channel: str) -> tuple[str, ...]:
        """Every purpose the channel was given, the oldest first."""
        said = [one for one in self._messages(channel) if one.get("subtype") in {"channel_purpose", "group_purpose"}]
        return tuple(str(one.get("purpose") or one.get("text", "")) for one in reversed(said))

    def archive(self, channel: str) -> None:
        """Close the channel; people can still read it. Archived is archived."""
        self._unless("already_archived", "conversations.archive", channel=channel)

    def unarchive(self, channel: str) -> None:
        """Open it again, and go in: a bot is thrown out of what is archived, so this takes a person's token."""
        if not self.user_token:
            raise Permanent(
                "Slack lets no app take a channel out of the archive: do it there and invite fireline's app again, or "
                "give fireline a `user_token` in [slack]."
            )
        self._unless("not_archived", "conversations.unarchive", token=self.user_token, channel=channel)
        self._unless(
            "already_in_channel", "conversations.invite", token=self.user_token, channel=channel, users=self.me()
        )

    def of_mail(self, mail: str) -> Member | None:
        """Who has this mail address."""
        try:
            return _member(self.call("users.lookupByEmail", email=mail)["user"])
        except No as no:
            if no.error == "users_not_found":
                return None
            raise

    def open_view(self, trigger: str, view: Mapping[str, Any]) -> None:
        """Show a window to whoever clicked, within three seconds of the click."""
        self.call("views.open", {"trigger_id": trigger, "view": dict(view)})

    def link(self, channel: str) -> str:
        """Where a browser or the app opens this channel."""
        return f"https://slack.com/app_redirect?channel={channel}"

    def call(self, method: str, body: Mapping[str, Any] | None = None, *, token: str = "", **said: Any) -> Any:
        """Any method: `body` goes as JSON, `said` as a form. Answers what Slack said."""
        # imported here: a house without Slack stays small, and a command line starts at once
        from slack_sdk import WebClient  # noqa: PLC0415
        from slack_sdk.errors import SlackApiError, SlackClientError  # noqa: PLC0415

        patience: Any = self.timeout  # the SDK says whole seconds, and hands it on as it is
        client = WebClient(token or self.token, base_url=self.url, timeout=patience, retry_handlers=[])
        client._logger.disabled = True  # noqa: SLF001  # it would log whole answers; ours are in words
        host = host_of(self.url)
        try:
            answer = client.api_call(method, json=dict(body)) if body else client.api_call(method, params=said)
        except SlackApiError as no:
            raise _refusal(host, method, no.response) from None
        except (SlackClientError, OSError, HTTPException, ValueError) as error:
            # `from None`: the words of these may quote an address or a header
            cause = getattr(error, "reason", error)  # urllib wraps the system's own error in one of its own
            raise Temporary(f"{host} {trouble(cause if isinstance(cause, OSError) else error).sentence}.") from None
        if not isinstance(answer.data, dict):
            raise Temporary(f"{host} answered with something that is not Slack's.")
        return answer.data

    def _unless(self, fine: str, method: str, *, token: str = "", **said: Any) -> None:
        try:
            self.call(method, token=token, **said)
        except No as no:
            if no.error != fine:
                raise

    def _messages(self, channel: str, oldest: str = "0") -> Iterator[Mapping[str, Any]]:
        """Newest first."""
        more = {"oldest": oldest, "include_all_metadata": True, "limit": PAGE}
        return self._rows("conversations.history", "messages", channel=channel, **more)

    def _rows(self, method: str, name: str, **said: Any) -> Iterator[Mapping[str, Any]]:
        cursor = ""
        while True:
            answer = self.call(method, **(said | {"cursor": cursor} if cursor else said))
            yield from answer[name]
            cursor = (answer.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return


def literal(text: str) -> str:
    """The text so that Slack shows it as it is: https://docs.slack.dev/messaging/formatting-message-text#escaping."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _refusal(host: str, method: str, response: Any) -> Exception:
    status = int(response.status_code or 200)
    answer = response.data if isinstance(response.data, dict) else {}
    error = str(answer.get("error", ""))
    if status != 200 or error in NOT_NOW or not re.fullmatch(r"[a-z_]+", error):
        wait = response.headers.get("Retry-After") or response.headers.get("retry-after")
        wait = wait[0] if isinstance(wait, list) else wait
        if status in ASK_AGAIN or status >= 500 or status == 200:
            said = f"answered {phrase(status)}" if status != 200 else f"cannot just now ({error[:LONGEST_WORDS]})"
            return Temporary(f"{host} {said}.", retry_after(wait), status=status)
        return Permanent(f"{host} answered {phrase(status)}.", status=status)
    return No(method, error, answer)


def _sentence(method: str, error: str, answer: Mapping[str, Any]) -> str:
    if error in TOKEN_WRONG:
        return f"Slack does not take this token ({error}): [slack] has to hold that of the installed app."
    if error == "missing_scope":
        needed = str(answer.get("needed", "")) or "it does not say which"
        return f"fireline's Slack app lacks a scope for {method} ({needed}): add it and install the app again."
    return SENTENCES.get(error, f"Slack refused {method}: {error}.")


def _channel(facts: Mapping[str, Any]) -> Channel:
    return Channel(
        id=str(facts["id"]),
        name=str(facts.get("name", "")),
        creator=str(facts.get("creator", "")),
        archived=bool(facts.get("is_archived")),
        topic=str((facts.get("topic") or {}).get("value", "")),
        purpose=str((facts.get("purpose") or {}).get("value", "")),
    )


def _member(facts: Mapping[str, Any]) -> Member:
    profile = facts.get("profile") or {}
    return Member(
        id=str(facts["id"]),
        handle=str(facts.get("name", "")),
        name=str(profile.get("real_name") or facts.get("real_name") or facts.get("name", "")),
        mail=str(profile.get("email") or ""),
        bot=bool(facts.get("is_bot")),
    )
