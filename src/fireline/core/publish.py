"""Publish: words for the public are drafted by one person and approved by another, and the yes is for exact words.

Anybody who may act drafts. Whoever has the incident, or any second person, approves. A private incident is never
told of, and Resolved only once the incident may be resolved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import get_args

from fireline.core import gate, public
from fireline.core.draft import Finding, Inside, lint
from fireline.core.events import (
    HOUSE,
    Impact,
    Log,
    PublicUpdateApproved,
    PublicUpdateDrafted,
    PublicUpdateWithdrawn,
    State,
)
from fireline.core.incident import STATUSES, Incident, fold
from fireline.core.refusal import Refused
from fireline.core.roles import crew

TITLE_MAX_CHARS = 255  # Statuspage's limit for an incident's name: https://developer.statuspage.io/
TEXT_MAX_CHARS = 5_000  # of its 25,000; a longer one is a report and no update
IMPACTS: tuple[Impact, ...] = get_args(Impact)
STATES: tuple[State, ...] = get_args(State)
# What a severity most likely means to the public.
IMPACT: Mapping[str, Impact] = {"P0": "critical", "P1": "major", "P2": "minor", "P3": "none"}
STATE: Mapping[Impact, State] = {
    "critical": "major_outage",
    "major": "partial_outage",
    "minor": "degraded_performance",
    "none": "operational",
}


def draft(
    log: Log,
    at: datetime,
    *,
    status: str,
    title: str,
    text: str,
    impact: str,
    components: Mapping[str, str],
    known: Iterable[str] = (),
    by: str,
) -> PublicUpdateDrafted:
    """Write down words for the public. `known` are the names of the status page's components."""
    now = fold(0, log)
    _may_be_told(log, now)
    title, text = " ".join(title.split()), text.replace("\r\n", "\n").strip()
    if not title or len(title) > TITLE_MAX_CHARS:
        raise Refused(f"Give the public a title of 1 to {TITLE_MAX_CHARS} characters.", field="title", status=400)
    if not text or len(text) > TEXT_MAX_CHARS:
        raise Refused(f"Give the public 1 to {TEXT_MAX_CHARS} characters of text.", field="text", status=400)
    strange = sorted(set(components) - set(known))
    if strange:
        raise Refused(f"The status page has no component {strange[0]}.", field="components", status=400)
    said = next((one for one in STATUSES if one == status), None)
    if said is None:
        raise Refused(f"A status is one of {', '.join(STATUSES)}.", field="status", status=400)
    if said == "Resolved":
        _may_be_resolved(log, now, at)
    states = {name: _state(word) for name, word in components.items()}
    if said == "Resolved" and (bad := [name for name, word in states.items() if word != "operational"]):
        raise Refused(f"Resolved means that {bad[0]} is operational again.", field="components", status=400)
    weight = next((one for one in IMPACTS if one == impact), None)
    if weight is None:
        raise Refused(f"An impact is one of {', '.join(IMPACTS)}.", field="impact", status=400)
    number = 1 + sum(1 for event in log if isinstance(event, PublicUpdateDrafted))
    return PublicUpdateDrafted(
        at=at, by=by, update=number, status=said, title=title, text=text, impact=weight, components=states
    )


def check(drafted: PublicUpdateDrafted, known: Inside) -> tuple[Finding, ...]:
    """What in a draft has no place outside. Title and words are read as one."""
    return lint(f"{drafted.title}\n{drafted.text}", known)


def approve(
    log: Log,
    at: datetime,
    *,
    number: int,
    shown: str,
    known: Inside,
    meant: bool,
    places: tuple[str, ...],
    by: str,
) -> PublicUpdateApproved:
    """Say yes to exactly the draft whose digest is `shown`; `meant` says that what the check found may go out.

    `places` are where it is published: all that are set up.
    """
    now, one = fold(0, log), _draft(log, number)
    _may_be_told(log, now)
    if by == HOUSE:
        raise Refused("Only a person can say yes.", status=403)
    if by == one.drafted.by and by != commander(log):
        raise Refused("You wrote this one. Whoever has the incident, or any other person, says yes.", status=403)
    if shown != one.digest:
        raise Refused("The words you were shown are not the ones that wait. Reload, read them, and decide again.")
    if not places:
        raise Refused("No status page is set up: [status] or [statuspage] in the settings does it.", status=400)
    if one.drafted.status == "Resolved":
        _may_be_resolved(log, now, at)
    found = check(one.drafted, known)
    if stops := [finding for finding in found if finding.stops]:
        raise Refused(f"This cannot go out. {'; '.join(finding.said for finding in stops)}. Write it anew.")
    if found and not meant:
        said = "; ".join(finding.said for finding in found)
        raise Refused(f"The check found something. {said}. Say that it is meant, or write it anew.", field="meant")
    return PublicUpdateApproved(
        at=at, by=by, update=number, digest=one.digest, places=places, despite=tuple(one.said for one in found)
    )


def withdraw(log: Log, at: datetime, *, number: int, reason: str, by: str) -> PublicUpdateWithdrawn:
    """Take a draft back, or say no to it."""
    if not reason.strip():
        raise Refused("Say why: whoever wrote it needs to know.", field="reason", status=400)
    return PublicUpdateWithdrawn(at=at, by=by, update=_draft(log, number).number, reason=reason.strip())


def commander(log: Log) -> str:
    """Who speaks for the incident: its commander, else whoever acknowledged it; empty when there is neither."""
    ack = fold(0, log).acknowledged
    return crew(log).commander or (ack.by if ack else "")


def may_be_told(log: Log) -> bool:
    """Whether the public may be told of this incident at all."""
    try:
        _may_be_told(log, fold(0, log))
    except Refused:
        return False
    return True


def _draft(log: Log, number: int) -> public.Update:
    one = public.find(log, number)
    if one.approved:
        raise Refused(f"{one.approved.by} has approved this already.")
    if one.withdrawn:
        raise Refused(f"{one.withdrawn.by} has taken this back: {one.withdrawn.reason}")
    return one


def _may_be_told(log: Log, now: Incident) -> None:
    if now.private:
        raise Refused("This incident is private: nothing of it goes outside.", status=403)
    if now.merged and not public.approved(log):
        raise Refused(f"This incident is part of INC-{now.merged.into}. Tell the public there.")


def _may_be_resolved(log: Log, now: Incident, at: datetime) -> None:
    if now.resolved:
        return
    shut = [one for one in gate.standings(log, at) if not one.open and one.spec.kind != "status page"]
    if shut:
        names = "; ".join(f"{one.spec.text} ({one.detail})" for one in shut)
        raise Refused(f"The public hears Resolved when the incident may be resolved. Still shut: {names}.")


def _state(word: str) -> State:
    for known in STATES:
        if known == word:
            return known
    raise Refused(f"A component is one of {', '.join(STATES)}.", field="components", status=400)
