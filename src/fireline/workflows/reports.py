"""Reports end with the incident they joined, and, where no one took them up, after a week.

Nobody sends the end of a mail or a mention, and a ticket is closed when its customer has been answered: without this
every report would wait for triage again once its incident is resolved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from fireline.core.alert import Alert
from fireline.core.report import REPORTS
from fireline.store.alerts import AlertStore

EVERY = 30.0  # seconds between looks
FORGOTTEN = timedelta(days=7)
AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Reports:
    """One look at the reports that nobody waits for any more."""

    alerts: AlertStore
    now: Callable[[], datetime]

    def look(self) -> None:
        """End them. Raises `Refused` when that cannot be stored now."""
        at = self.now()
        over = []
        for row in self.alerts.to_triage(limit=AT_ONCE):  # fires, and belongs to no open incident
            alert = msgspec.json.decode(row.body, type=Alert)
            done = row.incident is not None or at - row.first_seen >= FORGOTTEN
            if alert.source in REPORTS and done:
                over.append(msgspec.structs.replace(alert, ends_at=at))
        if over:
            self.alerts.take(over, at)
