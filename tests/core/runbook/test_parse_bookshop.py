"""Our own example runbook reads whole: every kind of thing it holds becomes an object that knows its line."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from fireline.core.runbook import Command, Runbook, export
from fireline.core.runbook.lint import lint

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "runbooks"


def test_severities_carry_their_promises(bookshop: Runbook) -> None:
    assert [(s.id, s.name, s.response_minutes) for s in bookshop.severities] == [
        ("P0", "Critical", 5),
        ("P1", "High", 15),
        ("P2", "Medium", 60),
        ("P3", "Low", 240),
    ]
    assert "Cache or session store down" in bookshop.severities[1].examples


def test_phases_checklists_templates_and_agenda_are_found(bookshop: Runbook) -> None:
    assert [p.title for p in bookshop.phases] == [
        "Detect", "Declare", "Investigate", "Mitigate", "Communicate", "Resolve", "Learn",
    ]  # fmt: skip
    assert [(c.title, len(c.items)) for c in bookshop.checklists] == [
        ("Commander Checklist", 4),
        ("Resolution Checklist", 7),
        ("Afterwards", 4),
    ]
    assert [t.kind for t in bookshop.templates] == ["internal", *["status"] * 4, "customer", "review"]
    assert sum(part.minutes for part in bookshop.agenda) == 80
    assert bookshop.mitigations[0].condition == "If Recent Release"
    assert [(t.metric, t.operator, t.value, t.unit) for t in bookshop.thresholds] == [
        ("error rate", "<", 0.1, "%"),
        ("p95", "<", 200.0, "ms"),
        ("monitored", ">=", 30.0, "minutes"),
    ]
    assert len(bookshop.symptoms) == 4
    assert [d.name for d in bookshop.dashboards] == ["Shop Floor", "Traces", "Logs"]
    assert (bookshop.last_updated, bookshop.next_review) == ("November 2026", "May 2027")
    assert bookshop.contacts[-1].phone == "+44 20 7946 0103"


def test_front_matter_is_understood(bookshop: Runbook, disk_filling: Runbook) -> None:
    assert bookshop.front["services"] == ("storefront", "search", "checkout", "sessions")
    assert disk_filling.front["owner"] == "platform@lanternbooks.example"
    assert disk_filling.next_review == "2027-05-31"


def test_redis_down_is_a_scenario_a_machine_can_walk(bookshop: Runbook) -> None:
    redis = next(s for s in bookshop.scenarios if s.title == "Redis Down")
    assert redis.alerts == ("RedisDown", "RedisOutOfMemory", "RedisReadOnly")
    assert redis.diagnosis[0].text == "redis-cli -h <redis_host> -p <redis_port> ping"
    assert len(redis.diagnosis) == 5
    restart, memory, failover, clear = redis.resolution
    assert [c.text for c in restart.commands] == ["supervisorctl restart redis"]
    assert [c.text for c in restart.verification] == ["redis-cli -h <redis_host> -p <redis_port> ping"]
    assert [c.role for c in (*restart.commands, *restart.verification)] == ["mitigation", "verification"]
    assert memory.commands[0].text.endswith("config set maxmemory 512mb")
    assert failover.commands[0].text.endswith("replicaof no one")
    assert clear.commands[0].text.endswith("flushall")


def test_the_alert_runbook_is_a_runbook_of_one_scenario(disk_filling: Runbook) -> None:
    (scenario,) = disk_filling.scenarios
    assert scenario.alerts == ("DiskFilling", "NodeFilesystemSpaceFillingUp")
    assert [c.text for c in scenario.diagnosis] == [
        "ssh <host> df -h /var",
        "ssh <host> du -xh --max-depth=2 /var",
        "ssh <host> ls -lhS /var/log",
    ]
    assert [r.text for r in scenario.resolution] == ["Rotate the logs", "Ask for a larger disk if nothing can go"]
    assert len(scenario.resolution[0].verification) == 1


def commands(runbook: Runbook) -> Iterator[Command]:
    yield from runbook.commands
    yield from runbook.manual_steps


@pytest.mark.req(1)
def test_every_object_knows_the_line_its_words_stand_on(bookshop: Runbook) -> None:
    lines = bookshop.source.split("\n")
    for command in bookshop.commands:
        first = command.text.split("\n")[0]
        assert lines[command.line - 1][command.column - 1 :].startswith(first)
        for blank in command.placeholders:
            assert command.text[blank.start : blank.end] == blank.written
    for item in (i for c in bookshop.checklists for i in c.items):
        assert item.text in lines[item.line - 1]
    titled = [(p.title, p.line) for p in bookshop.phases] + [(s.title, s.line) for s in bookshop.scenarios]
    for title, line in titled + [(link.title, link.line) for link in bookshop.links]:
        assert title in lines[line - 1]
    for template in bookshop.templates:
        assert template.text.split("\n")[0] == lines[template.line - 1].rstrip()


def test_what_we_ship_has_no_finding_worse_than_a_note(bookshop: Runbook, disk_filling: Runbook) -> None:
    for page, folder in ((bookshop, EXAMPLES), (disk_filling, EXAMPLES / "alerts")):
        found = lint(page, exists=lambda target, folder=folder: (folder / target).exists(), today=date(2026, 11, 23))  # type: ignore[misc]
        assert {f.severity for f in found} <= {"note"}


@pytest.mark.req(11)
def test_a_review_is_overdue_the_day_after_its_last_day(bookshop: Runbook) -> None:
    assert "review-overdue" not in {f.code for f in lint(bookshop, today=date(2027, 5, 31))}
    assert "review-overdue" in {f.code for f in lint(bookshop, today=date(2027, 6, 1))}


@pytest.mark.req(1)
def test_export_gives_the_page_back_byte_for_byte(bookshop: Runbook) -> None:
    assert export(bookshop).encode() == (EXAMPLES / "incident-response.md").read_bytes()


def test_keys_are_stable_and_unique(bookshop: Runbook) -> None:
    keys = [c.key for c in commands(bookshop)]
    assert len(keys) == len(set(keys))
    assert all(c.key == f"c{c.line}" for c in bookshop.commands)


def test_objects_cannot_be_changed(bookshop: Runbook) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        bookshop.commands[0].text = "rm -rf /"  # type: ignore[misc]
