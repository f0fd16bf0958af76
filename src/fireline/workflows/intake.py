"""Intake: from alerts whose state changed to the incidents they belong to.

Each alert that fires joins an open incident or, by the rules, declares one, waits for a person, or is ignored;
each says why in a sentence, in its row and in the incident's log. Alerts of one look that go the same way are
one event. A look brings log and rows to what is true now, so doing it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from fireline.core import alert as alerts
from fireline.core import flap, storm
from fireline.core import incident as incidents
from fireline.core.alert import Alert
from fireline.core.events import HOUSE, IncidentDeclared, Log, SeverityChanged
from fireline.core.incident import Incident
from fireline.core.join import Joins, Near, place
from fireline.core.joined import JoinedAlert
from fireline.core.refusal import AWAY, Refused
from fireline.core.severity import Suggestion
from fireline.core.silence import Silence
from fireline.core.storm import Limits, Storm, Stormy
from fireline.store import neighbours
from fireline.store.alerts import AlertStore, Kept, Settled, Verdict
from fireline.store.judging import group_key
from fireline.store.ledger import AlreadyOpen, Deed, Ledger
from fireline.workflows.declare import Declare
from fireline.workflows.merge import Merge
from fireline.workflows.weigh import Weigh, Weighed

Covering = Callable[[Mapping[str, str], datetime], Silence | None]  # labels and when, to the silence that holds


def nothing_is_silent(_labels: Mapping[str, str], _at: datetime) -> Silence | None:
    """For a house without silences."""
    return None


@dataclass(frozen=True, slots=True)
class News:
    """An alert that fires and belongs nowhere yet, with its row."""

    kept: Kept
    weighed: Weighed

    @property
    def alert(self) -> Alert:
        """The alert itself."""
        return self.kept.alert


@dataclass(slots=True)
class Look:
    """What one look has found out so far."""

    at: datetime
    incidents: dict[int, Incident] = field(default_factory=dict)  # open ones, as they were when it began
    joined: dict[int, list[tuple[Alert, str]]] = field(default_factory=dict)
    graver: dict[int, list[tuple[Suggestion, Alert]]] = field(default_factory=dict)
    over: dict[int, list[Alert]] = field(default_factory=dict)
    silent: dict[int, list[Alert]] = field(default_factory=dict)
    later: dict[datetime, list[str]] = field(default_factory=dict)  # what is to be looked at again, and when
    settled: list[Settled] = field(default_factory=list)
    near: list[Near] = field(default_factory=list)  # open incidents of the services in this look
    storm: Stormy | None = None  # the incident that further faults of this look join

    def settle(self, kept: Kept, verdict: Verdict, why: str, incident: int | None = None) -> None:
        """Decide about one alert."""
        if (verdict, why, incident or kept.incident) != (kept.verdict, kept.why, kept.incident):
            one = Settled(fingerprint=kept.fingerprint, verdict=verdict, why=why, incident=incident)
            self.settled.append(one)

    def join(self, kept: Kept, joins: Joins, verdict: Verdict = "joined") -> None:
        """This alert goes to that incident."""
        self.joined.setdefault(joins.number, []).append((kept.alert, joins.why))
        if kept.alert.no_data:
            self.silent.setdefault(joins.number, []).append(kept.alert)
        self.settle(kept, verdict, joins.why, joins.number)


@dataclass(frozen=True, slots=True)
class Intake:
    """Looks at alerts."""

    ledger: Ledger
    alerts: AlertStore
    declare: Declare
    merges: Merge
    weigh: Weigh
    together: timedelta  # alerts of one service that begin this near each other are one incident
    limits: Limits
    now: Callable[[], datetime]
    silenced: Covering = nothing_is_silent

    def __call__(self, fingerprints: tuple[str, ...]) -> None:
        """Bring each of these alerts to where it belongs."""
        look = Look(self.now())
        kept = self.alerts.kept(fingerprints)
        self._open_ones(look, {one.incident for one in kept if one.incident is not None})
        news = [found for one in kept if (found := self._known(look, one))]
        self._place(look, news)
        self._write(look)

    def _open_ones(self, look: Look, numbers: Iterable[int]) -> None:
        for number in numbers:
            now = self.ledger.read(number)
            if not now.resolved:
                look.incidents[number] = now

    def _known(self, look: Look, kept: Kept) -> News | None:
        """What can be said by the alert's own row and incident; the rest of them is news."""
        alert, number = kept.alert, kept.incident
        incident = look.incidents.get(number) if number is not None else None
        here = incident.alerts.get(kept.fingerprint) if incident else None
        if incident and here:
            if flap.flapping(kept.turns, look.at, was=here.flaps is not None):
                deed = partial(alerts.flap, alert=alert, turns=kept.turns, by=HOUSE)
                self.ledger.offer(incident.number, deed)
                look.later.setdefault(flap.settles_at(kept.turns), []).append(kept.fingerprint)
                return None
            if alert.state == "over":
                look.over.setdefault(incident.number, []).append(alert)
                return None
            if alert.state == "no data" and here.firing:
                look.silent.setdefault(incident.number, []).append(alert)
                return None
            again = _again(here)
            if again and not self._silent(look, kept):
                look.join(kept, Joins(number=incident.number, why=f"{again}, and is part of INC-{number} already"))
            return None
        if not alert.firing or self._silent(look, kept):
            return None
        return self._news(look, kept)

    def _silent(self, look: Look, kept: Kept) -> bool:
        """A silence covers it: it is shown, declares and joins nothing, and is looked at when the silence ends."""
        silence = self.silenced(kept.alert.labels, look.at)
        if silence:
            look.settle(kept, "silenced", silence.why)
            look.later.setdefault(silence.ends_at, []).append(kept.fingerprint)
        return silence is not None

    def _news(self, look: Look, kept: Kept) -> News | None:
        """What rules and runbooks make of an alert; None when that settles it."""
        weighed = self.weigh(kept.alert)
        if weighed.do == "ignore":
            look.settle(kept, "ignored", weighed.why)
            return None
        return News(kept, weighed)

    def _place(self, look: Look, news: Sequence[News]) -> None:
        """Join what an open incident has room for; declare for the rest, the gravest fault first."""
        if not news:
            return
        database = self.ledger.database
        keys = neighbours.by_key(database, {one.weighed.key for one in news})
        groups = neighbours.by_group(database, {one.alert.group for one in news})
        look.near = neighbours.by_service(
            database, {one.weighed.own_service for one in news if one.weighed.own_service}
        )
        faults: dict[str, list[News]] = {}
        placed: list[tuple[News, Joins | None]] = []
        for one in news:
            number = one.kept.incident
            joins = self._joins(
                look,
                one,
                known=number if number in look.incidents else None,
                same_fault=keys.get(one.weighed.key) or groups.get(group_key(one.alert.group)),
            )
            if joins and not one.alert.no_data:
                placed.append((one, joins))
            elif one.weighed.do == "declare":
                placed.append((one, None))
            else:
                look.settle(one.kept, "suggested", one.weighed.why)
        for one, joins in sorted(placed, key=_gravest_first):
            if joins:
                self._join(look, one, joins)
            else:
                faults.setdefault(one.weighed.key, []).append(one)
        for n, (key, same) in enumerate(faults.items()):
            self._fault(look, key, same, coming=len(faults) - n)

    def _joins(self, look: Look, one: News, *, known: int | None = None, same_fault: int | None = None) -> Joins | None:
        return place(
            one.alert,
            service=one.weighed.own_service,
            about=one.weighed.about,
            known=known,
            same_fault=same_fault,
            near=look.near,
            together=self.together,
        )

    def _join(self, look: Look, news: News, joins: Joins, verdict: Verdict = "joined") -> None:
        look.join(news.kept, joins, verdict)
        if news.weighed.suggestion.sure:
            look.graver.setdefault(joins.number, []).append((news.weighed.suggestion, news.alert))

    def _fault(self, look: Look, key: str, same: Sequence[News], *, coming: int) -> None:
        """One incident for one fault, or the storm's for all of them. `coming`: faults not dealt with yet."""
        first = same[0]
        joins = self._joins(look, first) or self._in_storm(look, first)  # what was declared since the look began counts
        if joins is None:
            try:
                now = self._open(key, first, coming)
            except AlreadyOpen as already:
                number = already.number
            except Storm as too_many:
                return self._storm(look, too_many, same)
            else:
                number = now.number
                if now.resolved:  # a person ended it while this fired; telling it again does not undo that
                    why = f"{now.name} was declared for it and is resolved, so a person decides"
                    for one in same:
                        look.settle(one.kept, "suggested", why)
                    return None
                if first.weighed.own_service:
                    look.near.append(
                        Near(number=number, service=first.weighed.own_service, began=now.declared.detected_at)
                    )
                self._join(
                    look, first, Joins(number=number, why=f"declared INC-{number}: {first.weighed.about}"), "declared"
                )
                same = same[1:]
            joins = Joins(number=number, why=f"same fault as INC-{number}: {first.weighed.about}")
        for one in same:
            self._join(look, one, joins)
        return None

    def _open(self, key: str, news: News, coming: int) -> Incident:
        alert = news.alert
        earlier: dict[str, Any] = {"earlier": before} if (before := self._told(news.kept.incident)) is not None else {}
        deed = self.declare.deed(
            title=alert.summary,
            text=alert.text,
            found=news.weighed.found,
            by=HOUSE,
            source=alert.source,
            service=news.weighed.service,
            detected_at=alert.starts_at,
            values=alert.labels,
            suggestion=news.weighed.suggestion,
            **earlier,
        )

        def seeing(connection: sa.Connection, declaration: Deed) -> Deed:
            lately = neighbours.lately(connection, self.now() - storm.reach(self.limits))
            return partial(storm.declare, lately=lately, declaration=declaration, limits=self.limits, coming=coming)

        once = f"declare:{alert.fingerprint}:{alert.starts_at.isoformat()}"
        return self.ledger.open(deed, join_key=key, key=once, seeing=seeing)

    def _told(self, number: int | None) -> int | None:
        """The incident the alert was part of before, where everybody may know of that."""
        return None if number is None or self.ledger.read(number).private else number

    def _in_storm(self, look: Look, news: News) -> Joins | None:
        """The incident of the storm that is going on: alerts joined it a moment ago, and this one is no graver."""
        if look.storm is None and self.limits.faults and (found := neighbours.storm(self.ledger.database)):
            lately = look.at - timedelta(seconds=self.limits.seconds)
            look.storm = found if found.joined_at and found.joined_at > lately else None
        if look.storm is None or storm.graver(news.weighed.suggestion.severity.id, [look.storm]):
            return None
        return _stormy(look.storm)

    def _storm(self, look: Look, storm_: Storm, same: Sequence[News]) -> None:
        """Say that it is a storm, in the incident that paged, and make the others of the last minute part of it."""
        number = storm_.first.number
        others = [one.number for one in storm_.others]
        names = [one.declared.title for one in (storm_.first, *storm_.others)]
        deed = partial(
            storm.begin,
            count=storm_.count,
            seconds=self.limits.seconds,
            names=[*names, *(one.alert.name for one in same)],
            incidents=others,
            by=HOUSE,
        )
        self.ledger.offer(number, deed, key=f"storm:{number}")
        for other in others:
            why = f"a storm: {storm_.count} different faults within {self.limits.seconds:g} s"
            try:
                self.merges.merge(other, into=number, why=why, by=HOUSE)
            except Refused as no:  # somebody resolved or merged it meanwhile
                if no.status == AWAY:
                    raise
        look.storm = Stormy(number=number, severity=storm_.first.severity, joined_at=look.at)
        for one in same:
            self._join(look, one, _stormy(look.storm))

    def _write(self, look: Look) -> None:
        """One event for all alerts of an incident that did the same; then the rows."""
        for number, joined in look.joined.items():
            done = self.ledger.offer(number, partial(alerts.join_all, alerts=joined, by=HOUSE))
            if not done and self.ledger.read(number).resolved:  # a moment ago: what fires now belongs elsewhere
                gone = [alert.fingerprint for alert, _ in joined]
                look.settled = [one for one in look.settled if one.fingerprint not in gone]
                look.later.setdefault(look.at, []).extend(gone)
        for number, over in look.over.items():
            self.ledger.offer(number, partial(alerts.clear_all, alerts=over, by=HOUSE))
        for number, silent in look.silent.items():
            self.ledger.offer(number, partial(alerts.fall_silent, alerts=silent, by=HOUSE))
        known = neighbours.severities(self.ledger.database, look.graver)
        for number, graver in look.graver.items():
            suggestion, alert = min(graver, key=lambda one: one[0].severity.id[-1])
            if suggestion.severity.id[-1] < known[number][-1]:
                self.ledger.offer(number, partial(_raise, suggestion=suggestion, alert=alert))
        self.alerts.settle_all(look.settled)
        for due_at, fingerprints in look.later.items():
            self.alerts.look_later(fingerprints, due_at)


def _gravest_first(placed: tuple[News, Joins | None]) -> tuple[str, datetime]:
    news, _ = placed
    return news.weighed.suggestion.severity.id[-1], news.alert.starts_at


def _stormy(one: Stormy) -> Joins:
    why = f"a storm: so many faults at once join INC-{one.number} instead of paging for each"
    return Joins(number=one.number, why=why)


def _again(here: JoinedAlert) -> str | None:
    """What is new about an alert that fires in this incident; None when nothing is."""
    if here.flaps:
        return "it has settled and fires"
    if here.ended_at is not None:
        return "it fires again"
    return "its source speaks again" if here.silent_since else None


def _raise(log: Log, at: datetime, *, suggestion: Suggestion, alert: Alert) -> SeverityChanged:
    """Judge the incident by its gravest alert, unless a person has judged it."""
    now = incidents.fold(0, log)
    judged = [event for event in log if isinstance(event, IncidentDeclared | SeverityChanged) and event.by != HOUSE]
    row = suggestion.severity
    if judged or row.id[-1] >= now.severity[-1]:
        raise Refused("It is as grave already, or a person has judged it.")
    return incidents.change_severity(
        log,
        at,
        severity=row.id,
        severity_name=row.name,
        response_minutes=row.response_minutes,
        reason=f"{alert.name} joined. {suggestion.why}",
        by=HOUSE,
    )
