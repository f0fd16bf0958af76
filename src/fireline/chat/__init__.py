"""Chat: Slack as a door. People declare, ask, approve and tell from an incident's channel.

Everything goes through the same deeds as on the page, with the same authority; an approval here is bound to the exact
bytes that Slack showed whole. Over HTTP and over Socket Mode it is one path.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from fireline.chat import bolt
from fireline.chat.clerk import Clerk, new_clerk
from fireline.chat.desk import Desk
from fireline.chat.door import handlers
from fireline.chat.line import Line
from fireline.chat.parts import Parts
from fireline.chat.people import People
from fireline.chat.rooms import Rooms
from fireline.connectors.slack import Slack
from fireline.house import House
from fireline.settings import SlackSettings

if TYPE_CHECKING:
    from slack_bolt import App, BoltResponse

__all__ = ["Chat", "chat", "handlers", "listening"]


@dataclass(slots=True)
class Chat:
    """One workspace's door. `take` is for HTTP, `line` for Socket Mode."""

    clerk: Clerk
    secrets: tuple[str, ...] = field(repr=False)
    line: Line | None = None
    _app: App | None = None
    _lock: Lock = field(default_factory=Lock)

    def app(self) -> App:
        """Bolt's application, made when the first message comes."""
        with self._lock:
            self._app = self._app or bolt.listener(self.clerk)
            return self._app

    def take(self, body: dict[str, Any], headers: dict[str, str]) -> BoltResponse:
        """Answer what Slack sent."""
        return bolt.answered(self.app(), body, headers)

    def close(self) -> None:
        """Hang up, and finish what is under way."""
        try:
            if self.line:
                self.line.stop()
        finally:
            self.clerk.close()


def chat(house: House) -> Chat | None:
    """The door of this house; None where `[slack]` is not set. Asks nobody yet."""
    mine = house.settings.slack
    return _made(house, mine) if mine else None


@asynccontextmanager
async def listening(door: Chat | None) -> AsyncIterator[None]:
    """While this lasts, the Socket Mode line stands where it is set up."""
    if door is None:
        yield
        return
    try:
        if door.line:
            door.line.start()
        yield
    finally:
        await anyio.to_thread.run_sync(door.close)


def _made(house: House, mine: SlackSettings) -> Chat:
    desk = Desk(Slack(mine.token, mine.url))
    people = People(house.accounts, house.settings.people, desk, house.now)
    one = new_clerk(Parts(house, people, Rooms(house.ledger), desk), mine.note_emoji)
    made = Chat(one, (mine.signing_secret,) if mine.signing_secret else ())
    if mine.app_token:
        made.line = Line(made.app, mine.app_token, mine.url)
    return made
