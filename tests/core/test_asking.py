"""The rule: the incident's channel is shown each ask that waits, once, and told what became of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fireline.core import approval, asking, outbox
from fireline.core.events import (
    ApprovalAsked,
    ApprovalDenied,
    ApprovalGiven,
    CommandFinished,
    CommandStarted,
    DeliveryMade,
    IncidentDeclared,
    Log,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DECLARED = IncidentDeclared(
    at=NOON, by="ana", title="Kiosk shut", severity="P1", severity_name="", severity_why="", response_minutes=15,
    detected_at=NOON,
)  # fmt: skip
SLACK = frozenset({"slack", "slack_asks"})


def asked(number: int = 1, needed: int = 1) -> ApprovalAsked:
    return ApprovalAsked(
        at=NOON, by="ana", ask=number, step="own words", title="Open", command=f"echo {number} >> door", effect="local",
        rule="echo", reason="shut", yes_needed=needed,
    )  # fmt: skip


def opened(at: datetime = NOON) -> DeliveryMade:
    return DeliveryMade(at=at, by="fireline", delivery="slack/1/open", vendor="slack", what="", attempt=1, ref="C1")


def yes(number: int = 1) -> ApprovalGiven:
    return ApprovalGiven(at=NOON, by="ben", ask=number, digest=approval.digest(f"echo {number} >> door"))


def told(*log: Any, vendors: frozenset[str] = SLACK) -> list[tuple[str, int]]:
    found = outbox.told(1, (DECLARED, *log), vendors)
    return [(str(one.data["verb"]), int(one.data["ask"])) for one in found if one.kind == asking.VENDOR]


def test_an_ask_is_shown_where_there_is_a_channel() -> None:
    assert told(opened(), asked()) == [("ask", 1)]
    assert told(asked()) == []
    assert told(opened(), asked(), vendors=frozenset({"slack"})) == []


def test_what_a_person_looks_at_is_shown_too_and_catching_up_is_for_what_waits() -> None:
    assert told(opened(), asked(needed=0)) == [("ask", 1)]
    assert told(asked(needed=0), opened()) == []


def test_asks_that_are_older_than_the_channel_are_shown_when_it_stands_unless_they_are_answered() -> None:
    assert told(asked(1), asked(2), opened()) == [("ask", 1), ("ask", 2)]
    assert told(asked(1), yes(1), opened()) == []
    assert told(asked(1), opened(NOON + timedelta(hours=1))) == []


def test_answers_and_runs_change_the_message_that_is_there() -> None:
    denied = ApprovalDenied(at=NOON, by="ben", ask=1, reason="no")
    began = CommandStarted(
        at=NOON, by="fireline", run="1.1", step="own words", title="Open", command="echo 1 >> door", digest="",
        effect="local", rule="echo", lane="write", purpose="mitigation", ask=1,
    )  # fmt: skip
    ended = CommandFinished(at=NOON, by="fireline", run="1.1", ending="ok", exit_code=0, seconds=1, evidence="", size=0)
    assert told(opened(), asked(), yes()) == [("settle", 1)]
    assert told(opened(), asked(), denied) == [("settle", 1)]
    assert told(opened(), asked(), yes(), began, ended) == [("settle", 1)]
    assert told(asked(), yes(), opened(), began, ended) == []  # it was never shown


def test_the_key_of_the_message_is_the_one_that_the_outbox_made() -> None:
    for log in ((DECLARED, opened(), asked()), (DECLARED, asked(), opened())):
        whole: Log = log
        (effect,) = [one for one in outbox.told(1, whole, SLACK) if one.kind == asking.VENDOR]
        assert asking.shown(whole, 1) == effect.data["delivery"]
