"""Brief: "catch me up" in ten lines at most. What somebody needs who comes in the middle, read from the log.

It follows the situation, actions and needs report that PagerDuty's guide asks responders for
(https://response.pagerduty.com/before/different_roles/), with who commands and when the next word comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from fireline.core import approval, cadence, debt, decision, gate, helped, mailing, roles, task, update
from fireline.core.aftermath import VERDICTS
from fireline.core.events import Log, SeverityChanged
from fireline.core.incident import Incident, fold
from fireline.core.joined import named
from fireline.core.timeline import duration

LINES_MAX = 10
SHOWN = 3  # of what was seen, tried or waits; the page holds the rest
WHOSE = {"internal": "our people", "public": "the public"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what it is about, and what there is to say."""

    label: str
    text: str


def brief(number: int, log: Log, at: datetime, *, base_url: str = "") -> tuple[Line, ...]:
    """The lines, at most ten; those that there is nothing to say for are left out. `base_url` is of our own pages."""
    now = fold(number, log)
    found = (
        Line("What", _what(now)),
        Line("Since", _since(now, at)),
        Line("Severity", f"{now.severity} {now.severity_name}: {_why(now, log)}"),
        Line("Command", _command(now, log)),
        Line("Seen", _some(_seen(now))),
        Line("Tried", _some(_tried(now, log))),
        Line("Waits", _some(_waits(now, log, at))),
        Line("Last update", "; ".join(one for one in (_last(log), mailing.told(log)) if one)),
        Line("Next update", "; ".join(_next(log, at))),
        Line("Links", f"{base_url}/incidents/{number} · {base_url}/incidents/{number}/runbook" if base_url else ""),
    )
    return tuple(one for one in found if one.text)[:LINES_MAX]


def _what(now: Incident) -> str:
    service = f" ({now.declared.service})" if now.declared.service else ""
    scenario = f", scenario {now.declared.scenario}" if now.declared.scenario else ""
    cause = now.root_cause
    known = "" if cause is None else f". Cause: {cause.text}" if cause.known else ". Nobody knows the cause"
    return f"{now.name} {now.declared.title}{service}: {now.status}{scenario}{known}"


def _since(now: Incident, at: datetime) -> str:
    began, ended = now.declared.detected_at, now.ended_at
    took = duration((ended or at) - began)
    if ended:
        return f"{began:%H:%M} to {ended:%H:%M} UTC, {took}"
    status = f", {now.status} for {duration(at - now.status_since[-1][1])}" if len(now.status_since) > 1 else ""
    return f"{began:%H:%M} UTC, {took} ago{status}"


def _why(now: Incident, log: Log) -> str:
    changed = [one.reason for one in log if isinstance(one, SeverityChanged)]
    return changed[-1] if changed else now.declared.severity_why


def _command(now: Incident, log: Log) -> str:
    crew = roles.crew(log)
    if not crew.commander and now.resolved:
        return ""
    held = [f"{roles.TITLES[role]} {who}" for role in roles.ROLES[1:4] if (who := crew.who(role))]
    held += [f"SME {one.who}{f' ({one.subject})' if one.subject else ''}" for one in crew.smes.values()]
    return ", ".join([crew.commander or "nobody commands yet", *held])


def _seen(now: Incident) -> list[str]:
    """Alerts that are not over, then what looking showed, the newest last."""
    firing = named(sorted({one.joined.name for one in now.firing}))
    looked = [
        f"{run.started.title}: {run.finished.summary or run.state}"
        for run in now.runs.values()
        if run.finished and run.started.purpose == "diagnosis"
    ]
    alerts = f"{len(now.firing)} alerts fire ({firing})" if len(now.firing) > 1 else f"{firing} fires"
    return [*([alerts] if now.firing else []), *looked[-SHOWN:]]


def _tried(now: Incident, log: Log) -> list[str]:
    """What was done, whether the check afterwards was good, and what was decided last."""
    did = [
        f"{run.started.title}: {run.state}{_helped(log, run.started.run)}"
        for run in now.runs.values()
        if run.started.purpose in {"mitigation", "other"}
    ]
    effect = {None: "not verified yet", True: "verified since", False: "the verification failed"}[gate.verified(now)]
    decided = [f"decided: {decision.said(one)}" for one in decision.decisions(log)[-1:]]
    return [*did[-SHOWN:], *([effect] if did else []), *decided]


def _helped(log: Log, run: str) -> str:
    found = helped.measured(log, run)
    return f", {VERDICTS[found.verdict][0]}" if found else ""


def _waits(now: Incident, log: Log, at: datetime) -> list[str]:
    """Answers, tasks and offers that wait for a person, by name where there is one."""
    found = [f"{one.asked.title} wants a yes" for one in approval.asks(log) if one.waiting(at)]
    found += [f"{one.given.to}: {one.given.text} ({one.state})" for one in task.tasks(log) if not one.done]
    found += [f"still in place: {one.taken.what}" for one in debt.debts(log) if one.blocks]
    found += [f"{to} is asked to be {roles.TITLES[role]}" for role, to in roles.crew(log).offers]
    letters = mailing.waits(log)  # most are written when it is over
    if now.resolved:
        return letters if now.review else ["the review's draft", *letters]
    found += letters
    if not now.acknowledged:
        found.insert(0, "nobody has acknowledged it")
    return found


def _last(log: Log) -> str:
    sent = update.updates(log)
    return f"#{sent[-1].number} at {sent[-1].at:%H:%M}: {sent[-1].actions}" if sent else ""


def _next(log: Log, at: datetime) -> Iterator[str]:
    for one in cadence.counts(log):
        late = f", {duration(at - one.due)} late" if one.late(at) else f", in {duration(one.due - at)}"
        yield f"{WHOSE[one.audience]} {one.due:%H:%M} UTC{late}"


def _some(found: list[str]) -> str:
    more = f"; and {len(found) - SHOWN - 1} more" if len(found) > SHOWN + 1 else ""
    return "; ".join(" ".join(one.split()) for one in found[: SHOWN + 1]) + more


def text(lines: tuple[Line, ...]) -> str:
    """The brief as plain text, for a terminal or a chat."""
    return "\n".join(f"{one.label}: {one.text}" for one in lines)
