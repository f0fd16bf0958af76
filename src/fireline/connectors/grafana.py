"""Grafana: what its unified alerting sends, as alerts.

The wire is the contact point "Webhook" of Grafana-managed alerting, which says version "1":
https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
It looks like Alertmanager's and is not: it has links, values, and states in which Grafana itself cannot see.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from fireline.core.alert import Alert
from fireline.core.outside import clean, cleaned, read, utc
from fireline.core.refusal import Refused

SOURCE = "grafana"
# The alerts Grafana makes when a rule's query gives nothing or fails; the rule's own name is then in `rulename`.
# https://grafana.com/docs/grafana/latest/alerting/fundamentals/alert-rule-evaluation/nodata-and-error-states/
BLIND_NAMES = frozenset({"DatasourceNoData", "DatasourceError"})
BLIND_REASONS = frozenset({"NoData", "Error"})  # in grafana_state_reason, which may list several: "NoData, KeepLast"


class GrafanaAlert(msgspec.Struct, rename="camel", frozen=True):
    """One alert of a webhook. A firing one carries year 1 as its end."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    annotations: dict[str, str] = {}
    generator_url: str = msgspec.field(default="", name="generatorURL")
    silence_url: str = msgspec.field(default="", name="silenceURL")
    dashboard_url: str = msgspec.field(default="", name="dashboardURL")
    panel_url: str = msgspec.field(default="", name="panelURL")
    image_url: str = msgspec.field(default="", name="imageURL")
    values: dict[str, float | None] | None = None  # None too while there are no data
    value_string: str = ""


class Webhook(msgspec.Struct, rename="camel", frozen=True):
    """The body of a webhook; what fireline does not use is left aside."""

    version: Literal["1"]
    alerts: list[GrafanaAlert]
    truncated_alerts: int = 0


_webhook = msgspec.json.Decoder(Webhook)


def from_webhook(body: bytes) -> tuple[tuple[Alert, ...], int]:
    """The alerts of a webhook, and how many more Grafana left out of it (its setting "Max Alerts").

    Raises `Refused(400)` naming the field that is wrong.
    """
    try:
        parsed = read(_webhook, body, "webhook of Grafana's unified alerting")
    except Refused as no:
        if no.field != "version":
            raise
        hint = f"{no.sentence} If Alertmanager sent it, it belongs to /hooks/alertmanager."
        raise Refused(hint, status=400, field=no.field) from no
    return tuple(_alert(one) for one in parsed.alerts), parsed.truncated_alerts


def _alert(one: GrafanaAlert) -> Alert:
    labels = cleaned(one.labels)
    if not labels:
        raise Refused(
            "An alert without labels names nothing: at least `alertname` is needed.", status=400, field="labels"
        )
    annotations = cleaned(
        {
            **one.annotations,
            "dashboard_url": one.dashboard_url,
            "panel_url": one.panel_url,
            "silence_url": one.silence_url,
            "image_url": one.image_url,
            "values": _values(one),
        }
    )
    reasons = {word.strip() for word in annotations.get("grafana_state_reason", "").split(",")}
    blind = labels.get("alertname") in BLIND_NAMES
    if blind and "rulename" in labels:  # people and runbooks know the rule, not Grafana's word for its trouble
        labels |= {"alertname": labels["rulename"], "grafana_alertname": labels["alertname"]}
    # A resolved one is over even if the reason says NoData: the rule says so ("Alert state if no data: Normal"),
    # and Grafana would never tell us that it can see again.
    firing = one.status == "firing"
    return Alert(
        source=SOURCE,
        labels=labels,
        annotations=annotations,
        starts_at=utc(one.starts_at),
        ends_at=None if firing else utc(one.ends_at),
        generator_url=clean(one.generator_url),
        no_data=firing and (blind or bool(reasons & BLIND_REASONS)),
    )


def _values(one: GrafanaAlert) -> str:
    """What the rule measured, as "B=44.2394, C=1"; Grafana's own text where it sends no numbers."""
    known = {name: value for name, value in (one.values or {}).items() if value is not None}
    return ", ".join(f"{name}={value:g}" for name, value in known.items()) or one.value_string
