"""Rooms: which incident a channel belongs to, read from what the deliveries made there."""

from __future__ import annotations

from dataclasses import dataclass, field

from fireline.core import delivery
from fireline.core.refusal import Refused
from fireline.store import eyes, lists
from fireline.store.ledger import Ledger

VENDOR = "slack"


@dataclass(slots=True)
class Rooms:
    """Finds incidents by their channel. A channel belongs to one incident for ever, so what is known stays so."""

    ledger: Ledger
    _known: dict[str, int] = field(default_factory=dict)
    _read: dict[int, int] = field(default_factory=dict)  # how long the log of each incident without one was

    def find(self, channel: str) -> int | None:
        """The incident of this channel; None where it belongs to none, or to one that whoever asks may not know of."""
        number = self.of(channel)
        return number if number is not None and self.ledger.head(number) else None

    def of(self, channel: str) -> int | None:
        """The same whoever asks, so that nothing is to be said of it."""
        with eyes.of_the_house():
            return self._of(channel)

    def _of(self, channel: str) -> int | None:
        """Reads only logs that have grown since."""
        if channel in self._known:
            return self._known[channel]
        housed = set(self._known.values())
        rows = lists.all_incidents(self.ledger.database)
        rows = [*rows, *lists.all_incidents(self.ledger.database, state=lists.OPEN)]
        for row in rows:
            if row.number not in housed and self._read.get(row.number) != row.seq:
                self._read[row.number] = row.seq
                for one in delivery.deliveries(self.ledger.log(row.number)):
                    if one.vendor == VENDOR and one.ref.startswith(("C", "G")):  # a channel's id, of old groups G
                        self._known[one.ref] = row.number
        return self._known.get(channel)

    def has(self, number: int) -> bool:
        """Whether this incident has a channel of its own."""
        return bool(delivery.ref(self.ledger.log(number), VENDOR, "open"))

    def number(self, channel: str, named: int | None) -> int:
        """The incident that is meant. Raises `Refused` where nothing says which."""
        found = named or self.find(channel)
        if found is None:
            raise Refused("This channel belongs to no incident: say which one, as in `/incident brief INC-142`.")
        return found
