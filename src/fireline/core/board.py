"""The board: what a status page shows, read from what was published and from planned maintenance.

Nothing here knows an incident's log: a board holds only words that somebody approved for the public.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from itertools import groupby

import msgspec

from fireline.core.events import Impact, State, Status

# Worst first: what of several incidents a component shows.
GRAVEST: tuple[State, ...] = (
    "major_outage", "partial_outage", "degraded_performance", "under_maintenance", "operational",
)  # fmt: skip
SAID: dict[str, str] = {
    "operational": "Operational",
    "degraded_performance": "Degraded",
    "partial_outage": "Partial outage",
    "major_outage": "Major outage",
    "under_maintenance": "Under maintenance",
}
# Words of Statuspage's indicator, as its `status.json` gives them.
OVERALL: dict[str, str] = {
    "none": "All systems operational",
    "maintenance": "Service under maintenance",
    "minor": "Some services are degraded",
    "major": "Partial outage",
    "critical": "Major outage",
}
FROM_STATE: dict[State, str] = {
    "operational": "none", "under_maintenance": "maintenance", "degraded_performance": "minor",
    "partial_outage": "major", "major_outage": "critical",
}  # fmt: skip
WEIGHT = tuple(OVERALL)
DAYS_SHOWN = 14  # of past incidents on the first page
LONG_OVER = timedelta(days=7)  # a finished maintenance stands no longer on the first page


def code(text: str) -> str:
    """A short id for things that have a name only: the same name is the same id, in every replica and for ever."""
    return sha256(text.encode()).hexdigest()[:12]


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the page."""

    name: str
    group: str = ""

    @property
    def id(self) -> str:
        """Its id in the JSON."""
        return code(f"component {self.name}")


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One published update of one incident, whose public id `incident` is."""

    incident: str
    update: int
    at: datetime
    status: Status
    title: str
    text: str
    impact: Impact
    components: dict[str, State] = msgspec.field(default_factory=dict)

    @property
    def id(self) -> str:
        """Its id in the JSON and in feeds."""
        return code(f"{self.incident} {self.update}")


class Maintenance(msgspec.Struct, frozen=True, kw_only=True):
    """Planned work that the public was told of."""

    number: int
    title: str
    text: str
    starts_at: datetime
    ends_at: datetime
    told_at: datetime
    components: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Its id in the JSON and in feeds."""
        return code(f"maintenance {self.number} {self.told_at.isoformat()}")

    def status(self, at: datetime) -> str:
        """`scheduled`, `in_progress` or `completed`."""
        return "scheduled" if at < self.starts_at else "in_progress" if at < self.ends_at else "completed"


class Told(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One incident as the public knows it. `notices` are oldest first, at least one."""

    notices: tuple[Notice, ...]

    @property
    def id(self) -> str:
        """Its public id, which its address holds."""
        return self.notices[0].incident

    @property
    def last(self) -> Notice:
        """The newest word, whose title and impact count."""
        return self.notices[-1]

    @property
    def began(self) -> datetime:
        """When the public was first told."""
        return self.notices[0].at

    @property
    def resolved(self) -> bool:
        """The public was told that it is over."""
        return self.last.status == "Resolved"

    @cached_property
    def components(self) -> dict[str, State]:
        """The newest state of each component it ever named."""
        return {name: state for one in self.notices for name, state in one.components.items()}

    def first(self, status: Status) -> datetime | None:
        """When it was last said to be in this status."""
        return next((one.at for one in reversed(self.notices) if one.status == status), None)


class Board(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """All that the page shows. `read_at` is when it was read from the database."""

    title: str
    url: str  # of the first page, for feeds and JSON
    components: tuple[Component, ...] = ()
    notices: tuple[Notice, ...] = ()
    maintenances: tuple[Maintenance, ...] = ()
    read_at: datetime
    drill: bool = False

    @cached_property
    def incidents(self) -> tuple[Told, ...]:
        """Every incident, the newest first."""
        ordered = sorted(self.notices, key=lambda one: (one.incident, one.update))
        found = [Told(notices=tuple(some)) for _, some in groupby(ordered, key=lambda one: one.incident)]
        return tuple(sorted(found, key=lambda one: one.began, reverse=True))

    @property
    def unresolved(self) -> tuple[Told, ...]:
        """Those that are not over."""
        return tuple(one for one in self.incidents if not one.resolved)

    @property
    def changed_at(self) -> datetime | None:
        """When anything was last said."""
        said = [*(one.at for one in self.notices), *(one.told_at for one in self.maintenances)]
        return max(said, default=None)

    def planned(self, at: datetime) -> tuple[Maintenance, ...]:
        """Maintenance that is not over, the next one first."""
        return tuple(
            sorted((one for one in self.maintenances if at < one.ends_at), key=lambda one: (one.starts_at, one.number))
        )

    def finished(self, at: datetime) -> tuple[Maintenance, ...]:
        """Maintenance that was over not long ago."""
        return tuple(one for one in self.maintenances if one.ends_at <= at < one.ends_at + LONG_OVER)

    def state(self, name: str, at: datetime) -> State:
        """What a component shows now: the worst that any open incident says of it."""
        said: list[State] = [one.components[name] for one in self.unresolved if name in one.components]
        if any(name in one.components for one in self.planned(at) if one.status(at) == "in_progress"):
            said.append("under_maintenance")
        return min(said, key=GRAVEST.index, default="operational")

    def indicator(self, at: datetime) -> str:
        """`none`, `maintenance`, `minor`, `major` or `critical`: the worst of all incidents and components."""
        said = [one.last.impact for one in self.unresolved]
        states = [FROM_STATE[self.state(one.name, at)] for one in self.components]
        working = any(one.status(at) == "in_progress" for one in self.planned(at))
        return max([*said, *states, *(["maintenance"] if working else [])], key=WEIGHT.index, default="none")

    def overall(self, at: datetime) -> str:
        """The same in words. An incident without impact still is one."""
        word = self.indicator(at)
        return "We are looking into something" if word == "none" and self.unresolved else OVERALL[word]

    def groups(self) -> tuple[tuple[str, tuple[Component, ...]], ...]:
        """Components by group, in the order of the settings; those without one under an empty name."""
        names = dict.fromkeys(one.group for one in self.components)
        return tuple((name, tuple(one for one in self.components if one.group == name)) for name in names)

    def days(self, at: datetime) -> tuple[tuple[date, tuple[Told, ...]], ...]:
        """The last two weeks, today first, with what began on each day."""
        days = [at.date() - timedelta(days=n) for n in range(DAYS_SHOWN)]
        return tuple((day, tuple(one for one in self.incidents if one.began.date() == day)) for day in days)


def components_of(service: str | None, rows: Iterable[tuple[str, tuple[str, ...]]]) -> tuple[str, ...]:
    """The components (name, services) that stand for this service of ours."""
    return tuple(name for name, services in rows if service and service in services)
