"""Rules: which alerts declare an incident by themselves, which are suggested to people, which nobody wants.

`[[rules]]` of the settings, tried in order; the first that fits decides, and an alert that fits none goes by
`[alerts] declare`. They are compiled once: a busy house asks them thousands of times a second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from fireline.core.alert import Alert
from fireline.core.pattern import Pattern
from fireline.core.refusal import Refused

Do = Literal["declare", "suggest", "ignore"]
REMEMBERED = 10_000  # different sets of words; rules look at labels that have few


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[rules]]`: what to do with alerts that have these labels.

    A value is the whole text, or `~` and a pattern for the whole text; the key `source` is the alert's source.
    A label that is absent is an empty text, as in Prometheus. An empty `match` fits every alert.
    """

    name: str
    match: dict[str, str] = {}
    do: Do
    severity: str | None = None
    service: str | None = None  # what the alert is about, when its labels do not say
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Compiled:
    rule: Rule
    source: str | None
    exact: tuple[tuple[str, str], ...]
    patterns: tuple[tuple[str, Pattern], ...]  # `source` may stand here too


class Rules:
    """The rules, ready to be asked."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        """Raises `Refused(400)` naming the rule and the key that is wrong."""
        seen: set[str] = set()
        for rule in rules:
            if not rule.name.strip():
                raise Refused(
                    "A rule has no name: give it one, for it is shown with every alert it decides.", status=400
                )
            if rule.name in seen:
                raise Refused(f"Two rules are named “{rule.name}”: nobody could tell which one decided.", status=400)
            seen.add(rule.name)
        self.all = tuple(rules)
        self._compiled = tuple(map(_compile, rules))
        self.names = tuple(dict.fromkeys(key for rule in rules for key in rule.match if key != "source"))
        self._known: dict[tuple[str, ...], Rule | None] = {}

    def first(self, alert: Alert) -> Rule | None:
        """The first rule that fits this alert. Alerts with the same words where rules look are asked about once."""
        get = alert.labels.get
        words = (alert.source, *[get(name, "") for name in self.names])
        try:
            return self._known[words]
        except KeyError:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            found = self._known[words] = self._first(alert.labels, alert.source)
            return found

    def _first(self, labels: Mapping[str, str], source: str) -> Rule | None:
        for one in self._compiled:
            if one.source is not None and one.source != source:
                continue
            for key, value in one.exact:
                if labels.get(key, "") != value:
                    break
            else:
                if not one.patterns or _fit(one.patterns, labels, source):
                    return one.rule
        return None


def _fit(patterns: tuple[tuple[str, Pattern], ...], labels: Mapping[str, str], source: str) -> bool:
    return all(pattern.fits(source if key == "source" else labels.get(key, "")) for key, pattern in patterns)


def _compile(rule: Rule) -> _Compiled:
    exact: list[tuple[str, str]] = []
    patterns: list[tuple[str, Pattern]] = []
    source = None
    for key, wanted in rule.match.items():
        if wanted.startswith("~"):
            try:
                patterns.append((key, Pattern(wanted[1:])))
            except Refused as no:
                raise Refused(f"The rule “{rule.name}”, match.{key}: {no.sentence}", status=400) from no
        elif key == "source":
            source = wanted
        else:
            exact.append((key, wanted))
    return _Compiled(rule, source, tuple(exact), tuple(patterns))
