"""Sieve: says of a new alert, while it is written, that nothing follows, so that nobody has to look at it.

It waits for a person, or a rule ignores it: no silence covers it, it declares nothing, and no open incident could
take it. It asks the same rules, runbooks and joins as the intake, so looking would come to the same. Whatever it
is not sure of is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from fireline.core.alert import Alert
from fireline.core.join import place
from fireline.core.silence import Quiet
from fireline.store.judging import group_key
from fireline.store.room import Aside, Room
from fireline.workflows.weigh import Weigh, Weighed

OVER = Aside(None, None)


class Silent(Protocol):
    """Whoever knows the silences."""

    def refresh(self, at: datetime) -> None:
        """Read them, if that was too long ago."""

    def known(self) -> Quiet:
        """As they were read last."""


@dataclass(frozen=True, slots=True)
class Sieve:
    """See `store.room.Sift`."""

    weigh: Weigh
    silences: Silent
    together: timedelta

    def refresh(self, at: datetime) -> None:
        """Read the silences, outside any transaction."""
        self.silences.refresh(at)

    def __call__(self, alerts: Sequence[Alert], at: datetime, room: Room) -> list[Aside | None]:
        """What becomes of each; None: it has to be looked at."""
        covering, empty = self.silences.known().covering, room.empty
        found: list[Aside | None] = []
        for alert in alerts:
            if alert.ends_at is not None:
                found.append(OVER)
                continue
            if covering(alert.labels, at):
                found.append(None)
                continue
            weighed = self.weigh(alert)
            do, why = weighed.decided
            if do == "ignore":
                found.append(Aside("ignored", why))
            elif do == "declare" or not (empty or self._alone(alert, weighed, room)):
                found.append(None)
            else:
                found.append(Aside("suggested", why))
        return found

    def claims(self, alert: Alert) -> Iterable[str]:
        """Its group, its fault and its service: what others may join it by."""
        weighed = self.weigh(alert)
        service = weighed.own_service
        found = (group_key(alert.group), _at(weighed), weighed.key)
        return (*found, _of(service)) if service else found

    def _alone(self, alert: Alert, weighed: Weighed, room: Room) -> bool:
        """No open incident takes it, nor one that may be opened in a moment."""
        claims, group, service, at = room.claims, group_key(alert.group), weighed.own_service, _at(weighed)
        if claims and (group in claims or (service and _of(service) in claims)):
            return False
        if at in claims and weighed.key in claims:  # which fault it is, is dear to know: only where one may be open
            return False
        keys = room.keys.get(at)
        same = group in room.groups or (keys is not None and weighed.key in keys)
        near = room.near.get(service.lower(), ()) if service else ()
        if not (same or near):
            return True
        joins = place(
            alert,
            service=service,
            about="",
            known=None,
            same_fault=0 if same else None,
            near=near,
            together=self.together,
        )
        return joins is None


def _of(service: str) -> str:
    return f"service {service.lower()}"


def _at(weighed: Weighed) -> str:
    """What the keys of all faults of its service begin with."""
    return (weighed.service or "?").partition("|")[0]
