"""Declaring: one screen, one field that is needed. Everything else the runbooks know."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import get, post
from litestar.params import Body
from litestar.response import Template

from fireline.core.refusal import Refused
from fireline.core.runbook.match import Facts
from fireline.core.severity import Suggestion, suggest
from fireline.store.alerts import AlertStore
from fireline.store.ledger import Ledger
from fireline.web.alerts import join
from fireline.web.answer import Ask, Frame, by_htmx, moved, part, whole
from fireline.web.deeds import URL, Form
from fireline.workflows.declare import Declare


class Declaration(Form, frozen=True, kw_only=True):
    """What is wrong; the rest is found out. `severity` empty: take the suggestion. `alert` is a fingerprint."""

    title: str = ""
    severity: str = ""
    service: str = ""
    alert: str = ""
    key: str = ""
    private: str = ""  # "1": only some may know of it


@get("/declare", sync_to_thread=True)
def page(
    *, request: Ask, frame: Frame, declare: Declare, alerts: AlertStore, alert: str = "", title: str = ""
) -> Template:
    """The form, with what the runbooks would make of the title; htmx asks for that part while people type."""
    found = alerts.find(alert) if alert else None
    title = title or (found.summary if found else "")
    hint = _hint(declare, title) if title.strip() else None
    facts = Facts(name=title, labels=found.labels if found else {}, annotations={"summary": title})
    match = declare.library.find(facts) if title.strip() else None
    context: dict[str, Any] = {
        "title": title, "alert": found, "severities": declare.severities(), "hint": hint, "match": match,
    }  # fmt: skip
    if by_htmx(request):
        return part("declare/_hint.html", frame, **context)
    return whole("declare/page.html", frame, **context)


@post("/incidents", sync_to_thread=True)
def declare_it(
    *, request: Ask, frame: Frame, data: Annotated[Declaration, Body(media_type=URL)], declare: Declare, ledger: Ledger,
    alerts: AlertStore,
) -> Any:  # fmt: skip
    """Open the incident and go to its page."""
    alert = alerts.find(data.alert) if data.alert else None
    by = frame.person.handle
    incident = declare.by_person(
        data.title, by=by, severity=data.severity or None, service=data.service.strip() or None,
        values=alert.labels if alert else None, private=True if data.private else None,
    )  # fmt: skip
    if alert:
        join(incident.number, alert, ledger, alerts, by=by)
    return moved(request, f"/incidents/{incident.number}")


def _hint(declare: Declare, title: str) -> Suggestion | None:
    try:
        return suggest(title, declare.severities())
    except Refused:
        return None


handlers = (page, declare_it)
