"""People: who of this house somebody in Slack is.

By the e-mail address that Slack has confirmed for them, in our own workspace only: in a shared channel the other
company says which address its people have. What they may do is asked of the same accounts as on the page, every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from fireline.connectors.http import ConnectorError
from fireline.core.people import Person, must_act
from fireline.core.refusal import AWAY, Refused
from fireline.settings import PersonSettings
from fireline.store import eyes
from fireline.store.accounts import Accounts

GOOD_FOR = timedelta(minutes=5)  # of an address that Slack told us


@dataclass(frozen=True, slots=True)
class Face:
    """Somebody as Slack knows them; `mail` is empty where it is not confirmed, or not for us to know."""

    id: str
    name: str
    mail: str
    ours: bool  # of our own workspace, a person, and not gone


class Looks(Protocol):
    """Looks somebody up in Slack."""

    def face(self, user: str) -> Face:
        """Who this is. Raises `Temporary` or `Permanent`."""


class Unknown(Refused):
    """fireline does not know this person: they may read what a brief says, and may not act."""


@dataclass(slots=True)
class People:
    """Finds people of this house by their Slack id."""

    accounts: Accounts
    settings: Mapping[str, PersonSettings]
    desk: Looks
    now: Callable[[], datetime]
    _seen: dict[str, tuple[datetime, Face]] = field(default_factory=dict)

    def face(self, user: str) -> Face:
        """Who this is in Slack, as of the last few minutes."""
        at = self.now()
        found = self._seen.get(user)
        if found is None or not timedelta() <= at - found[0] < GOOD_FOR:
            try:
                found = self._seen[user] = (at, self.desk.face(user))
            except ConnectorError as trouble:
                sentence = f"Slack does not say who you are just now ({trouble}). Try again, or use the page."
                raise Refused(sentence, status=AWAY) from trouble
        return found[1]

    def find(self, user: str) -> Person:
        """The person. Raises `Unknown`, saying how to be known."""
        face = self.face(user)
        if not face.ours:
            raise Unknown("Only people of fireline's own Slack workspace can use it here.", status=403)
        known = {one.handle: one for one in self.accounts.people()}
        if named := [known[name] for name, one in self.settings.items() if one.slack == user and name in known]:
            return named[0]
        if not face.mail:
            raise Unknown(
                "fireline does not know you: Slack tells it no confirmed e-mail address of yours. Confirm it in your"
                " Slack profile; the app needs the scopes users:read and users:read.email.",
                status=403,
            )
        mine = [name for name, one in self.settings.items() if one.mail.strip().casefold() == face.mail.casefold()]
        found = [known[name] for name in mine if name in known]
        match found:
            case [person]:
                return person
            case []:
                raise Unknown(
                    f"fireline does not know {face.mail}. An admin makes you known: `fireline people add HANDLE NAME`,"
                    f' and `mail = "{face.mail}"` under [people.HANDLE] in the settings.',
                    status=403,
                )
            case _:
                names = " and ".join(one.handle for one in found)
                raise Unknown(f"{face.mail} stands in the settings for {names}. It has to be one person's.", status=403)

    @contextmanager
    def eyes(self, user: str) -> Iterator[None]:
        """Read as this person; as a stranger, where nobody here knows them."""
        try:
            who = self.find(user).handle
        except Unknown:
            who = None
        with eyes.of(who):
            yield

    def who_acts(self, user: str) -> Person:
        """The person, if they may change something. Raises `Refused(403)` in words."""
        person = self.find(user)
        must_act(person)
        return person
