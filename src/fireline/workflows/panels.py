"""Panels: what Prometheus measured of a service around an incident, each a line to draw.

The built-in queries are for the metrics that most client libraries write: `http_requests_total` with `code`,
`http_request_duration_seconds`, and the process's own. Whoever calls them otherwise says so in the settings.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import msgspec

from fireline.connectors import prometheus
from fireline.connectors.http import ConnectorError, Http
from fireline.core.runbook import Runbook
from fireline.core.runbook.model import Threshold
from fireline.core.series import Series
from fireline.settings import PanelSettings, PrometheusSettings

BEFORE = timedelta(hours=1)  # how it was when it was well
POINTS = 240  # of one line: more than the picture has pixels
STEP = 15.0  # seconds; how often most Prometheus scrape
# $match is the label that names the service; a sum over nothing has no value, so that no 5xx at all counts as 0
BUILT_IN = (
    PanelSettings(
        name="error rate", unit="%", kind="errors",
        query='100 * (sum(rate(http_requests_total{$match,code=~"5.."}[$window])) or vector(0))'
        " / sum(rate(http_requests_total{$match}[$window]))",
    ),
    PanelSettings(
        name="p95", unit="ms", kind="latency",
        query="1000 * histogram_quantile(0.95, sum by (le)"
        " (rate(http_request_duration_seconds_bucket{$match}[$window])))",
    ),
    PanelSettings(name="CPU", unit="cores", kind="cpu", query="sum(rate(process_cpu_seconds_total{$match}[$window]))"),
    PanelSettings(
        name="memory", unit="MiB", kind="memory", query="sum(process_resident_memory_bytes{$match}) / 1048576"
    ),
    PanelSettings(
        name="requests", unit="/s", kind="traffic", query="sum(rate(http_requests_total{$match}[$window]))"
    ),
)  # fmt: skip
SECONDS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "seconds": 1.0, "milliseconds": 0.001}


def panels(settings: PrometheusSettings) -> tuple[PanelSettings, ...]:
    """The built-in ones, each replaced by one of its name in the settings, then the others of the settings."""
    own = {one.name.casefold(): one for one in settings.panels}
    built_in = [own.pop(one.name.casefold(), one) for one in BUILT_IN]
    return (*built_in, *own.values())


def filled(panel: PanelSettings, settings: PrometheusSettings, service: str) -> str:
    """The query for a service, its name quoted as PromQL wants it."""
    quoted = service.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    query = panel.query.replace("$match", f'{settings.label}="$service"').replace("$window", settings.window)
    return query.replace("$service", quoted)


def window(began: datetime, until: datetime) -> tuple[datetime, float]:
    """Where the lines begin, and the seconds from one point to the next."""
    since = began - BEFORE
    return since, max(STEP, math.ceil((until - since).total_seconds() / POINTS / STEP) * STEP)


def measure(
    settings: PrometheusSettings, service: str, began: datetime, until: datetime, books: Iterable[Runbook]
) -> tuple[Series, ...]:
    """Every panel from an hour before the beginning on. What cannot be asked is a line without points that says why."""
    wanted = panels(settings)
    since, step = window(began, until)
    limits = [limit for book in books for limit in book.thresholds]

    def one(panel: PanelSettings) -> Series:
        query = filled(panel, settings, service)
        line = msgspec.structs.replace(
            _limited(panel, limits), name=panel.name, unit=panel.unit, kind=panel.kind, step=step, query=query
        )
        try:
            points = prometheus.line(http, settings.url, query, since=since, until=until, step=step)
        except ConnectorError as trouble:
            return msgspec.structs.replace(line, why=trouble.reason.rstrip("."))
        why = "" if points else "Prometheus has no data for this query"
        return msgspec.structs.replace(line, points=points, why=why)

    with (
        Http(timeout=prometheus.PATIENCE) as http,
        ThreadPoolExecutor(len(wanted), thread_name_prefix="panel") as pool,
    ):
        return tuple(pool.map(one, wanted))


def error_rate(settings: PrometheusSettings, service: str) -> tuple[float | None, str]:
    """The error rate now, in percent. Without one, why Prometheus could not be asked, or nothing where it has none."""
    panel = next(one for one in panels(settings) if one.kind == "errors")
    with Http(timeout=prometheus.PATIENCE) as http:
        try:
            found = prometheus.numbers(http, settings.url, filled(panel, settings, service))
        except ConnectorError as trouble:
            return None, f"Prometheus could not be asked for the error rate: {trouble.reason}"
    return (max(found), "") if found else (None, "")


def error_limit(books: Iterable[Runbook], fallback: float) -> float:
    """From how many percent of errors on it counts as happening: the runbook's own limit, where it states one."""
    limits = [limit for book in books for limit in book.thresholds]
    return _limited(BUILT_IN[0], limits).limit or fallback


def _limited(panel: PanelSettings, limits: Sequence[Threshold]) -> Series:
    """An empty line with the runbook's limit for this panel, in the panel's unit."""
    names = {
        "errors": ("error rate",), "latency": ("p95", "response time"), "cpu": ("cpu",), "memory": ("memory",),
    }.get(panel.kind, ())  # fmt: skip
    for name in (panel.name.casefold(), *names):
        for one in limits:
            value = _in_unit(one.value, one.unit, panel.unit)
            if one.metric == name and value is not None:
                return Series(name="", unit="", limit=value, limit_says=f"{one.operator} {one.value:g} {one.unit}")
    return Series(name="", unit="")


def _in_unit(value: float, unit: str, wanted: str) -> float | None:
    if unit == wanted or (unit == "percent" and wanted == "%"):
        return value
    if unit in SECONDS and wanted in SECONDS:
        return value * SECONDS[unit] / SECONDS[wanted]
    return None
