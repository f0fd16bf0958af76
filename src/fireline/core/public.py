"""What the public is told of an incident: drafts, what was approved, and what the outside shows now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

import msgspec

from fireline.core import delivery
from fireline.core.delivery import Delivery
from fireline.core.events import (
    Log,
    PublicUpdateApproved,
    PublicUpdateDrafted,
    PublicUpdateWithdrawn,
    Status,
)
from fireline.core.outbox import origin
from fireline.core.refusal import Refused

PLACES = {"own_page": "Our own status page", "statuspage": "Statuspage"}  # where it can be published; vendors


@dataclass(frozen=True, slots=True)
class Update:
    """One update for the public, and what became of it. `deliveries` say where it arrived."""

    drafted: PublicUpdateDrafted
    approved: PublicUpdateApproved | None = None
    withdrawn: PublicUpdateWithdrawn | None = None
    deliveries: tuple[Delivery, ...] = ()

    @property
    def number(self) -> int:
        """The first of an incident is 1."""
        return self.drafted.update

    @property
    def digest(self) -> str:
        """What a yes is bound to."""
        return digest(self.drafted)

    @property
    def state(self) -> str:
        """`draft`, `withdrawn`; once approved `published`, or `on its way` while a place has not taken it."""
        if self.withdrawn:
            return "withdrawn"
        if not self.approved:
            return "draft"
        arrived = {one.vendor for one in self.deliveries if one.state in {"made", "by hand"}}
        return "published" if arrived >= set(self.approved.places) else "on its way"


def digest(drafted: PublicUpdateDrafted) -> str:
    """sha256 of all that the public will read: status, title, words, impact, components."""
    parts = (drafted.status, drafted.title, drafted.text, drafted.impact, drafted.components)
    return sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()


def updates(log: Log) -> tuple[Update, ...]:
    """Every update, oldest first."""
    found: dict[int, Update] = {}
    sent: dict[int, list[Delivery]] = {}
    for one in delivery.deliveries(log):
        sent.setdefault(origin(one.key)[1], []).append(one)
    for seq, event in enumerate(log, 1):
        match event:
            case PublicUpdateDrafted(update=number):
                found[number] = Update(event)
            case PublicUpdateApproved(update=number):
                found[number] = replace(found[number], approved=event, deliveries=tuple(sent.get(seq, ())))
            case PublicUpdateWithdrawn(update=number):
                found[number] = replace(found[number], withdrawn=event)
            case _:
                pass
    return tuple(found.values())


def find(log: Log, number: int) -> Update:
    """The update with this number."""
    for one in updates(log):
        if one.number == number:
            return one
    raise Refused(f"There is no public update {number} in this incident.", status=404)


def approved(log: Log) -> tuple[Update, ...]:
    """What the public is told, in the order in which it was approved."""
    found = [one for one in updates(log) if one.approved]
    order = [event.update for event in log if isinstance(event, PublicUpdateApproved)]
    return tuple(sorted(found, key=lambda one: order.index(one.number)))


def waiting(log: Log) -> tuple[Update, ...]:
    """Drafts that want a yes."""
    return tuple(one for one in updates(log) if one.state == "draft")


def status(log: Log) -> Status | None:
    """What the public was told last; None when it was told nothing."""
    told = approved(log)
    return told[-1].drafted.status if told else None


def since(log: Log) -> datetime | None:
    """When that was approved."""
    told = approved(log)
    return told[-1].approved.at if told and told[-1].approved else None


def over(log: Log) -> tuple[bool, str]:
    """Whether every place shows Resolved, as each answered itself; and that in words."""
    told = approved(log)
    if not told:
        return False, "nothing was published"
    last = told[-1]
    if last.drafted.status != "Resolved":
        return False, f"the public reads {last.drafted.status}"
    assert last.approved
    arrived = {one.vendor: one for one in last.deliveries if one.state in {"made", "by hand"}}
    late = [PLACES.get(one, one) for one in last.approved.places if one not in arrived]
    if late:
        return False, f"{' and '.join(late)} {'does' if len(late) == 1 else 'do'} not say Resolved yet"
    read = "; ".join(f"{PLACES.get(one.vendor, one.vendor)}: {one.note or one.state}" for one in arrived.values())
    return True, read or "Resolved"
