"""Events about alerts: they join an incident, end, fall silent, flap, storm, and move between incidents."""

from __future__ import annotations

from datetime import datetime

import msgspec

from fireline.core.events.event import Event


class AlertJoined(Event, frozen=True, kw_only=True):
    """An alert belongs to this incident: it began, or it fires again."""

    fingerprint: str
    name: str
    source: str
    starts_at: datetime
    why: str  # "joined INC-142 because …"
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    summary: str = ""


class AlertCleared(Event, frozen=True, kw_only=True):
    """An alert of this incident is over."""

    fingerprint: str
    name: str
    ended_at: datetime


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """One of many alerts that came to an incident at once; the fields are those of `AlertJoined`."""

    fingerprint: str
    name: str
    source: str
    starts_at: datetime
    why: str
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    summary: str = ""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """One of many alerts whose state changed at once. `at`: when it ended, or since when nobody can see it."""

    fingerprint: str
    name: str
    at: datetime


class AlertsJoined(Event, frozen=True, kw_only=True):
    """Many alerts of one look belong to this incident, each with its own reason."""

    alerts: tuple[Begun, ...]


class AlertsCleared(Event, frozen=True, kw_only=True):
    """Many alerts of this incident were over in one look."""

    alerts: tuple[Ended, ...]


class AlertSilent(Event, frozen=True, kw_only=True):
    """Nobody can see these alerts any more: they are neither good nor over."""

    alerts: tuple[Ended, ...]


class AlertFlaps(Event, frozen=True, kw_only=True):
    """An alert comes and goes. Until it has settled it counts as firing, and its turns are not told."""

    fingerprint: str
    name: str
    turns: int
    minutes: float


class StormBegan(Event, frozen=True, kw_only=True):
    """So many different faults at once that further ones join this incident instead of paging for each."""

    count: int
    seconds: float
    names: tuple[str, ...]  # of the first faults
    incidents: tuple[int, ...] = ()  # declared moments ago, and merged into this one


class IncidentMerged(Event, frozen=True, kw_only=True):
    """This incident is part of another one, and ends here."""

    into: int
    why: str


class IncidentTakenIn(Event, frozen=True, kw_only=True):
    """Another incident was part of this one; these are its alerts, and those of them that are over."""

    number: int
    title: str
    why: str
    alerts: tuple[Begun, ...] = ()
    over: tuple[Ended, ...] = ()


class AlertsMoved(Event, frozen=True, kw_only=True):
    """These alerts are another fault, and went to an incident of their own."""

    to: int
    fingerprints: tuple[str, ...]
    why: str
