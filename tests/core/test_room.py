"""The rule: what a room is called, and what stands in it, comes from the log alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fireline.core import chat, outbox, room, timeline
from fireline.core.events import (
    CallLinked,
    DeliveryDelayed,
    DeliveryGivenUp,
    IncidentDeclared,
    Log,
    PageHold,
    PageReleased,
    RoomKept,
    SeverityChanged,
    StatusChanged,
)
from fireline.core.incident import fold
from fireline.core.refusal import Refused

NOON = datetime(2026, 3, 2, 12, 0, 59, tzinfo=UTC)
PAGE = "https://fireline.example.com/incidents/7"
SLACK = frozenset({chat.ROOMS})
ALL = frozenset({chat.ROOMS, chat.POSTS, chat.MAIL})
OVER = StatusChanged(at=NOON, by="ana", status="Resolved")
BACK = StatusChanged(at=NOON, by="ana", status="Investigating")


def declared(severity: str = "P1", **more: Any) -> IncidentDeclared:
    facts: dict[str, Any] = {"severity_name": "", "severity_why": "", "response_minutes": 15, "detected_at": NOON}
    return IncidentDeclared(
        **{"at": NOON, "by": "ana", "title": "Redis is down", "severity": severity, **facts, **more}
    )


def told(log: Log, vendors: frozenset[str] = SLACK) -> list[tuple[str, str]]:
    return [(one.kind, str(one.data["verb"])) for one in outbox.told(7, log, vendors)]


@pytest.mark.req(31)
def test_a_channel_is_named_after_the_utc_minute_and_suffixed_when_that_is_taken() -> None:
    assert room.name(NOON) == "incident-20260302-1200"
    assert room.name(NOON, 2) == "incident-20260302-1200-2"


@pytest.mark.req(43)
def test_the_call_is_what_somebody_pasted_else_the_sites_pattern() -> None:
    log: Log = (declared(),)
    assert room.call(log, 7) == ""
    assert room.call(log, 7, "https://meet/{incident}/{number}/{channel}?x={y}") == (
        "https://meet/inc-7/7/incident-20260302-1200?x={y}"
    )
    log = (*log, CallLinked(at=NOON, by="ana", url="https://a"), CallLinked(at=NOON, by="ben", url="https://b"))
    assert room.call(log, 7, "https://meet/{number}") == "https://b"
    assert timeline.entries(log)[-1].sentence == "ben linked the call: https://b"


@pytest.mark.req(43)
@pytest.mark.parametrize(
    "url", ["", "meet.example.com/7", "javascript:alert(1)", "https://", "https://[", "https://a b"]
)
def test_what_is_no_whole_link_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="Paste the whole link"):
        room.link_call((declared(),), NOON, url=url, by="ana")


@pytest.mark.req(43)
def test_the_same_link_twice_and_one_without_end_are_refused() -> None:
    linked = room.link_call((declared(),), NOON, url=" https://zoom.example.com/j/7 ", by="ana")
    assert linked.url == "https://zoom.example.com/j/7"
    with pytest.raises(Refused, match="already"):
        room.link_call((declared(), linked), NOON, url=linked.url, by="ben")
    with pytest.raises(Refused, match="at most 500"):
        room.link_call((declared(),), NOON, url="https://a/" + "x" * 500, by="ana")


@pytest.mark.req(38, 43)
def test_a_topic_fits_with_its_links_whatever_the_title() -> None:
    now = fold(7, (declared(title="x" * 200),))
    topic = room.topic(now, page=PAGE, call="https://zoom.example.com/j/7")
    assert len(topic) == 250
    assert topic.startswith("P1: xxx")
    assert topic.endswith(f"… · Investigating · Call: https://zoom.example.com/j/7 · {PAGE}")


@pytest.mark.req(26, 31)
def test_a_room_opens_when_the_incident_is_or_becomes_grave() -> None:
    opening = [("slack", "open"), ("slack", "card"), ("slack", "invite"), ("slack", "topic")]
    became = SeverityChanged(at=NOON, by="ana", severity="P0", severity_name="", response_minutes=5, reason="w")
    held = declared(hold=PageHold(until=NOON, other=6, why="w"))
    assert told((declared("P0"),)) == opening
    assert told((declared("P2"),)) == told((declared("P2"), OVER)) == []
    assert told((declared("P2"), became)) == opening
    assert told((held,)) == []
    assert told((held, PageReleased(at=NOON, by="fireline"))) == opening
    assert told((declared("P2"),), SLACK | chat.at(["P2"])) == opening
    assert told((declared("P1"),), SLACK | chat.at(["P0"])) == []


@pytest.mark.req(111)
def test_a_channel_is_archived_after_its_time_and_comes_back_with_its_incident() -> None:
    vendors = SLACK | {chat.archives_after(48)}
    effects = outbox.told(7, (declared(), OVER), vendors)
    assert [(one.data["verb"], one.due_at) for one in effects] == [
        ("post", None), ("topic", None),
        ("export", NOON + timedelta(hours=48)), ("archive", NOON + timedelta(hours=48)),
    ]  # fmt: skip
    assert told((declared(), OVER)) == [("slack", "post"), ("slack", "topic")]
    assert told((declared(), OVER, BACK)) == [("slack", "unarchive"), ("slack", "post"), ("slack", "topic")]
    kept = RoomKept(at=NOON, by="ana")
    assert told((declared(), OVER, kept)) == [("slack", "unarchive")]
    assert room.kept((declared(), OVER, kept))
    assert not room.kept((declared(), OVER, kept, BACK, OVER))
    with pytest.raises(Refused, match="stays already"):
        room.keep((declared(), OVER, kept), NOON, by="ben")


@pytest.mark.req(34)
def test_mail_is_the_last_resort_and_comes_once() -> None:
    facts: dict[str, Any] = {"at": NOON, "by": "fireline", "vendor": "slack", "what": "w", "reason": "503"}

    def late(n: int, verb: str = "open") -> DeliveryDelayed:
        return DeliveryDelayed(delivery=f"slack/1/{verb}", attempt=n, again_at=NOON, **facts)

    gone = DeliveryGivenUp(delivery="slack/1/open", **facts)
    mail = (chat.MAIL, "open")
    assert mail not in told((declared(), late(4)), ALL)
    assert mail in told((declared(), late(5)), ALL)
    assert mail not in told((declared(), late(5), late(6)), ALL)
    assert mail in told((declared(), late(2), gone), ALL)
    assert mail not in told((declared(), late(5), gone), ALL)
    assert mail not in told((declared(), late(5, "topic")), ALL)
    assert mail not in told((declared(private=True), late(5)), ALL)
    assert told((declared(),), frozenset({chat.MAIL})) == [mail]
    assert told((declared(),), frozenset({chat.POSTS, chat.MAIL})) == [(chat.POSTS, "open")]
