"""`fireline incident call` and `channel-stays`: where people talk, and whether that place stays."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from fireline.cli.incident_deed import Number, deed
from fireline.cli.server import Json, Token, Url, server
from fireline.cli.speak import as_json, clock, say

Link = Annotated[str | None, Parameter(help="The whole link; without one the call, the topic and what was said.")]
Why = Annotated[str, Parameter(help="In a sentence.")]


def call(number: Number, link: Link = None, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Say where people talk, or show the room: call, topic, and what every chat was told."""
    if link is not None:
        deed(number, "call", {"url": link}, url, token, json=json)
        return
    one = server(url, token).get(f"/incidents/{number}/room")
    if json:
        as_json(one)
        return
    say(one["topic"])
    for line in one["said"]:
        say(f"{clock(line['at'])} {line['by']}: {line['text']}")


def channel_stays(
    number: Number, /, *, why: Why = "", url: Url = None, token: Token = None, json: Json = False
) -> None:
    """Let the chat channel stay: it is not archived, or taken out of the archive again."""
    deed(number, "channel/keeping", {"why": why}, url, token, json=json)
