"""Feeds: what providers and the public say, read again and again. Not being able to read is "no data", never green.

An open event of a provider is an alert until its feed says it is over, or says nothing more of it for days. A
mention is an alert of its own the first time its address is seen, and is remembered across restarts.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from fireline.connectors.feeds import Entry, fits, read_feed
from fireline.connectors.http import ConnectorError, Http
from fireline.core.alert import Alert, fingerprint
from fireline.core.refusal import Refused
from fireline.settings import FeedSettings
from fireline.store.alerts import AlertStore
from fireline.store.heard import Heard

SOURCE = "feed"
MENTION = "mention"
TRIES = 3  # in a row before "no data": one lost answer is no news
NEWS = timedelta(days=1)  # an older mention is history: a feed read for the first time shall not page about last year
KEPT = timedelta(days=90)  # a mention that its feed still shows is told again after these
LARGEST = 2_000_000  # bytes of a feed
AT_ONCE = 8


@dataclass(slots=True)
class Reading:
    """One feed, and what is known of it."""

    settings: FeedSettings
    next: datetime | None = None
    failed: int = 0
    why: str = ""
    etag: str = ""
    modified: str = ""
    entries: tuple[Entry, ...] = ()
    seen: dict[str, datetime] = field(default_factory=dict)  # fingerprint of an open event -> when it stood in the feed
    open: dict[str, Alert] = field(default_factory=dict)
    unsaid: dict[str, Alert] = field(default_factory=dict)  # what could not be stored yet
    read: bool = False  # and not yet told
    read_at: datetime | None = None  # when it could be read last


@dataclass(frozen=True, slots=True)
class Provider:
    """How a provider says it is: `state` is well, unwell or unknown; never well when its feed cannot be read."""

    name: str
    service: str
    state: str
    says: tuple[str, ...]
    read_at: datetime | None


class Feeds:
    """The feeds of the settings, and one look at those that are due."""

    def __init__(
        self,
        *,
        feeds: tuple[FeedSettings, ...],
        alerts: AlertStore,
        heard: Heard,
        http: Http,
        now: Callable[[], datetime],
    ) -> None:
        self._alerts, self._heard, self._http, self._now = alerts, heard, http, now
        self._readings = tuple(Reading(one) for one in feeds)
        self._remembered = False

    def look(self) -> None:
        """Read every feed that is due. Raises `Refused` when something cannot be stored now; it is told next time."""
        at = self._now()
        if not self._remembered:
            self._remember(at)
        due = [one for one in self._readings if one.next is None or at >= one.next]
        if due:
            with ThreadPoolExecutor(min(AT_ONCE, len(due)), thread_name_prefix="feed") as pool:
                list(pool.map(lambda one: self._read(one, at), due))
        for one in self._readings:
            if one.read:
                self._tell(one, at)
                one.read = False

    def providers(self) -> tuple[Provider, ...]:
        """How each provider is, by what its feed said last; one lost answer is unknown. Nothing is asked here."""
        found = []
        for one in self._readings:
            if one.settings.kind == "provider":
                events = [a.annotations.get("summary", a.name) for a in one.open.copy().values() if not a.no_data]
                state = "unknown" if one.failed or one.read_at is None else "unwell" if events else "well"
                says = (one.why or "It has not been read yet.",) if state == "unknown" else ()
                found.append(Provider(one.settings.name, one.settings.service, state, (*says, *events), one.read_at))
        return tuple(found)

    def _remember(self, at: datetime) -> None:
        """Go on where an earlier process stood; what no feed of the settings tells of any more ends."""
        known = {one.settings.name: one for one in self._readings}
        gone = []
        for alert in self._alerts.firing():
            if alert.source == SOURCE:
                reading = known.get(alert.labels.get("feed", ""))
                if reading is None:
                    gone.append(_over(alert, at, "This feed is no longer read, so nobody knows how it is."))
                else:
                    reading.open[alert.fingerprint] = alert
                    reading.seen[alert.fingerprint] = at
        if gone:
            self._alerts.take(gone, at)
        self._remembered = True

    def _read(self, reading: Reading, at: datetime) -> None:
        reading.next, reading.read = at + timedelta(seconds=reading.settings.every), True
        try:
            page = self._http.page(reading.settings.url, etag=reading.etag, modified=reading.modified)
            if page is not None:
                reading.entries = read_feed(page.body)
                reading.etag, reading.modified = page.etag, page.modified
        except (ConnectorError, Refused) as trouble:
            reading.failed += 1
            reading.why = trouble.reason if isinstance(trouble, ConnectorError) else trouble.sentence
        else:
            reading.failed, reading.why, reading.read_at = 0, "", at

    def _tell(self, reading: Reading, at: datetime) -> None:
        found = {one.fingerprint: one for one in self._blind(reading, at)}
        mentions: tuple[Entry, ...] = ()
        if not reading.failed:
            if reading.settings.kind == "provider":
                found |= {one.fingerprint: one for one in self._events(reading, at)}
            else:
                mentions = self._mentions(reading)
                news = (_mention(one, reading.settings, at) for one in mentions if _is_news(one, at))
                found |= {one.fingerprint: one for one in news}
        reading.unsaid |= found
        told = tuple(reading.unsaid.values())
        if told:
            self._alerts.take(told, at)
        reading.unsaid.clear()
        for one in told:  # only now: what was not stored is no state to go on from
            if one.firing:
                reading.open[one.fingerprint] = one
            else:
                reading.open.pop(one.fingerprint, None)
        if mentions:
            self._heard.keep(_name(reading), [one.url for one in mentions], at)
            self._heard.forget(_name(reading), at - KEPT)

    def _blind(self, reading: Reading, at: datetime) -> list[Alert]:
        """The alert that we cannot see, or its end."""
        settings = reading.settings
        labels = {"alertname": "FeedUnreadable", "service": settings.service or settings.name, "feed": settings.name}
        known = reading.open.get(fingerprint(SOURCE, labels))
        if reading.failed >= TRIES:
            said = f"{settings.name} cannot be read, so nobody knows how it is"
            return [
                Alert(
                    source=SOURCE,
                    labels=labels,
                    annotations={"summary": said, "description": reading.why},
                    starts_at=known.starts_at if known else at,
                    starts_guessed=True,
                    no_data=True,
                )
            ]
        return [_over(known, at, "The feed can be read again.")] if known and not reading.failed else []

    def _events(self, reading: Reading, at: datetime) -> list[Alert]:
        """Every event that is open, and the end of those that are over or that nothing more is said of."""
        settings, days = reading.settings, timedelta(days=reading.settings.days)
        newest: dict[str, Entry] = {}
        for entry in reading.entries:  # newest first: what is said last of an event counts
            if fits(entry, settings.match) and (entry.at is None or entry.at > at - days):
                newest.setdefault(entry.event.lower(), entry)
        told = []
        for entry in newest.values():
            alert = _event(entry, settings, at)
            known = reading.open.get(alert.fingerprint)
            if entry.state == "open":
                reading.seen[alert.fingerprint] = at
                told.append(alert)
            elif known and entry.state == "over":
                told.append(_over(known, at, entry.text or entry.title))
        named = {one.fingerprint for one in told}
        for key, known in reading.open.items():
            event = known.labels["alertname"] == EVENT
            if event and key not in named and at - reading.seen.get(key, at) >= days:
                why = f"{settings.name} has said nothing more of it for {settings.days:g} days."
                told.append(_over(known, at, why))
        return told

    def _mentions(self, reading: Reading) -> tuple[Entry, ...]:
        """Mentions that were never seen before."""
        fitting = {one.url: one for one in reading.entries if one.url and fits(one, reading.settings.match)}
        known = self._heard.of(_name(reading), fitting) if fitting else {}
        return tuple(one for url, one in fitting.items() if url not in known)


EVENT = "ProviderEvent"


def _name(reading: Reading) -> str:
    return f"feed {reading.settings.name}"


def _is_news(entry: Entry, at: datetime) -> bool:
    return entry.at is None or entry.at > at - NEWS


def _event(entry: Entry, settings: FeedSettings, at: datetime) -> Alert:
    labels = {"alertname": EVENT, "service": settings.service or settings.name, "feed": settings.name}
    return Alert(
        source=SOURCE,
        key=f"{settings.name}:{entry.event.lower()}",
        labels=labels,
        annotations={"summary": f"{settings.name}: {entry.title}", "description": entry.text},
        starts_at=min(entry.at or at, at),
        starts_guessed=True,  # the time of the newest update, and not of the beginning
        generator_url=entry.url,
    )


def _mention(entry: Entry, settings: FeedSettings, at: datetime) -> Alert:
    labels = {"alertname": "Mention", "service": settings.service, "feed": settings.name}
    return Alert(
        source=MENTION,
        key=entry.url,
        labels={name: value for name, value in labels.items() if value},
        annotations={"summary": entry.title, "description": entry.text},
        starts_at=min(entry.at or at, at),
        generator_url=entry.url,
    )


def _over(alert: Alert, at: datetime, why: str) -> Alert:
    words = alert.annotations | {"description": why}
    return msgspec.structs.replace(alert, ends_at=at, no_data=False, annotations=words)
