"""The history of another status page: what a Statuspage answers at `/api/v2/incidents.json`, as notices of ours."""

from __future__ import annotations

from datetime import datetime

import msgspec

from fireline.core.board import GRAVEST, Notice, code
from fireline.core.events import Impact, State, Status
from fireline.core.refusal import Refused

SAID: dict[str, Status] = {
    "investigating": "Investigating", "identified": "Identified", "monitoring": "Monitoring", "resolved": "Resolved",
    "postmortem": "Resolved",  # the review, published afterwards
}  # fmt: skip
IMPACTS: dict[str, Impact] = {"none": "none", "minor": "minor", "major": "major", "critical": "critical"}


class Affected(msgspec.Struct, frozen=True, kw_only=True):
    """A component, as an update speaks of it."""

    name: str
    new_status: str


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """One update there."""

    status: str
    body: str = ""
    created_at: datetime
    display_at: datetime | None = None
    affected_components: tuple[Affected, ...] | None = None


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One incident there; its updates come newest first."""

    id: str
    name: str
    impact: str = "none"
    incident_updates: tuple[Update, ...] = ()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The whole document."""

    incidents: tuple[Incident, ...]


def read(body: bytes) -> tuple[Notice, ...]:
    """Notices, each incident's oldest first. What was maintenance is left out. Raises `Refused`."""
    try:
        found = msgspec.json.decode(body, type=Answer)
    except msgspec.MsgspecError as trouble:
        said = f"This is not what a Statuspage answers at /api/v2/incidents.json: {trouble}."
        raise Refused(said, status=400) from None
    return tuple(notice for one in found.incidents for notice in _notices(one))


def _notices(one: Incident) -> list[Notice]:
    ours = sorted(
        (said for said in one.incident_updates if said.status in SAID),
        key=lambda said: said.display_at or said.created_at,
    )
    return [
        Notice(
            incident=code(f"statuspage {one.id}"), update=n, at=said.display_at or said.created_at,
            status=SAID[said.status], title=one.name, text=said.body, impact=IMPACTS.get(one.impact, "none"),
            components={part.name: _state(part.new_status) for part in said.affected_components or ()},
        )
        for n, said in enumerate(ours, 1)
    ]  # fmt: skip


def _state(word: str) -> State:
    return next((one for one in GRAVEST if one == word), "operational")
