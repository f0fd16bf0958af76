"""Hush: what happens around a silence. The alerts it covers, or no longer covers, are looked at again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fireline.core import silence as core
from fireline.core.silence import Kind, Silence
from fireline.store.alerts import AlertStore
from fireline.store.silences import Silences


@dataclass(frozen=True, slots=True)
class Hush:
    """Makes and ends silences."""

    silences: Silences
    alerts: AlertStore
    now: Callable[[], datetime]

    def add(
        self,
        *,
        matchers: str,
        by: str,
        reason: str,
        starts_at: datetime | None,
        ends_at: datetime,
        kind: Kind,
        key: str | None = None,
    ) -> Silence:
        """Make a silence. Raises `Refused(400)` naming the field that is wrong. Open incidents stay open."""
        made = self.silences.add(
            core.make(
                matchers=matchers, by=by, reason=reason, at=self.now(), starts_at=starts_at, ends_at=ends_at, kind=kind
            ),
            key=key,
        )
        self.alerts.settled()  # whatever was decided without knowing of it
        # those that wait for a person need not any more; when it ends they are looked at again
        waiting = [one.fingerprint for one in self.alerts.waiting() if made.covers(one.labels, made.starts_at)]
        if waiting:
            self.alerts.look_later(waiting, made.starts_at)
        return made

    def end(self, number: int, *, by: str, key: str | None = None) -> Silence:
        """End it now. Raises `Refused` when there is none, or it is over."""
        at = self.now()
        ended = self.silences.end(number, by=by, at=at, key=key)
        if covered := self.alerts.by_verdict("silenced"):
            self.alerts.look_later(covered, at)
        return ended
