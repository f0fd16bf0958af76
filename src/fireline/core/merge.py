"""Merge and split: two incidents were one fault, or one incident was two.

Both are told in both logs, with who said so and why. A merged incident ends; its alerts go on in the other
one. Alerts that were another fault leave for an incident of their own. Nothing is copied that could disagree:
what an alert did before is read in the log where it happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fireline.core.events import (
    AlertJoined,
    AlertsJoined,
    AlertsMoved,
    Begun,
    Ended,
    IncidentMerged,
    IncidentTakenIn,
    Log,
)
from fireline.core.incident import Incident, fold, still_open
from fireline.core.joined import JoinedAlert
from fireline.core.refusal import Refused


def merge(log: Log, at: datetime, *, number: int, into: Incident, why: str, by: str) -> IncidentMerged:
    """End incident `number` as part of another one, which has to run."""
    now = fold(number, log)
    if now.merged and now.merged.into == into.number:
        raise Refused(f"It is part of INC-{into.number} already.")
    still_open(now)
    if into.number == number:
        raise Refused("An incident cannot be part of itself. Name the other one.", field="into", status=400)
    if into.merged:
        raise Refused(f"{into.name} is part of INC-{into.merged.into} itself. Merge into that one.", field="into")
    if into.resolved:
        raise Refused(f"{into.name} is resolved. Merge into one that runs.", field="into")
    if not why.strip():
        raise Refused("Say why they are one fault: both logs will tell it.", field="why", status=400)
    return IncidentMerged(at=at, by=by, into=into.number, why=why.strip())


def take_in(log: Log, at: datetime, *, part: Incident, by: str) -> IncidentTakenIn:
    """The other log's half: incident `part` was merged into this one and brings its alerts, those over as over."""
    now = fold(0, log)
    assert part.merged
    if now.merged:
        raise Refused(f"This incident is part of INC-{now.merged.into} since it was merged. Go on there.")
    new = {key: one for key, one in part.alerts.items() if key not in now.alerts or not now.alerts[key].firing}
    why = f"from {part.name} because {part.merged.why.rstrip('.')}"
    return IncidentTakenIn(
        at=at,
        by=by,
        number=part.number,
        title=part.declared.title,
        why=part.merged.why,
        alerts=tuple(_begun(one, why) for one in new.values()),
        over=tuple(Ended(fingerprint=key, name=one.joined.name, at=one.ended_at) for key, one in new.items()
                   if one.ended_at is not None),
    )  # fmt: skip


def chosen(incident: Incident, fingerprints: Sequence[str], why: str) -> tuple[JoinedAlert, ...]:
    """The alerts that may leave this incident. Raises `Refused` naming what is wrong with the choice."""
    still_open(incident)
    if not why.strip():
        raise Refused("Say why they are another fault: both logs will tell it.", field="why", status=400)
    wanted = tuple(dict.fromkeys(fingerprints))
    for one in wanted:
        if one not in incident.alerts:
            raise Refused(f"{incident.name} has no alert {one}.", field="alerts", status=400)
    if not wanted:
        raise Refused("Choose the alerts that are another fault.", field="alerts", status=400)
    if len(wanted) == len(incident.alerts):
        raise Refused("These are all of its alerts: there would be nothing left to split from.", field="alerts")
    return tuple(incident.alerts[one] for one in wanted)


def bring(log: Log, at: datetime, *, alerts: Sequence[JoinedAlert], source: int, by: str) -> AlertJoined | AlertsJoined:
    """The new incident's half: the alerts it was split off with."""
    now = fold(0, log)
    assert now.declared.split_from
    why = f"from INC-{source} because {now.declared.split_from.why.rstrip('.')}"
    new = tuple(_begun(one, why) for one in alerts if one.joined.fingerprint not in now.alerts)
    if not new:
        raise Refused("They are here already.")
    return AlertsJoined(at=at, by=by, alerts=new)


def move(log: Log, at: datetime, *, to: int, fingerprints: Sequence[str], why: str, by: str) -> AlertsMoved:
    """The old incident's half: these alerts have gone."""
    now = fold(0, log)
    left = tuple(one for one in fingerprints if one in now.alerts)
    if not left:
        raise Refused("They have gone already.")
    return AlertsMoved(at=at, by=by, to=to, fingerprints=left, why=why)


def _begun(one: JoinedAlert, why: str) -> Begun:
    known = one.joined
    return Begun(
        fingerprint=known.fingerprint, name=known.name, source=known.source, starts_at=known.starts_at, why=why,
        labels=known.labels, summary=known.summary,
    )  # fmt: skip
