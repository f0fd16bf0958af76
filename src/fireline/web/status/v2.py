"""The board as JSON in Statuspage's second version: what tools that watch other people's status pages already read.

The shape is that of every page at Statuspage, https://metastatuspage.com/api; fields we know nothing of are null.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from fireline.core.board import Board, Component, Maintenance, Notice, Told, code

SHOWN = 50  # incidents in a list, as Statuspage has it
ENCODER = msgspec.json.Encoder()


def json(name: str, board: Board, at: datetime, link: Callable[[str], str]) -> bytes | None:
    """One document: `summary`, `status`, `components`, `incidents`…; None where there is none of this name."""
    make = DOCUMENTS.get(name)
    return ENCODER.encode({"page": _page(board, at), **make(board, at, link)}) if make else None


def _page(board: Board, at: datetime) -> dict[str, Any]:
    changed = board.changed_at or at.replace(hour=0, minute=0, second=0, microsecond=0)
    return {"id": code(board.url), "name": board.title, "url": board.url, "time_zone": "Etc/UTC",
            "updated_at": _time(changed)}  # fmt: skip


def _status(board: Board, at: datetime, _: Any) -> dict[str, Any]:
    return {"status": {"indicator": board.indicator(at), "description": board.overall(at)}}


def _components(board: Board, at: datetime, _: Any) -> dict[str, Any]:
    found: list[dict[str, Any]] = []
    for name, parts in board.groups():
        group = code(f"group {name}") if name else None
        if group:
            worst = max((board.state(one.name, at) for one in parts), key=_gravity)
            found.append(_part(board, name, group, worst, position=len(found)) | {
                "group": True, "components": [one.id for one in parts],
            })  # fmt: skip
        found += [
            _part(board, one.name, one.id, board.state(one.name, at), group=group, position=len(found) + n)
            for n, one in enumerate(parts)
        ]
    return {"components": found}


def _gravity(state: str) -> int:
    order = ("operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage")
    return order.index(state)


def _part(
    board: Board, name: str, id_: str, state: str, *, group: str | None = None, position: int = 0
) -> dict[str, Any]:
    said = [one.at for one in board.notices if name in one.components]
    return {
        "id": id_, "name": name, "status": state, "position": position + 1, "description": None, "showcase": False,
        "start_date": None, "group_id": group, "page_id": code(board.url), "group": False,
        "only_show_if_degraded": False, "created_at": _time(min(said, default=None)),
        "updated_at": _time(max(said, default=None)),
    }  # fmt: skip


def _incidents(board: Board, _: datetime, link: Callable[[str], str]) -> dict[str, Any]:
    return {"incidents": [_incident(board, one, link) for one in board.incidents[:SHOWN]]}


def _unresolved(board: Board, _: datetime, link: Callable[[str], str]) -> dict[str, Any]:
    return {"incidents": [_incident(board, one, link) for one in board.unresolved]}


def _incident(board: Board, one: Told, link: Callable[[str], str]) -> dict[str, Any]:
    return {
        "id": one.id, "name": one.last.title, "status": one.last.status.lower(), "impact": one.last.impact,
        "created_at": _time(one.began), "started_at": _time(one.began), "updated_at": _time(one.last.at),
        "monitoring_at": _time(one.first("Monitoring")),
        "resolved_at": _time(one.last.at) if one.resolved else None,
        "shortlink": link(f"incidents/{one.id}"), "page_id": code(board.url), "reminder_intervals": None,
        "incident_updates": [_update(one, n) for n in reversed(range(len(one.notices)))],
        "components": [
            _part(board, part.name, part.id, one.components[part.name], position=n)
            for n, part in enumerate(board.components) if part.name in one.components
        ],
    }  # fmt: skip


def _update(one: Told, n: int) -> dict[str, Any]:
    said, before = one.notices[n], one.notices[:n]
    return {
        "id": said.id, "incident_id": one.id, "status": said.status.lower(), "body": said.text,
        "created_at": _time(said.at), "updated_at": _time(said.at), "display_at": _time(said.at),
        "affected_components": _affected(said, before), "deliver_notifications": True, "custom_tweet": None,
        "tweet_id": None,
    }  # fmt: skip


def _affected(said: Notice, before: tuple[Notice, ...]) -> list[dict[str, str]]:
    known = {name: state for one in before for name, state in one.components.items()}
    return [
        {"code": Component(name=name).id, "name": name, "old_status": known.get(name, "operational"), "new_status": new}
        for name, new in said.components.items()
    ]


def _maintenances(board: Board, at: datetime, link: Callable[[str], str]) -> dict[str, Any]:
    return {"scheduled_maintenances": [_maintenance(board, one, at, link) for one in board.planned(at)]}


def _maintenance(board: Board, one: Maintenance, at: datetime, link: Callable[[str], str]) -> dict[str, Any]:
    status = one.status(at)
    update: dict[str, Any] = {
        "id": code(one.id), "incident_id": one.id, "status": "scheduled", "body": one.text,
        "created_at": _time(one.told_at), "updated_at": _time(one.told_at), "display_at": _time(one.told_at),
        "affected_components": [], "deliver_notifications": True, "custom_tweet": None, "tweet_id": None,
    }  # fmt: skip
    return {
        "id": one.id, "name": one.title, "status": status, "impact": "maintenance", "created_at": _time(one.told_at),
        "updated_at": _time(one.told_at), "started_at": _time(one.told_at), "monitoring_at": None,
        "resolved_at": None, "scheduled_for": _time(one.starts_at), "scheduled_until": _time(one.ends_at),
        "shortlink": link(""), "page_id": code(board.url), "incident_updates": [update],
        "components": [
            _part(board, part.name, part.id, board.state(part.name, at), position=n)
            for n, part in enumerate(board.components) if part.name in one.components
        ],
    }  # fmt: skip


def _summary(board: Board, at: datetime, link: Callable[[str], str]) -> dict[str, Any]:
    parts = (_components, _unresolved, _maintenances, _status)
    return {name: value for part in parts for name, value in part(board, at, link).items()}


DOCUMENTS: dict[str, Callable[[Board, datetime, Callable[[str], str]], dict[str, Any]]] = {
    "summary": _summary,
    "status": _status,
    "components": _components,
    "incidents": _incidents,
    "incidents/unresolved": _unresolved,
    "scheduled-maintenances": _maintenances,
}


def _time(at: datetime | None) -> str | None:
    """As Statuspage writes times: 2026-11-23T03:14:00.000Z."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z" if at else None
