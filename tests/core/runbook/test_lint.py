"""The rule: lint says what will hurt, on its line, once, and stays silent about what will not."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

import fireline.core.runbook
from fireline.core.runbook import Finding, Runbook
from fireline.core.runbook.damage import damage_of
from fireline.core.runbook.lint import lint
from fireline.core.runbook.sarif import RULES, as_sarif

Read = Callable[[str], Runbook]
CODE = re.compile(r"(?:_finding\(\s*|code\s*=\s*)\"([a-z-]+)\"")


def codes(runbook: Runbook, *there: str) -> list[tuple[str, int]]:
    return [(f.code, f.line) for f in lint(runbook, exists=lambda one: one in there, today=date(2026, 11, 23))]


@pytest.mark.req(136)
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("kubectl apply -n shop -f k8s/strict.yaml", "dead-file"),
        ("helm upgrade till ./chart --values till.yaml", "dead-file"),
        ("kubectl get pods", "no-namespace"),
        ("kubectl logs -n shop -f web-1", "never-ends"),
        ("tail -f /var/log/till.log", "never-ends"),
        ("watch df -h", "never-ends"),
        ("kubectl exec -n shop -it web-1 -- sh", "wants-terminal"),
        ("curl -fsS http://till.example || echo down", "hides-failure"),
        ("redis-cli -a hunter2 ping", "secret-in-argv"),
        ("kubectl describe pods", "no-namespace"),
        ("oc logs till-1", "no-namespace"),
        ("kubectl apply -f https://till.example/strict.yaml", "no-namespace"),
        ("df -h \\", "broken-line"),
    ],
)
def test_a_command_that_will_hurt_is_told(read: Read, command: str, code: str) -> None:
    assert codes(read(f"```bash\n{command}\n```\n")) == [(code, 2)]


@pytest.mark.parametrize(
    "command",
    [
        "kubectl get nodes",
        "oc get flowcollector cluster",  # a kind of the site's own: only the cluster knows whether it has namespaces
        "oc get -nshop pods",
        "kubectl get pod till-1 -n shop -o yaml | kubectl replace -f -",
        "kubectl delete volumeattachment csi-1",
    ],
)
def test_what_has_no_namespace_or_names_it_is_no_finding(read: Read, command: str) -> None:
    assert codes(read(f"```bash\n{command}\n```\n")) == []


def test_a_blank_behind_a_backslash_is_told_on_its_line(read: Read) -> None:
    page = read("```bash\nkubectl delete pod -n shop \\ \n  till-1\n```\n")
    assert ("broken-line", 2) in codes(page)
    assert codes(read("```bash\nkubectl get pods \\\n  -n shop\n```\n")) == []


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("# Till\n\n<<<<<<< HEAD\nOne\n=======\nTwo\n>>>>>>> fix\n", "merge-conflict", 3),
        ("# Till\n\n```bash\ndf -h\n\nThen wait.\n", "unclosed-block", 3),
        ("1. Look\n\n   ```bash\n   df -h\n\nThen wait.\n", "unclosed-block", 3),
        (" \n", "empty-page", 1),
    ],
)
def test_a_page_that_was_damaged_is_an_error(read: Read, text: str, code: str, line: int) -> None:
    page = read(text)
    assert (code, line) in codes(page)
    hurt = damage_of(page)
    assert hurt
    assert (hurt.code, hurt.severity) == (code, "error")


@pytest.mark.parametrize(
    "text", ["# Till\n=======\n", "````md\n```bash\nls\n````\n", "    code\n", "~~~\nx\n~~~\n", "```\n```"]
)
def test_a_whole_page_is_not_damaged(read: Read, text: str) -> None:
    assert damage_of(read(text)) is None


@pytest.mark.parametrize(
    "command",
    [
        "kubectl apply -n shop -f k8s/there.yaml",
        "kubectl apply -n shop -f https://till.example/strict.yaml",
        "kubectl apply -n shop -f /etc/till/strict.yaml",
        "kubectl apply -n shop -f -",
        "kubectl get deploy till -n shop -o yaml > old.yaml\nkubectl replace -n shop -f old.yaml",
    ],
)
def test_a_manifest_that_is_there_or_written_above_is_no_finding(read: Read, command: str) -> None:
    assert codes(read(f"```bash\n{command}\n```\n"), "k8s/there.yaml") == []


def test_the_page_itself_is_checked(read: Read) -> None:
    page = read(
        "---\nreview_by: 2026-01-31\n---\n\n# Till\n\nSee [the pot](pot.md) and [a site](https://till.example).\n\n"
        "| Role | Contact | Phone |\n|---|---|---|\n| Duty | @ana | XXX-XXX-XXXX |\n\n"
        "- **P0**: shop gone, 5 min\n- **P2**: typo, 1 hour\n\n"
        "```bash\n# Ask ben\n```\n\n```bash\nkubectl get deploy/till -n shop\nkubectl get sts/till -n shop\n```\n"
    )
    assert {code for code, _ in codes(page)} == {
        "review-overdue",
        "dead-link",
        "phone-placeholder",
        "severity-hole",
        "comment-without-command",
        "kind-mismatch",
    }


def test_every_finding_says_what_to_do(read: Read) -> None:
    page = read("[x](x.md)\n\n```bash\nkubectl get pods || true\nSELECT 1;\n```\n")
    found = lint(page, exists=lambda _: False)
    assert len(found) == 4
    assert all(f.message.count(".") + f.message.count(":") >= 2 for f in found)


def test_the_log_has_what_sarif_requires() -> None:
    """Required properties and values as the specification, version 2.1.0, lists them by section."""
    one = Finding(code="dead-link", line=3, severity="error", message="The link leads nowhere. Write the page.")
    two = Finding(code="severity-range", line=9, severity="note", message="Write both down.")
    log = as_sarif([("./books/a b.md", one), ("books/c.md", two), ("books/c.md", one)], version="1.2.3")
    assert log["version"] == "2.1.0"  # 3.13.2
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")  # 3.13.3
    (run,) = log["runs"]  # 3.13.4
    driver = run["tool"]["driver"]  # 3.14.6, 3.18.2
    assert (driver["name"], driver["version"]) == ("fireline", "1.2.3")  # 3.19.8
    assert [rule["id"] for rule in driver["rules"]] == ["dead-link", "severity-range"]  # 3.19.23, 3.49.3
    assert all(rule["shortDescription"]["text"] for rule in driver["rules"])  # 3.12.3
    assert [result["ruleId"] for result in run["results"]] == ["dead-link", "severity-range", "dead-link"]
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]  # 3.27.6
        assert result["level"] in ("error", "warning", "note")  # 3.27.10
        assert result["message"]["text"]  # 3.27.11
        (location,) = result["locations"]
        assert location["physicalLocation"]["region"]["startLine"] >= 1  # 3.30.5
        assert location["physicalLocation"]["region"]["startColumn"] >= 1  # 3.30.6
    places = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]]
    assert places == ["books/a%20b.md", "books/c.md", "books/c.md"]  # 3.4.3: a valid URI reference


def test_a_clean_page_is_a_run_without_results() -> None:
    (run,) = as_sarif([], version="1")["runs"]
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])


def test_every_code_has_a_sentence_for_code_scanning() -> None:
    folder = Path(fireline.core.runbook.__file__).parent
    used = {code for file in folder.glob("*.py") for code in CODE.findall(file.read_text("utf-8"))}
    assert set(RULES) == used | {"unreadable"}
