"""The rule: a runbook is shown as fireline reads it, and checked so that a pipeline can stop on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.typist import Typist
from fireline.cli.runbook import check

BROKEN = """# Kettle

See [the pot](pot.md).

```bash
tail -f /var/log/kettle.log
```
"""
KEYS = [
    "title", "overview", "severities", "phases", "checklists", "commands", "mitigations", "templates", "scenarios",
    "symptoms", "thresholds", "agenda", "contacts", "dashboards", "links", "last_updated", "next_review", "findings",
]  # fmt: skip


@pytest.fixture
def kettle(tmp_path: Path) -> Path:
    path = tmp_path / "kettle.md"
    path.write_text(BROKEN)
    return path


def test_show_gives_the_whole_document_as_json(ana: Typist) -> None:
    told = json.loads(ana.says("runbook", "show", "runbooks/incident-response.md", "--json"))
    assert list(told) == KEYS
    assert [one["id"] for one in told["severities"]] == ["P0", "P1", "P2", "P3"]
    first = told["commands"][0]
    assert {
        "line",
        "text",
        "phase",
        "scenario",
        "title",
        "effect",
        "unattended",
        "tags",
        "placeholders",
        "rule",
    } == set(first)
    assert {one["effect"] for one in told["commands"]} <= {"read", "local", "write", "destructive", "unknown"}


def test_show_for_people_names_scenarios_and_effects(ana: Typist) -> None:
    told = ana.says("runbook", "show", "runbooks/incident-response.md")
    assert "Redis Down" in told
    assert "destructive" in told


def test_check_tells_code_and_line_and_ends_with_1_on_errors(ana: Typist, kettle: Path) -> None:
    done = ana.types("runbook", "check", str(kettle))
    assert done.returncode == 1
    assert f"{kettle}:3: error dead-link:" in done.stdout
    assert f"{kettle}:6: warning never-ends:" in done.stdout
    (kettle.parent / "pot.md").write_text("# Pot\n")
    assert ana.types("runbook", "check", str(kettle)).returncode == 0


def test_check_speaks_json_and_githubs_annotations(kettle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(kettle, format_="json") == 1
    found = json.loads(capsys.readouterr().out)
    assert {(one["line"], one["code"], one["severity"]) for one in found} >= {(3, "dead-link", "error")}
    assert check(kettle, format_="github") == 1
    assert f"::error file={kettle},line=3,title=dead-link::" in capsys.readouterr().out


def test_a_file_that_cannot_be_read_is_a_finding_beside_the_others(ana: Typist, kettle: Path) -> None:
    done = ana.types("runbook", "check", "nowhere.md", str(kettle), "--format", "json")
    assert done.returncode == 1
    assert {one["code"] for one in json.loads(done.stdout)} >= {"unreadable", "dead-link"}
    lone = ana.types("runbook", "show", "nowhere.md")
    assert (lone.returncode, lone.stderr.count("\n")) == (1, 1)


def test_a_folder_is_checked_whole(ana: Typist) -> None:
    assert "incident-response.md:" in ana.says("runbook", "check", "runbooks")
