"""Declare: gather what the runbooks know about a fault, so that one deed can open the incident.

Nothing here waits for a vendor or for anything but our own files: an incident can be declared while
everything else is down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from fireline.core import cadence, gate, incident, summary
from fireline.core.alert import Alert
from fireline.core.events import Cadence, RunbookRef
from fireline.core.incident import Incident
from fireline.core.private import Secrets
from fireline.core.refusal import Refused
from fireline.core.rules import Rule
from fireline.core.runbook import Runbook, Severity
from fireline.core.runbook.checklists import resolution_checklist
from fireline.core.runbook.match import Facts, Match
from fireline.core.runbook.rhythm import minutes_between
from fireline.core.severity import USUAL as USUAL_GRADING
from fireline.core.severity import Grading, Suggestion, of_alert, suggest
from fireline.settings import Drill
from fireline.store.ledger import Deed, Ledger
from fireline.workflows.library import Library

WATCH_MINUTES = 30.0  # where the runbook names no green window: the figure most runbooks with one give
# For a house whose runbooks name no severities: four, with the response times most public runbooks agree on.
SEVERITIES = (
    Severity(
        id="P0",
        name="Critical",
        impact="Outage, data loss or breach",
        response_minutes=5,
        examples=(),
        line=0,
    ),
    Severity(id="P1", name="High", impact="A major feature is down", response_minutes=15, examples=(), line=0),
    Severity(id="P2", name="Medium", impact="Something is degraded", response_minutes=60, examples=(), line=0),
    Severity(id="P3", name="Low", impact="A minor issue", response_minutes=240, examples=(), line=0),
)


@dataclass(frozen=True, slots=True)
class Declare:
    """Opens incidents for people and for the intake."""

    ledger: Ledger
    library: Library
    drill: Drill
    grading: Grading = USUAL_GRADING
    pace: cadence.Limits = field(default_factory=cadence.Limits)
    secrets: Secrets = field(default_factory=Secrets)
    summaries: Mapping[str, float] = field(default_factory=dict)  # minutes, by severities with stakeholders

    def by_person(
        self,
        title: str,
        *,
        by: str,
        severity: str | None = None,
        service: str | None = None,
        values: Mapping[str, str] | None = None,
        key: str | None = None,
        private: bool | None = None,
    ) -> Incident:
        """A person says that something is wrong; a title is enough. Raises `Refused` naming a wrong field.

        `private`: only some may know of it. None: where the words tell of an attacker.
        """
        found = self.library.find(Facts(name=title, labels={}, annotations={"summary": title}))
        deed = self.deed(
            title=title,
            text=title,
            found=found,
            by=by,
            source="person",
            service=service,
            severity=severity,
            values=values or {},
            **self._known_to(title, private=private),
        )
        return self.ledger.open(deed, key=key)

    def deed(
        self,
        *,
        title: str,
        text: str,
        found: Match | None,
        by: str,
        source: str,
        service: str | None = None,
        detected_at: datetime | None = None,
        severity: str | None = None,
        values: Mapping[str, str],
        suggestion: Suggestion | None = None,
        **facts: Any,
    ) -> Deed:
        """The declaration with everything the runbooks add: severity, response time, gates, green window.

        `suggestion` is a severity already looked up; `facts` are further fields of `IncidentDeclared`.
        """
        if source != "person" and "private" not in facts and self.secrets.people:
            facts |= self._known_to(text, private=None)  # nobody declared it, so without a list nobody would know of it
        book = found.runbook if found else self.library.main
        row, why = (
            (suggestion.severity, suggestion.why)
            if suggestion
            else self._severity(text if found is None else f"{text} {found.scenario.symptoms}", book, severity)
        )
        return partial(
            incident.declare,
            title=title[: incident.TITLE_MAX_CHARS],
            severity=row.id,
            severity_name=row.name,
            severity_why=why,
            response_minutes=row.response_minutes,
            by=by,
            detected_at=detected_at,
            source=source,
            service=service,
            gates=gate.specs(self._checklist(book)),
            values=dict(values),
            runbook=self._keep(found.runbook if found else None),
            scenario=found.scenario.title if found else None,
            match_why=found.why if found else None,
            watch_minutes=_watch_minutes(book),
            watch_speed=self.drill.watch_speed if self.drill.on else 1.0,
            drill=self.drill.on,
            cadence=self._cadence(book),
            **facts,
        )

    def suggest(self, alert: Alert, found: Match | None, rule: Rule | None = None) -> Suggestion:
        """The severity of an alert, and why: its rule's, else by the runbook, its error rate and its label."""
        book = found.runbook if found else self.library.main
        rows = self.severities(book)
        if rule and rule.severity:
            for row in rows:
                if row.id.lower() == rule.severity.lower():
                    return Suggestion(severity=row, why=f"The rule “{rule.name}” says {row.id}.")
        text = f"{alert.text} {found.scenario.symptoms}" if found else alert.text
        return of_alert(text, alert.labels, alert.annotations, rows, self.grading)

    def severities(self, book: Runbook | None = None) -> tuple[Severity, ...]:
        """Those of the runbook, else of the main one, else the four everybody knows."""
        for one in (book, self.library.main):
            if one and one.severities:
                return one.severities
        return SEVERITIES

    def severity(self, name: str, book: Runbook | None = None) -> Severity:
        """The severity with this id. Raises `Refused` naming the ones there are."""
        rows = self.severities(book)
        for row in rows:
            if row.id.lower() == name.lower():
                return row
        raise Refused(f"Severity is one of {', '.join(row.id for row in rows)}.", status=400, field="severity")

    def _known_to(self, text: str, *, private: bool | None) -> dict[str, Any]:
        """Whether only some know of it, and who from the beginning."""
        closed = bool(self.secrets.word(text)) if private is None else private
        return {"private": True, "people": self.secrets.people or msgspec.UNSET} if closed else {}

    def _severity(self, text: str, book: Runbook | None, named: str | None) -> tuple[Severity, str]:
        if named:
            return self.severity(named, book), "named by whoever declared it"
        suggestion = suggest(text, self.severities(book))
        return suggestion.severity, suggestion.why

    def _checklist(self, book: Runbook | None) -> tuple[str, ...]:
        """The runbook's own resolution checklist, else the main one's."""
        found = (resolution_checklist(one) for one in (book, self.library.main) if one)
        return next(filter(None, found), ())

    def _cadence(self, book: Runbook | None) -> Cadence:
        """How often who is told: by the settings, else by the runbook, else by the main one."""
        said = {
            kind: next(filter(None, (minutes_between(one, kind) for one in (book, self.library.main))), 0.0)
            for kind in ("internal", "status")
        }
        ids = [one.id for one in self.severities(book)]
        summaries = summary.minutes(ids, self.summaries)
        return cadence.of(self.pace, ids, internal=said["internal"], public=said["status"], stakeholders=summaries)

    def _keep(self, book: Runbook | None) -> RunbookRef | None:
        return self.library.keep(book) if book else None


def _watch_minutes(book: Runbook | None) -> float:
    for threshold in book.thresholds if book else ():
        if threshold.metric == "monitored" and threshold.unit.startswith("min"):
            return threshold.value
    return WATCH_MINUTES
