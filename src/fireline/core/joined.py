"""Joined: the alerts of an incident, as its log tells them one by one or many at once.

A look at a batch writes one event for all alerts that did the same; every reader asks here, so that both
ways of telling mean the same to gates, timelines and reviews.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from fireline.core.events import (
    AlertCleared,
    AlertFlaps,
    AlertJoined,
    AlertsCleared,
    AlertSilent,
    AlertsJoined,
    AlertsMoved,
    AnyEvent,
    Begun,
    Ended,
    IncidentTakenIn,
    Log,
)

# Whatever changes which alerts fire: the green window counts from the newest of these.
ALERTS = (
    AlertJoined, AlertCleared, AlertsJoined, AlertsCleared, AlertSilent, AlertFlaps, AlertsMoved, IncidentTakenIn,
)  # fmt: skip
NAMES_SHOWN = 5  # of many alerts, in a sentence


@dataclass(frozen=True, slots=True)
class JoinedAlert:
    """An alert of this incident and what is known of it."""

    joined: AlertJoined | Begun
    ended_at: datetime | None = None
    silent_since: datetime | None = None  # nobody can see it since then
    flaps: AlertFlaps | None = None  # it comes and goes
    taken_from: int | None = None  # the merged incident that had it

    @property
    def firing(self) -> bool:
        """It is not over, as far as anybody knows. One that comes and goes counts as firing until it has settled."""
        return self.flaps is not None or self.ended_at is None

    @property
    def state(self) -> str:
        """`flapping`, `over`, `no data` or `firing`."""
        if self.flaps:
            return "flapping"
        if self.ended_at is not None:
            return "over"
        return "no data" if self.silent_since else "firing"


def begun(event: AnyEvent) -> tuple[AlertJoined | Begun, ...]:
    """The alerts that came with this event."""
    match event:
        case AlertJoined():
            return (event,)
        case AlertsJoined(alerts=alerts) | IncidentTakenIn(alerts=alerts):
            return alerts
        case _:
            return ()


def ended(event: AnyEvent) -> tuple[Ended, ...]:
    """The alerts that were over with this event, each with when this house knew it."""
    match event:
        case AlertCleared():
            return (Ended(fingerprint=event.fingerprint, name=event.name, at=event.at),)
        case AlertsCleared(alerts=alerts):
            return tuple(Ended(fingerprint=one.fingerprint, name=one.name, at=event.at) for one in alerts)
        case IncidentTakenIn(over=over):
            return over
        case _:
            return ()


def tell(alerts: dict[str, JoinedAlert], event: AnyEvent) -> None:
    """Bring `alerts`, by fingerprint, up to date with one more event. Changes it in place: logs of storms are long."""
    source = event.number if isinstance(event, IncidentTakenIn) else None
    for one in begun(event):
        alerts[one.fingerprint] = JoinedAlert(one, taken_from=source)
    for over in ended(event):
        if known := alerts.get(over.fingerprint):
            alerts[over.fingerprint] = replace(known, ended_at=over.at, silent_since=None, flaps=None)
    match event:
        case AlertSilent(alerts=silent):
            for one_ in silent:
                if known := alerts.get(one_.fingerprint):
                    alerts[one_.fingerprint] = replace(known, silent_since=one_.at)
        case AlertFlaps(fingerprint=key) if key in alerts:
            alerts[key] = replace(alerts[key], flaps=event)
        case AlertsMoved(fingerprints=keys):
            for key in keys:
                alerts.pop(key, None)
        case _:
            pass


def beginnings(log: Log) -> Iterator[tuple[datetime, AlertJoined | Begun]]:
    """Every alert of the log with when it joined."""
    return ((event.at, one) for event in log for one in begun(event))


def named(names: list[str]) -> str:
    """The names in a sentence: `A, B and 3 more`. Equal ones are said once, with how many."""
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    said = [name if n == 1 else f"{name} ({n})" for name, n in counts.items()]
    if len(said) <= NAMES_SHOWN:
        return ", ".join(said)
    return f"{', '.join(said[:NAMES_SHOWN])} and {len(said) - NAMES_SHOWN} more"
