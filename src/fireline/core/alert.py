"""Alert: one alarm from one source. Alerts are rows; what an alert does to an incident is an event.

An alert is the same alert when its labels are the same. Alerts of one service and one scenario join one
incident, and each join says in a sentence why.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Literal

import msgspec

from fireline.core.events import AlertCleared, AlertJoined, Log
from fireline.core.incident import fold
from fireline.core.refusal import Refused

NAME_LABELS = ("alertname", "name", "check", "rule")  # first one present names the alert
SERVICE_LABELS = ("service", "app", "job", "namespace", "instance")  # first one present names the service

Change = Literal["new", "again", "changed", "over", "same", "stale"]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm as its source tells it. Times are UTC; `ends_at` is set when it is over."""

    source: str
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: datetime
    starts_guessed: bool = False  # the source did not say: `starts_at` is when it was heard
    ends_at: datetime | None = None
    generator_url: str = ""

    @property
    def name(self) -> str:
        """What the rule is called."""
        return next((self.labels[key] for key in NAME_LABELS if self.labels.get(key, "").strip()), "unnamed alert")

    @property
    def service(self) -> str | None:
        """What it is about, when a label says so."""
        return next((self.labels[key] for key in SERVICE_LABELS if self.labels.get(key)), None)

    @property
    def firing(self) -> bool:
        """It is not over."""
        return self.ends_at is None

    @property
    def fingerprint(self) -> str:
        """Same source and same labels, in any order: the same alert. 128 bits, hexadecimal."""
        return fingerprint(self.source, self.labels)

    @property
    def group(self) -> str:
        """Alerts with the same rule and service are judged together."""
        return f"{self.name}|{self.service or ''}"

    @property
    def summary(self) -> str:
        """The source's own sentence, else the rule's name."""
        said = (self.annotations.get(key, "").strip() for key in ("summary", "description"))
        return next(filter(None, said), self.name.strip())

    @property
    def text(self) -> str:
        """Everything a person would read, for matching severity examples and symptoms."""
        return " ".join([self.name, *self.annotations.values()])


def fingerprint(source: str, labels: Mapping[str, str]) -> str:
    """blake2b-128 over the sorted labels; connectors keep the two separators out, so no two sets collide by joining."""
    flat = "\x00".join([source, *(f"{key}\x01{labels[key]}" for key in sorted(labels))])
    return blake2b(flat.encode(), digest_size=16).hexdigest()


def change(before: Alert | None, after: Alert) -> Change:
    """What a delivery of the same alert changed. `same` is a mere re-send, `stale` is older than what is known."""
    match before:
        case None:
            return "new"
        case Alert(starts_at=start) if after.ends_at and after.ends_at < start:
            return "stale"  # the end of an earlier firing, told late by a second Alertmanager
        case Alert(firing=was) if was != after.firing:
            return "again" if after.firing else "over"
        case Alert(starts_at=start) if after.firing and start != after.starts_at and not after.starts_guessed:
            return "again"
        case Alert(annotations=words) if words != after.annotations:
            return "changed"
        case _:
            return "same"


def join(log: Log, at: datetime, *, alert: Alert, why: str, by: str) -> AlertJoined:
    """The alert belongs to this incident. The same firing joins once."""
    known = fold(0, log).alerts.get(alert.fingerprint)
    if known and known.firing and known.joined.starts_at == alert.starts_at:
        raise Refused("This alert is part of the incident already.")
    return AlertJoined(
        at=at,
        by=by,
        fingerprint=alert.fingerprint,
        name=alert.name,
        source=alert.source,
        starts_at=alert.starts_at,
        why=why,
        labels=alert.labels,
        summary=alert.summary,
    )


def clear(log: Log, at: datetime, *, alert: Alert, by: str) -> AlertCleared:
    """The alert is over."""
    known = fold(0, log).alerts.get(alert.fingerprint)
    if known is None or not known.firing:
        raise Refused("This alert does not fire in this incident.")
    return AlertCleared(at=at, by=by, fingerprint=alert.fingerprint, name=alert.name, ended_at=alert.ends_at or at)
