"""Summaries: what stakeholders are told while a grave incident is open, on a clock of their own.

Short, without the names of machines, and without a promise of a fix: what is broken for whom, since when, what is being
done, when the next word comes. It is drafted from the log and goes out by a person's press only. The custom is the
internal liaison's: https://response.pagerduty.com/training/internal_liaison/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fireline.core import draft, roles
from fireline.core.draft import Finding, Inside
from fireline.core.events import (
    IncidentDeclared,
    Log,
    SeverityChanged,
    Status,
    StatusChanged,
    SummaryNudged,
    SummarySent,
    UpdateSent,
)
from fireline.core.incident import Incident, fold
from fireline.core.readers import listed, private
from fireline.core.refusal import Refused
from fireline.core.work import Clock

USUAL = 30.0  # minutes; PagerDuty's internal liaisons write every half hour
TEXT_MAX_CHARS = 1500
CLOCK = "summary"
STOPS = frozenset({"blank", "unseen", "secret", "address", "promise"})  # of what the check for the public finds
HOSTS = frozenset({"instance", "host", "hostname", "node", "server", "pod", "container", "device", "address", "ip"})
DOING: dict[Status, str] = {
    "Investigating": "we are looking for the cause",
    "Identified": "the cause is known, and we are working on the repair",
    "Monitoring": "a repair is in place, and we are watching that it holds",
    "Resolved": "it is over; a review follows",
}


@dataclass(frozen=True, slots=True)
class Count:
    """The stakeholders' clock: from the last summary (or the declaration) `since` to the next one, `due`."""

    since: datetime
    due: datetime
    minutes: float

    def late(self, at: datetime) -> bool:
        """It should have been sent by now."""
        return at >= self.due


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom the settings name for a severity: mail addresses, and whether there is a chat."""

    mail: tuple[str, ...] = ()
    chat: bool = False


def summaries(log: Log) -> tuple[SummarySent, ...]:
    """Every summary that was sent, the first one first."""
    return tuple(event for event in log if isinstance(event, SummarySent))


def count(log: Log) -> Count | None:
    """Where the clock stands; None where nobody waits: no stakeholders at this severity, or it is over."""
    now, minutes = fold(0, log), _minutes(log)
    if not minutes or now.resolved or now.merged:
        return None
    sent = summaries(log)
    since = sent[-1].at if sent else now.declared.at
    return Count(since, since + timedelta(minutes=minutes), minutes)


def clocks(number: int, log: Log) -> tuple[Clock, ...]:
    """The next stroke, where the newest event has set or moved it."""
    event = log[-1]
    if not isinstance(event, IncidentDeclared | SeverityChanged | StatusChanged | SummarySent):
        return ()
    found = count(log)
    return (Clock(kind=CLOCK, incident=number, seq=len(log), due_at=found.due),) if found else ()


def ring(log: Log, at: datetime, *, by: str) -> SummaryNudged:
    """Called by the clock: remind whoever speaks, once for each due time."""
    found = count(log)
    if found is None or at < found.due:
        raise Refused("Nobody waits for a summary yet.")
    if any(isinstance(one, SummaryNudged) and one.due_at == found.due for one in log):
        raise Refused("It has been said.")
    return SummaryNudged(at=at, by=by, who=roles.crew(log).speaker, due_at=found.due)


def drafted(log: Log, at: datetime) -> str:
    """The next summary from the log, with every machine's name taken out. It is for people to mend and send."""
    now = fold(0, log)
    declared, known = now.declared, _inside(log, now)
    update = next((one for one in reversed(log) if isinstance(one, UpdateSent)), None)
    users = update.users if update else None
    services = (update.services if update else None) or ((declared.service,) if declared.service else ())
    whom = "we do not know yet how many people notice" if users is None else f"about {users:,} people notice"
    doing = DOING[now.status]
    if update and update.status == now.status and not now.resolved and not _stops(update.actions, known):
        doing = update.actions.rstrip(".")  # their own words, where no machine is named in them
    began, ended, minutes = declared.detected_at, now.ended_at, _minutes(log) or USUAL
    since = f"{began:%H:%M} to {ended:%H:%M} UTC" if ended else f"since {began:%H:%M} UTC"
    lines = (
        f"{now.severity} {now.severity_name}".rstrip() + f", {now.status}, {since}: {declared.title}",
        f"Affected: {', '.join(services) or 'not known yet'}; {whom}.",
        f"What is being done: {doing}.",
        "This was the last word." if now.resolved else f"Next word at {at + timedelta(minutes=minutes):%H:%M} UTC.",
    )
    text = "\n".join(lines)
    for one in draft.lint(text, known):
        if one.kind == "address":
            text = text.replace(one.found, "one of our machines")
    return text


def reach(log: Log, named: Reach, mails: Mapping[str, str]) -> Reach:
    """Where a summary of this incident may go now. `mails` are people's addresses by handle.

    Raises `Refused` where nobody is named, or a private incident would be told to somebody who may not know of it.
    """
    now = fold(0, log)
    if not named.mail and not named.chat:
        raise Refused(f"The settings name no stakeholders of a {now.severity}: see [stakeholders.{now.severity}].")
    if not private(log):
        return named
    know = {mails[who].casefold() for who in listed(log) if mails.get(who)}
    if others := [one for one in named.mail if one.casefold() not in know]:
        raise Refused(
            f"This incident is private, and {', '.join(others)} may not know of it. Let them in first, or tell them "
            "yourself."
        )
    if not named.mail:
        raise Refused("This incident is private, and a chat is read by others. Tell the stakeholders yourself.")
    return Reach(named.mail)


def send(
    log: Log, at: datetime, *, text: str, severity: str, to: Reach, mails: Mapping[str, str], by: str
) -> SummarySent:
    """Send the next summary to the stakeholders `to` of this `severity`, which has to be the incident's own still."""
    now = fold(0, log)
    if now.merged:
        raise Refused(f"This incident is part of INC-{now.merged.into}. Tell it there.")
    if severity != now.severity:
        raise Refused(f"It is a {now.severity} by now, with other stakeholders. Look at it once more.")
    where = reach(log, to, mails)
    text = "\n".join(line for one in text.strip().splitlines() if (line := " ".join(one.split())))
    if not text:
        raise Refused("Say what is broken for whom, and what is being done.", status=400, field="text")
    if len(text) > TEXT_MAX_CHARS:
        raise Refused(f"Keep it under {TEXT_MAX_CHARS} characters; they read it on a phone.", status=400, field="text")
    if found := _stops(text, _inside(log, now)):
        raise Refused(f"{'. '.join(one.said for one in found)}. Say it in other words.", status=400, field="text")
    minutes = _minutes(log) or USUAL
    return SummarySent(
        at=at, by=by, number=len(summaries(log)) + 1, severity=severity, status=now.status, text=text, to=where.mail,
        chat=where.chat, next_at=None if now.resolved else at + timedelta(minutes=minutes),
    )  # fmt: skip


def _stops(text: str, known: Inside) -> tuple[Finding, ...]:
    return tuple(one for one in draft.lint(text, known) if one.kind in STOPS)


def _inside(log: Log, now: Incident) -> Inside:
    """The machines that this incident names; services and severities may be said to stakeholders."""
    declared = next(event for event in log if isinstance(event, IncidentDeclared))
    labels = (declared.values, *(one.joined.labels for one in now.alerts.values()))
    said = {value for one in labels for name, value in one.items() if name in HOSTS}
    hosts = said | {one.partition(":")[0] for one in said}
    return Inside(places=tuple(sorted(one for one in hosts if len(one) >= draft.SHORTEST)))


def _minutes(log: Log) -> float:
    """How often the stakeholders of the severity as it is now are told, as it stood at the declaration."""
    first = log[0]
    cadence = first.cadence if isinstance(first, IncidentDeclared) else None
    table = (cadence.stakeholders or {}) if cadence else {}
    return table.get(fold(0, log).severity, 0.0)


def minutes(severities: Iterable[str], named: Mapping[str, float]) -> dict[str, float]:
    """The clock's table of a new incident: those of these severities that have stakeholders, in whichever case."""
    known = {one.casefold(): pace for one, pace in named.items()}
    return {one: known[one.casefold()] for one in severities if known.get(one.casefold())}
