"""Decisions: what was decided, whether objections were asked for, and who had one.

"Are there any strong objections?" gets a decision in a minute, and the dissent on record makes it easy to come back to.
The custom is PagerDuty's: https://response.pagerduty.com/training/incident_commander/ (gaining consensus).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from fireline.core.events import DecisionMade, Dissent, Log
from fireline.core.incident import fold, still_open
from fireline.core.refusal import Refused

TEXT_MAX_CHARS = 500
DISSENT_MAX = 20


def decisions(log: Log) -> tuple[DecisionMade, ...]:
    """Everything that was decided, the first one first."""
    return tuple(event for event in log if isinstance(event, DecisionMade))


def decide(
    log: Log, at: datetime, *, text: str, by: str, objections_asked: bool = False, dissent: Iterable[Dissent] = ()
) -> DecisionMade:
    """Write a decision down. `dissent` are objections that were heard and not followed; so they were asked for."""
    still_open(fold(0, log))
    said = _short(text, "text", "Say what was decided.")
    against = tuple(_against(one) for one in dissent)
    if len(against) > DISSENT_MAX:
        raise Refused(f"Write down at most {DISSENT_MAX} objections.", status=400, field="dissent")
    asked = objections_asked or bool(against)
    number = len(decisions(log)) + 1
    return DecisionMade(at=at, by=by, decision=number, text=said, objections_asked=asked, dissent=against)


def objected(one: DecisionMade) -> str:
    """How the others stood to it, in words; empty where nobody asked."""
    if one.dissent:
        return "; ".join(f"{each.who} objects: {each.what}" for each in one.dissent)
    return "no objections" if one.objections_asked else ""


def told(log: Log) -> list[str]:
    """One line a decision, for the review."""
    return [f"{one.at:%H:%M} {one.by} decided: {said(one)}" for one in decisions(log)]


def said(one: DecisionMade) -> str:
    """The decision and how the others stood to it, in one line."""
    how = objected(one)
    return f"{one.text.rstrip('.')} ({how})" if how else one.text


def _against(one: Dissent) -> Dissent:
    who = _short(one.who, "dissent", "Say who objects.")
    return Dissent(who=who, what=_short(one.what, "dissent", f"Say what {who} objects to."))


def _short(text: str, field: str, empty: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise Refused(empty, status=400, field=field)
    if len(text) > TEXT_MAX_CHARS:
        raise Refused(f"Keep it under {TEXT_MAX_CHARS} characters.", status=400, field=field)
    return text
