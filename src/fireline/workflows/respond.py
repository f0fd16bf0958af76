"""Respond: what happens when a clock rings.

A clock calls a deed and nothing else. When the incident has moved on, the deed is refused and the clock was
merely stale. Many that are due together ring in one transaction: each deed with its event, whatever becomes of
the others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import DBAPIError, OperationalError

from fireline.core import cadence, debt, gate, incident, lease, roles, storm, summary, task
from fireline.core.events import HOUSE, AnyEvent, Log
from fireline.core.follow import Clock
from fireline.core.refusal import Refused
from fireline.durable import Rung
from fireline.store import clocks
from fireline.store.ledger import Deed, Ledger, Offer

DEEDS: dict[str, Callable[..., AnyEvent]] = {
    "acknowledge": incident.miss_acknowledgement,
    "watch": gate.pass_watch,
    "page": storm.release,
    "commander": roles.miss_commander,
    "task": task.miss,
    "debt": debt.ring,
    "lease": lease.expire,
    "update internal": partial(cadence.ring, audience="internal"),
    "update public": partial(cadence.ring, audience="public"),
    summary.CLOCK: summary.ring,
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Respond:
    """Answers clocks."""

    ledger: Ledger
    now: Callable[[], datetime]
    go_on: Deed | None = None  # the next step of on-call, where it is set up

    def __call__(self, limit: int, aside: Collection[Clock] = ()) -> Rung:
        """Ring up to `limit` clocks that are due, but none of those set aside.

        One that cannot be asked, because of a mistake of ours or of an event that only a newer release knows, stays
        open, and keeps no other from ringing.
        """
        at = self.now()
        with self.ledger.database.writing() as connection:
            due = clocks.claim(connection, at, limit, aside)
            try:
                stuck = self._ring(connection, due, at)
            except OperationalError:
                raise
            except DBAPIError:  # one of them spoils the batch: find it
                stuck = {}
                for one in due:
                    stuck |= self._ring_alone(connection, one, at)
        for one, trouble in stuck.items():
            log.error("clock", key=_key(one), trouble=f"{type(trouble).__name__}: {trouble}")
        return Rung(len(due) - len(stuck), tuple(stuck))

    def _ring(self, connection: sa.Connection, due: Collection[Clock], at: datetime) -> dict[Clock, Exception]:
        """Call the deeds and note that they rang, or none of it; which could not be asked."""
        offers = {Offer(one.incident, self._deed(one.kind), _key(one)): one for one in due}
        with connection.begin_nested():
            stuck = {offers[offer]: trouble for offer, trouble in self.ledger.offer_all(connection, offers).items()}
            clocks.rang(connection, [one for one in due if one not in stuck], at)
        return stuck

    def _deed(self, kind: str) -> Deed:
        if kind == "escalate":
            return self.go_on or _off
        # a kind that only a newer release knows is found out when it is asked
        return lambda log, at: DEEDS[kind](log, at, by=HOUSE)

    def _ring_alone(self, connection: sa.Connection, one: Clock, at: datetime) -> dict[Clock, Exception]:
        try:
            return self._ring(connection, [one], at)
        except OperationalError:  # the database is away: nothing is wrong with this one
            raise
        except DBAPIError as trouble:
            return {one: trouble}


def _off(_log: Log, _at: datetime) -> AnyEvent:
    raise Refused("On-call is no longer set up.")


def _key(one: Clock) -> str:
    return f"clock:{one.incident}:{one.seq}:{one.kind}"
