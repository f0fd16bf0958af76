"""Branch: which way out of the runbook the evidence points to, and why in one sentence.

A runbook's ways out are a decision tree that people walk by what they have seen: the scenario's own ("Restart Redis
if unresponsive"), and each "If …" of the mitigations. The house walks it by what is written down: what changed before
onset, what the alerts say, what the diagnosis showed. Where nothing points anywhere, the runbook's own order holds: a
guess would only look like knowledge.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fireline.core.deploy import Deploy
from fireline.core.events import BranchProposed, Log
from fireline.core.refusal import Refused
from fireline.core.runbook import Mitigation, Resolution

FRESH = timedelta(hours=1)  # a change this young before onset is the first suspect
RECENT = timedelta(hours=6)
OLD = timedelta(days=1)  # what is older is not what a runbook calls recent
WRITTEN = {"push", "merge"}  # nobody said that it runs anywhere yet, so there is nothing to roll back
SHOWN_CHARS = 80  # of the words that gave it away


@dataclass(frozen=True, slots=True)
class Saw:
    """Something that was said, and where: an alert, a step's output or finding."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a branch is chosen from."""

    began: datetime
    service: str | None = None
    changes: tuple[Deploy, ...] = ()
    saw: tuple[Saw, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """One condition, or way out, of the runbook that the evidence points to; `strength` only orders them."""

    condition: str
    kind: str
    why: str
    strength: int


# What a condition or a way out is about, by its words; the first that fits, so the narrow ones stand first.
KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    # the work of weeks, not of tonight; core.plan keeps it for the review
    (
        "later",
        re.compile(r"\bcach(?:e|ing) layer|\bpool(?:ing|er)?\b|\b(?:fix|repair|close|stop) .*\bleak", re.IGNORECASE),
    ),
    ("crash loop", re.compile(r"crash.?loop|keeps? (?:crashing|restarting)", re.IGNORECASE)),
    ("cdn", re.compile(r"\bcdn\b|edge cache", re.IGNORECASE)),
    ("corruption", re.compile(r"corrupt", re.IGNORECASE)),
    ("replica", re.compile(r"replica\b(?!s)|fail.?over", re.IGNORECASE)),
    ("idle", re.compile(r"\bidle\b", re.IGNORECASE)),
    ("one client", re.compile(r"(?:allow|white|safe).?list|legitimate", re.IGNORECASE)),
    ("slots", re.compile(r"max_connections|(?:more|raise|increase).*\bconnections\b", re.IGNORECASE)),
    ("step by step", re.compile(r"gradual|step by step", re.IGNORECASE)),
    ("rate", re.compile(r"\b(?:raise|increase|lift|relax)\b.*\blimits?\b", re.IGNORECASE)),
    ("silence", re.compile(r"unresponsive|(?:does|do)(?: not|n.t) answer|not answering|\bhangs?\b", re.IGNORECASE)),
    ("deployment", re.compile(r"deploy|release|rollout", re.IGNORECASE)),
    ("database", re.compile(r"database|postgres|mysql|\bsql\b|\bdb\b", re.IGNORECASE)),
    ("memory", re.compile(r"memory|leak|\boom\b|heap", re.IGNORECASE)),
    ("external", re.compile(r"external|third.?party|provider|vendor|upstream|dependenc", re.IGNORECASE)),
    ("traffic", re.compile(r"traffic|load|spike|surge", re.IGNORECASE)),
)
# What gives a kind away, and how strongly. Each is what the system itself says, not a word that logs are full of.
SIGNS: tuple[tuple[str, int, re.Pattern[str]], ...] = (
    ("crash loop", 4, re.compile(r"CrashLoopBackOff|\bBACKOFF\b|Exited too quickly|respawning too fast")),
    (
        "cdn",
        4,
        re.compile(
            r"\bcdn\b[^\n]{0,40}\n?[^\n]{0,80}(?:not answer|timed out|in time|refused|answered 5\d\d)", re.IGNORECASE
        ),
    ),
    (
        "corruption",
        5,
        re.compile(
            r"\bcorrupt(?:ed|ion)?\b|bad file format|wrong signature|checksum (?:error|mismatch)|WRONGTYPE",
            re.IGNORECASE,
        ),
    ),
    ("replica", 5, re.compile(r"this is a replica of|\(READONLY\)|\bREADONLY you can|MASTERDOWN", re.IGNORECASE)),
    ("replica", 1, re.compile(r"as master with [1-9]\d* replica|\bconnected_slaves:[1-9]")),
    ("idle", 5, re.compile(r"By state: idle(?: in transaction)? \d+", re.IGNORECASE)),
    (
        "slots",
        4,
        re.compile(
            r"too many (?:clients|connections)|remaining connection slots|no connection is left|connections in use",
            re.IGNORECASE,
        ),
    ),
    ("one client", 5, re.compile(r"\S+ alone is behind \d+ % of it")),
    ("rate", 4, re.compile(r"spread over many clients")),
    ("rate", 2, re.compile(r"were told 429[^\n]*|answered 429|429 Too Many", re.IGNORECASE)),
    ("step by step", 1, re.compile(r"were told 429")),
    (
        "silence",
        4,
        re.compile(
            r"connection refused|could not connect|nothing listens|(?:does|did) not answer|\bit hangs\b"
            r"|no route to host|\b(?:STOPPED|EXITED)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "memory",
        4,
        re.compile(r"OOMKill(?:ed|ing)|out of memory|heap limit|Exit Code:\s*137|memory leak", re.IGNORECASE),
    ),
    (
        "database",
        4,
        re.compile(
            r"too many (?:clients|connections)|remaining connection slots|connections? (?:are )?(?:exhausted|in use)"
            r"|idle in transaction|slow quer(?:y|ies)|deadlock detected|database (?:is )?slow|lock timeout",
            re.IGNORECASE,
        ),
    ),
    (
        "external",
        4,
        re.compile(
            r"(?:provider|upstream|third.?party|external|stripe|sendgrid|paypal|twilio|payment)\b[^\n]{0,60}?"
            r"\b(?:down|outage|unavailable|refused|tim(?:ed|ing) out|degraded|50[0234])\b",
            re.IGNORECASE,
        ),
    ),
    (
        "traffic",
        3,
        re.compile(
            r"(?:high|heavy|unusual|too much) traffic|traffic (?:is )?(?:up|high|spike|surge)"
            r"|request rate (?:is )?(?:up|high)|HighTraffic|TrafficSpike|requests? per second (?:is )?(?:up|high)",
            re.IGNORECASE,
        ),
    ),
    ("deployment", 2, re.compile(r"image changed|revision \d+ (?:was )?rolled out|ImagePullBackOff", re.IGNORECASE)),
)


def kind_of(condition: str) -> str:
    """What a condition or a way out is about; "" where nothing tells."""
    return next((kind for kind, words in KINDS if words.search(condition)), "")


def branches(
    mitigations: Iterable[Mitigation], evidence: Evidence, resolutions: Iterable[Resolution] = ()
) -> tuple[Branch, ...]:
    """What the evidence points to, the strongest first; of equals, the scenario's own ways in their order first.

    A condition that the scenario has words of its own for is not named twice.
    """
    signs = _signs(evidence)
    own = [(one.text, kind_of(one.text)) for one in resolutions]
    taken = {kind for _, kind in own}
    lent = [(one.condition, kind_of(one.condition)) for one in mitigations]
    found = [
        Branch(words, kind, signs[kind][1], signs[kind][0])
        for words, kind in (*own, *(one for one in lent if one[1] not in taken))
        if kind in signs
    ]
    return tuple(sorted(found, key=lambda one: -one.strength))


def said(found: tuple[Branch, ...]) -> str:
    """Why this branch first, for people."""
    if not found:
        return "Nothing points to one of the runbook's conditions: its own order holds."
    first = found[0]
    others = f" Then: {', '.join(one.condition for one in found[1:])}." if len(found) > 1 else ""
    return f"“{first.condition}” first, because {first.why}.{others}"


def _signs(evidence: Evidence) -> dict[str, tuple[int, str]]:
    """For each kind the strongest sign and its sentence."""
    found: dict[str, tuple[int, str]] = {}
    for kind, strength, words in SIGNS:
        for one in evidence.saw:
            text = f"{one.where}\n{one.text}"  # "Ask the CDN" says whose silence it is
            if (hit := words.search(text)) and found.get(kind, (0, ""))[0] < strength:
                shown = " ".join(hit[0].removeprefix(one.where).split())[:SHOWN_CHARS]
                found[kind] = strength, f"{one.where} says “{shown}”"
    if (change := _change(evidence)) and found.get("deployment", (0, ""))[0] < change[0]:
        found["deployment"] = change
    return found


def _change(evidence: Evidence) -> tuple[int, str] | None:
    """The newest change before onset, of the service itself where that is known."""
    live = (one for one in evidence.changes if one.kind not in WRITTEN)
    before = [one for one in live if timedelta(0) <= evidence.began - one.at <= OLD]
    if not before:
        return None
    service = (evidence.service or "").lower()
    mine = [one for one in before if service and one.service.lower() == service]
    newest = max(mine or before, key=lambda one: one.at)
    age = evidence.began - newest.at
    strength = (5 if age <= FRESH else 3 if age <= RECENT else 2) if mine else (2 if age <= FRESH else 1)
    minutes = int(age / timedelta(minutes=1))
    when = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"  # two hours are said in hours
    return (
        strength,
        f"{newest.service} had a {newest.kind} {when} before onset ({newest.title or newest.ref or newest.sha[:10]})",
    )


def propose(log: Log, at: datetime, *, found: tuple[Branch, ...], by: str) -> BranchProposed:
    """Keep which way comes first; the walk and the page go by it from now on. Refused where nothing points anywhere."""
    if not found or any(isinstance(event, BranchProposed) for event in log):
        raise Refused("There is nothing to choose, or it was chosen already.")
    return BranchProposed(at=at, by=by, conditions=tuple(one.condition for one in found), why=said(found))


def first(log: Log) -> tuple[str, ...]:
    """The conditions that were chosen, the first one first; none while nothing points anywhere."""
    return next((event.conditions for event in log if isinstance(event, BranchProposed)), ())
