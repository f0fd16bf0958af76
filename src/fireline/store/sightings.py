"""Sightings: what this process remembers of alerts, so that telling one again costs next to nothing.

Sources tell a firing alert again and again, in the same bytes. A digest of the bytes that matter finds the
alert; nothing is decoded and nothing written but, once a minute, when it was last heard of. Only what is on
the disk is remembered, and whatever else may have changed an alert is forgotten first: what is not
remembered is read from its row, so forgetting is always safe.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from threading import Lock

import msgspec
import sqlalchemy as sa
from xxhash import xxh3_128_intdigest

from fireline.core.alert import Alert
from fireline.store.database import metadata
from fireline.store.driver import Seen
from fireline.store.lists import Utc

sightings = sa.Table(
    "sighting",
    metadata,
    sa.Column("fingerprint", sa.String(32), primary_key=True),
    sa.Column("last_seen", Utc, nullable=False),
    sa.Column("until", Utc),  # its source promised to tell it again before then
    sa.Column("times", sa.Integer, nullable=False),  # how often it was told, the first time included
    sqlite_with_rowid=False,  # narrow and hot: the key is the table
)

GRACE = timedelta(seconds=60)  # after a broken promise; as long as another replica may keep a sighting to itself
FRESH = timedelta(minutes=5)  # what a source gets after our restart, whatever it had promised
OVER = timedelta(minutes=20)  # a source repeats an end for a quarter of an hour (Prometheus), then never again
MOST = 500_000  # remembered at once, about 300 bytes each; the rows have room for more

SEED = secrets.randbits(64)  # of this process: nobody outside can prepare two alerts with one digest


class Sighting(msgspec.Struct, gc=False):
    """An alert as this process heard it last."""

    fingerprint: str
    digest: int  # of the bytes that its row was made from; 0: not known, so its row decides
    last_seen: datetime
    until: datetime | None
    over: bool
    heard: int = 0  # times since the last flush


class Sightings:
    """Finds alerts by the bytes they were told in. Any thread may ask; only the writer lets it remember."""

    def __init__(self) -> None:
        self._digests: dict[int, Sighting] = {}
        self._alerts: dict[str, Sighting] = {}
        self._lock = Lock()  # around everything that writes: counts are kept exactly
        self.trusted = True  # False while nobody would tell us what other replicas change

    def __len__(self) -> int:
        return len(self._alerts)

    def __contains__(self, fingerprint: str) -> bool:
        return fingerprint in self._alerts

    def hear(self, digests: Sequence[int], at: datetime, until: Sequence[datetime | None] | None = None) -> bool:
        """Alerts were told again. False, and nothing noted, when one of them is not known as it stands."""
        known = self._digests
        with self._lock:
            try:
                heard = [known[digest] for digest in digests]
            except KeyError:
                return False
            for one in heard:
                one.last_seen = at
                one.heard += 1
            if until is not None:
                for one, promise in zip(heard, until, strict=True):
                    one.until = promise
        return True

    def strange(self, digests: Sequence[int]) -> list[int]:
        """The places of those that are not known as they stand. Notes nothing."""
        known = self._digests
        return [place for place, digest in enumerate(digests) if digest not in known]

    def known(self, fingerprints: AbstractSet[str]) -> AbstractSet[str]:
        """Those of these alerts that are remembered, in whatever state."""
        return fingerprints & self._alerts.keys()

    def sort(self, alerts: Sequence[Alert], digests: Sequence[int], at: datetime) -> list[tuple[int, str]]:
        """Which alerts have to be written, by place and fingerprint; all others were told again, and that is noted.

        What is remembered of the first is forgotten at once: whatever is told of them next has to queue behind.
        """
        unknown: list[tuple[int, str]] = []
        with self._lock:
            known, stand = self._alerts, self._digests
            for place, (alert, told) in enumerate(zip(alerts, digests, strict=True)):
                if told in stand:
                    one = stand[told]
                    one.last_seen, one.until = at, alert.until
                    one.heard += 1
                    continue
                fingerprint = alert.fingerprint
                unknown.append((place, fingerprint))
                if fingerprint in known:
                    one = known[fingerprint]
                    stand.pop(one.digest, None)
                    one.digest = 0
        return unknown

    def remember(self, news: Iterable[Sighting]) -> None:
        """These alerts are on the disk as their digests tell; `heard`: how often each was told meanwhile."""
        with self._lock:
            for one in news:
                known = self._alerts.get(one.fingerprint)
                if known is not None:
                    self._digests.pop(known.digest, None)
                    one.heard += known.heard
                elif len(self._alerts) >= MOST:
                    continue
                self._alerts[one.fingerprint] = one
                if one.digest and self.trusted:
                    self._digests[one.digest] = one

    def forget(self, fingerprints: Iterable[str]) -> None:
        """Something else happened to these: the next time they are told, their rows decide."""
        with self._lock:
            for fingerprint in fingerprints:
                if one := self._alerts.get(fingerprint):
                    self._digests.pop(one.digest, None)
                    one.digest = 0

    def trust(self, yes: bool) -> None:  # noqa: FBT001  # trust(True) reads well
        """Whether others would tell us what they change. If not, every row decides for itself."""
        with self._lock:
            self.trusted = yes
            for one in self._digests.values():
                one.digest = 0
            self._digests.clear()

    def promised(self, fingerprint: str, until: datetime) -> None:
        """Another replica heard of this alert, and was promised more."""
        with self._lock:
            if one := self._alerts.get(fingerprint):
                one.until = until

    def broken(self, at: datetime) -> list[str]:
        """Firing alerts whose source promised to tell them again, and did not."""
        before = at - GRACE
        everything = list(self._alerts.values())  # at once; the door need not wait while we look through it
        return [one.fingerprint for one in everything if one.until and one.until < before and not one.over]

    def unwritten(self) -> list[Seen]:
        """What was heard since the last flush."""
        everything = list(self._alerts.values())  # see `broken`
        return [Seen(one.fingerprint, one.last_seen, one.until, one.heard) for one in everything if one.heard]

    def written(self, rows: Iterable[Seen]) -> None:
        """These were flushed."""
        with self._lock:
            for row in rows:
                if one := self._alerts.get(row.fingerprint):
                    one.heard -= row.times

    def drop(self, at: datetime) -> None:
        """Let go of what is long over, once it is flushed."""
        with self._lock:
            old = [one for one in self._alerts.values() if one.over and not one.heard and at - one.last_seen > OVER]
            for one in old:
                self._digests.pop(one.digest, None)
                del self._alerts[one.fingerprint]


def digest(told: bytes) -> int:
    """Of the bytes that make an alert what it is."""
    return xxh3_128_intdigest(told, SEED)


def seal(alert: Alert) -> int:
    """The digest of an alert that came as an object: all that its row is made from, but for guesses and promises."""
    starts_at = None if alert.starts_guessed else alert.starts_at
    return xxh3_128_intdigest(
        _encode((
            alert.source, alert.key, alert.labels, alert.annotations, starts_at, alert.ends_at, alert.no_data,
            alert.generator_url,
        )),
        SEED,
    )  # fmt: skip


_encode: Callable[[object], bytes] = msgspec.json.Encoder().encode
