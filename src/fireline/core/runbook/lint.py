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

from fireline.core.runbook.contacts import blank
from fireline.core.runbook.dates import last_day
from fireline.core.runbook.health import HealthUrl, read_health_urls
from fireline.core.runbook.leaks import leak_in
from fireline.core.runbook.model import Command, Finding, Runbook, Weight
from fireline.core.runbook.mojibake import lines_of
from fireline.core.runbook.place import Place, column_of, place_of
from fireline.core.runbook.sessions import CLOSES
from fireline.core.runbook.severities import read_error_range

KUBECTL = re.compile(
    r"(?:^|[;&|(]\s*|\$\()\s*(?:sudo\s+)?(?P<program>kubectl|oc)\s+(?P<verb>[a-z-]+)(?P<rest>[^\n|;&]*)"
)
NAMESPACE = re.compile(r"(?:^|\s)(?:-n\S*|--namespace\b|-A\b|--all-namespaces\b)")
# Verbs whose object always lives in a namespace, and those where its kind decides; a manifest may name its own.
NAMESPACED_VERBS = frozenset("logs exec rollout port-forward cp scale autoscale attach".split())  # noqa: SIM905
KIND_VERBS = frozenset("get describe delete edit patch set label annotate create expose top wait".split())  # noqa: SIM905
FILE_VERBS = frozenset({"apply", "create", "replace"})
# Built-in kinds, from `kubectl api-resources --namespaced`; of other kinds nobody knows without asking the cluster.
NAMESPACED = frozenset(
    """all pod pods po deployment deployments deploy statefulset statefulsets sts daemonset daemonsets ds replicaset
    replicasets rs service services svc endpoints ep endpointslices configmap configmaps cm secret secrets job jobs
    cronjob cronjobs cj ingress ingresses ing events event ev pvc pvcs persistentvolumeclaim persistentvolumeclaims hpa
    pdb poddisruptionbudget poddisruptionbudgets serviceaccount serviceaccounts sa role roles rolebinding rolebindings
    networkpolicy networkpolicies netpol resourcequota resourcequotas quota limitrange limitranges lease leases env
    image resources""".split()  # noqa: SIM905
)
FIRST_OBJECT = re.compile(r"^(?:\s+--?[\w-]+(?:=\S+)?)*\s+(?P<kind>[A-Za-z]+)(?=[\s,/]|$)")
FROM_FILE = re.compile(r"\s(?:-f|--filename|-k)[= ]?\s*(?!-(?:\s|$))\S")
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
BROKEN = re.compile(r"(?<!\\)\\(?:[ \t]+$|\Z)", re.MULTILINE)
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
    return tuple(sorted(found, key=lambda f: (f.line, f.code, f.column)))


def _finding(code: str, at: Place, severity: Weight, message: str) -> Finding:
    return Finding(code=code, line=at.line, severity=severity, message=message, column=at.column)


def _severities(runbook: Runbook) -> Iterator[Finding]:
    rows = runbook.severities
    numbers = [int(s.id[-1]) for s in rows]
    for row, number, following in zip(rows, numbers, numbers[1:], strict=False):
        if following != number + 1:
            message = (
                f"Between {row.id} and the next severity one is missing. Add the row, or number them without a gap."
            )
            yield _finding("severity-hole", place_of(runbook, row), "warning", message)
    for row in rows:
        if not row.examples and not row.impact:
            message = f"{row.id} says neither impact nor examples, so nobody can choose it. Add both."
            yield _finding("severity-empty", place_of(runbook, row), "warning", message)
    for row, graver in zip(rows[1:], rows, strict=False):
        if row.response_minutes < graver.response_minutes:
            message = f"{row.id} promises a faster answer than {graver.id}. Put the response times in order."
            yield _finding("severity-order", place_of(runbook, row), "warning", message)
    if (rate := read_error_range(rows)) is not None:
        row, low, high = rate
        message = (
            f"The error rate is graded from {low:g} to {high:g} % only. Below it the next milder is taken, above the "
            "next graver severity; write both down."
        )
        yield _finding("severity-range", place_of(runbook, row), "note", message)


def _contacts(runbook: Runbook) -> Iterator[Finding]:
    for contact in runbook.contacts:
        if contact.phone is not None and blank(contact):
            message = f"{contact.role} has no phone number ({contact.phone}). Put the number in, or take the row out."
            yield _finding("phone-placeholder", place_of(runbook, contact, contact.phone), "warning", message)


def _commands(runbook: Runbook) -> Iterator[Finding]:
    for command in runbook.commands:
        for pattern, name, instead in ENDLESS:
            if pattern.search(command.text):
                yield _finding(
                    "never-ends", place_of(runbook, command), "warning", f"{name} never ends by itself: {instead}."
                )
                break
        if TERMINAL.search(command.text):
            message = "-it wants a terminal, which a machine has not. Drop it where the command asks no questions."
            yield _finding("wants-terminal", place_of(runbook, command), "warning", message)
        if HIDES.search(command.text):
            message = (
                "`|| echo` turns failure into success: the exit code is 0 whatever happened. Let the failure through."
            )
            yield _finding("hides-failure", place_of(runbook, command), "warning", message)
        if leak := leak_in(command):
            message = (
                f"A secret stands in the page. Change it, then {leak.instead}."
                if leak.written
                else f"A secret on the command line is seen by everybody on the machine: {leak.instead}."
            )
            yield _finding(
                "secret-in-argv", place_of(runbook, command), "error" if leak.written else "warning", message
            )
        if command.inside and not CLOSES.match(command.text):
            message = (
                f"This is typed in the shell that line {command.inside} opens; fireline runs each command by itself. "
                "Write both as one: `oc debug node/web-1 -- chroot /host podman ps`."
            )
            yield _finding("inside-shell", place_of(runbook, command), "warning", message)
        if broken := BROKEN.search(command.text):
            message = "The command ends at this backslash: a blank stands behind it, or nothing. Take either away."
            row = command.text.count("\n", 0, broken.start())
            at = Place(runbook.path, command.line + row, command.columns[row] if row < len(command.columns) else 1)
            yield _finding("broken-line", at, "error", message)
        yield from _namespace(runbook, command)


def _namespace(runbook: Runbook, command: Command) -> Iterator[Finding]:
    for call in KUBECTL.finditer(command.text):
        if _namespaced(call["verb"], call["rest"]) and not NAMESPACE.search(command.text[call.end("verb") :]):
            message = (
                f"{call['program']} {call['verb']} names no namespace and goes where the kubeconfig points. Add -n."
            )
            yield _finding("no-namespace", place_of(runbook, command), "warning", message)
            return


def _namespaced(verb: str, rest: str) -> bool:
    """Whether a call surely is about something that lives in a namespace."""
    if verb in NAMESPACED_VERBS or (verb in FILE_VERBS and FROM_FILE.search(rest)):
        return True
    named = FIRST_OBJECT.match(rest)
    return verb in KIND_VERBS and named is not None and named["kind"].lower() in NAMESPACED


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
            yield _finding("kind-mismatch", place_of(runbook, last), "error", message)


def _services(runbook: Runbook) -> Iterator[Finding]:
    """Health checks of one page that do not name the same services."""
    by_block: dict[int, set[str]] = {}
    first: dict[int, HealthUrl] = {}
    for one in read_health_urls(runbook, merge=False):
        by_block.setdefault(one.block, set()).add((urlsplit(one.url).hostname or "").split(".")[0])
        first.setdefault(one.block, one)
    blocks = [b for b, names in by_block.items() if len(names) > 1]
    for earlier, later in itertools.pairwise(blocks):
        if by_block[earlier] != by_block[later]:
            a, b = (", ".join(sorted(by_block[x])) for x in (earlier, later))
            where = f"line {first[earlier].line}"
            message = f"Health is asked of {b} here, but of {a} in {where}. Name the same services in both."
            yield _finding("services-disagree", place_of(runbook, first[later]), "warning", message)


def _links(runbook: Runbook, exists: Callable[[str], bool] | None) -> Iterator[Finding]:
    if exists is None:
        return
    for link in runbook.links:
        target = link.target.split("#")[0]
        if target and not urlsplit(target).scheme and not target.startswith("//") and not exists(target):
            message = f"The link “{link.title}” leads to {target}, which is not there. Write the page or drop the link."
            yield _finding("dead-link", place_of(runbook, link, link.target), "error", message)
    yield from _manifests(runbook, exists)


def _manifests(runbook: Runbook, exists: Callable[[str], bool]) -> Iterator[Finding]:
    """Files a command reads that are neither there nor written by a command above it."""
    written: set[str] = set()
    for command in runbook.commands:
        for call in MANIFEST.finditer(command.text):
            file = call["file"]
            if not file.startswith(("/", "~")) and file.removeprefix("./") not in written and not exists(file):
                message = f"The command wants {file}, which is not there. Keep the file beside the runbook."
                yield _finding("dead-file", place_of(runbook, command), "error", message)
        written |= {one["file"].removeprefix("./") for one in WRITTEN.finditer(command.text)}


def _review(runbook: Runbook, today: date | None) -> Iterator[Finding]:
    if not runbook.next_review:
        return
    due = last_day(runbook.next_review)
    if due is None:
        message = f"“{runbook.next_review}” is no date. Write the next review as 2027-05-31 or May 2027."
        yield _finding("review-unreadable", _place_of_words(runbook, runbook.next_review), "warning", message)
    elif today and due < today:
        message = f"The review was due by {due.isoformat()}. Read the page through, then set the next date."
        yield _finding("review-overdue", _place_of_words(runbook, runbook.next_review), "warning", message)


def _place_of_words(runbook: Runbook, words: str) -> Place:
    """Where words stand last on the page; its first line where they do not."""
    lines = lines_of(runbook.source)
    line = next((n for n, text in reversed(list(enumerate(lines, 1))) if words in text), 1)
    return Place(runbook.path, line, column_of(runbook.source, line, words))


def _manual(runbook: Runbook) -> Iterator[Finding]:
    for step in runbook.manual_steps:
        message = (
            f"“{step.title}” has no command, so a person has to know how. Add it, or move the words out of the block."
        )
        yield _finding("comment-without-command", place_of(runbook, step), "note", message)
