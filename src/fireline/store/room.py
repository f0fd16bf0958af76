"""Room: which open incidents could take a new alert in, as seen by the transaction that writes it.

Most new alerts declare nothing and belong nowhere. That can be said while they are written, so that nobody has
to read them again, as long as it is exact: what is open is read in the same transaction, and what a look that
is not done yet may open or enlarge counts as if it were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from fireline.core.alert import Alert
from fireline.core.events import IncidentDeclared, from_json
from fireline.core.join import Near
from fireline.store.driver import Driver

FRESH = timedelta(seconds=1)  # for which the groups of open incidents are known, should another replica add one


class Aside(NamedTuple):
    """What becomes of a new alert after which nothing follows; without a verdict it is over already."""

    verdict: str | None
    why: str | None
    group: str | None = None  # the alert's, where it is known already


@dataclass(frozen=True, slots=True)
class Room:
    """What is open now."""

    keys: Mapping[str, frozenset[str]]  # the faults, by what stands before their first bar
    near: Mapping[str, Sequence[Near]]  # by service, in lower case
    groups: frozenset[str]
    claims: Mapping[str, int]  # what alerts that are still to be looked at may open or enlarge

    @property
    def names(self) -> frozenset[str]:
        """What an alert would have to share with something that is open, or about to be, to belong there."""
        return frozenset((*self.keys, *(f"service {one}" for one in self.near), *self.groups, *self.claims))

    @property
    def empty(self) -> bool:
        """Nothing is open, and nothing is about to be."""
        return not (self.near or self.keys or self.groups or self.claims)


class Sift(Protocol):
    """Whoever can say of new alerts that nothing follows."""

    def refresh(self, at: datetime) -> None:
        """Read what has to be read. Called outside transactions."""

    def __call__(self, alerts: Sequence[Alert], at: datetime, room: Room) -> Sequence[Aside | None]:
        """What becomes of each; None: it has to be looked at. Reads nothing."""

    def claims(self, alert: Alert) -> Iterable[str]:
        """What another alert may share with this one so that it could join where this one goes."""


@dataclass(slots=True)
class Rooms:
    """Reads rooms; belongs to the writer's thread."""

    claims: dict[str, int] = field(default_factory=dict)
    _looks: dict[int, frozenset[str]] = field(default_factory=dict)  # the claims of each look that is not done
    _known: dict[int, Near] = field(default_factory=dict)
    _groups: frozenset[str] = frozenset()
    _groups_of: frozenset[int] | None = None
    _read_at: datetime | None = None

    def read(self, driver: Driver, at: datetime) -> Room:
        """What is open in this transaction."""
        keys: dict[str, set[str]] = {}
        near: dict[str, list[Near]] = {}
        numbers = set()
        for number, key, service, body in driver.opened():
            numbers.add(number)
            if key:
                keys.setdefault(key.partition("|")[0], set()).add(key)
            if service:
                if number not in self._known:
                    self._known[number] = Near(number=number, service=service, began=_began(body))
                near.setdefault(service.lower(), []).append(self._known[number])
        for gone in self._known.keys() - numbers:
            del self._known[gone]
        self._read_groups(driver, frozenset(numbers), at)
        return Room({start: frozenset(some) for start, some in keys.items()}, near, self._groups, self.claims)

    def stale(self) -> None:
        """An alert became part of an incident."""
        self._groups_of = None

    def asked(self, look: int, claims: frozenset[str]) -> None:
        """This look is on the disk."""
        self._looks[look] = claims
        for one in claims:
            self.claims[one] = self.claims.get(one, 0) + 1

    def looked(self, looks: Iterable[int]) -> None:
        """These are done."""
        for look in looks:
            for one in self._looks.pop(look, frozenset()):
                self.claims[one] -= 1
                if not self.claims[one]:
                    del self.claims[one]

    def _read_groups(self, driver: Driver, numbers: frozenset[int], at: datetime) -> None:
        if numbers == self._groups_of and self._read_at and timedelta() <= at - self._read_at < FRESH:
            return
        self._groups = driver.groups(numbers) if numbers else frozenset()
        self._groups_of, self._read_at = numbers, at


def _began(body: str) -> datetime:
    event = from_json(body)
    assert isinstance(event, IncidentDeclared)
    return event.detected_at
