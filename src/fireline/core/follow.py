"""What follows from an event: effects on the world, and clocks. Decided here, in one place, purely.

The ledger writes what this says in the same transaction as the event, so nothing that follows can be
forgotten, and nothing follows from what did not happen. A clock that rings late or twice does no harm:
the deed it calls is refused by the state.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from fireline.core import approval, gate
from fireline.core.events import (
    HOUSE,
    AlertCleared,
    AnyEvent,
    ApprovalAsked,
    ApprovalDenied,
    ApprovalGiven,
    CommandFinished,
    DeliveryDelayed,
    GlassBroken,
    IncidentAcknowledged,
    IncidentDeclared,
    Log,
    SeverityChanged,
    StatusChanged,
)
from fireline.core.incident import Incident, fold

PAGED = ("P0", "P1")  # lower severities do not wake anybody by default


class Effect(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A call to the outside, made at least once under one `key`, in order within its incident."""

    kind: str  # which handler: walk, run, pagerduty, review
    key: str  # names the effect for ever: the same key is the same effect
    incident: int
    seq: int
    data: dict[str, str | int] = {}
    due_at: datetime | None = None  # not before


class Clock(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A promise with a due time."""

    kind: str  # acknowledge, watch
    incident: int
    seq: int
    due_at: datetime


class Tell(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A word to the incident's walk, which waits for it."""

    incident: int
    seq: int
    topic: str
    text: str


Work = Effect | Clock | Tell


def follow(number: int, log: Log, *, vendors: frozenset[str] = frozenset()) -> tuple[Work, ...]:
    """What follows from the newest event of the log. `vendors` are those set up, e.g. {"pagerduty"}."""
    event, incident, seq = log[-1], fold(number, log), len(log)

    def effect(kind: str, n: str = "", due_at: datetime | None = None, **data: str | int) -> Effect:
        return Effect(kind=kind, key=f"{number}:{seq}:{kind}{n}", incident=number, seq=seq, data=data, due_at=due_at)

    def clock(kind: str, due_at: datetime) -> Clock:
        return Clock(kind=kind, incident=number, seq=seq, due_at=due_at)

    match event:
        case IncidentDeclared():
            work: list[Work] = [clock("acknowledge", incident.acknowledge_by)]
            if "pagerduty" in vendors and event.severity in PAGED:
                work.append(effect("pagerduty", verb="trigger", attempt=1))
            if event.runbook and event.scenario:
                work.append(effect("walk"))
            return tuple(work)
        case IncidentAcknowledged() if paged(log, vendors):
            return (effect("pagerduty", verb="acknowledge", attempt=1),)
        case SeverityChanged():
            work = [] if incident.acknowledged else [clock("acknowledge", incident.acknowledge_by)]
            if "pagerduty" in vendors and event.severity in PAGED and not paged(log[:-1], vendors):
                work.append(effect("pagerduty", verb="trigger", attempt=1))
            return tuple(work)
        case StatusChanged(status="Resolved"):
            over = (effect("pagerduty", verb="resolve", attempt=1),) if paged(log, vendors) else ()
            return (*over, effect("review"))
        case StatusChanged(status="Monitoring") | AlertCleared() | CommandFinished() if _green(incident, log):
            since = gate.green_since(incident, log)
            assert since is not None
            return (
                *_settled(number, log, event),
                clock("watch", since + gate.watch_length(incident.declared)),
            )
        case CommandFinished() | ApprovalDenied():
            return _settled(number, log, event)
        case ApprovalAsked(ask=ask) | ApprovalGiven(ask=ask) | GlassBroken(ask=ask) if approval.find(log, ask).granted:
            return (effect("run", ask=ask),)
        case DeliveryDelayed():
            verb = event.delivery.rsplit("/", 1)[-1]
            return (
                effect(
                    event.vendor,
                    due_at=event.again_at,
                    verb=verb,
                    attempt=event.attempt + 1,
                    delivery=event.delivery,
                ),
            )
        case _:
            return ()


def paged(log: Log, vendors: frozenset[str]) -> bool:
    """The on-call was paged, or is being paged: what follows has to be told to the pager too."""
    severities = [e.severity for e in log if isinstance(e, IncidentDeclared | SeverityChanged)]
    return "pagerduty" in vendors and any(severity in PAGED for severity in severities)


def _green(incident: Incident, log: Log) -> bool:
    return gate.green_since(incident, log) == log[-1].at


def _settled(number: int, log: Log, event: AnyEvent) -> tuple[Tell, ...]:
    """The walk waits for what becomes of its own asks; a person's ask concerns nobody else."""
    match event:
        case ApprovalDenied(ask=ask):
            text = "denied"
        case CommandFinished(run=run, ending=ending):
            started = fold(number, log).runs[run].started
            if started.ask is None:
                return ()
            ask, text = started.ask, ending
        case _:
            return ()
    asked = approval.find(log, ask).asked
    return (Tell(incident=number, seq=len(log), topic=topic(asked), text=text),) if asked.by == HOUSE else ()


def topic(asked: ApprovalAsked) -> str:
    """Under which name the walk waits for the outcome of this ask."""
    return f"ask:{asked.ask}"
