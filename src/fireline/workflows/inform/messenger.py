"""Messenger: one vendor, and the few things fireline tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fireline.core.delivery import Data
from fireline.core.events import Log
from fireline.core.incident import Incident


@dataclass(frozen=True, slots=True)
class Sent:
    """The vendor has it. `ref` is the vendor's own id of it, `link` its page there, `note` a word for people.

    `evidence` is the hash of what was kept with it.
    """

    ref: str = ""
    link: str = ""
    note: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class ByHand:
    """How a person does the same: the exact `text` to say, and `lines` to paste into a shell."""

    text: str
    lines: tuple[str, ...] = ()


class Needless(Exception):  # noqa: N818  # no error: the incident has moved past it
    """There is no point in telling this any more; the sentence says why."""


class Messenger(Protocol):
    """Tells one vendor. A verb is what `core.outbox` asks for, such as "trigger"."""

    def send(self, verb: str, now: Incident, log: Log, data: Data) -> Sent:
        """Tell it; returns when the vendor has taken it.

        `log` is the whole log as of now, of which `now` is the fold; what earlier verbs made is found with
        `delivery.ref(log, vendor, verb)`. `data` is what `core.outbox` gave, with `seq`, the number of the event
        this follows from. Raises `Temporary` (asked again later: also where something it builds on is not
        there yet), `Permanent` (given up, a person looks) or `Needless`. It may be called again after it has
        succeeded, because the answer or this process was lost: where the vendor takes no key that makes the
        second call harmless, it looks before it acts.
        """

    def by_hand(self, verb: str, now: Incident, log: Log) -> ByHand:
        """How a person does the same while the vendor or the way there is broken. Asks nobody."""
