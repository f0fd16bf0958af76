"""Red: what is not well at this moment, and what nobody can say: rules that fire, limits that are broken, addresses.

Nothing here is stored and nothing follows from it: an alert comes in by its own door. What could not be asked is told
as that, so that an empty list is only ever empty because everything was looked at.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fireline.connectors import prometheus
from fireline.connectors.http import ConnectorError, Http
from fireline.connectors.probes import Probe, Verdict, check_all
from fireline.core.runbook import Runbook
from fireline.core.runbook.health import place_of
from fireline.core.runbook.model import Threshold
from fireline.settings import ProbeSettings, PrometheusSettings

HOLDS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@dataclass(frozen=True, slots=True)
class Indicator:
    """One thing that is red. `since` and `value` are None where nobody knows them."""

    kind: Literal["rule", "limit", "address"]
    name: str
    service: str
    says: str
    since: datetime | None = None
    value: float | None = None
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reds:
    """`red` is what is red; `unknown` are sentences about what could not be told; `asked` says what was looked at."""

    red: tuple[Indicator, ...] = ()
    unknown: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()

    def __add__(self, other: Reds) -> Reds:
        return Reds(self.red + other.red, self.unknown + other.unknown, self.asked + other.asked)


def look(settings: PrometheusSettings | None, books: Sequence[Runbook], addresses: Sequence[ProbeSettings]) -> Reds:
    """Ask Prometheus and every health address at once."""
    with ThreadPoolExecutor(1, thread_name_prefix="red") as pool:
        asked = pool.submit(measured, settings, books)
        seen = check_all([one.url for one in addresses])
    return asked.result() + unwell(addresses, seen)


def measured(settings: PrometheusSettings | None, books: Iterable[Runbook]) -> Reds:
    """What Prometheus knows: its own rules, and the runbooks' limits that the settings have a query for."""
    if settings is None:
        return Reds()
    with Http(timeout=prometheus.PATIENCE) as http:
        try:
            found = _rules(prometheus.firing(http, settings.url))
        except ConnectorError as trouble:  # whoever does not tell its rules is not asked for numbers, too
            return Reds(unknown=(f"Prometheus could not be asked: {trouble.reason}",))
        for limit in _limits(books, settings.queries):
            found += _held(http, settings.url, limit, settings.queries[limit.metric])
    return found


def unwell(addresses: Sequence[ProbeSettings], seen: Sequence[Probe]) -> Reds:
    """The addresses that fail."""
    red = tuple(
        Indicator("address", place_of(one.url), one.service, was.detail)
        for one, was in zip(addresses, seen, strict=True)
        if was.verdict != Verdict.UP
    )
    return Reds(red=red, asked=(f"{len(seen)} health {'address' if len(seen) == 1 else 'addresses'}",) if seen else ())


def _rules(told: prometheus.Firing) -> Reds:
    if not told.rules:
        return Reds(unknown=("Prometheus has no alerting rule, so that it never calls anything red.",))
    red = tuple(
        Indicator("rule", one.name, one.service, one.summary, one.since, one.value, tuple(sorted(one.labels.items())))
        for one in told.red
    )
    unknown = tuple(f"Prometheus cannot tell about the rule {one}." for one in told.blind)
    return Reds(red, unknown, (f"{told.rules} alerting {'rule' if told.rules == 1 else 'rules'} of Prometheus",))


def _limits(books: Iterable[Runbook], queries: dict[str, str]) -> tuple[Threshold, ...]:
    """Each limit of the runbooks once, of those that can be measured."""
    found = {
        (one.metric, one.operator, one.value, one.unit): one
        for book in books
        for one in book.thresholds
        if one.metric in queries
    }
    return tuple(found.values())


def _held(http: Http, url: str, limit: Threshold, query: str) -> Reds:
    name = f"{limit.metric} {limit.operator} {limit.value:g} {limit.unit}"
    try:
        numbers = prometheus.numbers(http, url, query)
    except ConnectorError as trouble:
        return Reds(unknown=(f"The limit {name} could not be measured: {trouble.reason}",))
    if not numbers:
        return Reds(unknown=(f"The limit {name} could not be measured: its query gives no number.",))
    worst = (max if limit.operator.startswith("<") else min)(numbers)
    asked = (f"the limit {name}",)
    if HOLDS[limit.operator](worst, limit.value):
        return Reds(asked=asked)
    return Reds((Indicator("limit", name, "", f"It is {worst:g} {limit.unit}.", value=worst),), asked=asked)


def in_words(reds: Reds) -> list[str]:
    """What Prometheus says, in sentences for a note; none where nobody asked it."""
    told = [f"{_titled(one)}{_since(one)}." for one in reds.red] + list(reds.unknown)
    return told or ([f"{' and '.join(reds.asked)}: none is red."] if reds.asked else [])


def _titled(one: Indicator) -> str:
    if one.kind == "limit":
        return f"Not {one.name}: {one.says.rstrip('.')}"
    told = [one.service and f"({one.service})", "fires", one.value is not None and f"with {one.value:g}"]
    return " ".join([one.name, *(part for part in told if part)])


def _since(one: Indicator) -> str:
    return f" since {one.since:%H:%M}" if one.since else ""
