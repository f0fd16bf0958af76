"""Alertmanager: what it and Prometheus send, as alerts.

Two wires: the webhook, version 4 (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config),
and Alertmanager's own `POST /api/v2/alerts`, so that Prometheus can point straight at fireline
(https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import msgspec

from fireline.core.alert import Alert
from fireline.core.outside import utc
from fireline.core.refusal import Refused

SOURCE = "alertmanager"
WIRE, API = b"webhook", b"api"  # the same bytes on two wires are two alerts
ESCAPED = b"\\u000"  # in no other spelling do the characters come that cannot be kept
_NEVER = {0: "\ufffd", 1: "\ufffd"}


class WebhookAlert(msgspec.Struct, rename="camel", frozen=True, gc=False):
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


class PostableAlert(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """One alert of the API: an end in the past means that it is over, any other promises to tell it again by then."""

    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str = msgspec.field(default="", name="generatorURL")


class _RawAlert(msgspec.Struct, rename="camel", gc=False):
    """The bytes of an alert that matter, undecoded; both wires call them the same."""

    labels: msgspec.Raw
    starts_at: msgspec.Raw = msgspec.Raw(b"null")
    ends_at: msgspec.Raw = msgspec.Raw(b"null")
    annotations: msgspec.Raw = msgspec.Raw(b"{}")
    status: msgspec.Raw = msgspec.Raw(b"null")
    generator_url: msgspec.Raw = msgspec.field(default=msgspec.Raw(b'""'), name="generatorURL")


class _RawWebhook(msgspec.Struct):
    version: Literal["4"]
    alerts: list[_RawAlert]


class Glance(msgspec.Struct, gc=False):
    """A body before it is understood: for each alert the bytes that make it what it is, and what was promised."""

    keys: list[bytes]
    until: list[datetime | None]
    raw: list[_RawAlert]
    source: str
    plain: bool  # nothing in it has to be cleaned


class Read(NamedTuple):
    """Some alerts of a body, understood, and the JSON that each one's row keeps: the bytes that came, put together."""

    alerts: list[Alert]
    rows: list[str]


_webhook = msgspec.json.Decoder(Webhook)
_postable = msgspec.json.Decoder(list[PostableAlert])
_raw_webhook = msgspec.json.Decoder(_RawWebhook)
_raw_postable = msgspec.json.Decoder(list[_RawAlert])
_time = msgspec.json.Decoder(datetime | None).decode
_row = msgspec.json.Decoder(Alert).decode
_FIRING, _NO_END = msgspec.Raw(b'"firing"'), msgspec.Raw(b'"0001-01-01T00:00:00Z"')
_HEADS = {source: b'{"source":"%s","labels":' % source.encode() for source in (SOURCE, "prometheus")}


def glance_at_webhook(body: bytes) -> Glance | None:
    """What makes each alert of a webhook what it is; the same bytes are the same alert in the same state.

    JSON values in one order: no two alerts run into the same bytes. None when only `from_webhook` can say.
    """
    try:
        raw = _raw_webhook.decode(body).alerts
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    keys = [b"".join((WIRE, a.labels, a.annotations, a.starts_at, a.status, a.ends_at)) for a in raw]
    return Glance(keys, [None] * len(keys), raw, SOURCE, _plain(body))


def glance_at_api(body: bytes, at: datetime) -> Glance | None:
    """The same for `POST /api/v2/alerts`, where an end counts only once it has come."""
    keys: list[bytes] = []
    until: list[datetime | None] = []
    said, ends_at = msgspec.Raw(b"null"), None  # one delivery has one end, mostly
    try:
        raw = _raw_postable.decode(body)
        for a in raw:
            if (ends := a.ends_at) != said:
                said, ends_at = ends, _end(_time(ends))
            if ends_at is not None and ends_at <= at:
                until.append(None)
                keys.append(b"".join((API, a.labels, a.annotations, a.starts_at, ends)))
            else:
                until.append(ends_at)
                keys.append(b"".join((API, a.labels, a.annotations, a.starts_at)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Refused):
        return None
    return Glance(keys, until, raw, "prometheus", _plain(body))


def _plain(body: bytes) -> bool:
    """Nothing in it is spelled so that it may have to be cleaned. One byte is found ten times faster than six."""
    return b"\\" not in body or ESCAPED not in body


def read(glance: Glance, places: Iterable[int]) -> Read | None:
    """These alerts of the body. None when one is not as plain as nearly all are: `from_…` reads it, or says no.

    The row is put together from the bytes that came and read as it will be read later, which is all the checking.
    """
    if not glance.plain:
        return None
    found = Read([], [])
    head, webhook = _HEADS[glance.source], glance.source == SOURCE
    try:
        for place in places:
            raw = glance.raw[place]
            parts = (
                head, raw.labels, b',"annotations":', raw.annotations, b',"starts_at":', raw.starts_at,
                b',"generator_url":', raw.generator_url, *(() if webhook else (b',"until":', raw.ends_at)), b"}",
            )  # fmt: skip
            row = b"".join(parts).decode()
            alert = _row(row)
            labels = alert.labels
            if not labels or "" in labels.values() or alert.starts_at.tzinfo is not UTC:
                return None
            if webhook:
                if raw.status != _FIRING or raw.ends_at != _NO_END:
                    return None
            elif glance.until[place] is None or alert.until is None or alert.until.tzinfo is not UTC:
                return None
            found.alerts.append(alert)
            found.rows.append(row)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found


def from_webhook(body: bytes) -> tuple[Alert, ...]:
    """The alerts of a v4 webhook. Raises `Refused(400)` naming the field that is wrong."""
    try:
        parsed = _webhook.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as trouble:  # ValidationError is a DecodeError
        hint = " Grafana's webhook belongs to /hooks/grafana." if "$.version" in str(trouble) else ""
        raise Refused(f"This is no Alertmanager webhook of version 4: {trouble}.{hint}", status=400) from trouble
    clean = _cleaner(body)
    return tuple(
        Alert(
            source=SOURCE,
            labels=_labels(clean(one.labels)),
            annotations=clean(one.annotations),
            starts_at=utc(one.starts_at),
            ends_at=utc(one.ends_at) if one.status == "resolved" else None,
            generator_url=one.generator_url,
        )
        for one in parsed.alerts
    )


def from_api(body: bytes, at: datetime) -> tuple[Alert, ...]:
    """The alerts of `POST /api/v2/alerts`. Raises `Refused(400)` naming the field that is wrong."""
    try:
        parsed = _postable.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as trouble:
        raise Refused(
            f"This is no list of alerts as Alertmanager's API v2 takes it: {trouble}.", status=400
        ) from trouble
    clean = _cleaner(body)
    found = []
    for one in parsed:
        ends_at = _end(one.ends_at)
        over = ends_at is not None and ends_at <= at
        found.append(
            Alert(
                source="prometheus",
                labels=_labels(clean(one.labels)),
                annotations=clean(one.annotations),
                starts_at=utc(one.starts_at) if one.starts_at else at,
                starts_guessed=one.starts_at is None,
                ends_at=ends_at if over else None,
                generator_url=one.generator_url,
                until=None if over else ends_at,
            )
        )
    return tuple(found)


def _end(at: datetime | None) -> datetime | None:
    """Year 1 is how Go says that there is none."""
    found = utc(at) if at else None
    return found if found and found.year > 1 else None


def _labels(labels: dict[str, str]) -> dict[str, str]:
    """Empty labels are the same as none to Prometheus; an alert without any label names nothing."""
    if not all(labels.values()):
        labels = {name: value for name, value in labels.items() if value}
    if not labels:
        raise Refused(
            "An alert without labels names nothing: at least `alertname` is needed.",
            status=400,
            field="labels",
        )
    return labels


def _cleaner(body: bytes) -> Callable[[dict[str, str]], dict[str, str]]:
    """How to clean the texts of this body. The two characters come in one spelling only, and nearly never."""
    return _as_they_are if _plain(body) else _clean


def _as_they_are(texts: dict[str, str]) -> dict[str, str]:
    return texts


def _clean(texts: dict[str, str]) -> dict[str, str]:
    """Without the two characters PostgreSQL cannot keep or fingerprints separate with: lose them, not the alert."""
    return {name.translate(_NEVER): value.translate(_NEVER) for name, value in texts.items()}
