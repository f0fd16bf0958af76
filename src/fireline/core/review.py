"""The review (post-mortem): the runbook's own template, filled from the log, nothing invented.

Headings and their order are the template's. What the log knows is written under them; what it does not
know is marked unknown, for people to fill in. Every time is UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from fireline.core import debt, decision, gate, helped, hypothesis, roles, timeline
from fireline.core.events import (
    ApprovalGiven,
    CommandStarted,
    GateOverridden,
    GlassBroken,
    IncidentAcknowledged,
    Log,
    ReviewDrafted,
    StatusChanged,
)
from fireline.core.incident import Incident, fold
from fireline.core.joined import beginnings
from fireline.core.refusal import Refused

UNKNOWN = "_unknown_"
FOR_PEOPLE = "_unknown: people write this in the review_"
TEMPLATE = """\
# Post-Mortem: [Incident Title]

## Summary

## Impact

## Timeline

## Root Cause

## Resolution

## What Went Well

## What Didn't Go Well

## Action Items

## Lessons Learned
"""  # for a house whose runbooks bring no template of their own

HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
BULLET = re.compile(r"^\s*[-*]\s+\*\*(.+?):?\*\*", re.MULTILINE)  # - **Duration:** X hours Y minutes
MILESTONE = re.compile(r"^\s*[-*]\s+HH:MM\s*[-\u2013\u2014:]\s*(.+?)\s*$", re.MULTILINE)  # - HH:MM - Incident began
ACTIONS = r"action|follow.?up"  # the heading of the follow-ups
FOLLOW_UP = (r"action|item|what|task", r"owner|who|assign", r"due|date|by|when", r"status")  # the columns of one
OWED = tuple(re.compile(words, re.IGNORECASE) for words in FOLLOW_UP)
COLUMNS = re.compile(r"^\|(.+)\|\s*\n\|[\s:|-]+\|\s*$", re.MULTILINE)  # the head of a table


@dataclass(frozen=True, slots=True)
class Milestones:
    """The six times every review asks for; None where the log does not know."""

    began: datetime | None
    first_alert: datetime | None
    declared: datetime
    mitigation: datetime | None
    restored: datetime | None
    resolved: datetime | None


def drafted(log: Log, at: datetime, *, evidence: str, due_at: datetime, by: str) -> ReviewDrafted:
    """The draft is kept. Only for an incident that is over."""
    if not fold(0, log).resolved:
        raise Refused("The incident is not resolved.")
    return ReviewDrafted(at=at, by=by, evidence=evidence, due_at=due_at)


def milestones(log: Log) -> Milestones:
    """When it began, was alerted, declared, worked on, restored and resolved, as far as the log knows."""
    incident = fold(0, log)
    alerts = list(beginnings(log))
    work = [event.at for event in log if isinstance(event, CommandStarted) and event.purpose == "mitigation"]
    calm = [event.at for event in log if isinstance(event, StatusChanged) and event.status == "Monitoring"]
    return Milestones(
        began=min((one.starts_at for _, one in alerts), default=None),
        first_alert=min((at for at, _ in alerts), default=None),
        declared=incident.declared.at,
        mitigation=min(work, default=None),
        restored=max(calm, default=None),
        resolved=incident.ended_at,
    )


def draft(template: str, number: int, log: Log, later: tuple[str, ...] = ()) -> str:
    """The review as Markdown: the template's headings in the template's order, each filled or marked unknown.

    `later` are the runbook's ways out that are the work of weeks (`core.plan`): they are follow-ups.
    """
    incident = fold(number, log)
    head, *rest = _parts(template) or [("#", "Post-Mortem", "")]
    parts = [f"{head[0]} {_title(head[1], incident)}", _about(incident, log)]
    for marks, title, sample in rest:
        parts += [f"{marks} {title}", _section(title, incident, log, sample, later)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _parts(template: str) -> list[tuple[str, str, str]]:
    """Each heading of the template with its marks, and the sample text under it."""
    found: list[tuple[str, str, str]] = []
    for line in template.splitlines():
        if heading := HEADING.match(line):
            found.append((heading[1], heading[2], ""))
        elif found:
            marks, title, sample = found[-1]
            found[-1] = (marks, title, f"{sample}{line}\n")
    return found


def _title(title: str, incident: Incident) -> str:
    lead = title.split(":", 1)[0] if ":" in title else title
    return f"{lead}: {incident.name} {incident.declared.title}"


def _about(incident: Incident, log: Log) -> str:
    drill = " This was a drill." if incident.declared.drill else ""
    book = incident.declared.runbook
    source = f" Runbook “{book.title}” at {book.digest[:12]}." if book else ""
    led = ", then ".join(f"{one.who} from {one.since:%H:%M}" for one in roles.reigns(log, "commander"))
    command = f" In command: {led}." if led else ""
    what = f"{len(log)} logged events of {incident.name}"
    return f"Drafted by fireline from {what}.{drill}{source}{command} Times are UTC."


def _section(title: str, incident: Incident, log: Log, sample: str, later: tuple[str, ...]) -> str:
    words = title.lower()
    if later and re.search(ACTIONS, words):
        return _actions(incident, log, sample, later)
    for pattern, write in SAMPLED:
        if re.search(pattern, words):
            return write(incident, log, sample)
    for pattern, write_ in SECTIONS:
        if re.search(pattern, words):
            return write_(incident, log)
    return FOR_PEOPLE


def _summary(incident: Incident, log: Log) -> str:
    declared = incident.declared
    times = milestones(log)
    why = (declared.match_why or "").rstrip(".")
    scenario = f" It was recognised as “{declared.scenario}”: {why}." if declared.scenario else ""
    end = (
        f" It was resolved after {timeline.duration(times.resolved - declared.at)}."
        if times.resolved
        else " It is not resolved."
    )
    return f"{incident.severity} ({incident.severity_name}): {declared.title}.{scenario}{end}"


def _impact(incident: Incident, log: Log, sample: str) -> str:
    """The template's own bullets, with what the log knows of them."""
    times = milestones(log)
    start = times.began or times.declared
    known = times.restored is not None and times.restored >= start
    length = f"{_hours(start, times.restored)} (began to restored)" if times.restored and known else UNKNOWN
    facts = {"duration": length, "service": incident.declared.service or UNKNOWN}
    names = BULLET.findall(sample) or ["Duration", "Users Affected", "Services Impacted", "Revenue Impact"]
    return "\n".join(f"- **{name}:** {_known(name, facts)}" for name in names)


def _timeline(incident: Incident, log: Log, sample: str) -> str:
    """The template's own milestones, then everything that was logged."""
    times = milestones(log)
    facts = {
        "began": _clock(times.began),
        "start": _clock(times.mitigation),
        "mitigat": _clock(times.mitigation),
        "alert": _clock(times.first_alert),
        "detect": _clock(times.first_alert),
        "declare": _clock(times.declared),
        "restore": _clock(times.restored),
        "resolve": _clock(times.resolved),
    }
    names = MILESTONE.findall(sample) or [
        "Incident began",
        "First alert",
        "Incident declared",
        "Mitigation started",
        "Service restored",
        "Incident resolved",
    ]
    head = [f"- {_known(name, facts)} - {name}" for name in names]
    ran = [_row(one) for one in timeline.entries(log) if not one.passing]
    return "\n".join([*head, "", "Everything that was logged:", "", *ran])


def _known(name: str, facts: dict[str, str]) -> str:
    """What the log knows under a name of the template."""
    return next((value for word, value in facts.items() if word in name.lower()), UNKNOWN)


def _row(one: timeline.Entry) -> str:
    proof = f" [evidence {one.evidence[:12]}]" if one.evidence else ""
    afterwards = f" ({one.detail})" if one.back_dated else ""
    return f"- {one.at:%H:%M:%S} - {_plain(one.sentence)}{afterwards}{proof}"


def _cause(incident: Incident, log: Log) -> str:
    cause = incident.root_cause
    said = FOR_PEOPLE
    if cause is not None:
        said = cause.text if cause.known else f"Unknown, accepted by {cause.by}: {cause.text}"
    thought = hypothesis.told(log)
    return "\n".join([said, *(["", "What people thought of:", ""] if thought else []), *thought])


def _resolution(incident: Incident, log: Log) -> str:
    done = []
    for run in incident.runs.values():
        if run.started.purpose in {"mitigation", "verification"}:
            yes = _yes(log, run.started.ask)
            result = run.state if run.finished is None else f"{run.state}, {run.finished.seconds:.1f} s"
            done.append(f"- {_plain(run.started.title)}: `{run.started.command}` ({result}{yes})")
            if found := helped.measured(log, run.started.run):
                done.append(f"  - Did it help? {found.verdict.capitalize()}: {helped.said(found)}")
    done += [f"- {line}" for line in (*decision.told(log), *debt.told(log))]
    asides = [f"- Gate set aside by {e.by}: {e.reason}" for e in log if isinstance(e, GateOverridden)]
    return "\n".join([*done, *asides]) or FOR_PEOPLE


def _went_well(incident: Incident, log: Log) -> str:
    facts = []
    first = next((event for event in log if isinstance(event, IncidentAcknowledged)), None)
    then = fold(incident.number, log[: log.index(first)]) if first else incident  # the target that held at that time
    if first and first.at < then.acknowledge_by:
        facts.append(f"- {first.by} acknowledged within the {then.response_minutes} min target.")
    looked = [
        run for run in incident.runs.values() if run.started.purpose == "diagnosis" and run.state in {"ok", "failed"}
    ]
    if looked:
        commands = "1 diagnosis command" if len(looked) == 1 else f"{len(looked)} diagnosis commands"
        facts.append(f"- {commands} of the runbook ran without anybody's help.")
    facts += [f"- {standing.spec.text}: {standing.detail}." for standing in _measured(log)]
    return "\n".join([*facts, f"- {FOR_PEOPLE}"])


def _went_wrong(incident: Incident, log: Log) -> str:
    facts = [f"- Nobody acknowledged within {incident.missed.response_minutes} min."] if incident.missed else []
    late = incident.acknowledged
    if late and not incident.missed and late.at >= incident.acknowledge_by:
        facts.append(f"- {late.by} acknowledged after the {incident.response_minutes} min target.")
    facts += [f"- {_plain(one.title)} could not run: {one.reason}" for one in incident.skipped]
    facts += [
        f"- {_plain(run.started.title)}: {run.state}."
        for run in incident.runs.values()
        if run.state != "ok" and run.started.purpose != "diagnosis"
    ]
    facts += [
        f"- {event.by} set {event.status} without verification: {event.why}"
        for event in log
        if isinstance(event, StatusChanged) and event.unverified
    ]
    facts += [
        f"- {event.by} ran a command alone (break-glass): {event.reason}"
        for event in log
        if isinstance(event, GlassBroken)
    ]
    return "\n".join([*facts, f"- {FOR_PEOPLE}"])


def _actions(incident: Incident, log: Log, sample: str, later: tuple[str, ...] = ()) -> str:
    """The template's own columns, with one row for people to fill in."""
    columns = COLUMNS.search(sample)
    names = [cell.strip() for cell in columns[1].split("|")] if columns else ["Action", "Owner", "Due Date", "Status"]
    rows = [names, ["---"] * len(names), ["Todo" if name.lower() == "status" else UNKNOWN for name in names]]
    owed = [[what, owner, due, "Todo"] for what, owner, due in debt.follow_ups(log)]
    owed += [[words, "", "", "Todo"] for words in later]
    # by what the columns are called: a template may have others, and in another order
    order = [next((n for n, word in enumerate(OWED) if word.search(name)), None) for name in names]
    rows[2:2] = [[(row[n] or UNKNOWN) if n is not None else UNKNOWN for n in order] for row in owed]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _people(incident: Incident, log: Log) -> str:
    names = sorted({event.by for event in log if event.by != "fireline"})
    return "\n".join(f"- {name}" for name in names) or UNKNOWN


# The first pattern found in a heading writes its section; these go by what the template has under it.
SAMPLED: tuple[tuple[str, Callable[[Incident, Log, str], str]], ...] = (
    (r"impact", _impact),
    (r"timeline|chronology", _timeline),
    (ACTIONS, _actions),
)
SECTIONS: tuple[tuple[str, Callable[[Incident, Log], str]], ...] = (
    (r"summary|overview", _summary),
    (r"root cause", _cause),
    (r"resolution|mitigation|what was done", _resolution),
    (r"\b(didn.?t|not|wrong|poorly|badly)\b", _went_wrong),
    (r"went well|worked", _went_well),
    (r"participants|responders|attendees", _people),
)


def _measured(log: Log) -> Iterable[gate.Standing]:
    return (
        one for one in gate.standings(log, log[-1].at) if one.spec.kind == "verified" and one.open and not one.override
    )


def _yes(log: Log, ask: int | None) -> str:
    names = [event.by for event in log if isinstance(event, ApprovalGiven) and event.ask == ask]
    return f"; yes from {', '.join(names)}" if names else ""


def _hours(start: datetime, end: datetime) -> str:
    minutes = int((end - start).total_seconds() // 60)
    return f"{minutes // 60} hours {minutes % 60} minutes"


def _clock(at: datetime | None) -> str:
    return f"{at:%H:%M}" if at else UNKNOWN


def _plain(text: str) -> str:
    return " ".join(text.split())
