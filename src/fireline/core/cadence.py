"""Cadence: how often people are told, counted from the last time they were, for our own people and for the public.

A nudge comes before an update is due, then it is overdue, then the deputy hears of it. A change of status starts the
count anew, as the runbook's own line says ("or when status changes"). Nothing here writes or sends an update.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

import msgspec

from fireline.core import public, roles
from fireline.core.events import (
    AnyEvent,
    Audience,
    Cadence,
    IncidentDeclared,
    IncidentMerged,
    Log,
    PublicUpdateApproved,
    SeverityChanged,
    StatusChanged,
    UpdateEscalated,
    UpdateNudged,
    UpdateOverdue,
    UpdateSent,
    UpdateSnoozed,
)
from fireline.core.incident import fold, still_open
from fireline.core.outbox import PAGED as GRAVE
from fireline.core.refusal import Refused
from fireline.core.work import Clock

AUDIENCES: tuple[Audience, ...] = get_args(Audience)
USUAL = 15.0  # minutes, where neither settings nor runbook say: what most public runbooks give
NUDGE = 12 / 15  # of the way from one update to the next: 3 of 15 minutes are left to write it
DEPUTY = 20 / 15  # a third of it later than due
SNOOZE_MAX = 120  # minutes; longer silence is another severity

Stage = UpdateNudged | UpdateOverdue | UpdateEscalated


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[cadence]`: minutes from one update to the next by severity, 0 for never; what is left out says the runbook."""

    internal: dict[str, float] = {}
    public: dict[str, float] = {}
    commander: float = 5.0  # minutes a P0 or P1 may be without a commander; 0 never asks


@dataclass(frozen=True, slots=True)
class Count:
    """One audience's clock as it stands: from the last word `since`, to the next one, `due`."""

    audience: Audience
    since: datetime
    due: datetime
    minutes: float
    snoozed: UpdateSnoozed | None = None

    @property
    def nudge(self) -> datetime:
        """When a reminder comes."""
        left = timedelta(minutes=self.minutes * (1 - NUDGE))
        return self.due - left

    @property
    def deputy(self) -> datetime:
        """When the deputy is told."""
        return self.due + timedelta(minutes=self.minutes * (DEPUTY - 1))

    def late(self, at: datetime) -> bool:
        """It should have been sent by now."""
        return at >= self.due


def of(
    limits: Limits,
    severities: Iterable[str],
    *,
    internal: float,
    public: float,
    stakeholders: Mapping[str, float] | None = None,
) -> Cadence:
    """The cadence of a new incident: the settings' figure, else the runbook's own (0 where it names none), else usual.

    The public is told at every severity that wakes people, unless the settings say more.
    """
    ids = tuple(severities)
    return Cadence(
        internal={one: limits.internal.get(one, internal or USUAL) for one in ids},
        public={one: limits.public.get(one, (public or USUAL) if one in GRAVE else 0.0) for one in ids},
        commander=limits.commander,
        stakeholders=dict(stakeholders) if stakeholders else msgspec.UNSET,
    )


def count(log: Log, audience: Audience) -> Count | None:
    """Where this audience's clock stands; None when nothing is due: it is over, or nobody asks for updates."""
    now, first = fold(0, log), log[0]
    cadence = first.cadence if isinstance(first, IncidentDeclared) else None
    if not cadence or now.merged or (now.resolved and audience == "internal"):
        return None
    if audience == "public" and now.private:
        return None
    table: Mapping[str, float] = cadence.internal if audience == "internal" else cadence.public
    since, snoozed = first.at, None
    for event in log:
        if _tells(event, audience):
            since, snoozed = event.at, None
        elif isinstance(event, SeverityChanged):
            snoozed = None
        elif isinstance(event, UpdateSnoozed) and event.audience == audience:
            snoozed = event
    told = public.status(log) if audience == "public" else None
    minutes = table.get(now.severity, 0.0) or (USUAL if told else 0.0)  # whoever was told something waits for more
    if not minutes or (now.resolved and told in {None, "Resolved"}):
        return None
    if told == "Resolved":
        turned = now.status_since[-1][1]
        if turned <= since:
            return None
        since = turned  # it came back after that
    due = snoozed.until if snoozed else since + timedelta(minutes=minutes)
    return Count(audience, since, due, minutes, snoozed)


def counts(log: Log) -> tuple[Count, ...]:
    """Both audiences' clocks, those that run."""
    return tuple(found for audience in AUDIENCES if (found := count(log, audience)))


def ring(log: Log, at: datetime, *, audience: Audience, by: str) -> Stage:
    """Called by the clock: say the gravest thing that is due and has not been said."""
    now = count(log, audience)
    if now is None:
        raise Refused("Nobody waits for an update.")
    crew = roles.crew(log)
    said = [event for event in _since(log, audience) if isinstance(event, Stage) and event.audience == audience]
    if any(isinstance(one, UpdateOverdue) for one in said):
        if at < now.deputy or any(isinstance(one, UpdateEscalated) for one in said):
            raise Refused("The deputy is not told yet, or has been.")
        who = crew.who("deputy") or crew.commander
        return UpdateEscalated(at=at, by=by, audience=audience, who=who, due_at=now.due)
    if now.late(at):
        return UpdateOverdue(at=at, by=by, audience=audience, who=crew.speaker, due_at=now.due, since=now.since)
    if at < now.nudge or said:
        raise Refused("It is not time yet, or it has been said.")
    return UpdateNudged(at=at, by=by, audience=audience, who=crew.speaker, due_at=now.due)


def snooze(log: Log, at: datetime, *, audience: str, minutes: int, reason: str, by: str) -> UpdateSnoozed:
    """Move the next update to `minutes` from now, and say why."""
    still_open(fold(0, log))
    known = next((one for one in AUDIENCES if one == audience), None)
    if known is None:
        raise Refused(f"An audience is one of {', '.join(AUDIENCES)}.", status=400, field="audience")
    if not reason.strip():
        raise Refused("Say why people have to wait longer; the timeline tells it.", status=400, field="reason")
    if not 1 <= minutes <= SNOOZE_MAX:
        raise Refused(f"Snooze for 1 to {SNOOZE_MAX} minutes.", status=400, field="minutes")
    if count(log, known) is None:
        raise Refused("Nobody waits for an update here, so there is nothing to move.")
    until = at + timedelta(minutes=minutes)
    return UpdateSnoozed(at=at, by=by, audience=known, until=until, reason=" ".join(reason.split()))


def clocks(number: int, log: Log) -> tuple[Clock, ...]:
    """The next stroke of each clock that the newest event has set or moved."""
    event = log[-1]
    match event:
        case IncidentDeclared() if not event.cadence:
            return ()
        case IncidentDeclared() | SeverityChanged() | StatusChanged():
            audiences = AUDIENCES
        case UpdateSent():
            audiences = ("internal",)
        case PublicUpdateApproved():
            audiences = ("public",)
        case UpdateSnoozed(audience=one) | UpdateNudged(audience=one) | UpdateOverdue(audience=one):
            audiences = (one,)
        case _:
            return ()
    found = []
    for audience in audiences:
        now = count(log, audience)
        if now is None:
            continue
        early = isinstance(event, UpdateNudged) or now.nudge <= event.at
        due = now.deputy if isinstance(event, UpdateOverdue) else now.due if early else now.nudge
        found.append(Clock(kind=f"update {audience}", incident=number, seq=len(log), due_at=due))
    return tuple(found)


def _tells(event: AnyEvent, audience: Audience) -> bool:
    """This event is a word to that audience, so the count begins anew."""
    if audience == "public":
        return isinstance(event, PublicUpdateApproved)
    return isinstance(event, UpdateSent | StatusChanged | IncidentMerged)


def _since(log: Log, audience: Audience) -> Log:
    """The log since this audience's clock was last set: what was said before belongs to an older promise."""
    for n in range(len(log) - 1, -1, -1):
        event = log[n]
        moved = isinstance(event, UpdateSnoozed) and event.audience == audience
        if moved or isinstance(event, SeverityChanged) or _tells(event, audience):
            return log[n:]
    return log
