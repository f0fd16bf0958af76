"""Join: which incident an alert belongs to, and why, in one sentence.

Looked at in turn: the incident it fires in already; the open incident of the same fault (service and scenario,
or service and rule); an open incident of the same service that began about when it did, whichever source told.
What fits none declares, is suggested, or is ignored, as the rules say. Similar words are no reason to join: a
wrong join hides a fault.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fireline.core.alert import Alert
from fireline.core.report import REPORTS
from fireline.core.timeline import duration

# What names one service. A job, a namespace or a host runs many: that two things happen there is no reason to join.
OWN_SERVICE = ("service", "app")


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """An open incident of some service, and when it began."""

    number: int
    service: str
    began: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Joins:
    """The incident, and why."""

    number: int
    why: str


def fault(alert: Alert, service: str | None, scenario: str | None) -> str:
    """What alerts of one fault share; a unique index sees to it that only one incident is open for it."""
    return f"{service or '?'}|{scenario or alert.name}"


def own_service(alert: Alert, named: str | None) -> str | None:
    """The one service this alert is about: as its rule names it, or its own label does."""
    if named:
        return named
    for key in OWN_SERVICE:  # a plain loop: this is asked of every alert that comes in
        if said := alert.labels.get(key):
            return said
    return None


def place(
    alert: Alert,
    *,
    service: str | None,
    about: str,
    known: int | None,
    same_fault: int | None,
    near: Iterable[Near],
    together: timedelta,
) -> Joins | None:
    """The open incident this alert belongs to.

    `known`: the open one it is part of, `same_fault`: the open one of the same fault, `about`: that fault in
    words; `near`: open ones of its service, if it names one, which began within `together` of it.
    """
    if known is not None:
        return Joins(number=known, why=f"it fires again, and is part of INC-{known} already")
    if alert.source in REPORTS:  # people write late, and two who name no service write about two things
        of_service = [one for one in near if service and one.service.lower() == service.lower()]
        newest = max(of_service, key=lambda one: one.began, default=None)
        why = f"people report {service}, which INC-{newest.number} is about" if newest else ""
        return Joins(number=newest.number, why=why) if newest else None
    if same_fault is not None:
        return Joins(number=same_fault, why=f"same fault as INC-{same_fault}: {about}")
    if service is None:
        return None
    for one in near:
        apart = alert.starts_at - one.began
        if one.service.lower() == service.lower() and abs(apart) <= together:
            when = "before" if apart < timedelta() else "after"
            why = f"same service {service}, began {duration(abs(apart))} {when} INC-{one.number}"
            return Joins(number=one.number, why=why)
    return None


def about(alert: Alert, service: str | None, match_why: str | None) -> str:
    """The fault in words: what it is about, and how it was recognised."""
    said = f"service {service}" if service else "no service label"
    return f"{said}, and {match_why.rstrip('.')}" if match_why else f"{said}, rule {alert.name}"
