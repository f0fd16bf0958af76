"""Findings as SARIF, the format in which code-scanning pages and editors read them.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from fireline.core.runbook.model import Finding

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
# What each rule is about, in one line; how to put it right stands in each finding's message.
RULES = {
    "broken-line": "A blank behind a backslash ends a command too early.",
    "comment-without-command": "A step for a person stands in a block of commands.",
    "dead-file": "A command reads a manifest that is not beside the runbook.",
    "dead-link": "A link leads to a page that is not there.",
    "empty-page": "There is nothing on the page.",
    "encoding": "The page is not UTF-8.",
    "hides-failure": "A command ends with success whatever happened.",
    "inside-shell": "A command is meant for a shell that another one opens.",
    "kind-mismatch": "One name stands under two Kubernetes kinds.",
    "merge-conflict": "A merge was left unfinished.",
    "mojibake": "A wrong encoding has damaged characters.",
    "never-ends": "A command never ends by itself.",
    "no-namespace": "A command goes wherever the kubeconfig points.",
    "phone-placeholder": "A contact has no phone number.",
    "printed-output": "What was printed or written for people stands in a block of commands.",
    "review-overdue": "The review of the page is overdue.",
    "review-unreadable": "The date of the next review is no date.",
    "secret-in-argv": "A secret stands on a command line.",
    "services-disagree": "Two health checks of the page name different services.",
    "severity-empty": "A severity says neither impact nor examples.",
    "severity-hole": "The severities are not numbered without a gap.",
    "severity-order": "A milder severity promises a faster answer.",
    "severity-range": "The error rate is graded in a part of its range only.",
    "shell-syntax": "A shell cannot read a block of commands.",
    "unclosed-block": "A block of code is never closed.",
    "unreadable": "The file cannot be read.",
    "wants-terminal": "A command wants a terminal.",
    "wrong-tag": "A block is marked as shell and holds something else.",
}


def as_sarif(found: Sequence[tuple[str, Finding]], *, version: str) -> dict[str, Any]:
    """Give the log of one run as JSON types: `found` holds each finding with the path of its file.

    A path stays relative if it is, so that the code-scanning page finds the file in the repository.
    """
    codes = sorted({one.code for _, one in found})
    driver = {
        "name": "fireline",
        "version": version,
        "informationUri": "https://github.com/fireline-dev/fireline",
        "rules": [{"id": code, "shortDescription": {"text": RULES[code]}} for code in codes],
    }
    results = [_result(path, one, codes.index(one.code)) for path, one in found]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _result(path: str, finding: Finding, rule: int) -> dict[str, Any]:
    place = {
        "artifactLocation": {"uri": quote(path.removeprefix("./"))},
        "region": {"startLine": finding.line, "startColumn": finding.column},
    }
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.severity,  # error, warning, note: SARIF's own words, section 3.27.10
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": place}],
    }
