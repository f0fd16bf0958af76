"""Respond: what happens when a clock rings.

A clock calls a deed and nothing else. When the incident has moved on, the deed is refused and the clock was
merely stale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from fireline.core import gate, incident
from fireline.core.events import HOUSE, AnyEvent
from fireline.core.follow import Clock
from fireline.store import lists
from fireline.store.ledger import Deed, Ledger

DEEDS: dict[str, Callable[..., AnyEvent]] = {
    "acknowledge": incident.miss_acknowledgement,
    "watch": gate.pass_watch,
}


@dataclass(frozen=True, slots=True)
class Respond:
    """Answers clocks."""

    ledger: Ledger
    now: Callable[[], datetime]

    def __call__(self, clock: Clock) -> None:
        """Call the clock's deed once; note that it rang. One that rings early is left to be rung again."""
        if self.now() < clock.due_at:  # another machine's clock is ahead of ours
            return
        deed: Deed = partial(DEEDS[clock.kind], by=HOUSE)
        self.ledger.offer(clock.incident, deed, key=f"clock:{clock.incident}:{clock.seq}:{clock.kind}")
        lists.ring(self.ledger.database, clock, self.now())
