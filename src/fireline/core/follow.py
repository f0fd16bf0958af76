"""What follows from an event: effects on the world, and clocks. Decided here, in one place, purely.

The ledger writes what this says in the same transaction as the event, so nothing that follows can be
forgotten, and nothing follows from what did not happen. A clock that rings late or twice does no harm:
the deed it calls is refused by the state.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from fireline.core import approval, cadence, debt, escalation, gate, helped, lease, mailing, roles, summary
from fireline.core.events import (
    HOUSE,
    AlertCleared,
    AlertsCleared,
    AlertsMoved,
    AnyEvent,
    ApprovalAsked,
    ApprovalDenied,
    ApprovalGiven,
    ApprovalVoided,
    CancellationAsked,
    ChecksRead,
    CommandFinished,
    DebtDue,
    DebtOwned,
    DebtTaken,
    GlassBroken,
    IncidentDeclared,
    IncidentMerged,
    IncidentTakenIn,
    LeaseBegan,
    Log,
    MitigationMeasured,
    SeverityChanged,
    StatusChanged,
    TaskGiven,
)
from fireline.core.incident import Incident, fold
from fireline.core.outbox import PAGED, paged, told
from fireline.core.work import Clock, Effect, Mail, Tell, Work

__all__ = ["PAGED", "Clock", "Effect", "Mail", "Tell", "Work", "follow", "paged", "topic"]

SHORT = 0.5  # seconds; less than that is not waited for, because the engine looks no more often


def follow(number: int, log: Log, *, vendors: frozenset[str] = frozenset()) -> tuple[Work, ...]:
    """What follows from the newest event of the log. `vendors` are those set up, e.g. {"pagerduty", "health"}."""
    by_itself = (*_by_itself(number, log, vendors), *_escalation(number, log, vendors), *_crew(number, log))
    return (*told(number, log, vendors), *by_itself, *_afterwards(number, log), *mailing.follows(number, log))


def _by_itself(number: int, log: Log, vendors: frozenset[str]) -> tuple[Work, ...]:
    """What the house does by itself: clocks, the walk, runs. What it tells others is decided in `core.outbox`."""
    event, incident, seq = log[-1], fold(number, log), len(log)

    def effect(kind: str, n: str = "", due_at: datetime | None = None, **data: str | int) -> Effect:
        return Effect(kind=kind, key=f"{number}:{seq}:{kind}{n}", incident=number, seq=seq, data=data, due_at=due_at)

    def clock(kind: str, due_at: datetime) -> Clock:
        return Clock(kind=kind, incident=number, seq=seq, due_at=due_at)

    match event:
        case IncidentDeclared():
            pager = {"pagerduty", escalation.ON_CALL} & vendors
            holds = pager and event.severity in PAGED and event.source != "pagerduty"
            first = [
                clock("page", event.hold.until) if holds and event.hold else None,
                effect("split") if event.split_from else None,
                effect("assess") if "health" in vendors else None,
                effect("walk") if event.runbook and event.scenario else None,
            ]
            return (clock("acknowledge", incident.acknowledge_by), *(one for one in first if one))
        case SeverityChanged() if not incident.acknowledged:
            return (clock("acknowledge", incident.acknowledge_by),)
        case IncidentMerged():
            return (effect("merge"),)
        case CancellationAsked(run=run):
            return (effect("cancel", run=run),)
        case StatusChanged(status="Resolved"):
            return (effect("review"),)
        case (
            StatusChanged(status="Monitoring")
            | AlertCleared()
            | AlertsCleared()
            | AlertsMoved()
            | IncidentTakenIn()
            | CommandFinished()
        ) if _green(incident, log):
            since = gate.green_since(incident, log)
            assert since is not None
            return (
                *_settled(number, log, event),
                clock("watch", since + gate.watch_length(incident.declared)),
            )
        case CommandFinished() | ApprovalDenied() | ApprovalVoided():
            return _settled(number, log, event)
        case ApprovalAsked(ask=ask) | ApprovalGiven(ask=ask) | GlassBroken(ask=ask) if approval.find(log, ask).granted:
            return (effect("run", ask=ask),)
        case _:
            return ()


def _escalation(number: int, log: Log, vendors: frozenset[str]) -> tuple[Clock, ...]:
    """When this house's own on-call has to be asked next, where it is set up."""
    due_at = escalation.rings(log, vendors)
    return (Clock(kind="escalate", incident=number, seq=len(log), due_at=due_at),) if due_at else ()


def _afterwards(number: int, log: Log) -> tuple[Work, ...]:
    """What comes after a change: the checks are read again once it has settled, and a stopgap's time runs."""
    event, seq = log[-1], len(log)

    def effect(kind: str, wait: float = 0.0, **data: str | int) -> Effect:
        due_at = event.at + timedelta(seconds=wait) if wait > SHORT else None
        return Effect(kind=kind, key=f"{number}:{seq}:{kind}", incident=number, seq=seq, data=data, due_at=due_at)

    match event:
        case CommandFinished(run=run) if found := helped.read(log, run):
            return (effect("measure", found[0].settle_seconds, run=run, attempt=1),)
        case ChecksRead(run=run, attempt=n) if 0 < n < helped.ATTEMPTS and not helped.settled(log, run):
            return (effect("measure", event.settle_seconds, run=run, attempt=n + 1),)
        case MitigationMeasured(run=run) if any(_walks(one.asked) for one in approval.asks(log) if _ran(one, run)):
            return (Tell(incident=number, seq=seq, topic=f"measured:{run}", text=event.verdict),)
        case DebtTaken(until=due_at) | DebtOwned(due_at=due_at) if due_at:
            return (Clock(kind="debt", incident=number, seq=seq, due_at=due_at),)
        case LeaseBegan(until=due_at):
            return (Clock(kind="lease", incident=number, seq=seq, due_at=due_at),)
        case StatusChanged(status="Resolved") | IncidentMerged() if any(not one.ended for one in lease.leases(log)):
            return (effect("leases"),)
        case DebtDue(debt=n, revert=True):
            return (effect("revert", debt=n),)
        case _:
            return ()


def _ran(one: approval.Ask, run: str) -> bool:
    return one.started is not None and one.started.run == run


def _walks(asked: ApprovalAsked) -> bool:
    """The walk asked for it and waits; what takes a change back is nobody's next step."""
    return asked.by == HOUSE and asked.step != debt.UNDO


def _crew(number: int, log: Log) -> tuple[Clock, ...]:
    """Clocks of the people at work: the next update, a task's time, somebody to command."""
    event, found = log[-1], [*cadence.clocks(number, log), *summary.clocks(number, log)]
    match event:
        case TaskGiven(due_at=due_at):
            found.append(Clock(kind="task", incident=number, seq=len(log), due_at=due_at))
        case IncidentDeclared() | SeverityChanged() if due := roles.commander_by(log):  # stale if somebody does
            found.append(Clock(kind="commander", incident=number, seq=len(log), due_at=due))
        case _:
            pass
    return tuple(found)


def _green(incident: Incident, log: Log) -> bool:
    return gate.green_since(incident, log) == log[-1].at


def _settled(number: int, log: Log, event: AnyEvent) -> tuple[Tell, ...]:
    """The walk waits for what becomes of its own asks; a person's ask concerns nobody else."""
    match event:
        case ApprovalDenied(ask=ask) | ApprovalVoided(ask=ask):
            return _heard(number, log, ask, "denied")
        case CommandFinished(run=run, ending=ending):
            this = fold(number, log).runs.get(run)
            if this is None or this.started.ask is None:
                return ()
            return _heard(number, log, this.started.ask, ending)
        case _:
            return ()


def _heard(number: int, log: Log, ask: int, text: str) -> tuple[Tell, ...]:
    asked = approval.find(log, ask).asked
    return (Tell(incident=number, seq=len(log), topic=topic(asked), text=text),) if _walks(asked) else ()


def topic(asked: ApprovalAsked) -> str:
    """Under which name the walk waits for the outcome of this ask."""
    return f"ask:{asked.ask}"
