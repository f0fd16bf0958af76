"""The calendar: shifts as iCalendar (RFC 5545), for the program people look at anyway."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from icalendar import Calendar, Event

from fireline.core.rota import Shift

REFRESH = timedelta(hours=1)  # how often a calendar program should look again


def calendar(name: str, shifts: Iterable[Shift], *, host: str, url: str, at: datetime) -> bytes:
    """A calendar of these shifts, those with nobody left out. Times are UTC, so no zone has to come along."""
    made = Calendar.new(
        name=f"On call: {name}", prodid="-//fireline//on call//EN", refresh_interval=REFRESH, method="PUBLISH"
    )
    for shift in shifts:
        if shift.who is None:
            continue
        # the same shift keeps its name when the person changes, so that it is moved and not doubled
        uid = f"{shift.rotation}-{shift.starts_at:%Y%m%dT%H%M%SZ}@{host}"
        why = f"Override by {shift.override.by}: {shift.override.why}" if shift.override else None
        event = Event.new(
            uid=uid,
            stamp=at,
            start=shift.starts_at,
            end=shift.ends_at,
            summary=f"{shift.who} is on call ({shift.rotation})",
            description=why,
            url=url,
        )
        made.add_component(event)
    return bytes(made.to_ical())
