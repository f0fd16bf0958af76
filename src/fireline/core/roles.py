"""Roles: who commands, who stands by, who writes, who tells the others, who knows the thing that is broken.

A role passes by an offer and a yes, so that at any moment everybody can say who commands: never two people, and never
nobody once there was somebody. Whoever acknowledges first commands, until they hand it over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import get_args

from fireline.core.events import (
    CommanderMissing,
    IncidentAcknowledged,
    IncidentDeclared,
    Log,
    RoleDeclined,
    RoleName,
    RoleOffered,
    RoleReleased,
    RoleTaken,
    SeverityChanged,
)
from fireline.core.incident import Incident, fold, still_open
from fireline.core.outbox import PAGED as GRAVE  # what wakes people wants somebody in command
from fireline.core.people import HANDLE
from fireline.core.refusal import Refused

ROLES: tuple[RoleName, ...] = get_args(RoleName)
# What each is called and is there for, in the words of PagerDuty's guide (https://response.pagerduty.com/).
TITLES: dict[str, str] = {
    "commander": "Commander",
    "deputy": "Deputy",
    "scribe": "Scribe",
    "communications": "Communications",
    "sme": "SME",
}
DUTIES: dict[str, str] = {
    "commander": "decides, and does not repair",
    "deputy": "watches the clocks, and steps in",
    "scribe": "writes down what is decided",
    "communications": "tells everybody else",
    "sme": "knows the thing that is broken",
}


@dataclass(frozen=True, slots=True)
class Reign:
    """One person's time in one role; `until` is None while it lasts."""

    role: RoleName
    who: str
    since: datetime
    until: datetime | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Crew:
    """Who has which role now, what is offered, and who had it before."""

    holding: dict[str, Reign] = field(default_factory=dict)  # the roles that one person has
    smes: dict[str, Reign] = field(default_factory=dict)  # by handle: there may be many
    offers: dict[tuple[str, str], RoleOffered] = field(default_factory=dict)  # by role and whom it is offered
    past: tuple[Reign, ...] = ()

    def who(self, role: str) -> str:
        """Who has it; empty when nobody does."""
        return self.holding[role].who if role in self.holding else ""

    @property
    def commander(self) -> str:
        """Who commands; empty when nobody does yet."""
        return self.who("commander")

    @property
    def speaker(self) -> str:
        """Who sends updates: Communications, else the commander; empty when there is neither."""
        return self.who("communications") or self.commander

    def of(self, handle: str) -> list[str]:
        """Every role of one person, by its title."""
        mine = [role for role in ROLES if self.who(role) == handle] + (["sme"] if handle in self.smes else [])
        return [TITLES[role] for role in mine]

    def offered_to(self, handle: str) -> list[RoleOffered]:
        """What waits for this person's yes or no."""
        return [offer for (_, to), offer in self.offers.items() if to == handle]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed and seldom goes well."""
        who = self.commander
        if who and who in self.smes:
            return (f"{who} commands and is an SME too: whoever repairs cannot watch the whole. Hand one over.",)
        return ()


def crew(log: Log) -> Crew:
    """Read the log into who does what."""
    holding: dict[str, Reign] = {}
    smes: dict[str, Reign] = {}
    offers: dict[tuple[str, str], RoleOffered] = {}
    past: list[Reign] = []

    def take(role: RoleName, who: str, at: datetime, subject: str = "") -> None:
        place, key = (smes, who) if role == "sme" else (holding, role)
        if before := place.get(key):
            past.append(_ended(before, at))
        place[key] = Reign(role, who, at, subject=subject)
        if role == "commander" and "deputy" in holding and holding["deputy"].who == who:
            past.append(_ended(holding.pop("deputy"), at))  # nobody stands by for themselves
        for offer in [one for one in offers if one[0] == role and (role != "sme" or one[1] == who)]:
            del offers[offer]

    for event in log:
        match event:
            case IncidentAcknowledged() if "commander" not in holding:
                take("commander", event.by, event.at)
            case RoleOffered(role=role, to=to):
                if role != "sme":  # a new offer of the same role takes the place of the one before
                    for key in [one for one in offers if one[0] == role]:
                        del offers[key]
                offers[role, to] = event
            case RoleTaken(role=role, subject=subject):
                take(role, event.by, event.at, subject)
            case RoleDeclined(role=role, to=to):
                offers.pop((role, to), None)
            case RoleReleased(role=role, who=who):
                place, mine = (smes, who) if role == "sme" else (holding, str(role))
                if before := place.pop(mine, None):
                    past.append(_ended(before, event.at))
            case _:
                pass
    return Crew(holding, smes, offers, tuple(past))


def reigns(log: Log, role: str) -> tuple[Reign, ...]:
    """Everybody who had this role and from when to when, the first one first."""
    now = crew(log)
    running = now.smes.values() if role == "sme" else [one for one in (now.holding.get(role),) if one]
    return tuple(sorted((one for one in (*now.past, *running) if one.role == role), key=lambda one: one.since))


def offer(log: Log, at: datetime, *, role: str, to: str, by: str, subject: str = "") -> RoleOffered:
    """Ask somebody to take a role. Whoever has it keeps it until they say yes."""
    name, now = _known(role), _open(log)
    who = now.who(name)
    if not HANDLE.fullmatch(to):
        raise Refused("Say who it is for, by their handle.", status=400, field="to")
    if to == by:
        raise Refused("You need no offer for yourself: take it.", field="to")
    if who == to or (name == "sme" and to in now.smes):
        raise Refused(f"{to} is {TITLES[name]} already.", field="to")
    if who and by not in {who, now.commander}:
        also = "" if name == "commander" else f", or {now.commander or 'the commander'}, who commands"
        raise Refused(f"Only {who} can hand this over{also}. Ask them, or let the deputy step in.")
    if (name, to) in now.offers and now.offers[name, to].by == by:
        raise Refused(f"{to} has been asked already, and has not answered yet.")
    return RoleOffered(at=at, by=by, role=name, to=to, subject=" ".join(subject.split())[:80])


def take(log: Log, at: datetime, *, role: str, by: str, subject: str = "", why: str = "") -> RoleTaken:
    """Say yes to an offer, or take a role that nobody has.

    The deputy may step in for a commander who does not answer, and anybody for one of the other roles, both with a
    reason; so that a role is never lost with the person.
    """
    name, now = _known(role), _open(log)
    who, why = now.who(name), " ".join(why.split())
    if who == by or (name == "sme" and by in now.smes):
        raise Refused(f"You are {TITLES[name]} already.")
    if name == "deputy" and by == now.commander:
        raise Refused("You command: the deputy is somebody else, who steps in for you.")
    asked = now.offers.get((name, by))
    subject = " ".join(subject.split())[:80] or (asked.subject if asked else "")
    if asked or not who:
        return RoleTaken(at=at, by=by, role=name, before=who, subject=subject)
    if name == "commander" and by != now.who("deputy"):
        raise Refused(
            f"{who} commands, and has not offered it to you. Ask {who}; if they do not answer, the deputy steps in"
            + (f": that is {now.who('deputy')}." if now.who("deputy") else ", and nobody is deputy: take that first.")
        )
    if not why:
        raise Refused(f"{who} has it and did not offer it: say why you step in.", status=400, field="why")
    return RoleTaken(at=at, by=by, role=name, before=who, subject=subject, why=why)


def decline(log: Log, at: datetime, *, role: str, by: str, to: str = "", why: str = "") -> RoleDeclined:
    """Say no to an offer, or take back one's own: then `to` says whom it was made."""
    name, now = _known(role), _open(log)
    to = to or by
    asked = now.offers.get((name, to))
    if asked is None or by not in {to, asked.by}:
        raise Refused("Nobody has offered you this.")
    return RoleDeclined(at=at, by=by, role=name, to=to, why=" ".join(why.split()))


def release(log: Log, at: datetime, *, role: str, by: str, who: str = "", why: str = "") -> RoleReleased:
    """Give a role up, or as commander let somebody go. Command is never given up, only handed over."""
    name, now = _known(role), _open(log)
    if name == "commander":
        raise Refused("Command is handed over, not given up: offer it to somebody.")
    who = who or by
    if now.who(name) != who and not (name == "sme" and who in now.smes):
        raise Refused(f"{'You are' if who == by else f'{who} is'} not {TITLES[name]}.")
    if by not in {who, now.commander}:
        raise Refused(f"Only {who} or the commander can do that.")
    return RoleReleased(at=at, by=by, role=name, who=who, why=" ".join(why.split()))


def miss_commander(log: Log, at: datetime, *, by: str) -> CommanderMissing:
    """Called by the clock: a grave incident, and nobody commands."""
    now = fold(0, log)
    if not missing_commander(now, log) or any(isinstance(event, CommanderMissing) for event in _since_graver(log)):
        raise Refused("Somebody commands, nobody has to, or it has been said.")
    due = commander_by(log)
    if due is None or at < due:
        raise Refused("It is not time yet.")
    return CommanderMissing(at=at, by=by, minutes=_minutes(log))


def missing_commander(now: Incident, log: Log) -> bool:
    """An incident that wakes people, open, with nobody in command: shown in red."""
    return now.severity in GRAVE and not now.resolved and not crew(log).commander


def commander_by(log: Log) -> datetime | None:
    """When somebody has to command at the latest; None when nobody asks for it."""
    minutes = _minutes(log)
    begun = _since_graver(log)[:1]
    return begun[0].at + timedelta(minutes=minutes) if minutes and begun else None


def _since_graver(log: Log) -> Log:
    """The log from when it became one that wakes people; empty when it is none."""
    since: int | None = None
    for n, event in enumerate(log):
        if isinstance(event, IncidentDeclared | SeverityChanged):
            grave = event.severity in GRAVE
            since = (n if since is None else since) if grave else None
    return log[since:] if since is not None else ()


def _minutes(log: Log) -> float:
    first = log[0]
    cadence = first.cadence if isinstance(first, IncidentDeclared) else None
    return cadence.commander if cadence else 0.0


def _open(log: Log) -> Crew:
    still_open(fold(0, log))
    return crew(log)


def _known(role: str) -> RoleName:
    for known in ROLES:
        if known == role.strip().lower():
            return known
    raise Refused(f"A role is one of {', '.join(ROLES)}.", status=400, field="role")


def _ended(one: Reign, at: datetime) -> Reign:
    return Reign(one.role, one.who, one.since, at, one.subject)
