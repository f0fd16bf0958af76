"""Private: an incident that only the people on its list know of, and who may change that.

Whoever is on the list lets others in. It becomes open again only by its commander's word and reason. An admin may let
themselves in, and everybody on the list sees it: that nobody can be locked out of a house is worth more than a secret
from the people who hold its keys anyway.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from fireline.core.events import AccessGiven, AccessTaken, Log, MadeOpen, MadePrivate
from fireline.core.incident import fold
from fireline.core.people import Person
from fireline.core.readers import listed, private, readers
from fireline.core.refusal import Refused
from fireline.core.roles import crew

# What makes a declaration private unless somebody says otherwise: in these words people tell of an attacker, who may
# read along. Settings add more ([private] words).
WORDS = ("security breach", "data breach", "intrusion", "intruder", "ransomware", "compromised", "insider threat")


@dataclass(frozen=True, slots=True)
class Secrets:
    """This site's: who knows of every private incident from the beginning, and more words that make one so."""

    people: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def word(self, text: str) -> str:
        """The word that makes what is declared like this private by itself; empty when none does."""
        plain = " ".join(text.lower().split())
        known = (*WORDS, *self.words)
        return next((one for one in known if re.search(rf"\b{re.escape(one.lower())}\b", plain)), "")


def close_off(log: Log, at: datetime, *, by: str, why: str = "", along: bool = False) -> MadePrivate:
    """Make it private. Who has or had a part in it stays on the list. `along` with the one that it was merged into."""
    now = fold(0, log)
    if now.private:
        raise Refused("It is private already.")
    if now.merged and not along:
        raise Refused(f"This incident is part of INC-{now.merged.into} since it was merged. Make that one private.")
    return MadePrivate(at=at, by=by, why=" ".join(why.split()))


def open_up(log: Log, at: datetime, *, by: str, why: str) -> MadeOpen:
    """Let everybody know of it again: only the commander can, and says why."""
    _must_be_private(log)
    commander = crew(log).commander
    if by != commander:
        who = f"That is {commander}." if commander else "Nobody commands yet: take command first."
        raise Refused(f"Only the commander makes a private incident open again. {who}", status=403)
    if not why.strip():
        raise Refused("Say why everybody may know of it now.", field="why", status=400)
    return MadeOpen(at=at, by=by, why=" ".join(why.split()))


def admit(log: Log, at: datetime, *, who: str, by: str, why: str = "") -> AccessGiven:
    """Put somebody on the list."""
    _must_be_private(log)
    if who in listed(log):
        raise Refused(f"{who} is on the list already.", field="who")
    return AccessGiven(at=at, by=by, who=who, why=" ".join(why.split()))


def enter(log: Log, at: datetime, *, admin: Person, why: str) -> AccessGiven:
    """An admin lets themselves in, with a reason that everybody on the list reads."""
    _must_be_private(log)
    if admin.handle in listed(log):
        raise Refused("You are on the list already.", field="who")
    if not why.strip():
        raise Refused("Say why you let yourself in; the people on the list read it.", field="why", status=400)
    return AccessGiven(at=at, by=admin.handle, who=admin.handle, why=" ".join(why.split()), uninvited=True)


def take_off(log: Log, at: datetime, *, who: str, by: str, why: str) -> AccessTaken:
    """Take somebody off the list. Whoever has a role hands that over first, so that it is not lost with them."""
    _must_be_private(log)
    if who not in listed(log):
        raise Refused(f"{who} is not on the list.", status=404, field="who")
    if held := crew(log).of(who):
        raise Refused(f"{who} is {' and '.join(held)}. Hand that over first.", field="who")
    if len(listed(log)) == 1:
        raise Refused("Somebody has to know of it: let another person in first.", field="who")
    if not why.strip():
        raise Refused("Say why.", field="why", status=400)
    return AccessTaken(at=at, by=by, who=who, why=" ".join(why.split()))


def same_readers(one: Log, other: Log) -> None:
    """Refuse to make one of two that different people know of: each would tell of the other."""
    if readers(one) != readers(other):
        raise Refused("Different people know of these two. Make both private, with the same people on the list, first.")


def _must_be_private(log: Log) -> None:
    fold(0, log)  # which refuses a log of nothing
    if not private(log):
        raise Refused("It is open: everybody sees it. Make it private first.")
