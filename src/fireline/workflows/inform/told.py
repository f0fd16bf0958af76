"""Told: how every delivery of an incident stands, and how people do by hand what has not arrived.

Reads the log, the runbook and the settings only: it is there while every vendor is away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from fireline.core import delivery
from fireline.core.delivery import Delivery
from fireline.core.events import Log
from fireline.core.incident import Incident, fold
from fireline.core.runbook.contacts import blank
from fireline.store.ledger import Ledger
from fireline.workflows.inform.messenger import ByHand, Messenger
from fireline.workflows.library import Library


@dataclass(frozen=True, slots=True)
class Phone:
    """Somebody to call, from the runbook; `blank` where the page was never filled in."""

    role: str
    contact: str
    phone: str
    blank: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One delivery; `by_hand` says how to do it, while it is missing."""

    delivery: Delivery
    by_hand: ByHand | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """All of an incident's deliveries, and whom to call while one of them is missing."""

    lines: tuple[Line, ...]
    phones: tuple[Phone, ...] = ()

    @property
    def missing(self) -> tuple[Line, ...]:
        """Those a person may have to do."""
        return tuple(one for one in self.lines if one.by_hand)


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Reads how deliveries stand, and takes people's word on them."""

    ledger: Ledger
    library: Library
    messengers: Mapping[str, Messenger]
    now: Callable[[], datetime]

    def __call__(self, number: int, log: Log | None = None) -> Told:
        """How they stand now. Raises `Refused(404)` when there is no such incident."""
        log = log or self.ledger.log(number)
        now = fold(number, log)
        lines = tuple(
            Line(one, self._by_hand(one, now, log) if one.missing else None)
            for one in delivery.deliveries(log, self.ledger.vendors, self.now())
        )
        return Told(lines, self._phones(now) if any(one.by_hand for one in lines) else ())

    def did_by_hand(self, number: int, key: str, *, by: str, once: str | None = None) -> None:
        """Somebody did it: it is not tried any more. `once` names the deed, as in the ledger."""
        deed = partial(delivery.by_hand, key=key, by=by, vendors=self.ledger.vendors)
        self.ledger.act(number, deed, key=once)

    def try_again(self, number: int, key: str, *, by: str, once: str | None = None) -> None:
        """Try now what was given up."""
        self.ledger.act(number, partial(delivery.ask_again, key=key, by=by), key=once)

    def _by_hand(self, one: Delivery, now: Incident, log: Log) -> ByHand:
        messenger = self.messengers.get(one.vendor)
        return messenger.by_hand(one.verb, now, log) if messenger else ByHand(now.title)

    def _phones(self, now: Incident) -> tuple[Phone, ...]:
        """Whom the runbook names; that of the incident, else the main one."""
        ref = now.declared.runbook
        books = (self.library.at(ref) if ref else None, self.library.main)
        contacts = next((book.contacts for book in books if book and book.contacts), ())
        return tuple(Phone(one.role, one.contact, one.phone or "", blank(one)) for one in contacts)
