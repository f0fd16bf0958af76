"""Alertmanager: what it and Prometheus send, as alerts.

Two wires: the webhook, version 4 (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config),
and Alertmanager's own `POST /api/v2/alerts`, so that Prometheus can point straight at fireline
(https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import msgspec

from fireline.core.alert import Alert
from fireline.core.refusal import Refused

SOURCE = "alertmanager"
_NEVER = {0: "\ufffd", 1: "\ufffd"}


class WebhookAlert(msgspec.Struct, rename="camel", frozen=True):
    """One alert of a webhook. A firing one carries year 1 as its end."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    annotations: dict[str, str] = {}
    generator_url: str = msgspec.field(default="", name="generatorURL")


class Webhook(msgspec.Struct, frozen=True):
    """The body of a webhook; what fireline does not use is left aside."""

    version: Literal["4"]
    alerts: list[WebhookAlert]


class PostableAlert(msgspec.Struct, rename="camel", frozen=True):
    """One alert of the API: an end in the past means that it is over, any other is a wish for later."""

    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str = msgspec.field(default="", name="generatorURL")


_webhook = msgspec.json.Decoder(Webhook)
_postable = msgspec.json.Decoder(list[PostableAlert])


def from_webhook(body: bytes) -> tuple[Alert, ...]:
    """The alerts of a v4 webhook. Raises `Refused(400)` naming the field that is wrong."""
    try:
        parsed = _webhook.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as trouble:  # ValidationError is a DecodeError
        raise Refused(f"This is no Alertmanager webhook of version 4: {trouble}.", status=400) from trouble
    return tuple(
        Alert(
            source=SOURCE,
            labels=_labels(one.labels),
            annotations=_clean(one.annotations),
            starts_at=_utc(one.starts_at),
            ends_at=_utc(one.ends_at) if one.status == "resolved" else None,
            generator_url=one.generator_url,
        )
        for one in parsed.alerts
    )


def from_api(body: bytes, at: datetime) -> tuple[Alert, ...]:
    """The alerts of `POST /api/v2/alerts`. Raises `Refused(400)` naming the field that is wrong."""
    try:
        parsed = _postable.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as trouble:
        raise Refused(
            f"This is no list of alerts as Alertmanager's API v2 takes it: {trouble}.", status=400
        ) from trouble
    found = []
    for one in parsed:
        ends_at = _utc(one.ends_at) if one.ends_at else None
        over = ends_at is not None and ends_at <= at and ends_at.year > 1
        found.append(
            Alert(
                source="prometheus",
                labels=_labels(one.labels),
                annotations=_clean(one.annotations),
                starts_at=_utc(one.starts_at) if one.starts_at else at,
                starts_guessed=one.starts_at is None,
                ends_at=ends_at if over else None,
                generator_url=one.generator_url,
            )
        )
    return tuple(found)


def _labels(labels: dict[str, str]) -> dict[str, str]:
    """Empty labels are the same as none to Prometheus; an alert without any label names nothing."""
    kept = _clean({name: value for name, value in labels.items() if value})
    if not kept:
        raise Refused(
            "An alert without labels names nothing: at least `alertname` is needed.",
            status=400,
            field="labels",
        )
    return kept


def _clean(texts: dict[str, str]) -> dict[str, str]:
    """Without the two characters PostgreSQL cannot keep or fingerprints separate with: lose them, not the alert."""
    return {name.translate(_NEVER): value.translate(_NEVER) for name, value in texts.items()}


def _utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except OverflowError as trouble:  # year 1 or 9999 in a zone that has no such moment in UTC
        raise Refused(f"{at.isoformat()} is no time an alert can have.", status=400) from trouble
