"""Aftermath: what the timeline says of checks around a change, stopgaps, tunnels and terminals."""

from __future__ import annotations

from fireline.core import debt, helped
from fireline.core.events import (
    BranchProposed,
    ChecksRead,
    CommandStarted,
    DebtDue,
    DebtOwned,
    DebtSettled,
    DebtTaken,
    LeaseBegan,
    LeaseEnded,
    Log,
    MitigationMeasured,
    TerminalHandedOut,
)
from fireline.core.telling import Words

After = (
    BranchProposed
    | ChecksRead
    | MitigationMeasured
    | DebtTaken
    | DebtDue
    | DebtOwned
    | DebtSettled
    | LeaseBegan
    | LeaseEnded
    | TerminalHandedOut
)
VERDICTS = {
    "better": ("it helped", "ok"),
    "same": ("it changed nothing", "warn"),
    "worse": ("it got worse", "bad"),
    "unknown": ("nobody can tell whether it helped", "warn"),
}


def aftermath(event: After, who: str, log: Log) -> Words:
    """What to say of this event; `who` is how its actor is called."""
    match event:
        case BranchProposed():
            return Words(
                sentence=f"Which way first: {event.why}", kind="commands", icon="target", tone="accent", key=True
            )
        case ChecksRead():
            good = [one.good for one in event.readings if one.good is not None]
            when = (
                "Before the change"
                if event.attempt == 0
                else f"{_title(log, event.run)}, look {event.attempt} after it"
            )
            said = f"{when}: {sum(good)} of {len(good)} checks good"
            return Words(sentence=said, kind="commands", icon="eye", passing=True)
        case MitigationMeasured():
            sentence, tone = VERDICTS[event.verdict]
            said = f"{_title(log, event.run)}: {sentence}"
            rest = "" if event.steady else f" It had not settled after {event.attempts} looks."
            return Words(
                sentence=said, kind="commands", icon="eye", tone=tone, key=True, detail=helped.said(event) + rest
            )
        case DebtTaken():
            until = f", until {event.until:%H:%M}" if event.until else ""
            by_itself = " It reverts by itself then." if event.revert else ""
            owner = f" {event.owner} answers for it." if event.owner else ""
            undo = f" Undo: {event.undo}" if event.undo else ""
            said = f"Stopgap {event.debt}: {event.what}{until}"
            return Words(
                sentence=said,
                kind="commands",
                icon="flag",
                tone="warn",
                key=True,
                detail=f"{by_itself}{owner}{undo}".strip(),
            )
        case DebtDue():
            then = "is being taken back" if event.revert else "is still in place: take it back or own it"
            return Words(
                sentence=f"Time is over: {_what(log, event.debt)} {then}",
                kind="commands",
                icon="clock",
                tone="bad",
                key=True,
            )
        case DebtOwned():
            said = f"{event.owner} owns until {event.due_at:%Y-%m-%d}: {_what(log, event.debt)}"
            return Words(sentence=said, icon="flag", key=True, detail=event.plan)
        case DebtSettled():
            how = "taken back" if event.how == "undone" else "made permanent"
            said = f"{_what(log, event.debt)}: {how}"
            return Words(sentence=said, kind="commands", icon="check", tone="ok", key=True, detail=event.said)
        case LeaseBegan():
            said = f"A tunnel is open until {event.until:%H:%M}"
            return Words(sentence=said, kind="commands", icon="link", tone="warn", key=True, detail=event.command)
        case LeaseEnded():
            return Words(sentence=f"Tunnel {event.lease} is closed: {event.why}", kind="commands", icon="check")
        case TerminalHandedOut():
            said = f"{who} has a command to type, and what is done in that terminal is not recorded: {event.title}"
            return Words(sentence=said, kind="commands", icon="term", tone="warn", key=True, detail=event.command)


def _title(log: Log, run: str) -> str:
    return next((one.title for one in log if isinstance(one, CommandStarted) and one.run == run), "The change")


def _what(log: Log, number: int) -> str:
    return next((one.taken.what for one in debt.debts(log) if one.number == number), f"temporary change {number}")
