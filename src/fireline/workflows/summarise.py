"""Summarise: what doors need to draft and send a summary for stakeholders, beside the log itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from fireline.core import summary
from fireline.core.events import Log
from fireline.core.incident import Incident, fold
from fireline.core.refusal import Refused
from fireline.core.summary import Reach
from fireline.settings import StakeholderSettings
from fireline.store.ledger import Ledger
from fireline.workflows.inform.summaries import reach


@dataclass(frozen=True, slots=True)
class Summarise:
    """Summaries of incidents, for every door. `mails` are people's addresses by handle."""

    ledger: Ledger
    named: Mapping[str, StakeholderSettings]
    mails: Mapping[str, str]
    now: Callable[[], datetime]

    def draft(self, log: Log) -> str:
        """The next summary, filled from the log. Nothing is sent."""
        return summary.drafted(log, self.now())

    def reach(self, log: Log) -> tuple[Reach, str]:
        """Where it would go, and why it may not; both are empty where nobody is named."""
        to = reach(self.named, fold(0, log).severity)
        if to == Reach():
            return to, ""
        try:
            return summary.reach(log, to, self.mails), ""
        except Refused as no:
            return to, no.sentence

    def send(self, number: int, *, text: str, by: str, key: str | None = None) -> Incident:
        """Send one to whoever the settings name for the incident's severity. Raises `Refused` in words."""
        severity = self.ledger.read(number).severity
        to = reach(self.named, severity)
        deed = partial(summary.send, text=text, severity=severity, to=to, mails=self.mails, by=by)
        return self.ledger.act(number, deed, key=key)
