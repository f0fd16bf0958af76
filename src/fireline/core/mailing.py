"""Mailing: a letter to customers is written by one person, approved by another, and goes once to each on the list.

The yes is for exact words and for an exact list. Anybody who may act drafts; whoever has the incident, or any second
person, approves. Nothing of a private incident is written to anybody outside.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

import msgspec

from fireline.core import letter as words
from fireline.core.draft import Finding, Inside
from fireline.core.events import (
    HOUSE,
    LetterApproved,
    LetterDrafted,
    LetterSent,
    LetterSentAgain,
    LetterTested,
    LetterWithdrawn,
    Log,
    to_json,
)
from fireline.core.incident import Incident, fold
from fireline.core.publish import commander
from fireline.core.refusal import Refused
from fireline.core.work import Mail

EVERYBODY = "*"  # as a customer's service: hears of every one; as a letter's: goes to everybody


@dataclass(frozen=True, slots=True)
class Listed:
    """Who would get a letter now: how many, and the sha256 of their addresses."""

    count: int
    digest: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter of an incident, and what became of it."""

    drafted: LetterDrafted
    tested: tuple[LetterTested, ...] = ()
    approved: LetterApproved | None = None
    withdrawn: LetterWithdrawn | None = None
    sent: LetterSent | None = None  # None again while a copy is sent once more

    @property
    def number(self) -> int:
        """The first of an incident is 1."""
        return self.drafted.letter

    @property
    def state(self) -> str:
        """`draft`, `withdrawn`; once approved `going out`, `sent`, or `stopped` when it was withdrawn meanwhile."""
        if self.withdrawn:
            return "stopped" if self.approved else "withdrawn"
        if not self.approved:
            return "draft"
        return "sent" if self.sent else "going out"


def listed(addresses: Iterable[str]) -> Listed:
    """What a yes is bound to of a list; the order of its addresses does not matter."""
    found = sorted(addresses)
    return Listed(len(found), sha256("\n".join(found).encode()).hexdigest())


def waits(log: Log) -> list[str]:
    """Letters that wait for somebody's yes, in words."""
    return [f"letter {one.number} to customers wants a yes" for one in letters(log) if one.state == "draft"]


def told(log: Log) -> str:
    """What customers were told last, in words; empty when they were told nothing."""
    yes = [one for one in letters(log) if one.approved]
    last = yes[-1].approved if yes else None
    return f"customers, letter {last.letter} at {last.at:%H:%M} to {last.recipients:,}, {yes[-1].state}" if last else ""


def digest(drafted: LetterDrafted, who: Listed) -> str:
    """sha256 of all that a yes is for: subject, words, for which services, and the list."""
    parts = (drafted.subject, drafted.text, drafted.services, who.count, who.digest)
    return sha256(msgspec.json.encode(parts)).hexdigest()


def thread(log: Log) -> str:
    """What mail programs know the incident's letters by; it tells strangers nothing."""
    return sha256(to_json(log[0])).hexdigest()[:20]


def named(text: str) -> tuple[str, ...]:
    """The services that somebody typed, divided by commas."""
    return tuple(dict.fromkeys(name for one in text.split(",") if (name := one.strip())))


def letters(log: Log) -> tuple[Letter, ...]:
    """Every letter, oldest first."""
    found: dict[int, Letter] = {}
    for event in log:
        match event:
            case LetterDrafted(letter=number):
                found[number] = Letter(event)
            case LetterTested(letter=number):
                found[number] = replace(found[number], tested=(*found[number].tested, event))
            case LetterApproved(letter=number):
                found[number] = replace(found[number], approved=event)
            case LetterWithdrawn(letter=number):
                found[number] = replace(found[number], withdrawn=event)
            case LetterSentAgain(letter=number):
                found[number] = replace(found[number], sent=None)
            case LetterSent(letter=number):
                found[number] = replace(found[number], sent=event)
            case _:
                pass
    return tuple(found.values())


def find(log: Log, number: int) -> Letter:
    """The letter with this number."""
    for one in letters(log):
        if one.number == number:
            return one
    raise Refused(f"There is no letter {number} in this incident.", status=404)


def draft(log: Log, at: datetime, *, subject: str, text: str, services: Iterable[str], by: str) -> LetterDrafted:
    """Write down a letter; nobody gets it yet. Blanks in it are told, and stop it later."""
    _may_be_written(fold(0, log))
    subject, text = " ".join(subject.split()), text.replace("\r\n", "\n").strip()
    if not subject or len(subject) > words.SUBJECT_MAX_CHARS:
        raise Refused(f"A subject has 1 to {words.SUBJECT_MAX_CHARS} characters.", field="subject", status=400)
    if not text or len(text) > words.TEXT_MAX_CHARS:
        raise Refused(f"A letter has 1 to {words.TEXT_MAX_CHARS} characters.", field="text", status=400)
    whose = tuple(dict.fromkeys(name for one in services if (name := one.strip())))
    if not whose:
        raise Refused(
            f"Say whose customers it is for: services, or {EVERYBODY} for everybody.", field="services", status=400
        )
    number = 1 + sum(1 for event in log if isinstance(event, LetterDrafted))
    return LetterDrafted(at=at, by=by, letter=number, subject=subject, text=text, services=whose)


def test(log: Log, at: datetime, *, number: int, by: str) -> LetterTested:
    """Somebody had it as a mail."""
    one = find(log, number)
    if one.state != "draft":
        raise Refused(f"This letter is {one.state}: there is nothing to try out any more.")
    return LetterTested(at=at, by=by, letter=number)


def check(one: Letter, known: Inside, template: str) -> tuple[Finding, ...]:
    """What speaks against sending a draft: its words, and that nobody has tried it out."""
    found = words.check(one.drafted.subject, one.drafted.text, known, template)
    return found if one.tested else (*found, Finding("untested", ""))


def approve(
    log: Log, at: datetime, *, number: int, shown: str, who: Listed, known: Inside, template: str, meant: bool, by: str
) -> LetterApproved:
    """Say yes to exactly the words and the list whose digest is `shown`; `meant`: what the check found may go out."""
    now, one = fold(0, log), _waiting(log, number)
    _may_be_written(now)
    if by == HOUSE:
        raise Refused("Only a person can say yes.", status=403)
    if by == one.drafted.by and by != commander(log):
        raise Refused("You wrote this one. Whoever has the incident, or any other person, says yes.", status=403)
    if shown != digest(one.drafted, who):
        raise Refused("The words or the list are not the ones you were shown. Reload, read them, and decide again.")
    if not who.count:
        raise Refused("Nobody would get it: no customer of these services is known.")
    found = check(one, known, template)
    if stops := [finding for finding in found if finding.stops]:
        raise Refused(f"This cannot go out. {'; '.join(finding.said for finding in stops)}. Write it anew.")
    if found and not meant:
        said = "; ".join(finding.said for finding in found)
        raise Refused(f"The check found something. {said}. Say that it is meant, or write it anew.", field="meant")
    return LetterApproved(
        at=at, by=by, letter=number, digest=shown, recipients=who.count, listed=who.digest,
        despite=tuple(finding.said for finding in found),
    )  # fmt: skip


def withdraw(log: Log, at: datetime, *, number: int, reason: str, by: str) -> LetterWithdrawn:
    """Take a draft back or say no to it; of one that is going out, send no further copy."""
    one = find(log, number)
    if one.withdrawn:
        raise Refused(f"{one.withdrawn.by} did so already: {one.withdrawn.reason}")
    if one.sent:
        raise Refused("It is sent: there is nothing left to stop.")
    if not reason.strip():
        raise Refused("Say why: whoever wrote it needs to know.", field="reason", status=400)
    return LetterWithdrawn(at=at, by=by, letter=number, reason=reason.strip())


def send_again(log: Log, at: datetime, *, number: int, customer: int, by: str) -> LetterSentAgain:
    """Send one copy once more. Whether that copy may be is for its row to say, in the same transaction."""
    one = find(log, number)
    if not one.approved or one.withdrawn:
        raise Refused(f"This letter is {one.state}: nothing of it goes out.")
    return LetterSentAgain(at=at, by=by, letter=number, copy_number=customer)


def sent(log: Log, at: datetime, *, number: int, counts: dict[str, int], by: str) -> LetterSent:
    """Nothing of it waits any more."""
    one = find(log, number)
    if one.state != "going out":
        raise Refused(f"This letter is {one.state}.")
    return LetterSent(at=at, by=by, letter=number, counts=counts)


def follows(number: int, log: Log) -> tuple[Mail, ...]:
    """What becomes of the copies because of the newest event."""
    match event := log[-1]:
        case LetterApproved(letter=one, listed=list_):
            services = find(log, one).drafted.services
            return (Mail(incident=number, seq=len(log), at=event.at, letter=one, services=services, listed=list_),)
        case LetterWithdrawn(letter=one) if find(log, one).approved:
            return (Mail(incident=number, seq=len(log), at=event.at, letter=one),)
        case LetterSentAgain(letter=one, copy_number=customer):
            return (Mail(incident=number, seq=len(log), at=event.at, letter=one, again=customer),)
        case _:
            return ()


def may_be_written(log: Log) -> bool:
    """Whether customers may be written to about this incident at all."""
    now = fold(0, log)
    return not now.private and not now.merged


def _waiting(log: Log, number: int) -> Letter:
    one = find(log, number)
    if one.approved:
        raise Refused(f"{one.approved.by} has approved this already.")
    if one.withdrawn:
        raise Refused(f"{one.withdrawn.by} has taken this back: {one.withdrawn.reason}")
    return one


def _may_be_written(now: Incident) -> None:
    if now.private:
        raise Refused("This incident is private: nothing of it goes outside.", status=403)
    if now.merged:
        raise Refused(f"This incident is part of INC-{now.merged.into}. Write to customers there.")
