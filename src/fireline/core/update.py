"""Update: what our own people are told while it lasts, numbered, in the runbook's own words.

A draft is filled from what happened since the last update, and waits for somebody to send it. Where nothing happened
it says so in one line. An update names the time of the next one and never that of a fix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from fireline.core import approval, cadence, timeline
from fireline.core.events import (
    AlertCleared,
    AlertFlaps,
    AlertJoined,
    AlertsCleared,
    AlertSilent,
    AlertsJoined,
    AlertsMoved,
    ApprovalAsked,
    ApprovalDenied,
    ApprovalGiven,
    CommandFinished,
    DecisionMade,
    GateOverridden,
    GlassBroken,
    IncidentDeclared,
    IncidentTakenIn,
    Log,
    NoteAdded,
    RootCauseStated,
    SeverityChanged,
    Status,
    StatusChanged,
    StormBegan,
    UpdateSent,
    WatchPassed,
)
from fireline.core.incident import STATUSES, Incident, fold
from fireline.core.promises import promises
from fireline.core.refusal import Refused
from fireline.core.runbook import Runbook
from fireline.core.timeline import Entry

ACTIONS_MAX_CHARS = 1000
TEMPLATE = """\
📊 Incident Update #X (HH:MM UTC)
Status: [Investigating / Identified / Monitoring / Resolved]
Impact: X users affected, services degraded: Y
Actions: Z
Next update: HH:MM UTC, or when the status changes"""  # for a runbook that brings none of its own
UNKNOWN = "unknown"
NEWS_SHOWN = 3  # of a draft's news; the timeline holds the rest
NEWS = (
    CommandFinished, ApprovalAsked, ApprovalGiven, ApprovalDenied, GlassBroken, AlertJoined, AlertsJoined, AlertCleared,
    AlertsCleared, AlertSilent, AlertFlaps, StormBegan, IncidentTakenIn, AlertsMoved, StatusChanged, SeverityChanged,
    RootCauseStated, NoteAdded, WatchPassed, GateOverridden,
    DecisionMade,
)  # fmt: skip
SAME = re.compile(r"; no change since #\d+$")

BLANK = r"(?:\[[^\]\n]*\]|<[^>\n]*>|\b[XYZN]\b)"
PEOPLE = r"(?i:users?|customers?|people|readers?|clients?|accounts?)"
THINGS = r"(?i:services?|systems?|components?)"
# One pass over the template, so that what people write is never taken for a blank. The first that fits counts.
HOLE = re.compile(
    rf"(?P<number>\#\s?(?:[XN]\b|\[[^\]\n]*\]|<[^>\n]*>))"
    rf"|(?P<time>\bHH:MM\b)"
    rf"|(?P<status>\[[^\]\n]*\bInvestigating\b[^\]\n]*\])"
    rf"|(?P<users>{BLANK})(?=\s+(?:{PEOPLE})\b)"
    rf"|(?P<services>{BLANK})(?=\s+(?:{THINGS})\b)"
    rf"|(?:(?<=ervices: )|(?<=ystems: )|(?<=omponents: )|(?<=egraded: ))(?P<names>{BLANK})"
    rf"|(?P<after>\bin\s+\d+\s*(?:minutes?|mins?|hours?|h)\b)"
    rf"|(?P<blank>{BLANK})"
)
LABEL = re.compile(r"^\W*(?P<label>[A-Za-z][A-Za-z ]*?)\**\s*:\s*", re.ASCII)
DOING = re.compile(r"^(?:current )?(?:actions?|doing|steps?|work)\b", re.IGNORECASE)
NEXT = re.compile(r"^(?:eta|next update|next)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Draft:
    """An update nobody has sent yet. `news` are sentences about what happened since the last one."""

    number: int
    status: Status
    users: int | None
    services: tuple[str, ...] | None
    actions: str
    news: tuple[str, ...]
    since: datetime
    next_update_at: datetime | None

    @property
    def line(self) -> str:
        """What is new, in one line."""
        before = f"update #{self.number - 1} ({self.since:%H:%M})" if self.number > 1 else "the declaration"
        if not self.news:
            return f"Nothing new since {before}."
        more = f", and {len(self.news) - NEWS_SHOWN} more" if len(self.news) > NEWS_SHOWN else ""
        return f"New since {before}: {'; '.join(self.news[-NEWS_SHOWN:])}{more}."


def updates(log: Log) -> tuple[UpdateSent, ...]:
    """Every update that was sent, the first one first."""
    return tuple(event for event in log if isinstance(event, UpdateSent))


def template_of(*books: Runbook | None) -> str:
    """The internal template of the first of these runbooks that has one, else ours."""
    found = (one.text for book in books if book for one in book.templates if one.kind == "internal")
    return next(found, TEMPLATE)


def draft(log: Log, at: datetime) -> Draft:
    """The next update, filled from what is new. It is for people to read, mend and send; nothing sends it by itself."""
    now, sent = fold(0, log), updates(log)
    last = sent[-1] if sent else None
    fresh = _news(log, last)
    news = tuple(dict.fromkeys(_told(one) for one in fresh))
    # the template has lines of its own for the status, and for what waits
    seen = [_told(one) for one in fresh if not isinstance(log[one.seq - 1], StatusChanged | ApprovalAsked)]
    doing = _doing(now, log, at)
    if last and not news:
        actions = f"{SAME.sub('', last.actions).rstrip('.')}; no change since #{last.number}"
    else:
        told = "; ".join(list(dict.fromkeys(seen))[-NEWS_SHOWN:])
        actions = f"{doing}. New: {told}" if told else doing
    return Draft(
        number=len(sent) + 1,
        status=now.status,
        users=last.users if last else None,
        services=_services(now) or (last.services if last else None),
        actions=actions[:ACTIONS_MAX_CHARS],
        news=news,
        since=last.at if last else now.declared.at,
        next_update_at=_next(log, now, at),
    )


def send(
    log: Log,
    at: datetime,
    *,
    actions: str,
    template: str,
    by: str,
    users: int | None = None,
    services: Iterable[str] | None = None,
    status: str | None = None,
    needs: str = "",
) -> UpdateSent:
    """Send the next update, in the template's words. `users` and `services` None: nobody knows.

    `status`, where given, has to be the incident's own: it is changed first, and told then. `needs`, where given, is a
    line of its own below the template.
    """
    now = fold(0, log)
    if now.merged:
        raise Refused(f"This incident is part of INC-{now.merged.into}. Tell it there.")
    if status is not None and status not in STATUSES:
        raise Refused(f"Status is one of {', '.join(STATUSES)}.", status=400, field="status")
    if status is not None and status != now.status:
        raise Refused(f"The incident is {now.status}. Change its status first, then tell it.", field="status")
    actions = " ".join(actions.split())
    if not actions:
        raise Refused("Say what is being done, if only that nothing has changed.", status=400, field="actions")
    if len(actions) > ACTIONS_MAX_CHARS:
        raise Refused(f"Keep it under {ACTIONS_MAX_CHARS} characters.", status=400, field="actions")
    needs = " ".join(needs.split())
    if len(needs) > ACTIONS_MAX_CHARS:
        raise Refused(f"Keep it under {ACTIONS_MAX_CHARS} characters.", status=400, field="needs")
    if users is not None and users < 0:
        raise Refused("Say how many users are affected, or that it is unknown.", status=400, field="users")
    if found := (*promises(actions), *promises(needs)):
        said = " and ".join(f"“{one}”" for one in found)
        raise Refused(
            f"{said} promises when it will be fixed, and nobody knows that. Say what is being done; the update names "
            "the time of the next one by itself.",
            status=400,
            field="actions" if promises(actions) else "needs",
        )
    known = tuple(dict.fromkeys(name for one in services if (name := one.strip()))) if services is not None else None
    one = UpdateSent(
        at=at,
        by=by,
        number=len(updates(log)) + 1,
        status=now.status,
        actions=actions,
        text="",
        users=users,
        services=known,
        next_update_at=_next(log, now, at),
        needs=needs or msgspec.UNSET,
    )
    return _with_text(one, render(template, one) + (f"\nNeeds: {needs}" if needs else ""))


def impact(users: str, services: str) -> tuple[int | None, tuple[str, ...] | None]:
    """What a form or a command line says of the impact: a number and names, or "unknown", or nothing.

    Raises `Refused` naming the field.
    """
    users, services = users.strip().lower().replace(",", "").replace("_", ""), services.strip()
    if users and users != UNKNOWN and not (users.isdecimal() and users.isascii()):
        raise Refused("Say how many users are affected as a number, or unknown.", status=400, field="users")
    count = int(users) if users and users != UNKNOWN else None
    if not services or services.lower() == UNKNOWN:
        return count, None
    if services.lower() == "none":
        return count, ()
    return count, tuple(name for one in services.split(",") if (name := one.strip()))


def render(template: str, update: UpdateSent) -> str:
    """The template with its blanks filled; every other character stays the template's own."""
    return "\n".join(_line(line, update) for line in template.splitlines())


def _line(line: str, update: UpdateSent) -> str:
    label = LABEL.match(line)
    name = label["label"] if label else ""
    if label and NEXT.match(name) and update.next_update_at is None:
        return f"{label[0]}none, this was the last update"
    if label and DOING.match(name) and not HOLE.search(line, label.end()):
        return f"{label[0].rstrip()} {update.actions}"  # an example, or nothing: the value is the whole of it
    after = bool(NEXT.match(name)) or "next update" in line.lower()
    return HOLE.sub(lambda hole: _fill(hole, update, name, after=after), line)


def _fill(hole: re.Match[str], update: UpdateSent, label: str, *, after: bool) -> str:
    due = update.next_update_at
    match hole.lastgroup:
        case "number":
            return f"#{update.number}"
        case "time":
            return f"{(due if after and due else update.at):%H:%M}"
        case "status":
            return update.status
        case "users":
            return UNKNOWN if update.users is None else str(update.users)
        case "services":
            return UNKNOWN if update.services is None else str(len(update.services))
        case "names":
            return UNKNOWN if update.services is None else ", ".join(update.services) or "none"
        case "after" if after and due:
            minutes = max(1, round((due - update.at) / timedelta(minutes=1)))
            return f"in {minutes} minute{'' if minutes == 1 else 's'} ({due:%H:%M} UTC)"
        case "blank" if DOING.match(label):
            return update.actions
        case "blank" if after and due:
            return f"{due:%H:%M} UTC"
        case "blank":
            return UNKNOWN
        case _:
            return hole[0]


def _with_text(update: UpdateSent, text: str) -> UpdateSent:
    facts = {name: getattr(update, name) for name in update.__struct_fields__}
    return UpdateSent(**facts | {"text": text})


def _next(log: Log, now: Incident, at: datetime) -> datetime | None:
    """When the next update is due if this one is sent now; None when it is the last one."""
    if now.resolved:
        return None
    first = log[0]
    table = first.cadence.internal if isinstance(first, IncidentDeclared) and first.cadence else {}
    return at + timedelta(minutes=table.get(now.severity, cadence.USUAL) or cadence.USUAL)


def _news(log: Log, last: UpdateSent | None) -> tuple[Entry, ...]:
    """What happened since: runs, alerts, status, approvals, and what people wrote down."""
    begun = log.index(last) + 1 if last else 1
    fresh = [one for one in timeline.entries(log) if one.seq > begun]
    return tuple(one for one in fresh if isinstance(log[one.seq - 1], NEWS) and (one.kind != "people" or one.key))


def _told(one: Entry) -> str:
    said = f"{one.sentence} ({one.detail})" if one.evidence and one.detail else one.sentence
    return " ".join(said.split()).rstrip(".")[:160]


def _doing(now: Incident, log: Log, at: datetime) -> str:
    """What is being done at this moment, in the titles of the runbook."""
    running = [run.started.title for run in now.runs.values() if run.finished is None]
    waiting = [f"{one.asked.title} (waits for a yes)" for one in approval.asks(log) if one.waiting(at)]
    doing = ", ".join(dict.fromkeys([*running, *waiting]))
    return doing or {"Monitoring": "the watching", "Identified": "the repair", "Resolved": "the review"}.get(
        now.status, "the diagnosis"
    )


def _services(now: Incident) -> tuple[str, ...] | None:
    named = [alert.joined.labels.get("service", "") for alert in now.firing]
    found = tuple(dict.fromkeys(name for name in (now.declared.service or "", *named) if name))
    return found or None
