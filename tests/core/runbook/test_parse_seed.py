"""The page the project was asked to run reads whole, and comes back whole but for its mojibake."""

from __future__ import annotations

import difflib
from datetime import date
from pathlib import Path

import pytest

from fireline.core.guard import judge
from fireline.core.runbook import Runbook, export
from fireline.core.runbook.document import as_document
from fireline.core.runbook.health import read_health_urls
from fireline.core.runbook.lint import lint
from fireline.core.runbook.mojibake import lines_of
from fireline.shell import parse as shell


@pytest.mark.req(1)
def test_counts_are_those_of_the_page(seed: Runbook) -> None:
    assert [(s.id, s.response_minutes) for s in seed.severities] == [("P0", 5), ("P1", 15), ("P2", 60), ("P3", 240)]
    assert [len(s.examples) for s in seed.severities] == [4, 4, 4, 3]
    assert [p.number for p in seed.phases] == [1, 2, 3, 4, 5, 6, 7]
    assert len(seed.commands) == 39
    assert len({c.block for c in seed.commands}) == 15
    assert [len(c.items) for c in seed.checklists] == [4, 8, 5]
    assert [t.kind for t in seed.templates] == ["internal", *["status"] * 4, "customer", "review"]
    assert len(seed.mitigations) == 5
    assert [len(s.resolution) for s in seed.scenarios] == [4, 4, 4, 4]
    assert len(seed.symptoms) == 5
    assert sum(part.minutes for part in seed.agenda) == 80
    assert [c.phone for c in seed.contacts].count("XXX-XXX-XXXX") == 4
    assert len(seed.dashboards) == 3
    assert len(seed.links) == 6


def test_limits_and_dates_are_read(seed: Runbook) -> None:
    limits = {(t.metric, t.operator, t.value, t.unit) for t in seed.thresholds}
    assert limits == {("error rate", "<", 0.1, "%"), ("p95", "<", 200.0, "ms"), ("monitored", ">=", 30.0, "minutes")}
    assert (seed.last_updated, seed.next_review) == ("November 2024", "February 2025")


@pytest.mark.req(2)
def test_five_symbols_are_repaired_and_told_the_lossy_one_too(seed: Runbook) -> None:
    told = [f for f in seed.findings if f.code == "mojibake"]
    assert {f.message.split("'")[3] for f in told} == {"📊", "✅", "❌", "🟡", "📋"}
    review = next(t for t in seed.templates if t.kind == "review")
    assert review.text.count("❌") == 3
    assert seed.templates[0].text.startswith("📊")


@pytest.mark.req(1, 2)
def test_export_differs_in_the_repairs_only(seed: Runbook, shared: Path) -> None:
    before = (shared / "seed" / "incident-response-runbook.md").read_text(encoding="utf-8")
    changed = [d for d in difflib.ndiff(lines_of(before), lines_of(export(seed))) if d.startswith("- ")]
    assert len(changed) == len({f.line for f in seed.findings if f.code == "mojibake"}) == 10


@pytest.mark.req(20)
def test_health_addresses_are_taken_from_the_page_and_merged(seed: Runbook) -> None:
    hosts = [one.url.split("/")[2].split(".")[0] for one in read_health_urls(seed)]
    assert hosts == ["www", "console", "api", "marketing", "developer-hub", "partner-portal"]
    assert len(read_health_urls(seed, merge=False)) == 7


@pytest.mark.req(60)
def test_investigation_steps_keep_their_order_and_numbers(seed: Runbook) -> None:
    steps = [c.step for c in seed.commands if c.phase == "Investigate"]
    assert steps == ["1", "2", "2", "3", "5", "6", "6"]
    assert all(c.role == "diagnosis" for c in seed.commands if c.phase == "Investigate")
    assert any(m.step == "4" for m in seed.manual_steps)


def test_a_rollback_is_verified_in_its_own_block(seed: Runbook) -> None:
    rollback = seed.mitigations[0]
    assert rollback.condition == "If Recent Deployment"
    assert [c.role for c in rollback.commands] == ["mitigation", "verification"]
    database = seed.mitigations[2]
    assert [c.role for c in database.commands] == ["diagnosis", "mitigation", "mitigation"]


@pytest.mark.req(11, 131, 136)
def test_lint_names_what_hurts(seed: Runbook) -> None:
    codes = [f.code for f in lint(seed, exists=lambda _: False, today=date(2026, 11, 23))]
    assert codes.count("dead-link") == 3
    assert codes.count("dead-file") == 2
    assert codes.count("phone-placeholder") == 4
    assert {"review-overdue", "kind-mismatch", "services-disagree", "hides-failure", "severity-range"} <= set(codes)
    assert codes.count("never-ends") == 3


def test_the_document_has_the_agreed_shape(seed: Runbook) -> None:
    document = as_document(seed, lambda command: judge(command.judged, parse=shell))
    assert list(document) == [
        "title", "overview", "severities", "phases", "checklists", "commands", "mitigations", "templates", "scenarios",
        "symptoms", "thresholds", "agenda", "contacts", "dashboards", "links", "last_updated", "next_review",
        "findings",
    ]  # fmt: skip
    assert set(document["commands"][0]) == {
        "line", "text", "phase", "scenario", "title", "effect", "unattended", "tags", "placeholders", "rule",
    }  # fmt: skip
    by_line = {c["line"]: c for c in document["commands"]}
    assert by_line[111]["effect"] == "read"
    assert (by_line[111]["unattended"], by_line[112]["unattended"]) == (True, False)
    assert by_line[112]["placeholders"] == ["<failing-pod>"]
    assert by_line[181]["effect"] == "destructive"
