"""The REST API: the same deeds the pages do, as JSON under `/api/v1`, and what monitors ask without a name.

Deeds are nouns: `POST /api/v1/incidents/142/acknowledgement`. The document is at `/api/docs`. Every no has the
same shape, `{"error": "a sentence", "field": "title"}`, with the status that fits.
"""

from __future__ import annotations

from inspect import getdoc

from litestar import Router
from litestar.di import Provide
from litestar.openapi.spec import Components, SecurityScheme

from fireline.access import as_stranger
from fireline.api import (
    alerts,
    approvals,
    changes,
    checklists,
    crew,
    debts,
    deeds,
    deliveries,
    evidence,
    health,
    incidents,
    investigation,
    leases,
    letters,
    liaison,
    merges,
    on_call,
    palette,
    private,
    public,
    room,
    runbooks,
    runners,
    silences,
    updates,
)
from fireline.api.asker import key, person
from fireline.api.problem import exception_handlers, says_no

__all__ = ["components", "exception_handlers", "router", "says_no"]

components = Components(
    security_schemes={
        "bearer": SecurityScheme(
            type="http", scheme="bearer", description="`fireline token add --scope api --person HANDLE` makes one."
        )
    }
)
_deeds_and_words = (
    *incidents.handlers, *deeds.handlers, *merges.handlers, *approvals.handlers, *alerts.handlers, *changes.handlers,
    *deliveries.handlers, *evidence.handlers, *investigation.handlers, *on_call.handlers, *runbooks.handlers,
    *silences.handlers, *runners.handlers, *crew.handlers, *debts.handlers, *leases.handlers,
    *private.handlers, *liaison.handlers, *palette.handlers, *checklists.handlers,
    *updates.handlers, *room.handlers, *public.handlers, *letters.handlers,
)  # fmt: skip
for _handler in (*_deeds_and_words, *health.handlers):
    _handler.description = getdoc(_handler.fn)  # the document says what the code says
_v1 = Router(
    "/api/v1",
    route_handlers=_deeds_and_words,
    dependencies={
        "person": Provide(person, sync_to_thread=True),
        "key": Provide(key, sync_to_thread=False),
        "act": Provide(deeds.act, sync_to_thread=False),
    },
    security=[{"bearer": []}],
)
router = Router("/", route_handlers=[_v1, *health.handlers], middleware=[as_stranger])
