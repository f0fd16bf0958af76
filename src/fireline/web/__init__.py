"""The pages: server-rendered, alive by htmx and the browser's EventSource, whole without either.

Every handler is a door of a few lines: read the request, do one deed or read one log, answer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.static_files import create_static_files_router

from fireline.access import Access, as_stranger
from fireline.core.people import Person
from fireline.settings import Settings
from fireline.store.accounts import Accounts
from fireline.store.alerts import AlertStore
from fireline.store.deploys import Deploys
from fireline.store.evidence import EvidenceStore
from fireline.store.ledger import Ledger
from fireline.web import (
    alerts,
    approvals,
    checklists,
    choices,
    cluster_events,
    crew,
    debts,
    declaration,
    deeds,
    deliveries,
    evidence,
    gates,
    home,
    incidents,
    investigation,
    letters,
    liaison,
    live,
    merges,
    on_call,
    private,
    public,
    reviews,
    room,
    runbooks,
    sign_in,
    silences,
    status,
    updates,
)
from fireline.web.answer import Ask, Frame
from fireline.web.rendering import STATIC, Names, templates
from fireline.web.standing import Reader
from fireline.web.trouble import exception_handlers
from fireline.workflows.dashboards import Dashboards
from fireline.workflows.inform import Deliveries
from fireline.workflows.investigate import Investigate
from fireline.workflows.library import Library

__all__ = ["exception_handlers", "router", "templates"]

YEAR = 365 * 24 * 3600


def person(request: Ask, access: Access) -> Person:
    """Who asks for the page. Raises `SignInNeeded`, or `Refused(403)`."""
    return access.person(request)


def frame(person: Person, accounts: Accounts, alerts: AlertStore, settings: Settings) -> Frame:
    """What stands around the page."""
    names = Names({one.handle: one for one in accounts.people()})
    return Frame(person, names, len(alerts.to_triage()), settings.drill.on, settings.updates.style == "can")


def reader(
    *,
    ledger: Ledger,
    library: Library,
    evidence: EvidenceStore,
    settings: Settings,
    now: Callable[[], datetime],
    alerts: AlertStore,
    deploys: Deploys,
    deliveries: Deliveries,
    dashboards: Dashboards,
    investigate: Investigate,
) -> Reader:
    """Reads incidents for pages."""
    return Reader(
        ledger,
        library,
        evidence,
        settings.values,
        now,
        alerts,
        deploys,
        deliveries,
        dashboards,
        investigate,
        settings.chat.call,
    )


_static = create_static_files_router(
    path="/static",
    directories=[STATIC],
    # addresses carry the content's hash, so a kept file is never an old one
    cache_control=CacheControlHeader(public=True, max_age=YEAR, immutable=True),
    include_in_schema=False,
    exception_handlers=exception_handlers,
)
_pages = Router(
    "/",
    route_handlers=[
        *home.handlers, *declaration.handlers, *incidents.handlers, *deeds.handlers, *gates.handlers,
        *approvals.handlers, *alerts.handlers, *evidence.handlers, *reviews.handlers, *runbooks.handlers,
        *live.handlers, *merges.handlers, *deliveries.handlers, *sign_in.handlers, *silences.handlers, *crew.handlers,
        *debts.handlers, *updates.handlers, *room.handlers, *investigation.handlers, *choices.handlers,
        *cluster_events.handlers, *liaison.handlers, *checklists.handlers,
        *on_call.handlers, *private.handlers, *public.handlers, *letters.handlers,
    ],
    dependencies={
        "person": Provide(person, sync_to_thread=True),
        "frame": Provide(frame, sync_to_thread=True),
        "reader": Provide(reader, sync_to_thread=False),
    },
    exception_handlers=exception_handlers,
    include_in_schema=False,
)  # fmt: skip
router = Router(
    "/",
    route_handlers=[_pages, _static, status.router, letters.router],
    middleware=[as_stranger],
    include_in_schema=False,
)
