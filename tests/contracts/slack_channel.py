"""One channel of the Slack stand-in: its members, messages and pins, and what Slack says of it. For tests only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

TEAM, BOT, BOT_ID, APP_ID, PERSON = "T0FIRELINE", "UBOT00001", "B0FIRELINE", "A0FIRELINE", "UTOKEN001"
PEOPLE = {  # id -> handle; the mail address is the handle at example.com
    "UANA00001": "ana", "UBEN00001": "ben", "UCLEO0001": "cleo", "UDAN00001": "dan", PERSON: "tess",
}  # fmt: skip
FIRST = 1_930_000_000  # seconds since 1970, of whatever has a time nobody looks at
TOPIC_MAX, NAME_MAX, TEXT_MAX = 250, 80, 40_000
Said = dict[str, Any]


class No(Exception):  # noqa: N818  # what Slack answers, not a fault of ours
    """Refuse the call with this error."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.answer = {"ok": False, "error": error, **more}


@dataclass(slots=True)
class Channel:
    """One channel, public or private."""

    id: str
    name: str
    private: bool
    members: set[str]
    creator: str = PERSON
    topic: str = ""
    purpose: str = ""
    archived: bool = False
    pins: list[str] = field(default_factory=list)
    messages: list[Said] = field(default_factory=list)  # oldest first, as Slack would send them

    @property
    def posted(self) -> list[Said]:
        """What somebody wrote: without "has joined" and the like."""
        return [one for one in self.messages if "subtype" not in one]

    def facts(self, who: str) -> Said:
        """The channel, as its members see it."""
        note = {"creator": self.creator, "last_set": FIRST}
        return {
            "id": self.id, "name": self.name, "name_normalized": self.name, "created": FIRST, "creator": self.creator,
            "is_channel": not self.private, "is_group": self.private, "is_im": False, "is_mpim": False,
            "is_private": self.private, "is_archived": self.archived, "is_general": False, "is_shared": False,
            "is_org_shared": False, "is_ext_shared": False, "is_pending_ext_shared": False, "unlinked": 0,
            "pending_shared": [], "previous_names": [], "shared_team_ids": [TEAM], "is_member": who in self.members,
            "num_members": len(self.members),
            "topic": note | {"value": self.topic}, "purpose": note | {"value": self.purpose},
        }  # fmt: skip


def page(rows: list[Said], said: Said) -> tuple[list[Said], str]:
    """The rows that were asked for, and the cursor of those after them; empty on the last page."""
    start, size = int(said.get("cursor") or 0), int(said.get("limit") or 100)
    return rows[start : start + size], str(start + size) if start + size < len(rows) else ""


def history(room: Channel, said: Said) -> Said:
    """The messages that were asked for, newest first, without the replies in threads."""
    oldest, latest = str(said.get("oldest", "0")), str(said.get("latest", "9999999999.999999"))
    exact = flag(said.get("inclusive"))
    found = [
        dict(one)
        for one in reversed(room.messages)
        if one.get("thread_ts", one["ts"]) == one["ts"]  # replies are asked for with their thread
        if (float(oldest) < float(one["ts"]) < float(latest))
        or (exact and float(one["ts"]) in {float(oldest), float(latest)})
    ]
    if not flag(said.get("include_all_metadata")):
        for one in found:
            one.pop("metadata", None)
    rows, cursor = page(found, said)
    more = {"response_metadata": {"next_cursor": cursor}} if cursor else {}
    return {"messages": rows, "has_more": bool(cursor), "pin_count": len(room.pins), "channel_actions_ts": None,
            "channel_actions_count": 0, **more}  # fmt: skip


def flag(value: Any) -> bool:
    """Whether an argument says yes, however it travelled."""
    return value in (True, "1", "true")


def thread(room: Channel, ts: str) -> list[Said]:
    """A message and its replies, the oldest first."""
    first = next((one for one in room.messages if one["ts"] == ts), None)
    if first is None:
        raise No("thread_not_found")
    more = {"thread_ts": ts, "reply_count": first.get("reply_count", 0), "subscribed": False}
    replies = [
        one | {"parent_user_id": first["user"]} for one in room.messages if one.get("thread_ts") == ts != one["ts"]
    ]
    return [more | first, *replies]


def person(id_: str, handle: str) -> Said:
    """A user of the workspace."""
    empty = ("avatar_hash", "title", "phone", "skype", "status_text", "status_emoji")
    names = ("real_name", "display_name", "real_name_normalized", "display_name_normalized")
    profile = dict.fromkeys(empty, "") | dict.fromkeys(names, handle) | {"fields": [], "email": mail(handle)}
    return {"id": id_, "team_id": TEAM, "name": handle, "profile": profile, "deleted": False, "is_bot": False,
            "is_app_user": False, "updated": FIRST, "real_name": handle}  # fmt: skip


def mail(handle: str) -> str:
    """Where somebody of this handle gets mail."""
    return f"{handle}@example.com"
