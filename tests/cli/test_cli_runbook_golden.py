"""The rule: the page the project was asked to run gives the JSON that was agreed, key for key and number for number."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from fireline.cli.runbook import show

KEYS = {
    "severities": ["id", "name", "impact", "response_minutes", "examples"],
    "phases": ["number", "title", "line"],
    "checklists": ["title", "line", "items"],
    "commands": [
        "line", "text", "phase", "scenario", "title", "effect", "unattended", "tags", "placeholders", "rule",
    ],
    "mitigations": ["condition", "line", "commands"],
    "templates": ["name", "kind", "line", "text"],
    "scenarios": ["title", "line", "symptoms", "resolution"],
    "symptoms": ["symptom", "check", "command"],
    "thresholds": ["metric", "operator", "value", "unit", "line"],
    "agenda": ["title", "minutes"],
    "contacts": ["role", "contact", "phone"],
    "dashboards": ["name", "url"],
    "links": ["title", "target", "line"],
    "findings": ["line", "code", "severity", "message"],
}  # fmt: skip
COUNTS = {
    "severities": 4, "phases": 7, "checklists": 3, "commands": 39, "mitigations": 5, "templates": 7, "scenarios": 4,
    "symptoms": 5, "thresholds": 3, "agenda": 6, "contacts": 8, "dashboards": 3, "links": 6,
}  # fmt: skip
READS = [58, 59, 60, 108, 111, 115, 124, 128, 129, 152, 167, 267, 398, 401, 404, 420, 439, 442, 458, 506, 512, 513]
READS_WITH_A_BLANK = [112, 497, 509]
CHANGES = {
    75: "write", 89: "write", 149: "write", 158: "write", 161: "write", 171: "destructive", 175: "destructive",
    181: "destructive", 184: "write", 190: "write", 193: "write", 279: "write", 500: "write", 503: "local",
}  # fmt: skip


@pytest.fixture(scope="module")
def seed(shared: Path) -> Path:
    return shared / "seed" / "incident-response-runbook.md"


@pytest.fixture
def told(seed: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    show(seed, json=True)
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.req(1)
def test_the_keys_are_the_agreed_ones_in_their_order(told: dict[str, Any]) -> None:
    assert list(told) == [
        "title", "overview", "severities", "phases", "checklists", "commands", "mitigations", "templates", "scenarios",
        "symptoms", "thresholds", "agenda", "contacts", "dashboards", "links", "last_updated", "next_review",
        "findings",
    ]  # fmt: skip
    for name, keys in KEYS.items():
        assert all(list(one) == keys for one in told[name]), name


@pytest.mark.req(1)
def test_the_counts_and_lines_are_those_of_the_page(told: dict[str, Any]) -> None:
    assert {name: len(told[name]) for name in COUNTS} == COUNTS
    assert [one["line"] for one in told["phases"]] == [46, 68, 96, 142, 196, 252, 285]
    assert [(one["line"], len(one["items"])) for one in told["checklists"]] == [(98, 4), (254, 8), (287, 5)]
    assert [one["line"] for one in told["mitigations"]] == [146, 155, 164, 178, 187]
    assert [one["line"] for one in told["templates"]] == [202, 212, 215, 218, 221, 228, 337]
    assert [one["line"] for one in told["scenarios"]] == [391, 413, 432, 451]
    assert [one["line"] for one in told["thresholds"]] == [260, 273, 276]
    assert [one["line"] for one in told["links"]] == [477, 478, 479, 487, 488, 489]


@pytest.mark.req(1)
def test_each_command_has_its_effect(told: dict[str, Any]) -> None:
    effects = {one["line"]: one["effect"] for one in told["commands"]}
    assert effects == dict.fromkeys([*READS, *READS_WITH_A_BLANK], "read") | CHANGES
    assert [one["line"] for one in told["commands"] if one["unattended"]] == READS


def test_each_command_stands_in_the_page_as_it_is_told(told: dict[str, Any], seed: Path) -> None:
    """Continuation lines included; the digest is of all texts with a NUL between."""
    page = seed.read_text("utf-8").splitlines()
    for one in told["commands"]:
        first, *more = one["text"].split("\n")
        assert first in page[one["line"] - 1]
        assert [line.strip() for line in more] == [line.strip() for line in page[one["line"] : one["line"] + len(more)]]
    texts = "\0".join(one["text"] for one in told["commands"])
    assert hashlib.sha256(texts.encode()).hexdigest().startswith("28461beaae3a")


def test_promises_and_minutes_are_numbers(told: dict[str, Any]) -> None:
    assert [one["response_minutes"] for one in told["severities"]] == [5, 15, 60, 240]
    assert [one["minutes"] for one in told["agenda"]] == [10, 20, 10, 10, 20, 10]
    assert [(one["operator"], one["value"]) for one in told["thresholds"]] == [(">=", 30), ("<", 0.1), ("<", 200)]
    assert [len(one["resolution"]) for one in told["scenarios"]] == [4, 4, 4, 4]


def test_what_is_wrong_with_the_page_is_found(told: dict[str, Any]) -> None:
    codes = Counter(one["code"] for one in told["findings"])
    assert codes == {
        "mojibake": 10, "comment-without-command": 7, "wants-terminal": 7, "phone-placeholder": 4, "never-ends": 3,
        "no-namespace": 2, "severity-range": 1, "kind-mismatch": 1, "hides-failure": 1, "services-disagree": 1,
    }  # fmt: skip
    assert [one["line"] for one in told["findings"]] == sorted(one["line"] for one in told["findings"])
