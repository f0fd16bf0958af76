"""The rule: a runbook is shown as fireline reads it, and checked so that a pipeline can stop on it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from cli.typist import Typist
from fireline.cli.runbook import check

ROOT = Path(__file__).resolve().parents[2]
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
    assert re.search(r"\d+:\d+ +<redis_host> +host .*redis_host under \[values\]", told)


def test_show_for_people_tells_what_a_page_says_of_itself_and_what_it_cannot_run(ana: Typist, kettle: Path) -> None:
    kettle.write_text("---\nowner: ben\nservices: [till, pot]\n---\n# Kettle\n\n```bash\nssh pot-1\nuptime\n```\n")
    told = ana.says("runbook", "show", str(kettle))
    assert "owner: ben" in told
    assert "services: till, pot" in told
    assert re.search(r"9 +read +not: in the shell of line 8", told)


def test_the_doctor_names_a_page_that_broke(ana: Typist) -> None:
    page = ana.folder / "runbooks" / "incident-response.md"
    page.write_text(f"{page.read_text('utf-8')}\n```bash\ndf -h\n")
    done = ana.types("doctor", "--json")
    said = [one["said"] for one in json.loads(done.stdout) if one["state"] == "fail" and one["name"] == "runbook"]
    assert len(said) == 1
    assert "is never closed" in said[0]
    assert said[0].endswith("A running fireline keeps the version before.")


def test_check_tells_code_and_line_and_ends_with_1_on_errors(ana: Typist, kettle: Path) -> None:
    done = ana.types("runbook", "check", str(kettle))
    assert done.returncode == 1
    assert f"{kettle}:3:15: error dead-link:" in done.stdout
    assert f"{kettle}:6:1: warning never-ends:" in done.stdout
    (kettle.parent / "pot.md").write_text("# Pot\n")
    assert ana.types("runbook", "check", str(kettle)).returncode == 0


def test_check_speaks_json_and_githubs_annotations(kettle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(kettle, format_="json") == 1
    found = json.loads(capsys.readouterr().out)
    assert {(one["line"], one["code"], one["severity"]) for one in found} >= {(3, "dead-link", "error")}
    assert check(kettle, format_="github") == 1
    assert f"::error file={kettle},line=3,col=15,title=dead-link::" in capsys.readouterr().out


def test_a_file_that_cannot_be_read_is_a_finding_beside_the_others(ana: Typist, kettle: Path) -> None:
    done = ana.types("runbook", "check", "nowhere.md", str(kettle), "--format", "json")
    assert done.returncode == 1
    assert {one["code"] for one in json.loads(done.stdout)} >= {"unreadable", "dead-link"}
    lone = ana.types("runbook", "show", "nowhere.md")
    assert (lone.returncode, lone.stderr.count("\n")) == (1, 1)


def test_a_folder_is_checked_whole(ana: Typist) -> None:
    assert "incident-response.md:" in ana.says("runbook", "check", "runbooks")


def test_check_speaks_sarif(kettle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(kettle, format_="sarif") == 1
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert {one["ruleId"] for one in run["results"]} >= {"dead-link", "never-ends"}
    assert run["tool"]["driver"]["name"] == "fireline"
    regions = {one["ruleId"]: one["locations"][0]["physicalLocation"]["region"] for one in run["results"]}
    assert regions["dead-link"] == {"startLine": 3, "startColumn": 15}


def test_check_ends_with_0_when_there_are_warnings_only(kettle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kettle.write_text("# Kettle\n\n```bash\ntail -f /var/log/kettle.log\n```\n")
    for format_ in ("text", "json", "github", "sarif"):
        assert check(kettle, format_=format_) == 0
        assert "never-ends" in capsys.readouterr().out


def test_the_hook_for_pre_commit_is_one_and_its_entry_takes_the_files_of_a_commit(ana: Typist, kettle: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert {"id", "name", "entry", "language"} <= set(hook)  # what https://pre-commit.com/#new-hooks requires
    assert hook["language"] == "python"
    for path in ("runbooks/redis.md", "docs/runbook/redis.md", "ops/runbooks/alerts/RedisDown.md"):
        assert re.search(hook["files"], path)
    assert not re.search(hook["files"], "README.md")
    program, *words = hook["entry"].split()
    assert program == "fireline"
    done = ana.types(*words, str(kettle), "runbooks/incident-response.md")
    assert done.returncode == 1
    assert "dead-link" in done.stdout


def test_diff_tells_what_changes_for_a_responder(ana: Typist, tmp_path: Path) -> None:
    before = tmp_path / "runbooks" / "incident-response.md"
    after = tmp_path / "after.md"
    after.write_text(before.read_text("utf-8").replace("kubectl get pods", "kubectl delete pods", 1))
    assert ana.says("runbook", "diff", str(before), str(before)) == "Nothing changes for a responder.\n"
    told = ana.says("runbook", "diff", str(before), str(after))
    assert "read (runs by itself) -> destructive in “Investigate”" in told
    assert "  - kubectl get pods -n lantern\n  + kubectl delete pods -n lantern\n" in told
    document = json.loads(ana.says("runbook", "diff", str(before), str(after), "--json"))
    assert [one["after"]["effect"] for one in document["commands"]["changed"]] == ["destructive"]
    assert ana.types("runbook", "diff", str(before), "nowhere.md").returncode == 1
