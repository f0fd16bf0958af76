"""Intake: from a group of alerts to one incident.

Each alert that fires finds its scenario in the runbooks, with a reason; the first of a fault declares, the
others join, and each says why. Alerts nobody wrote a scenario for wait for a person. An alert that is over
says so in its incident.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from fireline.core import alert as alerts
from fireline.core.alert import Alert
from fireline.core.events import HOUSE
from fireline.core.runbook.match import Facts, Match
from fireline.store.alerts import AlertStore
from fireline.store.ledger import AlreadyOpen, Ledger
from fireline.workflows.declare import Declare


@dataclass(frozen=True, slots=True)
class Intake:
    """Looks at groups of alerts."""

    ledger: Ledger
    alerts: AlertStore
    declare: Declare
    rule: str  # which alerts declare by themselves: matched, all or none

    def __call__(self, group: str) -> None:
        """Bring every alert of the group to where it belongs. Doing it again changes nothing."""
        for alert, number in self.alerts.group(group):
            if alert.firing:
                self._fires(alert)
            elif number is not None:
                self._over(alert, number)

    def _fires(self, alert: Alert) -> None:
        found = self.declare.library.find(Facts(name=alert.name, labels=alert.labels, annotations=alert.annotations))
        if self.rule == "none" or (self.rule == "matched" and found is None):
            return
        join_key = f"{alert.service or '?'}|{found.scenario.title if found else alert.name}"
        why = _why(alert, found)
        once = f"{alert.fingerprint}:{alert.starts_at.isoformat()}"
        try:
            deed = self.declare.deed(
                title=alert.summary,
                text=alert.text,
                found=found,
                by=HOUSE,
                source=alert.source,
                service=alert.service,
                detected_at=alert.starts_at,
                values=alert.labels,
            )
            number = self.ledger.open(deed, join_key=join_key, key=f"declare:{once}").number
        except AlreadyOpen as already:
            number = already.number
        self.ledger.offer(number, partial(alerts.join, alert=alert, why=why, by=HOUSE), key=f"join:{once}")
        self.alerts.attach(alert.fingerprint, number)

    def _over(self, alert: Alert, number: int) -> None:
        once = f"clear:{alert.fingerprint}:{alert.starts_at.isoformat()}:{alert.ends_at}"
        self.ledger.offer(number, partial(alerts.clear, alert=alert, by=HOUSE), key=once)


def _why(alert: Alert, found: Match | None) -> str:
    about = f"service {alert.service}" if alert.service else "no service label"
    return f"{about}, and {found.why}" if found else f"{about}, rule {alert.name}"
