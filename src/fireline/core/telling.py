"""Telling: what the timeline says of updates, letters, roles and tasks, one sentence an event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from fireline.core.events import (
    CommanderMissing,
    LetterApproved,
    LetterDrafted,
    LetterSent,
    LetterSentAgain,
    LetterTested,
    LetterWithdrawn,
    Log,
    RoleDeclined,
    RoleOffered,
    RoleReleased,
    RoleTaken,
    TaskDone,
    TaskGiven,
    TaskOverdue,
    TaskTaken,
    UpdateEscalated,
    UpdateNudged,
    UpdateOverdue,
    UpdateSent,
    UpdateSnoozed,
)
from fireline.core.roles import TITLES

Mailed = LetterDrafted | LetterTested | LetterApproved | LetterWithdrawn | LetterSentAgain | LetterSent
Told = (
    UpdateSent | UpdateNudged | UpdateOverdue | UpdateEscalated | UpdateSnoozed | RoleOffered | RoleTaken | RoleDeclined
    | RoleReleased | CommanderMissing | TaskGiven | TaskTaken | TaskDone | TaskOverdue | Mailed
)  # fmt: skip
WHOSE = {"internal": "the next update", "public": "the next public update"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A sentence, and how the timeline shows it."""

    sentence: str
    kind: str = "people"
    icon: str = "check"
    tone: str = ""
    key: bool = False
    detail: str = ""
    passing: bool = False  # a start whose end is told as well


def words(event: Told, who: str, log: Log) -> Words:
    """What to say of this event; `who` is how its actor is called."""
    match event:
        case UpdateSent():
            said = f"{who} sent update #{event.number}: {event.actions}"
            return Words(sentence=said, kind="updates", icon="chat", tone="accent", key=True, detail=event.text)
        case UpdateNudged():
            said = _to(event.who, f"{WHOSE[event.audience]} is due at {event.due_at:%H:%M}")
            return Words(sentence=said, kind="updates", icon="clock", tone="warn")
        case UpdateOverdue():
            minutes = round((event.due_at - event.since) / timedelta(minutes=1))
            said = _to(event.who, f"{WHOSE[event.audience]} is overdue: {minutes} min without a word")
            return Words(sentence=said, kind="updates", icon="clock", tone="bad", key=True)
        case UpdateEscalated():
            said = _to(event.who, f"still no word, {WHOSE[event.audience]} was due at {event.due_at:%H:%M}")
            return Words(sentence=said, kind="updates", icon="clock", tone="bad", key=True)
        case UpdateSnoozed():
            said = f"{who} moved {WHOSE[event.audience]} to {event.until:%H:%M}: {event.reason}"
            return Words(sentence=said, kind="updates", icon="clock")
        case RoleOffered():
            return Words(sentence=f"{who} asks {event.to} to be {_role(event.role, event.subject)}", icon="flag")
        case RoleTaken():
            before = f" from {event.before}" if event.before else ""
            what = "took command" if event.role == "commander" else f"is {_role(event.role, event.subject)} now"
            why = f", without being asked: {event.why}" if event.why else ""
            tone = "warn" if event.why else "ok"
            return Words(sentence=f"{who} {what}{before}{why}", icon="flag", tone=tone, key=event.role == "commander")
        case RoleDeclined():
            why = f": {event.why}" if event.why else ""
            if event.by == event.to:
                return Words(sentence=f"{who} does not want to be {TITLES[event.role]}{why}", icon="flag")
            return Words(sentence=f"{who} no longer asks {event.to} to be {TITLES[event.role]}{why}", icon="flag")
        case RoleReleased():
            why = f": {event.why}" if event.why else ""
            by = "" if event.by == event.who else f", says {who}"
            return Words(sentence=f"{event.who} is no longer {TITLES[event.role]}{by}{why}", icon="flag")
        case CommanderMissing():
            said = f"Nobody has taken command within {event.minutes:g} min"
            return Words(sentence=said, icon="flag", tone="bad", key=True)
        case TaskGiven():
            said = f"{who} asks {event.to}, within {event.minutes} min: {event.text}"
            return Words(sentence=said, icon="target")
        case TaskTaken():
            return Words(sentence=f"{who} does it: {_task(log, event.task)}", icon="target")
        case TaskDone():
            what = "dropped" if event.dropped else "did"
            said = f"{who} {what}: {_task(log, event.task)}"
            return Words(sentence=said, icon="dash" if event.dropped else "check", tone="ok", detail=event.said)
        case TaskOverdue():
            said = _to(event.to, f"time is up: {_task(log, event.task)}")
            return Words(sentence=said, icon="target", tone="warn")
        case _:
            return _mailed(event, who)


def _mailed(event: Mailed, who: str) -> Words:
    """What to say of a letter to customers."""
    match event:
        case LetterDrafted():
            said = f"{who} drafted letter {event.letter} to customers: {event.subject}"
            return Words(sentence=said, icon="doc", detail=event.text)
        case LetterTested():
            return Words(sentence=f"{who} had letter {event.letter} as a test mail", icon="doc")
        case LetterApproved():
            meant = f"Meant: {'; '.join(event.despite)}" if event.despite else ""
            said = f"{who} approved letter {event.letter} to {event.recipients:,} customers"
            return Words(sentence=said, tone="ok", key=True, detail=meant)
        case LetterWithdrawn():
            return Words(sentence=f"{who} withdrew letter {event.letter} to customers: {event.reason}", icon="dash")
        case LetterSentAgain():
            return Words(sentence=f"{who} sends one copy of letter {event.letter} again", icon="doc")
        case LetterSent():
            counts = ", ".join(f"{count:,} {state}" for state, count in event.counts.items())
            tone = "warn" if set(event.counts) - {"sent", "left"} else "ok"
            said = f"Letter {event.letter} to customers is out: {counts or 'to nobody'}"
            return Words(sentence=said, kind="deliveries", icon="chat", tone=tone, key=True)


def _role(role: str, subject: str) -> str:
    return f"{TITLES[role]} ({subject})" if subject else TITLES[role]


def _to(who: str, said: str) -> str:
    """Words for one person; where nobody has it, for whoever reads them."""
    return f"{who}: {said}" if who else said[0].upper() + said[1:]


def _task(log: Log, number: int) -> str:
    return next((one.text for one in log if isinstance(one, TaskGiven) and one.task == number), f"task {number}")
