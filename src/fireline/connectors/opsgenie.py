"""Opsgenie: tools that speak its Alert API tell fireline instead, and need only another address.

https://docs.opsgenie.com/docs/alert-api, as its published document of 2021 has it. An alert is known by its
`alias`: creating it again while it is open changes it, closing it ends it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from fireline.core.alert import SERVICE_LABELS, Alert, fingerprint
from fireline.core.outside import clean, cleaned, read
from fireline.core.refusal import Refused

SOURCE = "opsgenie"
USUAL = "P3"  # what Opsgenie takes an alert without a priority to be
SEVERITY = {"P1": "critical", "P2": "error", "P3": "warning", "P4": "info", "P5": "info"}

TAG = re.compile(r"([A-Za-z_][\w.-]*):(?!//)(.+)")  # service:checkout, as many tools write tags

Action = Literal["create", "close"]


class Recipient(msgspec.Struct, frozen=True):
    """Whom Opsgenie would tell."""

    type: str = ""
    id: str = ""
    name: str = ""
    username: str = ""


class Create(msgspec.Struct, rename="camel", frozen=True):
    """The body of a create request."""

    message: str
    alias: str = ""
    description: str = ""
    responders: tuple[Recipient, ...] = ()
    tags: tuple[str, ...] = ()
    details: dict[str, Any] = {}
    entity: str = ""
    priority: Literal["P1", "P2", "P3", "P4", "P5"] | None = None
    user: str = ""
    note: str = ""
    source: str = ""


class Close(msgspec.Struct, frozen=True):
    """The body of a close request; it may be left out."""

    user: str = ""
    note: str = ""
    source: str = ""


_create, _close = msgspec.json.Decoder(Create), msgspec.json.Decoder(Close)


def key_of(alias: str) -> str:
    """The fingerprint of the alert with this alias: what `alertId` is called here."""
    return fingerprint(SOURCE, {"": clean(alias)})


def created(body: bytes, at: datetime, *, alias: str) -> Alert:
    """The alert that a create request makes; `alias` is for one that has none. Raises `Refused(400)`."""
    told = read(_create, body, "request to create an alert as Opsgenie takes it")
    if not told.message.strip():
        raise Refused("An alert needs a message.", status=400, field="message")
    details = {name: value if isinstance(value, str) else _json(value) for name, value in told.details.items()}
    tags = {found[1]: found[2] for tag in told.tags if (found := TAG.fullmatch(tag))}
    labels = {"alertname": told.message, **tags, **details}
    if told.entity and not any(labels.get(label) for label in SERVICE_LABELS):
        labels["service"] = told.entity
    priority = told.priority or USUAL
    labels = {"severity": SEVERITY[priority], "entity": told.entity, **labels, "priority": priority}
    return Alert(
        source=SOURCE,
        key=clean(told.alias or alias),
        labels=cleaned(labels),
        annotations=cleaned(
            {
                "summary": told.message,
                "description": told.description,
                "tags": ", ".join(told.tags),
                "responders": ", ".join(_named(one) for one in told.responders),
                "from": told.source,
                "user": told.user,
                "note": told.note,
            }
        ),
        starts_at=at,
        starts_guessed=True,
        generator_url=clean(told.source) if told.source.startswith(("http://", "https://")) else "",
    )


def closed(body: bytes, known: Alert, at: datetime) -> Alert:
    """The known alert, over by a close request. Raises `Refused(400)`."""
    told = read(_close, body, "request to close an alert as Opsgenie takes it") if body.strip() else Close()
    words = cleaned({"closed_by": told.user, "closing_note": told.note})
    return msgspec.structs.replace(known, annotations=known.annotations | words, ends_at=at, no_data=False)


class Request(msgspec.Struct, frozen=True):
    """What became of a request: it is done before it is answered, so its id can say everything itself."""

    action: Action
    at: datetime
    alert: str  # fingerprint

    @property
    def id(self) -> str:
        """Such as create-19a8b2c3d4e-0123…: action, milliseconds since 1970, fingerprint."""
        return f"{self.action}-{int(self.at.timestamp() * 1000):x}-{self.alert}"


def request(written: str) -> Request:
    """The request with this id. Raises `Refused(404)` when it is none of ours."""
    try:
        action, milliseconds, alert = clean(written).split("-")
        at = datetime.fromtimestamp(int(milliseconds, 16) / 1000, UTC)
        return msgspec.convert(
            {"action": action, "at": at, "alert": alert}, Request
        )  # an action that there is not is refused
    except (ValueError, OverflowError, OSError) as trouble:  # msgspec's own error is a ValueError
        raise Refused("There was no request with this id.", status=404) from trouble


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _named(one: Recipient) -> str:
    return " ".join(filter(None, [one.type, one.name or one.username or one.id]))
