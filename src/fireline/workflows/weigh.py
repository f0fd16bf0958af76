"""Weigh: what rules and runbooks make of one alert by itself. No log and no row is read, so it can be tried offline."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from fireline.core.alert import Alert
from fireline.core.join import about, fault, own_service
from fireline.core.report import REPORTS
from fireline.core.rules import Do, Rule, Rules
from fireline.core.runbook.match import Facts, Match
from fireline.core.severity import Suggestion
from fireline.workflows.declare import Declare

Default = Literal["matched", "all", "none"]


class Weighed:
    """What is to be done with an alert that no open incident has room for, and why. What nobody asks is not looked up.

    A plain class: one is made for every alert that comes in, and freezing it takes longer than using it.
    """

    def __init__(self, alert: Alert, rule: Rule | None, declare: Declare, default: Default) -> None:
        self.alert, self.rule, self.declare, self.default = alert, rule, declare, default

    @property  # not cached: its lock costs more than a rule's sentence
    def decided(self) -> tuple[Do, str]:
        """What is to be done, and why in one sentence."""
        alert, rule = self.alert, self.rule
        if rule:
            return rule.do, f"the rule “{rule.name}” says {rule.do}" + (f": {rule.why}" if rule.why else "")
        if alert.source in REPORTS:
            return "suggest", "people wrote it, and no incident of its service is open, so a person decides"
        if alert.no_data:
            return "suggest", "its source sends no data, neither good nor bad, so a person decides"
        if self.default == "none":
            return "suggest", "by the settings no alert declares by itself"
        if self.found:
            return "declare", self.found.why
        if self.default == "all":
            return "declare", "by the settings every alert declares"
        return "suggest", "no runbook has a scenario for it, so a person decides"

    @property
    def reads(self) -> bool:
        """What is decided depends on what the alert says, too, not on its labels alone: a runbook is searched."""
        alert = self.alert
        return not (self.rule or alert.source in REPORTS or alert.no_data or self.default == "none")

    @property
    def do(self) -> Do:
        """What is to be done."""
        return self.decided[0]

    @property
    def why(self) -> str:
        """In one sentence."""
        return self.decided[1]

    @cached_property
    def found(self) -> Match | None:
        """Its scenario in the runbooks."""
        alert = self.alert
        return self.declare.library.find(Facts(name=alert.name, labels=alert.labels, annotations=alert.annotations))

    @property
    def service(self) -> str | None:
        """What it is about, as its rule says or its labels do."""
        return (self.rule.service if self.rule else None) or self.alert.service

    @property
    def own_service(self) -> str | None:
        """The one service it is about, if it names one; others may join by that."""
        return own_service(self.alert, self.rule.service if self.rule else None)

    @cached_property
    def key(self) -> str:
        """What alerts of its fault share."""
        return fault(self.alert, self.service, self.found.scenario.title if self.found else None)

    def may_be(self, titles: Collection[str]) -> bool:
        """Whether its fault may be called one of these. Asked where knowing which one it is would cost more."""
        alert = self.alert
        return alert.name in titles or self.declare.library.may_find(
            Facts(name=alert.name, labels=alert.labels, annotations=alert.annotations), titles
        )

    @cached_property
    def about(self) -> str:
        """Its fault in words."""
        return about(self.alert, self.service, self.found.why if self.found else None)

    @cached_property
    def suggestion(self) -> Suggestion:
        """How grave it is."""
        return self.declare.suggest(self.alert, self.found, self.rule)


@dataclass(frozen=True, slots=True)
class Weigh:
    """Weighs alerts by the rules of this house, then by its default."""

    declare: Declare
    rules: Rules
    default: Default

    def __call__(self, alert: Alert) -> Weighed:
        """Weigh one alert. The library may change: ask the answer soon, and keep none."""
        return Weighed(alert, self.rules.first(alert), self.declare, self.default)
