"""Sentry: what its integration platform sends, as alerts.

One wire with several resources, named in a header: https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
An issue is one alert, whoever tells of it: an alert rule that fired about it (`event_alert`) or its own life
(`issue`). A metric alert is another, known by its rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from fireline.core.alert import Alert
from fireline.core.outside import clean, cleaned, read, utc

SOURCE = "sentry"
UNRESOLVED = "unresolved"  # the one status in which an issue wants somebody; archived ones are called `ignored`
PROJECT_IN_URL = re.compile(r"/projects/[^/]+/([^/]+)/")  # an event names its project by number only


class Project(msgspec.Struct, frozen=True):
    """The project an issue belongs to."""

    slug: str = ""


class Issue(msgspec.Struct, rename="camel", frozen=True):
    """An issue: errors that Sentry takes to be the same."""

    id: str
    title: str
    status: str
    project: Project
    level: str | None = None
    culprit: str | None = None
    count: str | int | None = None
    user_count: int | None = None
    first_seen: datetime | None = None
    short_id: str | None = None
    permalink: str | None = None
    web_url: str | None = msgspec.field(default=None, name="web_url")


class Event(msgspec.Struct, frozen=True):
    """One error, about which an alert rule fired."""

    issue_id: str | int
    title: str
    level: str | None = None
    culprit: str | None = None
    url: str | None = None
    web_url: str | None = None
    environment: str | None = None
    release: Any = None
    received: float | None = None  # Unix seconds on Sentry's clock; `datetime` is on the clock of a visitor's browser


class Rule(msgspec.Struct, frozen=True):
    """The rule of a metric alert."""

    id: str | int
    name: str
    aggregate: str | None = None
    query: str | None = None
    environment: str | None = None


class Metric(msgspec.Struct, frozen=True):
    """A metric alert: a number crossed a threshold of its rule."""

    alert_rule: Rule
    projects: tuple[str, ...] = ()
    date_started: datetime | None = None
    date_closed: datetime | None = None


class _Actor(msgspec.Struct, frozen=True):
    name: str | None = None


class _IssueData(msgspec.Struct, frozen=True):
    issue: Issue


class _EventData(msgspec.Struct, frozen=True):
    event: Event
    triggered_rule: str


class _MetricData(msgspec.Struct, frozen=True):
    metric_alert: Metric
    description_title: str = ""
    description_text: str = ""
    web_url: str = ""


class _IssueHook(msgspec.Struct, frozen=True):
    action: str
    data: _IssueData
    actor: _Actor | None = None


class _EventHook(msgspec.Struct, frozen=True):
    data: _EventData


class _MetricHook(msgspec.Struct, frozen=True):
    action: str
    data: _MetricData


_issue = msgspec.json.Decoder(_IssueHook)
_event = msgspec.json.Decoder(_EventHook)
_metric = msgspec.json.Decoder(_MetricHook)


def from_webhook(body: bytes, resource: str, *, services: Mapping[str, str], at: datetime) -> Alert | None:
    """The alert that a webhook of this resource tells of; None for resources that tell of none.

    `services` are names of services by project slug; a project without one is a service of its own name. `at` is
    now. Raises `Refused(400)` naming the field that is wrong.
    """
    match resource:
        case "issue":
            return _from_issue(read(_issue, body, "issue webhook of Sentry"), services, at)
        case "event_alert":
            return _from_event(read(_event, body, "issue-alert webhook of Sentry").data, services, at)
        case "metric_alert":
            return _from_metric(read(_metric, body, "metric-alert webhook of Sentry"), services, at)
        case _:
            return None


def _from_issue(hook: _IssueHook, services: Mapping[str, str], at: datetime) -> Alert:
    issue, slug = hook.data.issue, hook.data.issue.project.slug
    open_ = issue.status == UNRESOLVED
    status = "archived" if issue.status == "ignored" else issue.status
    by = f" by {hook.actor.name}" if hook.actor and hook.actor.name and not open_ else ""
    url = issue.web_url or issue.permalink or ""
    return Alert(
        source=SOURCE,
        key=clean(f"issue/{issue.id}"),
        labels=cleaned(
            {"alertname": issue.title, "service": services.get(slug, slug), "project": slug, "level": issue.level}
        ),
        annotations=cleaned(
            {
                "summary": issue.title,
                "culprit": issue.culprit,
                "count": str(issue.count or ""),
                "users": str(issue.user_count or ""),
                "issue": issue.short_id,
                "status": f"{status}{by}",
                "sentry_url": url,
            }
        ),
        starts_at=utc(issue.first_seen) if hook.action == "created" and issue.first_seen else at,
        starts_guessed=True,
        ends_at=None if open_ else at,
        generator_url=clean(url),
    )


def _from_event(data: _EventData, services: Mapping[str, str], at: datetime) -> Alert:
    event, found = data.event, PROJECT_IN_URL.search(data.event.url or "")
    slug = found[1] if found else ""
    return Alert(
        source=SOURCE,
        key=clean(f"issue/{event.issue_id}"),
        labels=cleaned(
            {
                "alertname": data.triggered_rule or event.title,
                "rule": data.triggered_rule,
                "service": services.get(slug, slug),
                "project": slug,
                "level": event.level,
                "environment": event.environment,
            }
        ),
        annotations=cleaned(
            {
                "summary": event.title,
                "culprit": event.culprit,
                "release": event.release if isinstance(event.release, str) else None,
                "status": UNRESOLVED,
                "sentry_url": event.web_url,
            }
        ),
        starts_at=_seconds(event.received) or at,
        starts_guessed=True,  # of this event; the issue may have begun long ago
        generator_url=clean(event.web_url or ""),
    )


def _from_metric(hook: _MetricHook, services: Mapping[str, str], at: datetime) -> Alert:
    data, metric = hook.data, hook.data.metric_alert
    slug = metric.projects[0] if len(metric.projects) == 1 else ""
    return Alert(
        source=SOURCE,
        key=clean(f"metric/{metric.alert_rule.id}"),
        labels=cleaned(
            {
                "alertname": metric.alert_rule.name,
                "service": services.get(slug, slug),
                "project": ", ".join(metric.projects),
                "environment": metric.alert_rule.environment,
                "severity": hook.action if hook.action != "resolved" else None,
            }
        ),
        annotations=cleaned(
            {
                "summary": data.description_title,
                "description": data.description_text,
                "measures": " where ".join(filter(None, [metric.alert_rule.aggregate, metric.alert_rule.query])),
                "sentry_url": data.web_url,
            }
        ),
        starts_at=utc(metric.date_started) if metric.date_started else at,
        starts_guessed=metric.date_started is None,
        ends_at=(utc(metric.date_closed) if metric.date_closed else at) if hook.action == "resolved" else None,
        generator_url=clean(data.web_url),
    )


def _seconds(at: float | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(at, UTC) if at else None
    except (ValueError, OverflowError, OSError):
        return None
