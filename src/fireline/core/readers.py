"""Readers: who may know that an incident exists. The only place that decides it; everything else asks here.

An open incident is everybody's. A private one is known to whoever was named in it by somebody who knows of it: who
declared it, has or is offered a role, was given a task, was called by our own on-call, or was put on the list; less
those who were taken off it. The store keeps the answer beside each log, in the transaction of its newest event, and
shows people nothing of the rest.
"""

from __future__ import annotations

from fireline.core.events import (
    HOUSE,
    AccessGiven,
    AccessTaken,
    AnyEvent,
    IncidentAcknowledged,
    IncidentDeclared,
    Log,
    MadeOpen,
    MadePrivate,
    PeopleAsked,
    RoleOffered,
    RoleTaken,
    TaskGiven,
)


def private(log: Log) -> bool:
    """Whether only the people on the list know of it now."""
    for event in reversed(log):
        match event:
            case MadePrivate():
                return True
            case MadeOpen():
                return False
            case IncidentDeclared():
                return event.private
            case _:
                pass
    return False


def closed_at(log: Log) -> int:
    """The number of the event since which it is private; 0 when it is open. What was made before is not private."""
    if not private(log):
        return 0
    closing = (n for n, event in enumerate(log, 1) if isinstance(event, IncidentDeclared | MadePrivate))
    return max(closing)


def listed(log: Log) -> tuple[str, ...]:
    """The handles on the list in the order they came onto it; of an open one those it would have as a private one."""
    found: dict[str, None] = {}
    for event in log:
        if isinstance(event, AccessTaken):
            found.pop(event.who, None)
        for who in _named(event):
            if who and who != HOUSE:
                found[who] = None
    return tuple(found)


def readers(log: Log) -> frozenset[str] | None:
    """Who may know of it; None: everybody."""
    return frozenset(listed(log)) if private(log) else None


def _named(event: AnyEvent) -> tuple[str, ...]:
    """Whom this event brings onto the list."""
    match event:
        case IncidentDeclared(by=by, people=people):
            return (by, *(people or ()))
        case IncidentAcknowledged(by=by) | RoleTaken(by=by) | MadePrivate(by=by):
            return (by,)
        case RoleOffered(to=to) | TaskGiven(to=to):
            return (to,)
        case AccessGiven(who=who):
            return (who,)
        case PeopleAsked(people=people):
            return tuple(one.who for one in people)
        case _:
            return ()
