"""Approval: other people say yes before a command may change anything.

A yes is for one exact command, for one run, from somebody other than the person who asked, and it goes
stale. Change one character and ask again. fireline's own proposals need one person; what a person asks
for needs another person; a destructive command needs two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec
from msgspec import structs

from fireline.core.about import About
from fireline.core.events import (
    HOUSE,
    ApprovalAsked,
    ApprovalDenied,
    ApprovalGiven,
    ApprovalVoided,
    CommandStarted,
    GlassBroken,
    Log,
    Purpose,
    Revert,
)
from fireline.core.refusal import Refused

GOOD_FOR = timedelta(minutes=15)  # long enough to read a command, short enough to still be true


@dataclass(frozen=True, slots=True)
class Ask:
    """One request for a yes, and what people have answered so far."""

    asked: ApprovalAsked
    yes: tuple[str, ...] = ()
    denied: ApprovalDenied | None = None
    glass: GlassBroken | None = None
    started: CommandStarted | None = None
    void: ApprovalVoided | None = None

    @property
    def number(self) -> int:
        """First ask of the incident is 1."""
        return self.asked.ask

    @property
    def digest(self) -> str:
        """What a yes is bound to: the sha256 of the command's bytes."""
        return digest(self.asked.command, *bound(self.asked))

    @property
    def granted(self) -> bool:
        """Enough people said yes, or the glass was broken."""
        return self.glass is not None or len(self.yes) >= self.asked.yes_needed

    @property
    def expires_at(self) -> datetime:
        """When the ask goes stale."""
        return self.asked.at + GOOD_FOR

    def waiting(self, at: datetime) -> bool:
        """Somebody may still say yes or no."""
        return not (self.denied or self.granted or self.started or self.void) and at < self.expires_at


def digest(command: str, *bound: str) -> str:
    """sha256, hexadecimal: what an approval is bound to. Of the command's UTF-8 bytes alone where nothing else is.

    Further texts that the yes is to as well count with their lengths, so that none can run into the next.
    """
    if not any(bound):
        return sha256(command.encode()).hexdigest()
    parts = [text.encode() for text in (command, *bound)]
    return sha256(b"".join(b"%d:%s" % (len(part), part) for part in parts)).hexdigest()


def bound(asked: ApprovalAsked) -> tuple[str, ...]:
    """What a yes is to beside the command: its target, the runbook's version, how it reverts by itself, its files."""
    revert = (asked.revert.command, f"{asked.revert.minutes:g}") if asked.revert else ("", "")
    files = (asked.written,) if asked.written else ()
    return (asked.target or "", asked.runbook or "", *revert, *files)


def asks(log: Log) -> tuple[Ask, ...]:
    """All requests for a yes, oldest first."""
    found: dict[int, Ask] = {}
    for event in log:
        match event:
            case ApprovalAsked(ask=number):
                found[number] = Ask(event)
            case ApprovalGiven(ask=number, by=person) if event.digest == found[number].digest:
                found[number] = replace(found[number], yes=(*found[number].yes, person))
            case ApprovalDenied(ask=number):
                found[number] = replace(found[number], denied=event)
            case GlassBroken(ask=number) if event.digest == found[number].digest:
                found[number] = replace(found[number], glass=event)
            case ApprovalVoided(ask=number):
                found[number] = replace(found[number], void=event)
            case CommandStarted(ask=int(number)):
                found[number] = replace(found[number], started=event)
            case _:
                pass
    return tuple(found.values())


def ask(
    log: Log,
    at: datetime,
    *,
    step: str,
    title: str,
    command: str,
    effect: str,
    rule: str,
    reason: str,
    yes_needed: int,
    by: str,
    purpose: Purpose = "mitigation",
    why: str = "",
    revert: Revert | None = None,
    about: About | None = None,
) -> ApprovalAsked:
    """Ask for a yes to `command`. Asking twice for the same bytes while the first still waits is refused.

    `yes_needed` 0 is for what only reads: it is granted as it is asked. Anything else needs at least one.
    """
    least = may_ask(log, reason=reason, effect=effect)
    for earlier in asks(log):
        if earlier.waiting(at) and earlier.asked.command == command:
            raise Refused(f"This command already waits for a yes (approval {earlier.number}).")
    if about and about.refused:
        raise Refused(f"{about.refused} Nothing was asked for.", field="command")
    number = 1 + sum(1 for _ in _asked(log))
    two = 2 if about and about.last_resort else 0
    asked = ApprovalAsked(
        at=at,
        by=by,
        ask=number,
        step=step,
        title=title,
        command=command,
        effect=effect,
        rule=rule,
        reason=reason,
        yes_needed=max(least, yes_needed, two),
        purpose=purpose,
        why=why,
        revert=revert or msgspec.UNSET,
    )
    return structs.replace(asked, **about.said()) if about and least else asked


def may_ask(log: Log, *, reason: str, effect: str) -> int:
    """How many yes it takes at least; refused where no reason is given. Asked before anything is looked at."""
    if not log:
        raise Refused("There is no such incident.", status=404)
    least = 0 if effect == "read" else 1
    if least and not reason.strip():
        raise Refused("Say why: whoever approves decides from your words.", field="reason", status=400)
    return least


def give(log: Log, at: datetime, *, number: int, shown: str, by: str, typed: str = "") -> ApprovalGiven:
    """Say yes to exactly the command whose digest is `shown`. For a last resort its object's name is `typed`."""
    one = waiting(log, at, number)
    if by == HOUSE:
        raise Refused("Only a person can say yes.", status=403)
    if by == one.asked.by:
        raise Refused("You asked for this one. Somebody else has to say yes.", status=403)
    if by in one.yes:
        raise Refused("You have said yes already. This one needs another person too.")
    _same_bytes(one, shown)
    _typed(one, typed)
    return ApprovalGiven(at=at, by=by, ask=number, digest=one.digest)


def deny(log: Log, at: datetime, *, number: int, reason: str, by: str) -> ApprovalDenied:
    """Say no. Whoever asked may take their own ask back this way."""
    if not reason.strip():
        raise Refused("Say why not: the next person needs to know.", field="reason", status=400)
    return ApprovalDenied(at=at, by=by, ask=waiting(log, at, number).number, reason=reason)


def break_glass(
    log: Log, at: datetime, *, number: int, shown: str, reason: str, by: str, typed: str = ""
) -> GlassBroken:
    """Run without the second yes, because nobody else is there. Everybody will see it, and why."""
    one = waiting(log, at, number)
    if by == HOUSE:
        raise Refused("Only a person can break the glass.", status=403)
    if len(reason.strip()) < 10:
        raise Refused("Say in a sentence why nobody else can say yes now.", field="reason", status=400)
    _same_bytes(one, shown)
    _typed(one, typed)
    return GlassBroken(at=at, by=by, ask=number, digest=one.digest, reason=reason)


def void(log: Log, at: datetime, *, number: int, why: str, by: str) -> ApprovalVoided:
    """The yes does not hold: what it was given to is no longer so. Nothing has run."""
    one = find(log, number)
    if one.started or one.denied or one.void:
        raise Refused("There is no yes to make void: it was used, refused or void already.")
    return ApprovalVoided(at=at, by=by, ask=number, why=why)


def waiting(log: Log, at: datetime, number: int) -> Ask:
    """The ask with this number, if an answer still counts."""
    one = find(log, number)
    if one.denied:
        raise Refused(f"{one.denied.by} has said no to this. Ask again if things have changed.")
    if one.granted or one.started:
        raise Refused("This has been approved already.")
    if at >= one.expires_at:
        raise Refused("The ask has gone stale after 15 minutes. Ask again.")
    return one


def find(log: Log, number: int) -> Ask:
    """The ask with this number, whatever became of it."""
    for one in asks(log):
        if one.number == number:
            return one
    raise Refused(f"There is no approval {number} in this incident.", status=404)


def _asked(log: Log) -> Iterator[ApprovalAsked]:
    return (event for event in log if isinstance(event, ApprovalAsked))


def _same_bytes(one: Ask, shown: str) -> None:
    if shown != one.digest:
        raise Refused("The command you were shown is not the one that waits. Reload, read it, and decide again.")


def _typed(one: Ask, typed: str) -> None:
    """A last resort is approved by typing what it hits: nobody types `postgres` by habit."""
    if one.asked.last_resort and typed.strip() != (name := one.asked.name or ""):
        raise Refused(f"This is a last resort: type the name of what it hits, {name}.", field="typed", status=400)
