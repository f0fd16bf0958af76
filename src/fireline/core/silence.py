"""Silences: for a while, alerts with these labels wake nobody. Somebody says which, why, and until when.

A silenced alert is stored and shown like any other; it only declares and joins nothing. When the silence ends
and the alert still fires, it is looked at as if it had just come. A maintenance window is a silence that was
announced: it may begin later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

import msgspec

from fireline.core.pattern import Pattern
from fireline.core.refusal import Refused

LONGEST = timedelta(days=30)  # what is silent for longer is no silence but a rule
MATCHERS_MAX = 20
REMEMBERED = 10_000  # different sets of words, of which labels that matchers name have few
Kind = Literal["silence", "maintenance"]
Op = Literal["=", "!=", "=~", "!~"]
State = Literal["active", "to come", "over"]

# name, operator, value, quoted or bare: the matchers of Alertmanager's own silences
MATCHER = re.compile(r"""\s*(?P<name>[^\s=!~,"{}]+)\s*(?P<op>=~|!~|!=|=)\s*(?P<value>"(?:\\.|[^"\\])*"|[^,"]*)\s*""")


class Matcher(msgspec.Struct, frozen=True, kw_only=True):
    """One condition on one label. An absent label counts as an empty one, as it does in Alertmanager."""

    name: str
    op: Op
    value: str

    def fits(self, labels: Mapping[str, str]) -> bool:
        """The labels satisfy it."""
        value = labels.get(self.name, "")
        match self.op:
            case "=":
                return value == self.value
            case "!=":
                return value != self.value
            case "=~":
                return pattern(self.value).fits(value)
            case _:
                return not pattern(self.value).fits(value)

    def __str__(self) -> str:
        quoted = self.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{self.name}{self.op}"{quoted}"'


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts are silent, from when to when (UTC), who said so and why."""

    matchers: tuple[Matcher, ...]
    kind: Kind = "silence"
    by: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    number: int = 0
    ended_by: str | None = None  # who ended it early; `ends_at` is then when

    def covers(self, labels: Mapping[str, str], at: datetime) -> bool:
        """Alerts with these labels are silent now."""
        return self.starts_at <= at < self.ends_at and all(one.fits(labels) for one in self.matchers)

    def state(self, at: datetime) -> State:
        """Whether it holds."""
        if at >= self.ends_at:
            return "over"
        return "active" if at >= self.starts_at else "to come"

    @property
    def text(self) -> str:
        """Its matchers as they were written."""
        return ", ".join(map(str, self.matchers))

    @property
    def why(self) -> str:
        """One sentence for an alert that it covers."""
        until = f"until {self.ends_at:%d %b %H:%M} UTC"
        what = "in maintenance" if self.kind == "maintenance" else "silenced"
        return f"{what} by {self.by} {until}: {self.reason}"


class Quiet:
    """Silences, ready to be asked thousands of times a second.

    Alerts with the same words in the labels that matchers name are covered by the same ones.
    """

    def __init__(self, silences: Iterable[Silence] = ()) -> None:
        self._all = tuple(silences)
        self.names = tuple(dict.fromkeys(one.name for silence in self._all for one in silence.matchers))
        self._fitting: dict[tuple[str, ...], tuple[Silence, ...]] = {}

    def covering(self, labels: Mapping[str, str], at: datetime) -> Silence | None:
        """The first that holds for alerts with these labels now."""
        return next((one for one in self.fitting(labels) if one.starts_at <= at < one.ends_at), None)

    def fitting(self, labels: Mapping[str, str]) -> tuple[Silence, ...]:
        """Those that cover alerts with these labels at one time or another."""
        get = labels.get
        values = tuple([get(name, "") for name in self.names])
        fitting = self._fitting.get(values)
        if fitting is None:
            fitting = tuple(one for one in self._all if all(matcher.fits(labels) for matcher in one.matchers))
            if len(self._fitting) >= REMEMBERED:
                self._fitting.clear()
            self._fitting[values] = fitting
        return fitting


@lru_cache(maxsize=256)
def pattern(written: str) -> Pattern:
    """The compiled pattern."""
    return Pattern(written)


def read(text: str) -> tuple[Matcher, ...]:
    """Matchers as Alertmanager writes them: `service="checkout", alertname=~"Disk.*"`. Raises `Refused(400)`."""
    inner = text.strip().removeprefix("{").removesuffix("}")
    found: list[Matcher] = []
    at = 0
    while inner[at:].strip():
        one = MATCHER.match(inner, at)
        if not one or (one.end() < len(inner) and inner[one.end()] != ","):
            raise Refused(
                f'{inner[at:].strip()[:80]!r} is no matcher. Write service=checkout or alertname=~"Disk.*", '
                "with commas between several.",
                status=400, field="matchers",
            )  # fmt: skip
        value = one["value"].strip()
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL)
        found.append(Matcher(name=one["name"], op=one["op"], value=value))  # type: ignore[arg-type]  # the regex's own four
        at = one.end() + 1
    return tuple(found)


def make(
    *, matchers: str, by: str, reason: str, at: datetime, starts_at: datetime | None, ends_at: datetime,
    kind: Kind = "silence",
) -> Silence:  # fmt: skip
    """A silence that holds together. Raises `Refused(400)` naming the field that does not."""
    starts_at = max(at, starts_at or at)
    found = read(matchers)
    if not 1 <= len(found) <= MATCHERS_MAX:
        raise Refused(f"Say which alerts: 1 to {MATCHERS_MAX} matchers.", status=400, field="matchers")
    for one in found:
        if one.op in {"=~", "!~"}:
            try:
                pattern(one.value)
            except Refused as no:
                raise Refused(no.sentence, status=400, field="matchers") from no
    if all(one.fits({}) for one in found):
        raise Refused(
            "These matchers fit alerts that have none of the labels, too: everything would be silent. "
            "Name at least one label that has to be there.",
            status=400, field="matchers",
        )  # fmt: skip
    if not reason.strip():
        raise Refused("Say why, in a sentence: whoever is awake will read it.", status=400, field="reason")
    if ends_at <= starts_at:
        raise Refused("A silence ends after it begins, and not before now.", status=400, field="ends_at")
    if ends_at - starts_at > LONGEST:
        raise Refused(
            f"A silence lasts at most {LONGEST.days} days. What should be silent for longer is a rule "
            'in the settings: do = "ignore".',
            status=400, field="ends_at",
        )  # fmt: skip
    return Silence(matchers=found, kind=kind, by=by, reason=reason.strip(), starts_at=starts_at, ends_at=ends_at)


SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?:in)?)?")


def span(text: str) -> timedelta:
    """`2h`, `90m`, `1d12h`. Raises `Refused(400)`."""
    found = SPAN.fullmatch(text.strip().replace(" ", "")) if len(text) < 20 else None
    days, hours, minutes = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    if not (days or hours or minutes):
        raise Refused(f"{text!r} is no length of time: write 2h, 90m or 1d12h.", status=400, field="for")
    return timedelta(days=min(days, 10_000), hours=hours, minutes=minutes)
