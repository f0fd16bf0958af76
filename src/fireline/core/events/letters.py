"""Events of the mail to customers: a draft, a test, the yes to its words and its list, how it went out.

Addresses are never in the log, which nobody can take anything out of: customers are rows, known here by numbers.
"""

from __future__ import annotations

import msgspec

from fireline.core.events.event import Event


class LetterDrafted(Event, frozen=True, kw_only=True):
    """A mail to customers, which nobody has sent yet."""

    letter: int  # the first of an incident is 1
    subject: str
    text: str
    services: tuple[str, ...]  # whose customers it is for; ("*",) is everybody


class LetterTested(Event, frozen=True, kw_only=True):
    """Somebody had it sent to themselves."""

    letter: int


class LetterApproved(Event, frozen=True, kw_only=True):
    """A yes to exactly these words and this list: each on it gets one copy."""

    letter: int
    digest: str  # sha256 of words and list, hexadecimal
    recipients: int
    listed: str  # sha256 of the list's addresses, hexadecimal
    despite: tuple[str, ...] = ()  # what the check found, and this person meant


class LetterWithdrawn(Event, frozen=True, kw_only=True):
    """It will not be sent; one that is going out goes to nobody further."""

    letter: int
    reason: str


class LetterSentAgain(Event, frozen=True, kw_only=True):
    """One copy, which did not arrive or of which that is not known, is sent once more."""

    letter: int
    copy_number: int  # the customer's number


class LetterSent(Event, frozen=True, kw_only=True):
    """Nothing of it waits any more. `counts`: how many copies ended how."""

    letter: int
    counts: dict[str, int] = msgspec.field(default_factory=dict)
