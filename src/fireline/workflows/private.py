"""Private: the deeds on who may know of an incident, which reach beyond its own log.

What was merged into one that becomes private becomes private with it, because it tells of it. An admin may let
themselves into one they do not see: the only place that reads for a person what the person may not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from fireline.core import private as core
from fireline.core.events import IncidentTakenIn, Log
from fireline.core.incident import Incident
from fireline.core.people import Person
from fireline.store import eyes
from fireline.store.accounts import Accounts
from fireline.store.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Private:
    """Closes incidents off, opens them, lets people in."""

    ledger: Ledger
    accounts: Accounts

    def close_off(self, number: int, *, by: str, why: str = "", key: str | None = None) -> Incident:
        """Make it private, and what was merged into it. Raises `Refused` in words."""
        now = self.ledger.act(number, partial(core.close_off, by=by, why=why), key=key)
        for part in _taken_in(self.ledger.log(number)):
            self.ledger.offer(part, partial(core.close_off, by=by, why=why, along=True))
        return now

    def open_up(self, number: int, *, by: str, why: str, key: str | None = None) -> Incident:
        """Let everybody know of it again."""
        return self.ledger.act(number, partial(core.open_up, by=by, why=why), key=key)

    def let_in(self, number: int, *, who: str, by: Person, why: str = "", key: str | None = None) -> Incident:
        """Put somebody on the list; an admin themselves, whether they see it or not."""
        if who == by.handle and by.role == "admin":
            with eyes.of_the_house():
                return self.ledger.act(number, partial(core.enter, admin=by, why=why), key=key)
        self.ledger.read(number)  # nobody learns from a stranger's question who has an account
        who = self.accounts.find(who).handle
        return self.ledger.act(number, partial(core.admit, who=who, by=by.handle, why=why), key=key)

    def take_off(self, number: int, *, who: str, by: str, why: str, key: str | None = None) -> Incident:
        """Take somebody off the list."""
        return self.ledger.act(number, partial(core.take_off, who=who, by=by, why=why), key=key)


def _taken_in(log: Log) -> tuple[int, ...]:
    return tuple(event.number for event in log if isinstance(event, IncidentTakenIn))
