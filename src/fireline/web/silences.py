"""Silences: which alerts wake nobody, since when, until when, who said so and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from litestar import get, post
from litestar.params import Body
from litestar.response import Template

from fireline.core import silence as core
from fireline.core.refusal import Refused
from fireline.store.alerts import AlertStore
from fireline.store.silences import Silences
from fireline.web.answer import Ask, Frame, moved, whole
from fireline.web.deeds import URL, Form
from fireline.workflows.hush import Hush

LENGTHS = ("30m", "1h", "2h", "4h", "8h", "1d", "3d", "7d")
TELLING = ("alertname", "service", "instance", "pod")  # labels a silence for one alert begins with


class NewSilence(Form, frozen=True, kw_only=True):
    """What the form sends. `starts_at` is UTC (`2026-11-24T02:00`), or empty for now."""

    matchers: str = ""
    reason: str = ""
    length: str = ""
    starts_at: str = ""
    kind: Literal["silence", "maintenance"] = "silence"


@get("/silences", sync_to_thread=True)
def page(
    *, frame: Frame, silences: Silences, alerts: AlertStore, now: Callable[[], datetime], alert: str = ""
) -> Template:
    """All of them, and the form; `?alert=` fills it with what names that alert."""
    found = alerts.find(alert) if alert else None
    labels = {name: found.labels[name] for name in TELLING if found.labels.get(name)} if found else {}
    matchers = ", ".join(str(core.Matcher(name=name, op="=", value=value)) for name, value in labels.items())
    order = ("active", "to come", "over")
    at = now()
    rows = sorted(silences.all(), key=lambda one: order.index(one.state(at)))
    return whole("silences/page.html", frame, rows=rows, now=at, matchers=matchers, lengths=LENGTHS)


@post("/silences", sync_to_thread=True)
def add(
    *, request: Ask, frame: Frame, data: Annotated[NewSilence, Body(media_type=URL)], hush: Hush,
    now: Callable[[], datetime],
) -> Any:  # fmt: skip
    """Make a silence."""
    starts_at = _time(data.starts_at)
    hush.add(
        matchers=data.matchers, by=frame.person.handle, reason=data.reason, starts_at=starts_at,
        ends_at=(starts_at or now()) + core.span(data.length), kind=data.kind,
    )  # fmt: skip
    return moved(request, "/silences")


@post("/silences/{number:int}/ending", sync_to_thread=True)
def end(*, request: Ask, frame: Frame, number: int, hush: Hush) -> Any:
    """End one now."""
    hush.end(number, by=frame.person.handle)
    return moved(request, "/silences")


handlers = (page, add, end)


def _time(text: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=UTC)
    except ValueError:
        raise Refused("The beginning is a UTC time such as 2026-11-24T02:00.", status=400, field="starts_at") from None
