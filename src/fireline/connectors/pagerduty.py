"""PagerDuty: wake whoever is on call, tell it who has the incident, let everybody sleep when it is over.

Speaks the Events API v2: https://developer.pagerduty.com/docs/events-api-v2/overview/
One incident is one `dedup_key`. PagerDuty folds everything sent with that key into one alert, so a
page that is sent again, because the answer was lost, wakes nobody twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from fireline.connectors.http import Http, Permanent
from fireline.core.refusal import Refused

ENQUEUE_URL = "https://events.pagerduty.com/v2/enqueue"  # EU service region: events.eu.pagerduty.com
ROUTING_KEY_CHARS = 32
# Limits: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
SUMMARY_MAX_CHARS = 1024
DETAILS_MAX_BYTES = 400_000  # an event may have 512 KB; this leaves room for all that is not details

SEVERITY = {"P0": "critical", "P1": "error", "P2": "warning", "P3": "info"}
UNKNOWN_SEVERITY = "critical"  # a word we do not know must not be the reason why nobody woke up


@dataclass(frozen=True, slots=True)
class PagerDuty:
    """One Events API v2 integration of one PagerDuty service.

    `routing_key` is its integration key. `url` is the enqueue address of the account's service region.
    Each verb returns when PagerDuty has accepted the event and raises Temporary or Permanent if not.
    """

    http: Http
    routing_key: str = field(repr=False)
    url: str = ENQUEUE_URL

    def __post_init__(self) -> None:
        key = self.routing_key
        if len(key) != ROUTING_KEY_CHARS or not (key.isascii() and key.isalnum()):
            raise Refused(
                f"The PagerDuty routing key must be {ROUTING_KEY_CHARS} letters and digits; this one has"
                f" {len(key)} characters. Copy the Integration Key of an Events API V2 integration"
                " (Service, Integrations tab) - a REST API key is something else.",
                status=400,
                field="routing_key",
            )

    def trigger(
        self,
        dedup_key: str,
        *,
        summary: str,
        source: str,
        severity: str,
        at: datetime,
        links: Sequence[tuple[str, str]] = (),
        custom_details: Mapping[str, Any] | None = None,
        client_url: str | None = None,
    ) -> None:
        """Page the on-call about the incident `dedup_key`.

        `summary` is what the phone reads out, cut to 1024 characters; `source` the affected service;
        `severity` P0 to P3; `at` when it began; `links` are (address, text); `client_url` leads to
        the incident's page.
        """
        event: dict[str, Any] = {
            "client": "fireline",
            "payload": {
                "summary": _cut(summary.strip() or dedup_key),
                "source": source.strip() or "fireline",
                "severity": SEVERITY.get(severity, UNKNOWN_SEVERITY),
                "timestamp": at.isoformat(timespec="milliseconds"),
            },
        }
        if links:
            event["links"] = [{"href": href, "text": text} for href, text in links]
        if client_url:
            event["client_url"] = client_url
        if custom_details:
            event["payload"]["custom_details"] = _carried(custom_details)
        self._send("trigger", dedup_key, event)

    def acknowledge(self, dedup_key: str) -> None:
        """Somebody has it: stop escalating."""
        self._send("acknowledge", dedup_key, {})

    def resolve(self, dedup_key: str) -> None:
        """It is over: close the alert."""
        self._send("resolve", dedup_key, {})

    def _send(self, action: str, dedup_key: str, rest: dict[str, Any]) -> None:
        event = {"routing_key": self.routing_key, "event_action": action, "dedup_key": dedup_key} | rest
        answer = self.http.post(self.url, event, wants=202, words=self._words) or {}
        if answer.get("status") != "success":
            words = self._words(answer)
            raise Permanent(f"PagerDuty took the event but reports no success: {words}.", status=202)

    def _words(self, answer: dict[str, Any]) -> str:
        """Return what PagerDuty says is wrong, its `errors` included, without the key should it quote it."""
        errors = answer.get("errors")
        errors = errors if isinstance(errors, list) else [errors]
        said = [answer.get("message") or answer.get("status"), *errors]
        text = "; ".join(str(part) for part in said if part) or "it gives no reason"
        return text.replace(self.routing_key, "(routing key)")


def _cut(summary: str) -> str:
    """Shorten to what PagerDuty takes, and show that something is missing."""
    return summary if len(summary) <= SUMMARY_MAX_CHARS else summary[: SUMMARY_MAX_CHARS - 1] + "…"


def _carried(details: Mapping[str, Any]) -> Any:
    """Return the details as plain JSON, or a note in their place.

    PagerDuty refuses an event that is too big, and a page without details beats no page.
    """
    written = msgspec.json.encode(details)
    if len(written) > DETAILS_MAX_BYTES:
        return {"left out": f"{len(written)} bytes of details: open the incident to read them"}
    return msgspec.json.decode(written)
