"""Prometheus: which of its alerting rules fire now, and what a query gives.

https://prometheus.io/docs/prometheus/latest/querying/api/#rules and #instant-queries. Anything that is not a whole
answer of Prometheus is an error in words: a silence that nobody heard is no sign of health.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

import msgspec

from fireline.connectors.http import ConnectorError, Http, Permanent, host_of
from fireline.core.outside import clean, cleaned, utc

T = TypeVar("T")
PATIENCE = 4.0  # seconds; as long as a round of health addresses takes


class Alert(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One set of labels that a rule is pending or firing for."""

    labels: dict[str, str]
    state: str
    active_at: datetime
    value: str = ""
    annotations: dict[str, str] = {}


class Rule(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One alerting rule. Prometheus sends more; this is what we read."""

    name: str
    type: Literal["alerting", "recording"]
    state: str = ""
    health: str = "ok"  # "err": its query fails; "unknown": it was not evaluated yet
    last_error: str = ""
    alerts: list[Alert] = []


class _Group(msgspec.Struct, frozen=True):
    rules: list[Rule]


class _Groups(msgspec.Struct, frozen=True):
    groups: list[_Group]


class _Rules(msgspec.Struct, frozen=True):
    status: Literal["success"]
    data: _Groups


class _Sample(msgspec.Struct, frozen=True):
    value: tuple[float, str]  # when, what


class _Vector(msgspec.Struct, frozen=True, tag_field="resultType", tag="vector"):
    result: list[_Sample]


class _Scalar(msgspec.Struct, frozen=True, tag_field="resultType", tag="scalar"):
    result: tuple[float, str]


class _Query(msgspec.Struct, frozen=True):
    status: Literal["success"]
    data: _Vector | _Scalar


class _Line(msgspec.Struct, frozen=True):
    values: list[tuple[float, str]]
    metric: dict[str, str] = {}


class _Matrix(msgspec.Struct, frozen=True):
    result: list[_Line]
    resultType: Literal["matrix"]  # noqa: N815  # Prometheus' own name of it


class _Range(msgspec.Struct, frozen=True):
    status: Literal["success"]
    data: _Matrix


class Many(ConnectorError):  # noqa: N818  # an answer that cannot be drawn as one line
    """A query gave several lines where one was wanted."""


@dataclass(frozen=True, slots=True)
class Red:
    """One firing alert: a rule for one set of labels. `value` is None where it is no number."""

    name: str
    labels: dict[str, str]
    since: datetime
    value: float | None
    summary: str

    @property
    def service(self) -> str:
        """What it is about, by the labels most people give it."""
        return self.labels.get("service") or self.labels.get("job", "")


@dataclass(frozen=True, slots=True)
class Firing:
    """What Prometheus says: `red` fires, `blind` are rules that it cannot evaluate, `rules` how many there are."""

    red: tuple[Red, ...]
    blind: tuple[str, ...]
    rules: int


def firing(http: Http, url: str) -> Firing:
    """Every alert that fires now, the oldest first. Raises Temporary or Permanent."""
    rules = [
        rule
        for group in _ask(http, url, "rules?type=alert", _Rules).data.groups
        for rule in group.rules
        if rule.type == "alerting"
    ]
    red = [
        Red(clean(rule.name), cleaned(one.labels), utc(one.active_at), _number(one.value), _summary(one))
        for rule in rules
        for one in rule.alerts
        if one.state == "firing"
    ]
    blind = [f"{clean(rule.name)} ({_state(rule)})" for rule in rules if rule.health != "ok"]
    return Firing(tuple(sorted(red, key=lambda one: one.since)), tuple(blind), len(rules))


def numbers(http: Http, url: str, query: str) -> tuple[float, ...]:
    """The numbers that a query gives now; none where it has no data. Raises Temporary or Permanent."""
    match _ask(http, url, f"query?{urlencode({'query': query})}", _Query).data:
        case _Scalar(result=(_, written)):
            found = [written]
        case _Vector(result=samples):
            found = [one.value[1] for one in samples]
    return tuple(one for one in map(_number, found) if one is not None)


def line(
    http: Http, url: str, query: str, *, since: datetime, until: datetime, step: float
) -> tuple[tuple[datetime, float], ...]:
    """The one line that a query gives over a while, a point every `step` seconds; empty where it has no data.

    https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries. Points that are no number (0/0 without
    traffic) are left out. Raises `Many` when the query gives several lines, Temporary or Permanent as ever.
    """
    asked = urlencode({"query": query, "start": since.timestamp(), "end": until.timestamp(), "step": step})
    found = _ask(http, url, f"query_range?{asked}", _Range).data.result
    if len(found) > 1:
        raise Many(f"The query gives {len(found)} lines where one is wanted: sum them, or take the worst.")
    points = ((datetime.fromtimestamp(at, UTC), _number(written)) for one in found for at, written in one.values)
    return tuple((at, value) for at, value in points if value is not None)


def _ask(http: Http, url: str, what: str, kind: type[T]) -> T:
    answer = http.get(f"{url.rstrip('/')}/api/v1/{what}", words=_words)
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError as trouble:
        raise Permanent(f"{host_of(url)} does not answer like Prometheus: {trouble}.") from None


def _state(rule: Rule) -> str:
    if rule.health == "unknown":
        return "not evaluated yet"
    return clean(rule.last_error).rstrip(".") or f"health {clean(rule.health)}"


def _summary(one: Alert) -> str:
    return clean(one.annotations.get("summary", ""))


def _number(written: str) -> float | None:
    try:
        number = float(written)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _words(said: dict[str, Any]) -> str:
    return str(said.get("error", ""))
