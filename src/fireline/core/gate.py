"""Gate: one condition for Resolved, measured where it can be.

The gates are the items of the runbook's own resolution checklist. What fireline can measure cannot be
ticked by hand, only set aside with a reason that the review prints. The green window counts from the
moment nothing fires any more while the incident is Monitoring, and a relapse starts it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from fireline.core import debt, public
from fireline.core.events import (
    GateOverridden,
    GateSpec,
    GateTicked,
    IncidentDeclared,
    Log,
    StatusChanged,
    WatchPassed,
)
from fireline.core.incident import Incident, fold
from fireline.core.joined import ALERTS, named
from fireline.core.refusal import Refused

Kind = Literal["alerts", "watch", "verified", "root cause", "status page", "debts", "by hand"]

# What a checklist item is about, by its words; the first that fits. Whatever fits none is ticked by a person.
KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("alerts", re.compile(r"\b(no|zero)\b.*\balerts?\b|\balerts?\b.*\b(clear|quiet|over)", re.IGNORECASE)),
    ("watch", re.compile(r"\b\d+\s*\+?\s*min|\bmonitored\b|\bgreen\b.*\bmin", re.IGNORECASE)),
    ("root cause", re.compile(r"\broot[- ]cause\b", re.IGNORECASE)),
    # of the page alone: "status page and customers told" is more than a page can answer
    ("status page", re.compile(r"^(?!.*\b(?:customers?|users?)\b).*\bstatus ?page\b", re.IGNORECASE)),
    ("verified", re.compile(r"\bverif(y|ied|ication)\b|\bhealth(y| checks?)\b", re.IGNORECASE)),
)
# Every runbook gets these even when its checklist forgets them: nobody resolves while an alert fires.
ALWAYS: tuple[tuple[Kind, str], ...] = (("alerts", "No alerts firing"), ("watch", "Stayed green"))
# What was changed for the time being has to be settled, whatever the checklist says; there as soon as there is any.
DEBTS = GateSpec(key="debts", text="Temporary changes undone or owned", kind="debts")
PERMANENT = re.compile(r"\bpermanent\b", re.IGNORECASE)  # "Permanent fix implemented": of which stopgaps?
STATES = ("firing", "flapping", "no data")  # of an alert that is not over


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one gate stands now, with the measurement or the person behind it."""

    spec: GateSpec
    open: bool  # True lets the incident through
    detail: str
    override: GateOverridden | None = None
    by_hand: bool = False  # a person ticks it


def specs(items: Iterable[str]) -> tuple[GateSpec, ...]:
    """Gates from the texts of a resolution checklist."""
    found = [(_kind(text), text) for text in items]
    found += [(kind, text) for kind, text in ALWAYS if kind not in {k for k, _ in found}]
    return tuple(GateSpec(key=f"g{n}", text=text, kind=kind) for n, (kind, text) in enumerate(found, 1))


def standings(log: Log, at: datetime) -> tuple[Standing, ...]:
    """Every gate and whether it is open, in the runbook's order; of a resolved incident, as it stood then."""
    log, at = _until_resolved(log, at)
    incident = fold(0, log)
    overrides = {event.gate: event for event in _since_reopened(log) if isinstance(event, GateOverridden)}
    ticks = {event.gate: event for event in log if isinstance(event, GateTicked)}
    found = []
    for spec in incident.declared.gates:
        if override := overrides.get(spec.key):
            found.append(
                Standing(
                    spec,
                    open=True,
                    detail=f"set aside by {override.by}: {override.reason}",
                    override=override,
                )
            )
        elif _ticked(spec, log):
            tick = ticks.get(spec.key)
            detail = f"{tick.by}, {tick.at:%H:%M}" if tick else f"a person ticks this{_stopgaps(spec, log)}"
            found.append(Standing(spec, open=tick is not None, detail=detail, by_hand=True))
        else:
            found.append(Standing(spec, *_measure(spec.kind, incident, log, at)))
    if owed := debt.standing(log):
        found.append(Standing(DEBTS, *owed))
    return tuple(found)


def tick(log: Log, at: datetime, *, gate: str, by: str) -> GateTicked:
    """Vouch for a condition that cannot be measured here."""
    standing = _find(log, at, gate)
    if standing.spec.kind == "root cause":
        raise Refused("State the root cause; that opens this gate.")
    if not standing.by_hand:
        raise Refused("This is measured and cannot be ticked. Set it aside with a reason if you have to.")
    if standing.open:
        raise Refused("This is ticked already.")
    return GateTicked(at=at, by=by, gate=gate)


def override(log: Log, at: datetime, *, gate: str, reason: str, by: str) -> GateOverridden:
    """Set a gate aside. The reason stands in the review."""
    if not reason.strip():
        raise Refused("Say why this gate does not count here; the review will print it.", field="reason", status=400)
    standing = _find(log, at, gate)
    if standing.open:
        raise Refused("This gate is open already.")
    if standing.spec.kind == "debts":
        raise Refused("This is not set aside: undo what was changed, or give it to a named person with a date.")
    return GateOverridden(at=at, by=by, gate=gate, reason=reason.strip())


def resolve(log: Log, at: datetime, *, by: str, why: str = "") -> StatusChanged:
    """It is over: every gate is open."""
    now = fold(0, log)
    if now.resolved:
        raise Refused(
            f"It is part of INC-{now.merged.into}. Resolve that." if now.merged else "It is resolved already."
        )
    shut = [one for one in standings(log, at) if not one.open]
    if shut:
        names = "; ".join(f"{one.spec.text} ({one.detail})" for one in shut)
        raise Refused(f"{len(shut)} of {len(standings(log, at))} gates are shut: {names}.")
    return StatusChanged(at=at, by=by, status="Resolved", why=why)


def pass_watch(log: Log, at: datetime, *, by: str) -> WatchPassed:
    """Called by the clock when the green window should be over. A relapse makes it a refusal."""
    incident = fold(0, log)
    since = green_since(incident, log)
    if since is None:
        raise Refused("Not green now.")
    if at < since + watch_length(incident.declared):
        raise Refused("The green window is not over.")
    if any(isinstance(event, WatchPassed) and event.since == since for event in log):
        raise Refused("The green window has passed already.")
    return WatchPassed(at=at, by=by, minutes=incident.declared.watch_minutes, since=since)


def watch_length(declared: IncidentDeclared) -> timedelta:
    """How long the green window lasts on the wall: the runbook's minutes, divided by a drill's speed."""
    return timedelta(minutes=declared.watch_minutes / declared.watch_speed)


def green_since(incident: Incident, log: Log) -> datetime | None:
    """Since when it is Monitoring, with nothing firing and the last verification good; None when it is not."""
    if incident.status != "Monitoring" or incident.firing or verified(incident) is False:
        return None
    marks = [event.at for event in log if isinstance(event, ALERTS)]
    return max([incident.status_since[-1][1], *marks, *_recoveries(incident)])


def verified(incident: Incident) -> bool | None:
    """Did the newest run of every verification command since the last change end well? None when there was none.

    What was to tell whether an earlier way out had worked says nothing about the one that was taken after it.
    """
    ended = [run for run in incident.runs.values() if run.finished]
    changed = [run.started.at for run in ended if run.started.purpose == "mitigation" and run.started.lane == "write"]
    checks = [run for run in ended if run.started.purpose == "verification"]
    since = [run for run in checks if run.started.at >= max(changed)] if changed else checks
    last = {run.started.step: run for run in since or checks}
    return all(run.state == "ok" for run in last.values()) if last else None


def _recoveries(incident: Incident) -> Iterator[datetime]:
    """When a verification that had failed passed again: green counts anew from there, not from a mere re-check."""
    last: dict[str, bool] = {}
    for run in incident.runs.values():
        if run.started.purpose == "verification" and run.finished:
            good = run.state == "ok"
            if good and last.get(run.started.step) is False:
                yield run.finished.at
            last[run.started.step] = good


def _measure(kind: str, incident: Incident, log: Log, at: datetime) -> tuple[bool, str]:
    match kind:
        case "alerts":
            names = {state: sorted({a.joined.name for a in incident.firing if a.state == state}) for state in STATES}
            said = "; ".join(f"{state}: {named(who)}" for state, who in names.items() if who)
            return not said, said or "nothing fires"
        case "verified":
            match verified(incident):
                case None:
                    return False, "no verification has run"
                case good:
                    return good, "verification passed" if good else "the last verification failed"
        case "root cause":
            cause = incident.root_cause
            return cause is not None, cause.text if cause else "not stated"
        case "status page":
            return public.over(log)
        case _:
            since = green_since(incident, log)
            total = incident.declared.watch_minutes
            if since is None:
                return False, f"0 of {total:g} min: not Monitoring and quiet"
            green = (at - since) / timedelta(minutes=1) * incident.declared.watch_speed
            return green >= total, f"{min(int(green), int(total))} of {total:g} min green"


def _since_reopened(log: Log) -> Log:
    """What was set aside to resolve an incident no longer counts when it comes back."""
    changes = [(n, event.status) for n, event in enumerate(log) if isinstance(event, StatusChanged)]
    back = [n for (_, before), (n, _) in pairwise(changes) if before == "Resolved"]
    return log[back[-1] :] if back else log


def _until_resolved(log: Log, at: datetime) -> tuple[Log, datetime]:
    """The log up to its resolution, and that time; all of it while the incident runs."""
    changes = [(n, event) for n, event in enumerate(log) if isinstance(event, StatusChanged)]
    match changes[-1:]:
        case [(n, StatusChanged(status="Resolved", at=then))]:
            return log[:n], then
        case _:
            return log, at


def _find(log: Log, at: datetime, gate: str) -> Standing:
    for standing in standings(log, at):
        if standing.spec.key == gate:
            return standing
    raise Refused(f"This incident has no gate {gate}.", status=404)


def _ticked(spec: GateSpec, log: Log) -> bool:
    """Nobody can ask a status page that is not here: where nothing was published, a person vouches for it."""
    return spec.kind == "by hand" or (spec.kind == "status page" and not public.approved(log))


def _stopgaps(spec: GateSpec, log: Log) -> str:
    """Which stopgaps a permanent fix has to replace."""
    left = [one.taken.what for one in debt.debts(log) if not one.settled]
    return f"; to be made permanent: {'; '.join(left)}" if left and PERMANENT.search(spec.text) else ""


def _kind(text: str) -> Kind:
    return next((kind for kind, words in KINDS if words.search(text)), "by hand")
