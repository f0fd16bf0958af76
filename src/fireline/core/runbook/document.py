"""The whole runbook as one plain document: what `fireline runbook show --json` and the API give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from fireline.core.runbook.fill import missing
from fireline.core.runbook.lint import lint
from fireline.core.runbook.model import Command, Runbook


class Judged(Protocol):
    """What a verdict has to tell: the guard's `Verdict` does."""

    @property
    def effect(self) -> object:
        """What the command does to the world."""

    @property
    def unattended(self) -> bool:
        """Whether it may run by itself."""

    @property
    def tags(self) -> tuple[str, ...]:
        """What else is known about it."""

    @property
    def rule(self) -> str:
        """The table row that gave the verdict."""


def as_document(runbook: Runbook, judge: Callable[[Command], Judged]) -> dict[str, Any]:
    """Give the runbook as JSON types; `judge` gives the verdict on a command, its blanks still open."""
    return {
        "title": runbook.title,
        "overview": runbook.overview,
        "severities": [
            {
                "id": s.id,
                "name": s.name,
                "impact": s.impact,
                "response_minutes": s.response_minutes,
                "examples": list(s.examples),
            }
            for s in runbook.severities
        ],
        "phases": [{"number": p.number, "title": p.title, "line": p.line} for p in runbook.phases],
        "checklists": [
            {"title": c.title, "line": c.line, "items": [item.text for item in c.items]} for c in runbook.checklists
        ],
        "commands": [_command(c, judge(c)) for c in runbook.commands],
        "mitigations": [
            {"condition": m.condition, "line": m.line, "commands": [c.text for c in m.commands]}
            for m in runbook.mitigations
        ],
        "templates": [{"name": t.name, "kind": t.kind, "line": t.line, "text": t.text} for t in runbook.templates],
        "scenarios": [
            {"title": s.title, "line": s.line, "symptoms": s.symptoms, "resolution": [r.text for r in s.resolution]}
            for s in runbook.scenarios
        ],
        "symptoms": [{"symptom": s.symptom, "check": s.check, "command": s.command} for s in runbook.symptoms],
        "thresholds": [
            {"metric": t.metric, "operator": t.operator, "value": t.value, "unit": t.unit, "line": t.line}
            for t in runbook.thresholds
        ],
        "agenda": [{"title": a.title, "minutes": a.minutes} for a in runbook.agenda],
        "contacts": [{"role": c.role, "contact": c.contact, "phone": c.phone} for c in runbook.contacts],
        "dashboards": [{"name": d.name, "url": d.url} for d in runbook.dashboards],
        "links": [{"title": link.title, "target": link.target, "line": link.line} for link in runbook.links],
        "last_updated": runbook.last_updated,
        "next_review": runbook.next_review,
        "findings": [
            {"line": f.line, "code": f.code, "severity": f.severity, "message": f.message} for f in lint(runbook)
        ],
    }


def _command(command: Command, verdict: Judged) -> dict[str, Any]:
    return {
        "line": command.line,
        "text": command.text,
        "phase": command.phase,
        "scenario": command.scenario,
        "title": command.title,
        "effect": str(verdict.effect),
        "unattended": verdict.unattended and not missing(command, {}) and not command.inside,
        "tags": list(verdict.tags),
        "placeholders": [p.written for p in command.placeholders],
        "rule": verdict.rule,
    }
