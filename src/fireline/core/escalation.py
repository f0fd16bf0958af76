"""Escalation: who is asked next, until somebody has it.

A chain is walked step by step: each asks the people it names, waits, and goes on unless the incident was
acknowledged. After the last step it begins anew, as often as the settings say; then it ends loudly, for from
there only a person with a phone can help. The log is all the memory there is, so a restart goes on where it
stopped, and steps that were missed meanwhile come one after another with their waits, never all at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from fireline.core.delivery import deliveries
from fireline.core.events import (
    Asked,
    DeliveryDelayed,
    DeliveryGivenUp,
    EscalationEnded,
    IncidentDeclared,
    Log,
    PageReleased,
    PeopleAsked,
    Reach,
    SeverityChanged,
)
from fireline.core.incident import fold
from fireline.core.outbox import PAGED, origin
from fireline.core.refusal import Refused
from fireline.core.roster import Ladder, Roster
from fireline.core.rota import Override

ON_CALL = "on_call"  # the vendor that these deliveries name: this house
UNPAGED_TRIES = 3  # so many times PagerDuty could not be told, over some seconds, before this house asks its own people


def go_on(
    log: Log, at: datetime, *, roster: Roster, overrides: Collection[Override], by: str
) -> PeopleAsked | EscalationEnded:
    """The next step. Called by the clock; refused when somebody has it, when it is quiet, and when it is early."""
    incident = fold(0, log)
    if incident.acknowledged or incident.resolved:
        raise Refused("Nobody has to be asked: somebody has it, or it is over.")
    ladder = roster.ladder(incident.declared.service)
    if ladder and incident.severity not in ladder.severities:
        raise Refused(f"{incident.severity} wakes nobody.")
    last = progress(log)
    if isinstance(last, EscalationEnded):
        raise Refused("Everybody was asked.")
    if last and at < last.next_at and not unreached(log):
        raise Refused("The people who were asked still have time.")
    if ladder is None:
        service = incident.declared.service or "no service"
        return EscalationEnded(at=at, by=by, chain="", why=f"No chain of the settings is for {service}.")
    passed: list[str] = []
    for round_, step in _positions(ladder, last):
        rung = ladder.rungs[step - 1]
        people, over = _people(rung.notify, at, roster, overrides)
        passed += over
        if people:
            return PeopleAsked(
                at=at, by=by, chain=ladder.name, round=round_, step=step, people=people, next_at=at + rung.wait,
                passed_over=tuple(dict.fromkeys(passed)),
            )  # fmt: skip
    why = "Everybody was asked as often as the settings say, and nobody has it."
    if last is None:
        why = f"Nobody of the chain {ladder.name} can be asked: {'; '.join(dict.fromkeys(passed))}."
    return EscalationEnded(at=at, by=by, chain=ladder.name, why=why)


def rings(log: Log, vendors: frozenset[str]) -> datetime | None:
    """When to look whom to ask next, because of the newest event; None when it changes nothing about that.

    Where PagerDuty pages, it escalates by its own rules, and this house asks its own people only when PagerDuty
    cannot be reached.
    """
    event, first = log[-1], log[0]
    if ON_CALL not in vendors or not isinstance(first, IncidentDeclared):
        return None
    others = "pagerduty" in vendors or first.source == "pagerduty"  # somebody else's phones ring for it
    match event:
        case PeopleAsked(next_at=next_at):
            return next_at
        case DeliveryGivenUp(vendor="on_call", needed=True) if unreached(log):
            return event.at
        case DeliveryGivenUp(vendor="pagerduty", needed=True) if origin(event.delivery)[2] == "trigger":
            return event.at
        case DeliveryDelayed(vendor="pagerduty", attempt=attempt) if origin(event.delivery)[2] == "trigger":
            return event.at if attempt == UNPAGED_TRIES else None
        case IncidentDeclared(severity=severity, hold=hold) if not others:
            return None if hold and severity in PAGED else event.at
        case PageReleased() if not others:
            return event.at
        case SeverityChanged() if not others or progress(log[:-1]):
            return event.at
        case _:
            return None


def progress(log: Log) -> PeopleAsked | EscalationEnded | None:
    """How far it has come; None before the first step. A graver severity begins it anew."""
    last: PeopleAsked | EscalationEnded | None = None
    severity = fold(0, log[:1]).severity
    for event in log:
        match event:
            case SeverityChanged():
                last = None if event.severity < severity else last
                severity = event.severity
            case PeopleAsked() | EscalationEnded():
                last = event
            case _:
                pass
    return last


def unreached(log: Log) -> bool:
    """No channel reached anybody of those who were asked last, and none will: the next step need not wait."""
    last = progress(log)
    if not isinstance(last, PeopleAsked):
        return False
    seq = log.index(last) + 1
    states = [one.state for one in deliveries(log) if one.key.startswith(f"{ON_CALL}/{seq}/")]
    return all(state == "given up" for state in states) and len(states) == sum(len(one.reaches) for one in last.people)


def _positions(ladder: Ladder, last: PeopleAsked | None) -> Iterator[tuple[int, int]]:
    """Round and step of everything still to come, in order; at most one whole round, for it would only repeat."""
    steps = len(ladder.rungs)
    # the settings may have changed since: a step that is gone counts as the last of its round
    done = (last.round - 1) * steps + min(last.step, steps) if last else 0
    for n in range(done, min(done + steps, ladder.rounds * steps)):
        yield n // steps + 1, n % steps + 1


def _people(
    names: Collection[str], at: datetime, roster: Roster, overrides: Collection[Override]
) -> tuple[tuple[Asked, ...], list[str]]:
    """Whom a step asks now, and why some it names are not asked."""
    found: dict[str, Asked] = {}
    passed: list[str] = []
    for name in names:
        turn = roster.turn(name, at, overrides)
        if turn.who is None:
            passed.append(turn.why)
        elif not roster.channels.get(turn.who):
            passed.append(f"{turn.who} ({turn.why}) has no channel in the settings")
        elif turn.who not in found:
            reaches = tuple(
                Reach(channel=channel, at=at + n * roster.between)
                for n, channel in enumerate(roster.channels[turn.who])
            )
            found[turn.who] = Asked(who=turn.who, why=turn.why, reaches=reaches)
    return tuple(found.values()), passed
