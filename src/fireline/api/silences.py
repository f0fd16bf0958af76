"""Silences: alerts that wake nobody for a while. `POST /silences/3/ending` ends one early."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.params import PathParameter

from fireline.api.problem import says_no
from fireline.core import silence as core
from fireline.core.people import Person
from fireline.store.silences import Silences
from fireline.workflows.hush import Hush

TAGS = ("silences",)
Number = Annotated[int, PathParameter(ge=1, le=2**31 - 1, description="The silence's number.")]


class NewSilence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which alerts, why, and until when. `matchers` as Alertmanager writes them: `service="checkout"`."""

    matchers: str
    reason: str
    ends_at: datetime
    starts_at: datetime | None = None  # now, without
    kind: Literal["silence", "maintenance"] = "silence"


class SilenceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A silence. `state` is active, to come or over."""

    number: int
    kind: str
    matchers: str
    reason: str
    by: str
    starts_at: datetime
    ends_at: datetime
    ended_by: str | None
    state: str


class SilenceList(msgspec.Struct, frozen=True, kw_only=True):
    """The newest first; at most 200."""

    silences: tuple[SilenceRow, ...]


@get("/silences", tags=TAGS, responses=says_no(), sync_to_thread=True)
def list_silences(*, person: Person, silences: Silences, now: Callable[[], datetime]) -> SilenceList:
    """Give the silences, those that are over too."""
    return SilenceList(silences=tuple(_row(one, now()) for one in silences.all()))


@post("/silences", tags=TAGS, responses=says_no(403), sync_to_thread=True)
def add_silence(
    *, data: NewSilence, person: Person, key: str | None, hush: Hush, now: Callable[[], datetime]
) -> SilenceRow:
    """Make alerts with these labels silent for a while, at most 30 days."""
    made = hush.add(
        matchers=data.matchers, by=person.handle, reason=data.reason, starts_at=data.starts_at, ends_at=data.ends_at,
        kind=data.kind, key=key,
    )  # fmt: skip
    return _row(made, now())


@post("/silences/{number:int}/ending", tags=TAGS, responses=says_no(403, 404, 409), sync_to_thread=True)
def end_silence(
    *, number: Number, person: Person, key: str | None, hush: Hush, now: Callable[[], datetime]
) -> SilenceRow:
    """End a silence now. Its alerts that still fire are looked at again at once."""
    return _row(hush.end(number, by=person.handle, key=key), now())


handlers = (list_silences, add_silence, end_silence)


def _row(one: core.Silence, at: datetime) -> SilenceRow:
    return SilenceRow(
        number=one.number, kind=one.kind, matchers=one.text, reason=one.reason, by=one.by, starts_at=one.starts_at,
        ends_at=one.ends_at, ended_by=one.ended_by, state=one.state(at),
    )  # fmt: skip
