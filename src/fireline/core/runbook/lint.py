"""Lint: what will hurt at three in the morning, found at noon, with how to put it right.

Pure: whether a linked file exists and which day it is are handed in, and left unasked without.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from urllib.parse import urlsplit

from fireline.core.runbook.dates import last_day
from fireline.core.runbook.health import read_health_urls
from fireline.core.runbook.leaks import leak_in
from fireline.core.runbook.model import Command, Finding, Runbook, Weight
from fireline.core.runbook.severities import read_error_range

KUBECTL = re.compile(
    r"(?:^|[;&|(]\s*|\$\()\s*(?:sudo\s+)?(?P<program>kubectl|oc)\s+(?P<verb>[a-z-]+)(?P<rest>[^\n|;&]*)"
)
NAMESPACE = re.compile(r"(?:^|\s)(?:-n|--namespace|-A|--all-namespaces)\b")
NAMESPACED_VERBS = frozenset(
    "get describe logs exec delete scale rollout apply set patch edit port-forward cp create".split()  # noqa: SIM905
)
NO_NAMESPACE = re.compile(
    r"\b(?:nodes?|namespaces?|ns|pv|persistentvolumes?|clusterroles?\w*|crds?|storageclass\w*|clusteroperators?|co|mcp)\b"
)
ENDLESS = (
    (
        re.compile(
            r"\b(?:kubectl|oc|docker|podman|crictl)\s(?:.*\s)?logs?\b.*\s(?:-[a-z]*f[a-z]*|--follow)\b", re.DOTALL
        ),
        "logs -f",
        "drop -f and say --tail=100",
    ),
    (re.compile(r"\btail\s+(?:.*\s)?-[a-zA-Z]*[fF]"), "tail -f", "use tail -n 100"),
    (re.compile(r"\bjournalctl\b.*\s(?:-[a-z]*f[a-z]*|--follow)\b"), "journalctl -f", "use journalctl -n 100"),
    (re.compile(r"^\s*watch\s"), "watch", "run the command once"),
    (
        re.compile(r"\b(?:kubectl|oc)\s+get\b.*\s(?:-w|--watch)\b"),
        "get -w",
        "drop -w, or use kubectl wait --timeout=60s",
    ),
    (re.compile(r"\bport-forward\b"), "port-forward", "say how long the tunnel is to stay, and stop it afterwards"),
    (re.compile(r"^\s*ping\s+(?!.*-c)"), "ping", "add -c 3"),
    (re.compile(r"^\s*(?:sudo\s+)?top\s*(?!.*-b)"), "top", "use top -b -n 1"),
)
TERMINAL = re.compile(r"\s(?:-it|-ti|--interactive\s+--tty|--tty|-i\s+-t|-t\s+-i)(?=\s|$)")
HIDES = re.compile(r"\|\|\s*(?:echo\b|true\b|:(?=\s|$|;))")
PHONE_BLANK = re.compile(r"[xX]{3}|\b0{3}[- ]0{3,4}|\bTBD\b|\bTODO\b|^\s*(?:\?+|-+|n/a)\s*$", re.IGNORECASE)
KIND = re.compile(
    r"\b(?P<kind>deploy(?:ments?)?|sts|statefulsets?|ds|daemonsets?)(?:\.apps)?[/ ](?P<name>[a-z0-9][a-z0-9.-]*)"
)
MANIFEST = re.compile(
    r"\b(?:kubectl|oc|helm|docker|docker-compose|podman|istioctl|argo)\s[^|;&\n]*?"
    r"(?:-f|--filename|--values)[= ](?P<file>[\w./~-]+\.(?:ya?ml|json))(?=\s|$|[;&|)])"
)
WRITTEN = re.compile(r"(?:>\s*|\btee\s+(?:-a\s+)?|\s-[oO]\s+|--output[= ])(?P<file>[\w./~-]+\.(?:ya?ml|json))\b")
KINDS = {"deploy": "deployment", "sts": "statefulset", "ds": "daemonset"}


def lint(
    runbook: Runbook, *, exists: Callable[[str], bool] | None = None, today: date | None = None
) -> tuple[Finding, ...]:
    """Give all findings in the order of the page, those of the parse included.

    `exists` is asked for each relative link target and manifest, as written; `today` decides what is overdue.
    """
    found = [*runbook.findings, *_severities(runbook), *_contacts(runbook), *_commands(runbook), *_kinds(runbook)]
    found += [*_services(runbook), *_links(runbook, exists), *_review(runbook, today), *_manual(runbook)]
    return tuple(sorted(found, key=lambda f: (f.line, f.code)))


def _finding(code: str, line: int, severity: Weight, message: str) -> Finding:
    return Finding(code=code, line=line, severity=severity, message=message)


def _severities(runbook: Runbook) -> Iterator[Finding]:
    rows = runbook.severities
    numbers = [int(s.id[-1]) for s in rows]
    for row, number, following in zip(rows, numbers, numbers[1:], strict=False):
        if following != number + 1:
            message = (
                f"Between {row.id} and the next severity one is missing. Add the row, or number them without a gap."
            )
            yield _finding("severity-hole", row.line, "warning", message)
    for row in rows:
        if not row.examples and not row.impact:
            message = f"{row.id} says neither impact nor examples, so nobody can choose it. Add both."
            yield _finding("severity-empty", row.line, "warning", message)
    for row, graver in zip(rows[1:], rows, strict=False):
        if row.response_minutes < graver.response_minutes:
            message = f"{row.id} promises a faster answer than {graver.id}. Put the response times in order."
            yield _finding("severity-order", row.line, "warning", message)
    if (rate := read_error_range(rows)) is not None:
        row, low, high = rate
        message = (
            f"The error rate is graded from {low:g} to {high:g} % only. Below it the next milder is taken, above the "
            "next graver severity; write both down."
        )
        yield _finding("severity-range", row.line, "note", message)


def _contacts(runbook: Runbook) -> Iterator[Finding]:
    for contact in runbook.contacts:
        if contact.phone is not None and PHONE_BLANK.search(contact.phone):
            message = f"{contact.role} has no phone number ({contact.phone}). Put the number in, or take the row out."
            yield _finding("phone-placeholder", contact.line, "warning", message)


def _commands(runbook: Runbook) -> Iterator[Finding]:
    for command in runbook.commands:
        for pattern, name, instead in ENDLESS:
            if pattern.search(command.text):
                yield _finding("never-ends", command.line, "warning", f"{name} never ends by itself: {instead}.")
                break
        if TERMINAL.search(command.text):
            message = "-it wants a terminal, which a machine has not. Drop it where the command asks no questions."
            yield _finding("wants-terminal", command.line, "warning", message)
        if HIDES.search(command.text):
            message = (
                "`|| echo` turns failure into success: the exit code is 0 whatever happened. Let the failure through."
            )
            yield _finding("hides-failure", command.line, "warning", message)
        if leak := leak_in(command):
            message = (
                f"A secret stands in the page. Change it, then {leak.instead}."
                if leak.written
                else f"A secret on the command line is seen by everybody on the machine: {leak.instead}."
            )
            yield _finding("secret-in-argv", command.line, "error" if leak.written else "warning", message)
        yield from _namespace(command)


def _namespace(command: Command) -> Iterator[Finding]:
    for call in KUBECTL.finditer(command.text):
        rest = command.text[call.end("verb") :]
        if call["verb"] in NAMESPACED_VERBS and not NAMESPACE.search(rest) and not NO_NAMESPACE.search(call["rest"]):
            message = (
                f"{call['program']} {call['verb']} names no namespace and goes where the kubeconfig points. Add -n."
            )
            yield _finding("no-namespace", command.line, "warning", message)
            return


def _kinds(runbook: Runbook) -> Iterator[Finding]:
    """One name under two kinds: `deploy/postgres` here and `statefulset/postgres` there. One of them is wrong."""
    seen: dict[str, dict[str, Command]] = defaultdict(dict)
    for command in runbook.commands:
        for match in KIND.finditer(command.text):
            kind = next(
                (full for short, full in KINDS.items() if match["kind"].startswith(short)), match["kind"].rstrip("s")
            )
            seen[match["name"]].setdefault(kind, command)
    for name, kinds in seen.items():
        if len(kinds) > 1:
            last = max(kinds.values(), key=lambda c: c.line)
            told = " and ".join(f"{kind} (line {command.line})" for kind, command in kinds.items())
            message = f"{name} is called {told}. Find out which it is and say the same everywhere."
            yield _finding("kind-mismatch", last.line, "error", message)


def _services(runbook: Runbook) -> Iterator[Finding]:
    """Health checks of one page that do not name the same services."""
    by_block: dict[int, set[str]] = {}
    lines: dict[int, int] = {}
    for one in read_health_urls(runbook, merge=False):
        by_block.setdefault(one.block, set()).add((urlsplit(one.url).hostname or "").split(".")[0])
        lines.setdefault(one.block, one.line)
    blocks = [b for b, names in by_block.items() if len(names) > 1]
    for earlier, later in itertools.pairwise(blocks):
        if by_block[earlier] != by_block[later]:
            a, b = (", ".join(sorted(by_block[x])) for x in (earlier, later))
            message = (
                f"Health is asked of {b} here, but of {a} in line {lines[earlier]}. Name the same services in both."
            )
            yield _finding("services-disagree", lines[later], "warning", message)


def _links(runbook: Runbook, exists: Callable[[str], bool] | None) -> Iterator[Finding]:
    if exists is None:
        return
    for link in runbook.links:
        target = link.target.split("#")[0]
        if target and not urlsplit(target).scheme and not target.startswith("//") and not exists(target):
            message = f"The link “{link.title}” leads to {target}, which is not there. Write the page or drop the link."
            yield _finding("dead-link", link.line, "error", message)
    yield from _manifests(runbook, exists)


def _manifests(runbook: Runbook, exists: Callable[[str], bool]) -> Iterator[Finding]:
    """Files a command reads that are neither there nor written by a command above it."""
    written: set[str] = set()
    for command in runbook.commands:
        for call in MANIFEST.finditer(command.text):
            file = call["file"]
            if not file.startswith(("/", "~")) and file.removeprefix("./") not in written and not exists(file):
                message = f"The command wants {file}, which is not there. Keep the file beside the runbook."
                yield _finding("dead-file", command.line, "error", message)
        written |= {one["file"].removeprefix("./") for one in WRITTEN.finditer(command.text)}


def _review(runbook: Runbook, today: date | None) -> Iterator[Finding]:
    due = last_day(runbook.next_review) if runbook.next_review else None
    if runbook.next_review and due is None:
        message = f"“{runbook.next_review}” is no date. Write the next review as 2027-05-31 or May 2027."
        yield _finding("review-unreadable", _line_of(runbook, runbook.next_review), "warning", message)
    if due and today and due < today:
        message = f"The review was due by {due.isoformat()}. Read the page through, then set the next date."
        yield _finding("review-overdue", _line_of(runbook, runbook.next_review or ""), "warning", message)


def _line_of(runbook: Runbook, words: str) -> int:
    lines = runbook.source.splitlines()
    return next((n for n, text in reversed(list(enumerate(lines, 1))) if words and words in text), 1)


def _manual(runbook: Runbook) -> Iterator[Finding]:
    for step in runbook.manual_steps:
        message = (
            f"“{step.title}” has no command, so a person has to know how. Add it, or move the words out of the block."
        )
        yield _finding("comment-without-command", step.line, "note", message)
