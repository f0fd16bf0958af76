"""Inform: tell the outside what happened, until it took it or a person knows that it did not.

Declaring never waits for this. Each try is one attempt; the next one is written down with its time in the
same transaction as the reason for it, so a restart in between loses nothing and a vendor that answered but
was not heard is told the same thing again under the same key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from fireline.connectors.http import Permanent, Temporary
from fireline.connectors.pagerduty import PagerDuty
from fireline.core import delivery
from fireline.core.events import HOUSE
from fireline.core.follow import Effect
from fireline.core.incident import Incident
from fireline.store.ledger import Ledger

WHAT = {"trigger": "Page the on-call", "acknowledge": "Stop the paging", "resolve": "Close the page"}


@dataclass(frozen=True, slots=True)
class Inform:
    """Makes deliveries."""

    ledger: Ledger
    pagerduty: PagerDuty | None
    base_url: str

    def __call__(self, effect: Effect) -> None:
        """One attempt at one delivery; what became of it goes into the log."""
        verb, attempt = str(effect.data["verb"]), int(effect.data["attempt"])
        key = str(effect.data.get("delivery") or f"{effect.kind}/{effect.seq}/{verb}")
        facts: dict[str, Any] = {"key": key, "vendor": effect.kind, "what": WHAT[verb], "by": HOUSE}
        now = self.ledger.read(effect.incident)
        once = f"delivery:{effect.incident}:{key}:{attempt}"
        if self.pagerduty is None:
            self.ledger.offer(
                now.number, partial(delivery.give_up, reason="PagerDuty is no longer set up.", **facts), key=once
            )
        elif verb == "trigger" and (now.acknowledged or now.resolved):
            reason = (
                f"{now.acknowledged.by} had it before the page went out." if now.acknowledged else "It is resolved."
            )
            self.ledger.offer(now.number, partial(delivery.give_up, reason=reason, needed=False, **facts), key=once)
        else:
            self._try(now, once, self._call(self.pagerduty, verb, now), attempt, facts)

    def _try(self, now: Incident, once: str, call: Callable[[], None], attempt: int, facts: dict[str, Any]) -> None:
        try:
            call()
        except Temporary as trouble:
            if attempt >= delivery.ATTEMPTS_MAX:
                self.ledger.offer(
                    now.number, partial(delivery.give_up, reason=f"{attempt} tries. {trouble}", **facts), key=once
                )
            else:
                again = partial(
                    delivery.delayed,
                    attempt=attempt,
                    reason=str(trouble),
                    retry_after=trouble.retry_after,
                    **facts,
                )
                self.ledger.offer(now.number, again, key=once)
        except Permanent as trouble:
            self.ledger.offer(now.number, partial(delivery.give_up, reason=str(trouble), **facts), key=once)
        else:
            self.ledger.offer(now.number, partial(delivery.made, attempt=attempt, **facts), key=once)

    def _call(self, pagerduty: PagerDuty, verb: str, now: Incident) -> Callable[[], None]:
        dedup_key = f"{urlsplit(self.base_url).netloc}/{now.name}"  # two houses may share one PagerDuty service
        match verb:
            case "trigger":
                address = f"{self.base_url}/incidents/{now.number}"
                return partial(
                    pagerduty.trigger,
                    dedup_key,
                    summary=now.title,
                    source=now.declared.service or "fireline",
                    severity=now.severity,
                    at=now.declared.detected_at,
                    client_url=address,
                    links=[(address, f"{now.name} in fireline")],
                )
            case "acknowledge":
                return partial(pagerduty.acknowledge, dedup_key)
            case _:
                return partial(pagerduty.resolve, dedup_key)
