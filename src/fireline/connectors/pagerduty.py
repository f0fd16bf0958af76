"""PagerDuty: wake whoever is on call, tell it who has the incident, let everybody sleep when it is over.

Out, it speaks the Events API v2: https://developer.pagerduty.com/docs/events-api-v2/overview/
One incident is one `dedup_key`. PagerDuty folds everything sent with that key into one alert, so a
page that is sent again, because the answer was lost, wakes nobody twice.

In, it reads V3 webhooks: https://developer.pagerduty.com/docs/webhooks-overview
What people do there with an incident that fireline paged for comes back under that same key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec

from fireline.connectors.http import Http, Permanent
from fireline.core.alert import Alert
from fireline.core.outside import clean, cleaned, read, utc
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


SOURCE = "pagerduty"
# What happens to an incident as a whole; every other event speaks of a part of it (a note, a responder, a task).
LIFE = frozenset(
    f"incident.{what}"
    for what in (
        "triggered", "acknowledged", "unacknowledged", "escalated", "delegated", "reassigned", "reopened",
        "priority_updated", "service_updated", "resolved",
    )
)  # fmt: skip


NAME_MAX_CHARS = 100  # of a person: what PagerDuty itself allows


class Reference(msgspec.Struct, frozen=True):
    """Something else in PagerDuty, by its name."""

    type: str = ""
    summary: str | None = None


class V3Incident(msgspec.Struct, frozen=True):
    """An incident as a webhook carries it; `incident_key` is the dedup key of whoever raised it."""

    id: str
    title: str
    status: str
    created_at: datetime
    reopened_at: datetime | None = None
    incident_key: str | None = None
    html_url: str | None = None
    service: Reference | None = None
    priority: Reference | None = None
    urgency: str | None = None
    assignees: tuple[Reference, ...] = ()


class _Kind(msgspec.Struct, frozen=True):
    type: str = ""


class _Event(msgspec.Struct, frozen=True):
    id: str
    event_type: str
    occurred_at: datetime
    data: msgspec.Raw
    agent: Reference | None = None


class _Webhook(msgspec.Struct, frozen=True):
    event: _Event


_webhook = msgspec.json.Decoder(_Webhook)
_kind = msgspec.json.Decoder(_Kind)
_incident = msgspec.json.Decoder(V3Incident)


@dataclass(frozen=True, slots=True)
class Told:
    """One event. `incident` is there when it happened to an incident as a whole, `person` when a person did it."""

    id: str
    kind: str
    at: datetime
    person: str | None = None
    incident: V3Incident | None = None

    @property
    def note(self) -> str:
        """What the timeline of the incident says about it; empty where it says nothing."""
        incident = self.incident
        assert incident is not None, "only what happened to an incident is noted"
        to = ", ".join(clean(one.summary) for one in incident.assignees if one.summary)
        match self.kind.removeprefix("incident."):
            case "unacknowledged":
                return "PagerDuty pages again: the acknowledgement there has run out."
            case "escalated" | "delegated" | "reassigned" as what:
                return f"{what.capitalize()} in PagerDuty" + (f" to {to}." if to else ".")
            case "priority_updated":
                priority = clean(incident.priority.summary or "") if incident.priority else ""
                return f"The priority in PagerDuty is now {priority or 'none'}."
            case "reopened":
                return "Reopened in PagerDuty."
            case "resolved":
                return "Resolved in PagerDuty. Here it is over when its gates are open."
            case _:
                return ""


def from_webhook(body: bytes) -> Told:
    """The event of a V3 webhook, of any type. Raises `Refused(400)` naming the field that is wrong."""
    event = read(_webhook, body, "V3 webhook of PagerDuty").event
    person = event.agent.summary if event.agent and event.agent.type == "user_reference" else None
    name = clean(person)[:NAME_MAX_CHARS] if person else None
    told = Told(clean(event.id), clean(event.event_type), utc(event.occurred_at), name)
    if event.event_type not in LIFE:
        return told
    try:
        if read(_kind, event.data, "incident").type != "incident":
            return told
        return replace(told, incident=read(_incident, event.data, "incident"))
    except Refused as no:
        place = f"event.data.{no.field}" if no.field else "event.data"
        raise Refused(f"{place}: {no.sentence}", status=400, field=place) from no


def alert(incident: V3Incident, at: datetime) -> Alert:
    """An incident of PagerDuty's own as an alert; over when it was resolved there, `at` the time of the event."""
    names = {"service": incident.service, "priority": incident.priority}
    assignees = ", ".join(one.summary for one in incident.assignees if one.summary)
    return Alert(
        source=SOURCE,
        key=clean(incident.id),
        labels=cleaned(
            {
                "alertname": " ".join(incident.title.split()) or incident.id,
                "urgency": incident.urgency,
                **{label: one.summary for label, one in names.items() if one},
            }
        ),
        annotations=cleaned({"pagerduty_url": incident.html_url, "assigned_to": assignees, "status": incident.status}),
        starts_at=utc(incident.reopened_at or incident.created_at),
        ends_at=at if incident.status == "resolved" else None,
        generator_url=clean(incident.html_url or ""),
    )
