"""Tickets: what customers and colleagues write, as alerts that are each their own.

Three wires: a plain one of ours (`POST /intake/ticket`), Zendesk's webhooks (event envelopes and what a trigger
sends, https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events/), and any JSON, read by the
paths that the settings name. What people write is kept with its secrets masked, as evidence is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from fireline.core.alert import Alert
from fireline.core.dotted import Missing, value_at
from fireline.core.outside import clean, cleaned, read, utc
from fireline.core.redaction import mask
from fireline.core.refusal import Refused
from fireline.settings import IntakeSettings, ZendeskSettings

SOURCE = "ticket"
NAME = "CustomerReport"  # of every alert that a person wrote
SUBJECT_MAX = 300  # characters; a title on a page
TEXT_MAX = 20_000  # characters; the ticket itself stays where it is
OVER = frozenset({"solved", "closed", "resolved", "done"})


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """The body of `POST /intake/ticket`. `status` solved or closed ends the alert; the rest may be left out."""

    id: str
    subject: str
    text: str = ""
    service: str = ""
    url: str = ""
    requester: str = ""
    status: str = "open"


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket in Zendesk's event."""

    id: str
    subject: str = ""
    description: str | None = None
    status: str = ""
    tags: tuple[str, ...] = ()
    created_at: datetime | None = None
    requester_id: str | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Zendesk's event envelope; `detail` is a ticket when the type is one of `zen:event-type:ticket.…`."""

    type: str
    time: datetime | None = None
    detail: msgspec.Raw = msgspec.Raw(b"null")


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """What a Zendesk trigger or automation sends: the body that docs/integrations/tickets.md gives to type in."""

    ticket_id: str | int
    title: str
    description: str = ""
    status: str = ""
    url: str = ""
    requester_email: str = ""
    tags: str = ""


_tickets = msgspec.json.Decoder(Ticket)
_details = msgspec.json.Decoder(Detail)
_events = msgspec.json.Decoder(Event)
_triggers = msgspec.json.Decoder(Trigger)
_anything = msgspec.json.Decoder()


def from_ticket(body: bytes, at: datetime) -> Alert:
    """The ticket as an alert. Raises `Refused(400)` naming the field that is wrong."""
    one = read(_tickets, body, "ticket")
    if not one.id.strip() or not one.subject.strip():
        field = "subject" if one.id.strip() else "id"
        raise Refused(f"A ticket needs an `id` and a `subject`; `{field}` is empty.", status=400, field=field)
    return report(
        key=one.id,
        subject=one.subject,
        text=one.text,
        service=one.service,
        url=one.url,
        requester=one.requester,
        over=one.status.lower() in OVER,
        at=at,
    )


def from_zendesk(body: bytes, at: datetime, settings: ZendeskSettings) -> Alert | None:
    """The alert of a Zendesk webhook; None for an event that is about no ticket. Raises `Refused(400)`."""
    known = read(_anything, body, "Zendesk webhook")
    if isinstance(known, dict) and "ticket_id" in known:
        return _from_trigger(read(_triggers, body, "body of a Zendesk trigger"), at, settings)
    event = read(_events, body, "Zendesk event")
    if not event.type.startswith("zen:event-type:ticket."):
        return None
    ticket = read(_details, bytes(event.detail), "ticket in a Zendesk event")
    return report(
        key=f"zendesk:{ticket.id}",
        ticket=ticket.id,
        subject=ticket.subject or f"Ticket {ticket.id}",
        text=ticket.description or "",
        service=_service(ticket.tags, settings),
        url=f"{settings.url.rstrip('/')}/agent/tickets/{ticket.id}" if settings.url else "",
        requester=ticket.requester_id or "",
        over=ticket.status.lower() in OVER,
        at=utc(event.time) if event.time else at,
        starts_at=utc(ticket.created_at) if ticket.created_at else None,
    )


def _from_trigger(one: Trigger, at: datetime, settings: ZendeskSettings) -> Alert:
    number = str(one.ticket_id)
    url = one.url if "://" in one.url or not one.url else f"https://{one.url}"  # {{ticket.link}} has no scheme
    return report(
        key=f"zendesk:{number}",
        ticket=number,
        subject=one.title or f"Ticket {number}",
        text=one.description,
        service=_service(one.tags.replace(",", " ").split(), settings),
        url=url,
        requester=one.requester_email,
        over=one.status.lower() in OVER,
        at=at,
    )


def _service(tags: tuple[str, ...] | list[str], settings: ZendeskSettings) -> str:
    """The service of the first tag that the settings know."""
    return next((settings.services[tag] for tag in tags if tag in settings.services), "")


def from_json(body: bytes, at: datetime, settings: IntakeSettings) -> Alert:
    """The alert in somebody's JSON, by the paths of the settings. Raises `Refused(400)` naming the path that fails."""
    known = read(_anything, body, f"JSON for {settings.name}")
    key = value_at(known, settings.id)
    labels = {name: found for name, path in settings.labels.items() if (found := _perhaps(known, path))}
    over = settings.over_when
    return report(
        key=f"{settings.name}:{key}",
        ticket=key,
        subject=value_at(known, settings.summary),
        text=_perhaps(known, settings.text),
        service=labels.pop("service", ""),
        url=_perhaps(known, settings.url),
        requester=_perhaps(known, settings.requester),
        over=over is not None and _perhaps(known, over.path).lower() in {one.lower() for one in over.among},
        at=at,
        source=settings.source,
        labels=labels,
    )


def _perhaps(body: Any, path: str) -> str:
    """What stands at the path, "" when nothing does or no path is set."""
    try:
        return value_at(body, path) if path else ""
    except Missing:
        return ""


def report(
    *,
    key: str,
    subject: str,
    text: str,
    service: str,
    url: str,
    requester: str,
    over: bool,
    at: datetime,
    ticket: str | None = None,
    starts_at: datetime | None = None,
    source: str = SOURCE,
    labels: Mapping[str, str] | None = None,
) -> Alert:
    """One person's words as an alert. `key` names it for ever; `over`: whoever keeps it calls it solved."""
    own = {"alertname": NAME, "service": service, "ticket": (ticket or key)[:SUBJECT_MAX]}
    said = {"summary": subject.strip()[:SUBJECT_MAX], "description": text.strip()[:TEXT_MAX], "requester": requester}
    return Alert(
        source=source,
        key=key,
        labels=cleaned(own | dict(labels or {})),
        annotations={name: mask(value).text for name, value in cleaned(said).items()},
        starts_at=starts_at or at,
        starts_guessed=starts_at is None,
        ends_at=max(at, starts_at or at) if over else None,
        generator_url=clean(url) if url.startswith(("https://", "http://")) else "",
    )
