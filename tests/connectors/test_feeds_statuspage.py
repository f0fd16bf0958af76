"""A status page's JSON says what its feed says: open incidents, planned work, components that are unwell."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from fireline.connectors.feeds import read_feed
from fireline.core.board import Board, Notice
from fireline.core.refusal import Refused
from fireline.web.status.rendered import Look, render

NOON = "2026-03-02T12:00:00.000Z"


def page(*incidents: dict[str, Any], **more: Any) -> bytes:
    head = {"id": "x", "name": "Pay", "url": "https://status.pay.example"}
    return json.dumps({"page": head, "incidents": list(incidents)} | more).encode()


def incident(status: str, **more: Any) -> dict[str, Any]:
    updates = [{"body": "We see errors."}, {"body": "We look."}]
    return {"name": "Card errors", "status": status, "updated_at": NOON, "shortlink": "https://stspg.io/1",
            "incident_updates": updates, "impact": "major"} | more  # fmt: skip


def component(name: str, status: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "status": status, "group": False} | more


@pytest.mark.req(54)
@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("investigating", "open"), ("identified", "open"), ("monitoring", "open"), ("resolved", "over"),
        ("postmortem", "over"), ("scheduled", "planned"), ("in_progress", "open"), ("completed", "over"),
    ],
)  # fmt: skip
def test_an_incident_is_open_until_it_is_said_to_be_over(status: str, state: str) -> None:
    [one] = read_feed(page(incident(status)))
    assert (one.title, one.event, one.state, one.url) == ("Card errors", "Card errors", state, "https://stspg.io/1")
    assert one.at == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert one.text == "We see errors.\nWe look."


@pytest.mark.req(54)
def test_a_component_that_is_unwell_speaks_only_while_no_incident_does() -> None:
    them = [
        component("API", "partial_outage"),
        component("Web", "operational"),
        component("All", "major_outage", group=True),
    ]
    alone = read_feed(page(components=them))
    assert {one.event: one.state for one in alone} == {"API": "open", "Web": "over"}
    assert alone[0].url == "https://status.pay.example"
    both = read_feed(page(incident("identified"), components=them))
    assert [one.event for one in both if one.state == "open"] == ["Card errors"]


@pytest.mark.req(54)
@pytest.mark.parametrize(
    "body", [b"{}", b'{"page": {}}', b'{"page": {}, "components": []}', b'{"incidents": 7}', b"{", b'{"page":1}', b"[]"]
)
def test_any_other_json_is_an_error_and_never_an_empty_feed(body: bytes) -> None:
    with pytest.raises(Refused):
        read_feed(body)


@pytest.mark.req(54)
def test_our_own_status_page_is_read_by_another_house() -> None:
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    first = Notice(
        incident="a1", update=1, at=at, status="Investigating", title="Card errors", text="We look.", impact="major"
    )
    over = Notice(
        incident="a1", update=2, at=at, status="Resolved", title="Card errors", text="It is over.", impact="none"
    )
    for notices, state in (((first,), "open"), ((first, over), "over")):
        board = Board(title="Lantern", url="https://status.lantern.example", notices=notices, read_at=at)
        found = render("api/v2/incidents.json", board, Look(at=at))
        assert found
        assert [(one.event, one.state) for one in read_feed(found.body)] == [("Card errors", state)]
