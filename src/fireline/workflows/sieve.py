"""Sieve: says of a new alert, while it is written, that nothing follows, so that nobody has to look at it.

It waits for a person, or a rule ignores it: no silence covers it, it declares nothing, and no open incident could
take it. It asks the same rules, runbooks and joins as the intake, so looking would come to the same. Whatever it
is not sure of is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from fireline.core.alert import NAME_LABELS, SERVICE_LABELS, Alert
from fireline.core.join import OWN_SERVICE, place
from fireline.core.silence import Quiet, Silence
from fireline.store.judging import group_key
from fireline.store.room import Aside, Room
from fireline.workflows.weigh import Weigh, Weighed

OVER = Aside(None, None)
MOSTLY = SERVICE_LABELS[0]  # says what an alert is about
REMEMBERED = 10_000  # kinds; rules look at labels that have few different words


class Silent(Protocol):
    """Whoever knows the silences."""

    def refresh(self, at: datetime) -> None:
        """Read them, if that was too long ago."""

    def known(self) -> Quiet:
        """As they were read last."""


class Kind(NamedTuple):
    """What alerts with the same words have in common, where rules, silences and joins look."""

    aside: Aside | None  # when no open incident could take it; None: it has to be looked at
    silences: tuple[Silence, ...]  # that cover it at one time or another
    claims: tuple[str, ...]  # its group, the start of its fault's key, its service


class Sieve:
    """See `store.room.Sift`. Nearly all alerts are of a kind that came before: those are judged once."""

    def __init__(self, weigh: Weigh, silences: Silent, together: timedelta) -> None:
        self.weigh, self.silences, self.together = weigh, silences, together
        self._kinds: dict[tuple[str | bool | None, ...], Kind | None] = {}
        self._quiet = silences.known()
        self._names = self._looked_at()

    def refresh(self, at: datetime) -> None:
        """Read the silences, outside any transaction."""
        self.silences.refresh(at)
        if self.silences.known() is not self._quiet:
            self._quiet, self._kinds = self.silences.known(), {}
            self._names = self._looked_at()

    def __call__(self, alerts: Sequence[Alert], at: datetime, room: Room) -> list[Aside | None]:
        """What becomes of each; None: it has to be looked at."""
        kinds, names, taken = self._kinds, self._names, room.names
        found: list[Aside | None] = []
        for alert in alerts:
            if alert.ends_at is not None:
                found.append(OVER)
                continue
            said = alert.labels.get
            words = (alert.source, alert.no_data, said(MOSTLY) or alert.service, *map(said, names))
            try:
                kind = kinds[words]
            except KeyError:
                kind = self._kind(alert)
                if len(kinds) >= REMEMBERED:
                    kinds.clear()
                kinds[words] = kind
            if kind and kind.silences and any(one.starts_at <= at < one.ends_at for one in kind.silences):
                found.append(None)
            elif kind and (kind.aside is None or kind.aside.verdict == "ignored" or taken.isdisjoint(kind.claims)):
                found.append(kind.aside)
            else:
                found.append(self._by_itself(alert, at, room))
        return found

    def _looked_at(self) -> tuple[str, ...]:
        """The labels that what is decided here may depend on, beside what the alert is about."""
        return tuple(dict.fromkeys((*NAME_LABELS, *self.weigh.rules.names, *self._quiet.names, *OWN_SERVICE)))

    def _kind(self, alert: Alert) -> Kind | None:
        """What it has in common with others of its words; None when its sentences count, too."""
        weighed = self.weigh(alert)
        if weighed.reads:
            return None
        do, why = weighed.decided
        group = group_key(alert.group)
        aside = {"ignore": Aside("ignored", why, group), "suggest": Aside("suggested", why, group)}.get(do)
        return Kind(aside, self._quiet.fitting(alert.labels), _claims(alert, weighed))

    def _by_itself(self, alert: Alert, at: datetime, room: Room) -> Aside | None:
        """The same, looked up from the beginning."""
        if self._quiet.covering(alert.labels, at):
            return None
        weighed = self.weigh(alert)
        do, why = weighed.decided
        if do == "ignore":
            return Aside("ignored", why)
        if do == "declare" or not (room.empty or self._alone(alert, weighed, room)):
            return None
        return Aside("suggested", why)

    def claims(self, alert: Alert) -> Iterable[str]:
        """Its group, its fault and its service: what others may join it by."""
        weighed = self.weigh(alert)
        return (*_claims(alert, weighed), weighed.key)

    def _alone(self, alert: Alert, weighed: Weighed, room: Room) -> bool:
        """No open incident takes it, nor one that may be opened in a moment."""
        claims, group, service, at = room.claims, group_key(alert.group), weighed.own_service, _at(weighed)
        if claims and (group in claims or (service and _of(service) in claims)):
            return False
        if at in claims and weighed.key in claims:  # which fault it is, is dear to know: only where one may be open
            return False
        titles = {key.partition("|")[2] for key in room.keys.get(at, ())}
        same = group in room.groups or (bool(titles) and weighed.may_be(titles))
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


def _claims(alert: Alert, weighed: Weighed) -> tuple[str, ...]:
    service = weighed.own_service
    found = (group_key(alert.group), _at(weighed))
    return (*found, _of(service)) if service else found


def _of(service: str) -> str:
    return f"service {service.lower()}"


def _at(weighed: Weighed) -> str:
    """What the keys of all faults of its service begin with."""
    return (weighed.service or "?").partition("|")[0]
