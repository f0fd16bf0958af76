"""What people do to an incident: acknowledge, note, change status or severity, state the cause, tick, resolve.

Each is a noun to POST; each answers with the incident as it stands afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import msgspec
from litestar import post

from fireline.api.incidents import Number
from fireline.api.problem import says_no
from fireline.api.standing import IncidentStanding, standing
from fireline.core import gate, incident
from fireline.core.people import Person
from fireline.store.ledger import Deed, Ledger
from fireline.workflows.declare import Declare
from fireline.workflows.library import Library

TAGS = ("deeds",)
NOES = says_no(403, 404, 409)


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A body: a key nobody knows is an error, not a silence."""


class NewNote(Wish, frozen=True, kw_only=True):
    """What was seen or decided; `happened_at` (with its zone) when it is told afterwards."""

    text: str
    happened_at: datetime | None = None


class NewStatus(Wish, frozen=True, kw_only=True):
    """Investigating, Identified or Monitoring. Resolved has a door of its own, `/resolution`."""

    status: str
    why: str = ""


class NewSeverity(Wish, frozen=True, kw_only=True):
    """The severity by its id in the runbook, and why it changes."""

    severity: str
    reason: str


class RootCause(Wish, frozen=True, kw_only=True):
    """What was wrong; `known` false says that nobody knows and that this is accepted."""

    text: str
    known: bool = True


class Override(Wish, frozen=True, kw_only=True):
    """Why this gate does not count here. The review prints it."""

    reason: str


class Resolution(Wish, frozen=True, kw_only=True):
    """It is over; a word on why, if there is one to say."""

    why: str = ""


@post("/incidents/{number:int}/acknowledgement", tags=TAGS, responses=NOES, sync_to_thread=True)
def acknowledge(
    *, person: Person, number: Number, key: str | None, ledger: Ledger, now: Callable[[], datetime]
) -> IncidentStanding:
    """I have it. The first acknowledgement stops the response clock."""
    return done(ledger, number, partial(incident.acknowledge, by=person.handle), key, now)


@post("/incidents/{number:int}/notes", tags=TAGS, responses=says_no(403, 404, 413), sync_to_thread=True)
def add_note(
    *, data: NewNote, person: Person, number: Number, key: str | None, ledger: Ledger, now: Callable[[], datetime]
) -> IncidentStanding:
    """Write down what was seen or decided."""
    deed = partial(incident.note, text=data.text, happened_at=data.happened_at, by=person.handle)
    return done(ledger, number, deed, key, now)


@post("/incidents/{number:int}/status", tags=TAGS, responses=NOES, sync_to_thread=True)
def change_status(
    *, data: NewStatus, person: Person, number: Number, key: str | None, ledger: Ledger, now: Callable[[], datetime]
) -> IncidentStanding:
    """Move to another status, forward or back."""
    deed = partial(incident.change_status, status=data.status, why=data.why, by=person.handle)
    return done(ledger, number, deed, key, now)


@post("/incidents/{number:int}/severity", tags=TAGS, responses=NOES, sync_to_thread=True)
def change_severity(
    *, data: NewSeverity, person: Person, number: Number, key: str | None, ledger: Ledger, library: Library,
    declare: Declare, now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Judge the severity anew. The response target is the one its runbook gives."""
    ref = ledger.read(number).declared.runbook
    row = declare.severity(data.severity, library.at(ref) if ref else None)
    deed = partial(
        incident.change_severity, severity=row.id, severity_name=row.name, response_minutes=row.response_minutes,
        reason=data.reason, by=person.handle,
    )  # fmt: skip
    return done(ledger, number, deed, key, now)


@post("/incidents/{number:int}/root-cause", tags=TAGS, responses=NOES, sync_to_thread=True)
def state_root_cause(
    *, data: RootCause, person: Person, number: Number, key: str | None, ledger: Ledger, now: Callable[[], datetime]
) -> IncidentStanding:
    """Say what was wrong. This opens the root-cause gate."""
    deed = partial(incident.state_root_cause, text=data.text, known=data.known, by=person.handle)
    return done(ledger, number, deed, key, now)


@post("/incidents/{number:int}/gates/{gate_key:str}/tick", tags=TAGS, responses=NOES, sync_to_thread=True)
def tick_gate(
    *, person: Person, number: Number, gate_key: str, key: str | None, ledger: Ledger, now: Callable[[], datetime]
) -> IncidentStanding:
    """Vouch for a condition that cannot be measured."""
    return done(ledger, number, partial(gate.tick, gate=gate_key, by=person.handle), key, now)


@post("/incidents/{number:int}/gates/{gate_key:str}/override", tags=TAGS, responses=NOES, sync_to_thread=True)
def override_gate(
    *, data: Override, person: Person, number: Number, gate_key: str, key: str | None, ledger: Ledger,
    now: Callable[[], datetime],
) -> IncidentStanding:  # fmt: skip
    """Set a gate aside, with the reason the review will print."""
    deed = partial(gate.override, gate=gate_key, reason=data.reason, by=person.handle)
    return done(ledger, number, deed, key, now)


@post("/incidents/{number:int}/resolution", tags=TAGS, responses=NOES, sync_to_thread=True)
def resolve(
    *, person: Person, number: Number, key: str | None, ledger: Ledger, now: Callable[[], datetime],
    data: Resolution | None = None,
) -> IncidentStanding:  # fmt: skip
    """It is over. Refused with the gates that are still shut."""
    deed = partial(gate.resolve, why=data.why if data else "", by=person.handle)
    return done(ledger, number, deed, key, now)


handlers = (
    acknowledge, add_note, change_status, change_severity, state_root_cause, tick_gate, override_gate, resolve,
)  # fmt: skip


def done(ledger: Ledger, number: int, deed: Deed, key: str | None, now: Callable[[], datetime]) -> IncidentStanding:
    """Do it once, and give the incident as it stands afterwards."""
    ledger.act(number, deed, key=key)
    return standing(number, ledger.log(number), now(), ledger.vendors)


Act = Callable[[Deed], IncidentStanding]


def act(number: Number, key: str | None, ledger: Ledger, now: Callable[[], datetime]) -> Act:
    """For a door that does one deed of this incident: hand it the deed, and answer what comes back."""
    return lambda deed: done(ledger, number, deed, key, now)
