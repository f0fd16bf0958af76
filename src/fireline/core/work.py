"""Work: what follows from an event, written down with it and done afterwards."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Effect(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A call to the outside, made at least once under one `key`, in order within its incident and vendor."""

    kind: str  # which handler: assess, walk, run, cancel, merge, split, review; any other one is a vendor's name
    key: str  # names the effect for ever: the same key is the same effect
    incident: int
    seq: int
    data: dict[str, str | int] = {}
    due_at: datetime | None = None  # not before


class Clock(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A promise with a due time."""

    kind: str  # acknowledge, watch, page
    incident: int
    seq: int
    due_at: datetime


class Tell(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A word to the incident's walk, which waits for it."""

    incident: int
    seq: int
    topic: str
    text: str


class Mail(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What happens to the copies of a letter: rows are written, stopped, or sent once more."""

    incident: int
    seq: int
    at: datetime
    letter: int
    services: tuple[str, ...] = ()  # whose customers get one; none: the copies are there already
    listed: str = ""  # the list that was approved, as its sha256
    again: int | None = None  # only the copy of this customer


Work = Effect | Clock | Tell | Mail
