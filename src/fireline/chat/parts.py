"""Parts: what every part of this door needs, and the answer it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from fireline.chat.desk import Desk
from fireline.chat.people import People
from fireline.chat.rooms import Rooms
from fireline.core.events import HOUSE, Log
from fireline.core.incident import Incident, fold
from fireline.core.refusal import Refused
from fireline.house import House
from fireline.workflows.inform.blocks import Block


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said back: to the asker alone, or to `everybody` in the channel. `view` was opened instead of words.

    With `replace` it takes the place of the message that was pressed.
    """

    text: str = ""
    blocks: list[Block] = field(default_factory=list)
    everybody: bool = False
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """The house, and who and where somebody is in Slack."""

    house: House
    people: People
    rooms: Rooms
    desk: Desk

    @property
    def now(self) -> Callable[[], datetime]:
        """The clock."""
        return self.house.now

    def page(self, number: int, more: str = "") -> str:
        """The address of an incident's page."""
        return f"{self.house.settings.base_url}/incidents/{number}{more}"

    def read(self, number: int) -> tuple[Incident, Log]:
        """The incident and its log."""
        log = self.house.ledger.log(number)
        return fold(number, log), log

    def name(self, handle: str) -> str:
        """A person's name; the house and vendors are called what they are."""
        if handle == HOUSE:
            return "fireline"
        try:
            return self.house.accounts.find(handle).name
        except Refused:
            return handle
