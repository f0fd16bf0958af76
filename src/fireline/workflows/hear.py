"""Hear: what people do at a vendor about our own incident happens here as well.

Whoever answers the page on their phone has the incident: asking them to say it a second time would cost the
minutes the page was meant to save. Only an acknowledgement counts as one; everything else is a note, because
an incident is over when its gates are open and not because somebody closed a page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from fireline.core import incident
from fireline.core.events import Log, NoteAdded
from fireline.core.refusal import Refused
from fireline.store.ledger import Ledger

OURS = re.compile(r"(?P<house>[^/\s]+)/INC-(?P<number>\d{1,9})")  # the key that `Inform` pages with


@dataclass(frozen=True, slots=True)
class Hear:
    """Brings home what was done elsewhere. `key` names the vendor's event: told twice, it happens once."""

    ledger: Ledger
    base_url: str

    def number(self, page: str | None) -> int | None:
        """The incident that this page was sent for, if it was this house that sent it."""
        found = OURS.fullmatch(page or "")
        return int(found["number"]) if found and found["house"] == urlsplit(self.base_url).netloc else None

    def acknowledged(self, number: int, *, by: str, key: str) -> bool:
        """Somebody has it. False when somebody had it already, or it is over."""
        return self.ledger.offer(number, partial(incident.acknowledge, by=by), key=key)

    def said(self, number: int, *, text: str, by: str, key: str, over: bool = False) -> bool:
        """A note. One that it is `over` is not written where it is over already: that was our own doing."""
        return self.ledger.offer(number, partial(_note, text=text, by=by, over=over), key=key)


def from_a_house(page: str | None) -> bool:
    """Whether some fireline, this one or another, sent this page: it is no news to be told of."""
    return OURS.fullmatch(page or "") is not None


def _note(log: Log, at: datetime, *, text: str, by: str, over: bool) -> NoteAdded:
    if incident.fold(0, log).resolved and over:
        raise Refused("It is over here as well.")
    return incident.note(log, at, text=text, by=by)
