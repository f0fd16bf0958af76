"""What the public is told: drafts, the yes to exactly their words, and planned maintenance."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import PathParameter

from fireline.api.deeds import Wish
from fireline.api.incidents import Number
from fireline.api.problem import says_no
from fireline.core import public
from fireline.core.board import Maintenance
from fireline.core.events import Log
from fireline.core.incident import STATUSES, fold
from fireline.core.people import Person
from fireline.store.ledger import Ledger
from fireline.store.notices import planned
from fireline.workflows.publish import Publish
from fireline.workflows.status_page import StatusPage

TAGS = ("public",)
UpdateNumber = Annotated[int, PathParameter(ge=1, le=2**31 - 1, description="The update's number in the incident.")]
WorkNumber = Annotated[int, PathParameter(ge=1, le=2**31 - 1, description="The maintenance's number.")]


class NewDraft(Wish, frozen=True, kw_only=True):
    """Words for the public. What is left out is the runbook's own words for the status, the last title and so on.

    `impact` is none, minor, major or critical; `components` are those of the status page, by name, with
    operational, degraded_performance, partial_outage, major_outage or under_maintenance.
    """

    status: str | None = None
    title: str | None = None
    text: str | None = None
    impact: str | None = None
    components: dict[str, str] | None = None


class PublicYes(Wish, frozen=True, kw_only=True):
    """`shown` is the digest of the words as they were shown; `meant`: what the check found may go out."""

    shown: str
    meant: bool = False


class PublicNo(Wish, frozen=True, kw_only=True):
    """Why it will not be published."""

    reason: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the check found. `stops`: nobody can mean this."""

    kind: str
    said: str
    stops: bool


class PlaceStanding(msgspec.Struct, frozen=True, kw_only=True):
    """Where an update is published. `state` is made, by hand, waiting, given up or dropped."""

    place: str
    state: str
    reason: str
    link: str
    note: str


class PublicUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """One update. `state` is draft, withdrawn, on its way or published; a yes is bound to `digest`."""

    number: int
    state: str
    status: str
    title: str
    text: str
    impact: str
    components: dict[str, str]
    digest: str
    drafted_by: str
    drafted_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    withdrawn_because: str | None
    findings: tuple[Found, ...]
    places: tuple[PlaceStanding, ...]


class PublicStanding(msgspec.Struct, frozen=True, kw_only=True):
    """All updates, oldest first; `status` is what the public read last, null when it was told nothing."""

    status: str | None
    places: tuple[str, ...]
    updates: tuple[PublicUpdate, ...]


class NewMaintenance(Wish, frozen=True, kw_only=True):
    """Planned work, told on the status page from now on. Times with their zone."""

    title: str
    text: str
    starts_at: datetime
    ends_at: datetime
    components: tuple[str, ...] = ()


class MaintenanceRow(msgspec.Struct, frozen=True, kw_only=True):
    """Planned work. `status` is scheduled, in_progress or completed."""

    number: int
    title: str
    text: str
    starts_at: datetime
    ends_at: datetime
    components: tuple[str, ...]
    status: str


class MaintenanceList(msgspec.Struct, frozen=True, kw_only=True):
    """All that was told and not called off, the earliest first."""

    maintenances: tuple[MaintenanceRow, ...]


@get("/incidents/{number:int}/public-updates", tags=TAGS, responses=says_no(404), sync_to_thread=True)
def list_updates(*, person: Person, number: Number, ledger: Ledger, publish: Publish) -> PublicStanding:
    """Give what the public was told, and drafts."""
    return _standing(number, ledger.log(number), publish)


@post("/incidents/{number:int}/public-updates", tags=TAGS, responses=says_no(403, 404, 409), sync_to_thread=True)
def draft(
    *, data: NewDraft, person: Person, number: Number, key: str | None, ledger: Ledger, publish: Publish
) -> PublicStanding:
    """Write down words for the public; nobody outside reads them yet."""
    log = ledger.log(number)
    known = next((one for one in STATUSES if one == data.status), None)
    words = publish.wording(log, fold(number, log), known)
    publish.draft(
        number, status=words.status if data.status is None else data.status,
        title=words.title if data.title is None else data.title,
        text=words.text if data.text is None else data.text,
        impact=words.impact if data.impact is None else data.impact,
        components=words.components if data.components is None else data.components, by=person.handle, key=key,
    )  # fmt: skip
    return _standing(number, ledger.log(number), publish)


@post(
    "/incidents/{number:int}/public-updates/{update:int}/yes", tags=TAGS, responses=says_no(403, 404, 409),
    sync_to_thread=True,
)  # fmt: skip
def say_yes(
    *, data: PublicYes, person: Person, number: Number, update: UpdateNumber, key: str | None, ledger: Ledger,
    publish: Publish,
) -> PublicStanding:  # fmt: skip
    """Publish exactly the words that were shown, once, everywhere the settings say."""
    publish.approve(number, update, shown=data.shown, meant=data.meant, by=person.handle, key=key)
    return _standing(number, ledger.log(number), publish)


@post(
    "/incidents/{number:int}/public-updates/{update:int}/no", tags=TAGS, responses=says_no(403, 404, 409),
    sync_to_thread=True,
)  # fmt: skip
def say_no(
    *, data: PublicNo, person: Person, number: Number, update: UpdateNumber, key: str | None, ledger: Ledger,
    publish: Publish,
) -> PublicStanding:  # fmt: skip
    """Do not publish it. Whoever wrote it may take it back this way."""
    publish.withdraw(number, update, reason=data.reason, by=person.handle, key=key)
    return _standing(number, ledger.log(number), publish)


@get("/maintenances", tags=TAGS, responses=says_no(), sync_to_thread=True)
def list_maintenances(*, person: Person, status_page: StatusPage, now: Callable[[], datetime]) -> MaintenanceList:
    """Give the planned work that the status page tells of."""
    return MaintenanceList(maintenances=tuple(_row(one, now()) for one in status_page.notices.read()[1]))


@post("/maintenances", tags=TAGS, responses=says_no(403), sync_to_thread=True)
def plan_maintenance(
    *, data: NewMaintenance, person: Person, key: str | None, status_page: StatusPage, publish: Publish,
    now: Callable[[], datetime],
) -> MaintenanceRow:  # fmt: skip
    """Tell of planned work on the status page."""
    work = planned(
        data.title, data.text, starts_at=data.starts_at, ends_at=data.ends_at, at=now(), known=publish.names,
        components=data.components,
    )  # fmt: skip
    return _row(status_page.notices.plan(work, by=person.handle, key=key), now())


@post("/maintenances/{number:int}/ending", tags=TAGS, responses=says_no(403, 404), sync_to_thread=True)
def call_off_maintenance(
    *, number: WorkNumber, person: Person, key: str | None, status_page: StatusPage, now: Callable[[], datetime]
) -> MaintenanceList:
    """Call planned work off: the status page no longer tells of it."""
    status_page.notices.call_off(number, by=person.handle, key=key)
    return MaintenanceList(maintenances=tuple(_row(one, now()) for one in status_page.notices.read()[1]))


handlers = (list_updates, draft, say_yes, say_no, list_maintenances, plan_maintenance, call_off_maintenance)


def _standing(number: int, log: Log, publish: Publish) -> PublicStanding:
    now = fold(number, log)

    def row(one: public.Update) -> PublicUpdate:
        said, yes = one.drafted, one.approved
        found = publish.findings(log, now, said) if one.state == "draft" else ()
        return PublicUpdate(
            number=one.number, state=one.state, status=said.status, title=said.title, text=said.text,
            impact=said.impact, components=dict(said.components), digest=one.digest, drafted_by=said.by,
            drafted_at=said.at, approved_by=yes.by if yes else None, approved_at=yes.at if yes else None,
            withdrawn_because=one.withdrawn.reason if one.withdrawn else None,
            findings=tuple(Found(kind=hit.kind, said=hit.said, stops=hit.stops) for hit in found),
            places=tuple(
                PlaceStanding(place=sent.vendor, state=sent.state, reason=sent.reason, link=sent.link, note=sent.note)
                for sent in one.deliveries
            ),
        )  # fmt: skip

    updates = tuple(row(one) for one in public.updates(log))
    return PublicStanding(status=public.status(log), places=publish.places, updates=updates)


def _row(one: Maintenance, at: datetime) -> MaintenanceRow:
    return MaintenanceRow(
        number=one.number, title=one.title, text=one.text, starts_at=one.starts_at, ends_at=one.ends_at,
        components=one.components, status=one.status(at),
    )  # fmt: skip
