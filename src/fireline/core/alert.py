"""Alert: one alarm from one source. Alerts are rows; what an alert does to an incident is an event.

An alert is the same alert when its labels are the same. Alerts of one service and one scenario join one
incident, and each join says in a sentence why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, Literal

import msgspec

from fireline.core import flap as flapping
from fireline.core.events import (
    AlertCleared,
    AlertFlaps,
    AlertJoined,
    AlertsCleared,
    AlertSilent,
    AlertsJoined,
    Begun,
    Ended,
    Log,
)
from fireline.core.incident import Incident, fold
from fireline.core.joined import JoinedAlert
from fireline.core.refusal import Refused

NAME_LABELS = ("alertname", "name", "check", "rule")  # first one present names the alert
SERVICE_LABELS = ("service", "app", "job", "namespace", "instance")  # first one present names the service
PAIRS = frozenset({"prometheus", "alertmanager"})  # sources of which several tell the same alert

Change = Literal["new", "again", "changed", "over", "same", "stale", "silent"]
State = Literal["firing", "over", "no data"]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm as its source tells it. Times are UTC; `ends_at` is set when it is over."""

    source: str
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: datetime
    starts_guessed: bool = False  # the source did not say: `starts_at` is when it was heard
    ends_at: datetime | None = None
    generator_url: str = ""
    until: datetime | None = None  # its source promised to tell it again before then
    no_data: bool = False  # its source cannot see: whether it still fires is not known
    key: str = ""  # its source's own name for it: it stays the same alert when its labels change

    @property
    def state(self) -> State:
        """What is known about it now. No data is neither good nor over."""
        if self.ends_at is not None:
            return "over"
        return "no data" if self.no_data else "firing"

    @property
    def name(self) -> str:
        """What the rule is called."""
        for key in NAME_LABELS:  # plain loops here and below: this is asked of every alert that comes in
            if (said := self.labels.get(key)) and said.strip():
                return said
        return "unnamed alert"

    @property
    def service(self) -> str | None:
        """What it is about, when a label says so."""
        for key in SERVICE_LABELS:
            if said := self.labels.get(key):
                return said
        return None

    @property
    def firing(self) -> bool:
        """It is not over, as far as anybody knows."""
        return self.ends_at is None

    @property
    def fingerprint(self) -> str:
        """Same source and same key, or else same labels in any order: the same alert. 128 bits, hexadecimal."""
        return fingerprint(self.source, {"": self.key} if self.key else self.labels)  # no label is called nothing

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
    """blake2b-128 over the JSON of the source and the sorted labels: no two sets of labels have one JSON."""
    return blake2b(_sorted((source, labels)), digest_size=16).hexdigest()


_sorted = msgspec.json.Encoder(order="sorted").encode


def change(before: Alert | None, after: Alert, *, since: datetime | None = None) -> Change:
    """What a delivery of the same alert changed. `same` is a mere re-send, `stale` is older than what is known.

    `since`: when it was heard that it fires. What another of a pair saw begin before then is no new firing; what
    began after then is one, whose end was lost.
    """
    match before:
        case None:
            return "new"
        case Alert(starts_at=start) if after.ends_at and after.ends_at < start:
            return "stale"  # the end of an earlier firing, told late by a second Alertmanager
        case Alert(firing=was) if was != after.firing:
            return "again" if after.firing else "over"
        case Alert(no_data=blind) if after.firing and blind != after.no_data:
            return "silent" if after.no_data else "again"
        case Alert(starts_at=start) if after.firing and start != after.starts_at and not after.starts_guessed:
            late = start < after.starts_at and (since is None or since < after.starts_at)
            if late or after.source not in PAIRS:
                return "again"
            return "changed" if after.starts_at < start or before.annotations != after.annotations else "same"
        case Alert(annotations=words) if words != after.annotations:
            return "changed"
        case _:
            return "same"


def merge(before: Alert, after: Alert) -> Alert:
    """What is known after a delivery that was no turn: the newest words, and the earlier beginning while it fires.

    Two Prometheus that watch the same see it begin at different moments. Alertmanager keeps the earlier one, too
    (https://github.com/prometheus/alertmanager/blob/main/types/types.go, Alert.Merge).
    """
    if after.starts_guessed:
        return msgspec.structs.replace(after, starts_at=before.starts_at)
    if before.firing and after.firing:
        return msgspec.structs.replace(after, starts_at=min(before.starts_at, after.starts_at))
    return after


def shown_state(alert: Alert, *, turns: Sequence[datetime], verdict: str | None, at: datetime) -> str:
    """What a list says of an alert: silenced, flapping, firing, no data or over."""
    if verdict == "silenced" and alert.firing:
        return "silenced"
    return "flapping" if flapping.flapping(turns, at) else alert.state


def join(log: Log, at: datetime, *, alert: Alert, why: str, by: str) -> AlertJoined:
    """The alert belongs to this incident. The same firing joins once."""
    now = fold(0, log)
    _here(now)
    if not _is_news(now.alerts.get(alert.fingerprint), alert):
        raise Refused("This alert is part of the incident already.")
    return AlertJoined(at=at, by=by, **_begun(alert, why))


def join_all(log: Log, at: datetime, *, alerts: Sequence[tuple[Alert, str]], by: str) -> AlertJoined | AlertsJoined:
    """These alerts, each with its reason, belong to this open incident: one event for all that are new to it."""
    now = fold(0, log)
    _here(now)
    if now.resolved:
        raise Refused("This incident is resolved. What fires now is another one.")
    new = [_begun(alert, why) for alert, why in alerts if _is_news(now.alerts.get(alert.fingerprint), alert)]
    match new:
        case []:
            raise Refused("These alerts are part of the incident already.")
        case [one]:
            return AlertJoined(at=at, by=by, **one)
        case _:
            return AlertsJoined(at=at, by=by, alerts=tuple(Begun(**one) for one in new))


def clear(log: Log, at: datetime, *, alert: Alert, by: str) -> AlertCleared:
    """The alert is over."""
    known = fold(0, log).alerts.get(alert.fingerprint)
    if known is None or not known.firing:
        raise Refused("This alert does not fire in this incident.")
    return AlertCleared(at=at, by=by, fingerprint=alert.fingerprint, name=alert.name, ended_at=alert.ends_at or at)


def clear_all(log: Log, at: datetime, *, alerts: Sequence[Alert], by: str) -> AlertCleared | AlertsCleared:
    """These alerts are over: one event for all that fire here."""
    known = fold(0, log).alerts
    over = [one for one in alerts if one.fingerprint in known and known[one.fingerprint].firing]
    match over:
        case []:
            raise Refused("None of these alerts fires in this incident.")
        case [one]:
            return AlertCleared(at=at, by=by, fingerprint=one.fingerprint, name=one.name, ended_at=one.ends_at or at)
        case _:
            ended = (Ended(fingerprint=one.fingerprint, name=one.name, at=one.ends_at or at) for one in over)
            return AlertsCleared(at=at, by=by, alerts=tuple(ended))


def fall_silent(log: Log, at: datetime, *, alerts: Sequence[Alert], by: str) -> AlertSilent:
    """Nobody can see these alerts any more. They stay as they are: neither good nor over."""
    known = fold(0, log).alerts
    new = [
        Ended(fingerprint=one.fingerprint, name=one.name, at=min(one.until or at, at))
        for one in alerts
        if one.fingerprint in known and known[one.fingerprint].state == "firing"
    ]
    if not new:
        raise Refused("It is known already that nobody can see them, or they do not fire here.")
    return AlertSilent(at=at, by=by, alerts=tuple(new))


def flap(log: Log, at: datetime, *, alert: Alert, turns: Sequence[datetime], by: str) -> AlertFlaps:
    """The alert comes and goes: said once, and from then on it counts as firing until it has settled."""
    known = fold(0, log).alerts.get(alert.fingerprint)
    if known is None or known.flaps:
        raise Refused("That it comes and goes has been said, or it is no alert of this incident.")
    recent = flapping.recent(turns)
    minutes = max(1, round((recent[-1] - recent[0]).total_seconds() / 60))
    return AlertFlaps(
        at=at, by=by, fingerprint=alert.fingerprint, name=alert.name, turns=len(recent), minutes=float(minutes)
    )


def _here(now: Incident) -> None:
    if now.merged:
        raise Refused(f"This incident is part of INC-{now.merged.into} since it was merged. Go on there.")


def _is_news(known: JoinedAlert | None, alert: Alert) -> bool:
    """It begins, fires again, can be seen again, or has settled."""
    if known is None or not known.firing or known.flaps:
        return True
    return known.joined.starts_at != alert.starts_at or (known.silent_since is not None and not alert.no_data)


def _begun(alert: Alert, why: str) -> dict[str, Any]:
    return {
        "fingerprint": alert.fingerprint, "name": alert.name, "source": alert.source, "starts_at": alert.starts_at,
        "why": why, "labels": alert.labels, "summary": alert.summary,
    }  # fmt: skip
