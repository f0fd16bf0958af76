"""Live: small named events that tell an open page which region to fetch again.

The server says only that something changed; each region is then rendered for whoever looks, with their rights.
A silent connection raises no error in a browser, so there is a beat, and it carries the server's time for clocks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable
from datetime import datetime

from litestar import get
from litestar.response import ServerSentEvent, ServerSentEventMessage

from fireline.access import Access
from fireline.core.people import Person
from fireline.core.refusal import Refused
from fireline.store.alerts import AlertStore
from fireline.store.ledger import Ledger
from fireline.web.answer import HEADERS, Ask

LOOK_SECONDS = 0.5  # between looks at the log: an approval shows in another browser within a second
LOOKS_PER_BEAT = 30  # a beat every 15 s
REGIONS = ("timeline", "steps", "status")  # what the regions of an incident's page listen for


@get("/incidents/{number:int}/events", sync_to_thread=False)
def incident_events(
    *, request: Ask, person: Person, number: int, ledger: Ledger, access: Access, now: Callable[[], datetime],
    after: int = 0,
) -> ServerSentEvent:  # fmt: skip
    """Events of one incident. `after` is the newest number the page shows; a reconnect's Last-Event-ID goes before."""
    seen = _last_seen(request, after)
    return _stream(REGIONS, seen, lambda: (ledger.head(number),), _still(access, request), now)


@get("/events", sync_to_thread=False)
def all_events(
    *, request: Ask, person: Person, ledger: Ledger, alerts: AlertStore, access: Access, now: Callable[[], datetime],
    after: int = 0,
) -> ServerSentEvent:  # fmt: skip
    """Events of all incidents together, and of alerts that wait for somebody."""

    def look() -> tuple[int, ...]:
        waiting = alerts.to_triage()
        return (ledger.heads(), len(waiting), hash(tuple(row.fingerprint for row in waiting)))

    return _stream(("status",), _last_seen(request, after), look, _still(access, request), now)


handlers = (incident_events, all_events)


def _stream(
    names: tuple[str, ...], seen: int, look: Callable[[], tuple[int, ...]], still: Callable[[], bool],
    now: Callable[[], datetime],
) -> ServerSentEvent:  # fmt: skip
    async def nudges() -> AsyncGenerator[ServerSentEventMessage, None]:
        known: Hashable = None
        yield _beat(now())
        while await asyncio.to_thread(still):
            for _ in range(LOOKS_PER_BEAT):
                found = await asyncio.to_thread(look)
                if found != known and (known is not None or found[0] != seen):
                    for name in names:
                        yield ServerSentEventMessage(event=name, id=str(found[0]), data=str(found[0]))
                known = found
                await asyncio.sleep(LOOK_SECONDS)
            yield _beat(now())

    return ServerSentEvent(nudges(), headers=HEADERS | {"X-Accel-Buffering": "no"})


def _beat(at: datetime) -> ServerSentEventMessage:
    return ServerSentEventMessage(event="beat", data=str(int(at.timestamp() * 1000)))


def _still(access: Access, request: Ask) -> Callable[[], bool]:
    """Is this person still signed in? A session that ended ends its live pages."""

    def answer() -> bool:
        try:
            access.person(request)
        except Refused:
            return False
        return True

    return answer


def _last_seen(request: Ask, after: int) -> int:
    text = request.headers.get("last-event-id", "")
    return int(text) if text.isdecimal() else after
