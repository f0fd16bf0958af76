"""Other teams write otherwise: headings, bold words or underlines, tables in any order, or nothing we know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fireline.core.guard.tree import Script
from fireline.core.runbook import Runbook, export, parse
from fireline.core.runbook.lint import lint

Read = Callable[[str], Runbook]


def no_shell(text: str) -> Script:
    """A house where shfmt is not installed."""
    return Script(error="shfmt is not installed.")


@pytest.mark.parametrize(
    "page",
    [
        "# DiskSlow\n\n## Meaning\n\nSlow.\n\n## Diagnosis\n\n`df -h`\n\n## Mitigation\n\n1. Wait\n",
        (
            "DiskSlow\n========\n\nMeaning\n-------\n\nSlow.\n\n"
            "Diagnosis\n---------\n\n`df -h`\n\nMitigation\n----------\n\n- Wait\n"
        ),
        "# DiskSlow\n\n**Meaning:** Slow.\n\n**Diagnosis:** `df -h`\n\n**Mitigation**\n\n- Wait\n",
    ],
)
def test_an_alert_runbook_by_headings_underlines_or_bold_words(read: Read, page: str) -> None:
    (scenario,) = read(page).scenarios
    assert (scenario.title, scenario.symptoms) == ("DiskSlow", "Slow.")
    assert [c.text for c in scenario.diagnosis] == ["df -h"]
    assert [r.text for r in scenario.resolution] == ["Wait"]


def test_severities_from_a_table_in_any_column_order(read: Read) -> None:
    page = read(
        "| Respond within | Level | Examples | Meaning |\n|---|---|---|---|\n"
        "| Immediate | **SEV1** - Critical | shop gone; data lost | all |\n| < 15 min | SEV-2 | till slow | part |\n"
        "| Within 1 hour | Sev 3 | typo | small |\n| next business day | SEV4 | wish | none |\n"
    )
    assert [(s.id, s.response_minutes) for s in page.severities] == [
        ("SEV1", 5),
        ("SEV2", 15),
        ("SEV3", 60),
        ("SEV4", 1440),
    ]
    assert page.severities[0].examples == ("shop gone", "data lost")
    assert (page.severities[0].name, page.severities[0].impact) == ("Critical", "all")


@pytest.mark.parametrize(
    "page",
    [
        (
            "Severities\n==========\n\nSEV1 - Critical\n---------------\n**Response time:** 5 min\n\n"
            "SEV2 - High\n-----------\n**Response time:** 30 min\n"
        ),
        (
            "| Description | Severity | Acknowledge | Label |\n|---|---|---|---|\n"
            "| all | SEV-1 | Immediate (5 min) | Critical |\n| part | Severity 2 | within half an hour | High |\n"
        ),
        "- **SEV1 (Critical)**: all, within 5 minutes\n- **SEV2 (High)**: part, within 30 min\n",
    ],
    ids=["underlined headings", "table", "bullets"],
)
def test_sev_numbers_are_severities_however_they_are_written(read: Read, page: str) -> None:
    found = [(s.id, s.name, s.response_minutes) for s in read(page).severities]
    assert found == [("SEV1", "Critical", 5), ("SEV2", "High", 30)]


@pytest.mark.parametrize("mark", ["-", "*", "+", "1.", "1)"])
def test_boxes_are_a_checklist_behind_any_mark_of_a_list(read: Read, mark: str) -> None:
    page = read(f"## Before\n\n{mark} [ ] Ask ben\n{mark} [x] Ask cleo\n{mark} no box\n")
    (checklist,) = page.checklists
    assert (checklist.title, checklist.line) == ("Before", 1)
    assert [(item.text, item.line) for item in checklist.items] == [("Ask ben", 3), ("Ask cleo", 4)]


def test_conditions_by_heading_underline_or_bold_words(read: Read) -> None:
    page = read(
        "Till\n====\n\nWhen it is slow\n---------------\n\nLook: `df -h`\n\n"
        "**If the till hangs:**\n\n`kubectl get pods -n shop`\n\n## If the cache is full\n\nAsk `redis-cli ping`.\n"
    )
    assert [(m.condition, m.line) for m in page.mitigations] == [
        ("When it is slow", 4),
        ("If the till hangs", 9),
        ("If the cache is full", 13),
    ]
    assert [c.text for c in page.mitigations[2].commands] == ["redis-cli ping"]


def test_a_page_named_like_an_alert_is_about_that_alert_however_it_is_divided() -> None:
    source = "# TillIsSlow\n\n## Critical\n\nLook soon.\n\n## Runbook\n\n1. Look at the till\n"
    (scenario,) = parse(source, path="alerts/TillIsSlow.md", shell=no_shell).scenarios
    assert scenario.title == "TillIsSlow"
    assert parse(source, path="alerts/other.md", shell=no_shell).scenarios == ()
    assert parse("# README\n\nWords.\n", path="README.md", shell=no_shell).scenarios == ()
    (named,) = parse(f"---\nalerts: TillSlow\n---\n\n{source}", path="other.md", shell=no_shell).scenarios
    assert named.alerts == ("TillSlow",)


def test_severities_from_bullets(read: Read) -> None:
    page = read(
        "## Severity\n\n- **P0 (Critical)**: Shop gone, respond within 5 minutes\n"
        "- **P1**: Till slow, 30 min\n- P4: typo\n"
    )
    assert [(s.id, s.name, s.response_minutes) for s in page.severities] == [
        ("P0", "Critical", 5),
        ("P1", "", 30),
        ("P4", "", 1440),
    ]
    assert "severity-hole" in {f.code for f in lint(page)}


def test_alerts_are_names_and_those_of_other_pages_are_not_ours(read: Read) -> None:
    page = read(
        "# Till\n\n**Alerts:** `TillDown`, TillSlow (warning) and TillGone: nobody can pay\n\n## Diagnosis\n\nLook.\n\n"
        "## Mitigation\n\nWait.\n\n### Related alerts\n\n- PotDown: may come with it\n"
    )
    assert page.scenarios[0].alerts == ("TillDown", "TillSlow", "TillGone")
    prose = read("# Till\n\n**Alerts:** may indicate that it is gone\n\n## Diagnosis\n\nLook.\n\n## Fix\n\nWait.\n")
    assert prose.scenarios[0].alerts == ()


def test_a_playbook_about_one_thing_is_a_scenario_and_bears_the_name_of_its_only_heading(read: Read) -> None:
    page = read(
        "## Playbook: Stolen Laptop\n\n### Investigate\n\nAsk.\n\n### Remediate\n\n1. Lock it\n\n"
        "### Communicate\n\nTell.\n\n### Recover\n\nBuy one.\n"
    )
    assert page.title == "Playbook: Stolen Laptop"
    assert [(s.title, [r.text for r in s.resolution]) for s in page.scenarios] == [
        ("Playbook: Stolen Laptop", ["Lock it"])
    ]


def test_business_days_are_days(read: Read) -> None:
    page = read("| Level | Response |\n|---|---|\n| SEV1 | Immediate |\n| SEV4 | 2 business days |\n")
    assert [s.response_minutes for s in page.severities] == [5, 2880]


def test_a_page_we_know_nothing_of_stays_prose(read: Read) -> None:
    page = read("Just words.\n\nAnd more of them.\n")
    assert (page.title, page.overview) == ("page", "Just words.\nAnd more of them.")
    assert (page.scenarios, page.phases, page.commands, page.findings) == ((), (), (), ())


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"\xff\xfe\x00",
        b"\xef\xbb\xbf# Title\r\n\r\nx\r\n",
        b"\x00",
        b"# a\x0c\x0b\xe2\x80\xa8b\n```",
        b">" * 3000,
        b"---\n---\n",
        b"- " * 3000,
    ],
)
def test_broken_files_give_findings_not_exceptions(source: bytes) -> None:
    page = parse(source, path="broken.md", shell=no_shell)
    assert isinstance(export(page), str)
    assert all(f.line >= 1 and f.message for f in lint(page))


MARKDOWN = st.lists(
    st.sampled_from(
        ["# ", "## Meaning\n", "## Mitigation\n", "**If x:**\n", "- [ ] ", "1. ", "```", "```bash\n", "~~~\n", "    ",
         "| a | b |\n", "|---|---|\n", "<x>", "$X", "\n", "\n\n", "P0 - x", "> ", "âŒ", "`", "kubectl get ",
         "\\\n", "'", "<<EOF\n", "EOF\n", "\t", "word "]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(MARKDOWN | st.text(max_size=200))
def test_no_markdown_raises_and_export_keeps_every_line(text: str) -> None:
    page = parse(text, path="any.md", shell=no_shell)
    lint(page)
    assert len(export(page).split("\n")) == len(text.split("\n"))
    for command in page.commands:
        assert command.text
        assert command.line <= len(text.split("\n")) + text.count("\r")


def test_all_public_runbooks_of_other_teams_are_read(shared: Path) -> None:
    files = sorted((shared / "runbooks").rglob("*.md"))
    assert len(files) >= 440
    scenarios = 0
    for file in files:
        page = parse(file.read_bytes(), path=str(file), shell=no_shell)
        scenarios += len(page.scenarios)
        lint(page)
        if not any(f.code in ("mojibake", "encoding") for f in page.findings):
            assert export(page) == file.read_bytes().decode()
    assert scenarios > 350


def test_a_byte_order_mark_hides_no_front_matter_and_comes_back(read: Read) -> None:
    page = parse(b"\xef\xbb\xbf---\ntitle: Till\n---\n\nWords.\r\n", path="till.md", shell=no_shell)
    assert page.title == "Till"
    assert export(page).encode() == b"\xef\xbb\xbf---\ntitle: Till\n---\n\nWords.\r\n"
