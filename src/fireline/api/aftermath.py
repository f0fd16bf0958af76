"""What comes after changes, as the API tells it: what was measured, and what is changed only for the time being."""

from __future__ import annotations

from datetime import datetime

import msgspec

from fireline.core import debt, helped, lease
from fireline.core.events import Log, MitigationMeasured, StatusChanged


class Debt(msgspec.Struct, frozen=True, kw_only=True):
    """A stopgap. `state` is open, due, owned, undone or permanent; one that `blocks` keeps the incident open."""

    number: int
    what: str
    kind: str
    state: str
    blocks: bool
    owner: str
    until: datetime | None
    undo: str
    revert: bool
    run: str
    plan: str
    said: str


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Did a change help? `verdict` is better, same, worse or unknown."""

    run: str
    verdict: str
    said: str
    attempts: int
    steady: bool


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """A tunnel. `why` says why it is closed; "" while it is open."""

    number: int
    command: str
    began_at: datetime
    until: datetime
    why: str


def leases(log: Log) -> tuple[Lease, ...]:
    """Every tunnel, the first one first."""
    return tuple(
        Lease(
            number=one.number, command=one.began.command, began_at=one.began.at, until=one.began.until,
            why=one.ended.why if one.ended else "",
        )
        for one in lease.leases(log)
    )  # fmt: skip


def debts(log: Log) -> tuple[Debt, ...]:
    """Every stopgap, the first one first."""
    return tuple(
        Debt(
            number=one.number, what=one.taken.what, kind=one.taken.kind, state=one.state, blocks=one.blocks,
            owner=one.owner, until=one.until, undo=one.taken.undo, revert=one.taken.revert, run=one.taken.run,
            plan=one.owned.plan if one.owned else "", said=one.settled.said if one.settled else "",
        )
        for one in debt.debts(log)
    )  # fmt: skip


def measured(log: Log) -> tuple[Measured, ...]:
    """Every change that was measured."""
    return tuple(
        Measured(run=one.run, verdict=one.verdict, said=helped.said(one), attempts=one.attempts, steady=one.steady)
        for one in log
        if isinstance(one, MitigationMeasured)
    )


def unverified(log: Log) -> bool:
    """The newest status is Monitoring, set without a check that went well."""
    newest = next((one for one in reversed(log) if isinstance(one, StatusChanged)), None)
    return newest is not None and newest.unverified is True
