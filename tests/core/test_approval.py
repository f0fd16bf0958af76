"""A yes is somebody else's, for one exact command, once, and for fifteen minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fireline.core import approval, command
from fireline.core.approval import digest
from fireline.core.events import HOUSE, ApprovalAsked, IncidentDeclared, Log
from fireline.core.refusal import Refused

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
QUARTER = timedelta(minutes=15)
RESTART = "supervisorctl restart redis"
DECLARED = IncidentDeclared(
    at=NOON,
    by="ana",
    title="Redis is down",
    severity="P1",
    severity_name="High",
    severity_why="",
    response_minutes=15,
    detected_at=NOON,
)
REASON = "nobody else answers the phone"


def asked(by: str, yes_needed: int = 1, text: str = RESTART) -> ApprovalAsked:
    return approval.ask(
        (DECLARED,),
        NOON,
        step="s1",
        title="Restart Redis",
        command=text,
        effect="write",
        rule="supervisorctl",
        reason="it is down",
        yes_needed=yes_needed,
        by=by,
    )


def give(log: Log, at: datetime, by: str, number: int = 1, text: str = RESTART) -> Log:
    return (*log, approval.give(log, at, number=number, shown=digest(text), by=by))


def test_you_may_not_approve_your_own_command() -> None:
    with pytest.raises(Refused, match=r"You asked for this one\. Somebody else") as no:
        give((DECLARED, asked("ana")), NOON, "ana")
    assert no.value.status == 403


def test_the_house_may_not_approve() -> None:
    with pytest.raises(Refused, match="Only a person can say yes"):
        give((DECLARED, asked("ana")), NOON, HOUSE)


def test_what_fireline_proposes_needs_one_person() -> None:
    log = give((DECLARED, asked(HOUSE)), NOON, "ana")
    assert approval.find(log, 1).granted


def test_what_a_person_asks_for_needs_another_person() -> None:
    log = give((DECLARED, asked("ana")), NOON, "ben")
    assert approval.find(log, 1).yes == ("ben",)
    assert approval.find(log, 1).granted


def test_a_destructive_command_needs_two_people_besides_whoever_asked() -> None:
    log = give((DECLARED, asked("ana", yes_needed=2)), NOON, "ben")
    assert not approval.find(log, 1).granted
    with pytest.raises(Refused, match="needs 2 yes and has 1"):
        command.start_approved(log, NOON, run="r1", number=1, by=HOUSE)
    with pytest.raises(Refused, match="another person too"):
        give(log, NOON, "ben")
    with pytest.raises(Refused, match="You asked for this one"):
        give(log, NOON, "ana")
    assert approval.find(give(log, NOON, "eva"), 1).granted


@pytest.mark.parametrize("changed", [RESTART + " ", RESTART.upper(), "supervisorctl restart redis; true", ""])
def test_a_yes_is_bound_to_the_exact_bytes(changed: str) -> None:
    log: Log = (DECLARED, asked("ana"))
    with pytest.raises(Refused, match="not the one that waits"):
        give(log, NOON, "ben", text=changed)
    with pytest.raises(Refused, match="not the one that waits"):
        approval.break_glass(log, NOON, number=1, shown=digest(changed), reason=REASON, by="ana")


def test_an_ask_goes_stale_after_exactly_fifteen_minutes() -> None:
    log: Log = (DECLARED, asked("ana"))
    assert approval.find(give(log, NOON + QUARTER - SECOND, "ben"), 1).granted
    for deed in (
        lambda: give(log, NOON + QUARTER, "ben"),
        lambda: approval.deny(log, NOON + QUARTER, number=1, reason="no", by="ben"),
        lambda: approval.break_glass(log, NOON + QUARTER, number=1, shown=digest(RESTART), reason=REASON, by="ana"),
    ):
        with pytest.raises(Refused, match=r"stale after 15 minutes\. Ask again"):
            deed()


def test_a_yes_goes_stale_after_exactly_fifteen_minutes() -> None:
    given = NOON + QUARTER - SECOND
    log = give((DECLARED, asked("ana")), given, "ben")
    assert command.start_approved(log, given + QUARTER - SECOND, run="r1", number=1, by=HOUSE).ask == 1
    with pytest.raises(Refused, match="yes has gone stale"):
        command.start_approved(log, given + QUARTER, run="r1", number=1, by=HOUSE)


def test_a_yes_is_for_one_run() -> None:
    log = give((DECLARED, asked("ana")), NOON, "ben")
    log = (*log, command.start_approved(log, NOON, run="r1", number=1, by=HOUSE))
    with pytest.raises(Refused, match="used up: it was for one run"):
        command.start_approved(log, NOON, run="r2", number=1, by=HOUSE)
    with pytest.raises(Refused, match="approved already"):
        give(log, NOON, "eva")


def test_the_same_bytes_are_asked_for_once_while_they_wait() -> None:
    log: Log = (DECLARED, asked("ana"))
    again: dict[str, Any] = {"step": "s9", "title": "", "command": RESTART, "effect": "write", "rule": ""}
    again |= {"reason": "hurry", "yes_needed": 1, "by": "ben"}
    with pytest.raises(Refused, match=r"already waits for a yes \(approval 1\)"):
        approval.ask(log, NOON + SECOND, **again)
    assert approval.ask(log, NOON + QUARTER, **again).ask == 2  # the first is stale by then


def test_an_ask_has_a_reason_and_at_least_one_yes() -> None:
    with pytest.raises(Refused, match="decides from your words") as no:
        approval.ask(
            (DECLARED,),
            NOON,
            step="s",
            title="",
            command="x",
            effect="write",
            rule="",
            reason=" ",
            yes_needed=1,
            by="a",
        )
    assert no.value.field == "reason"
    assert asked("ana", yes_needed=0).yes_needed == 1


def test_a_no_has_a_reason_and_ends_the_ask() -> None:
    log: Log = (DECLARED, asked("ana"))
    with pytest.raises(Refused, match="Say why not"):
        approval.deny(log, NOON, number=1, reason="", by="ben")
    log = (*log, approval.deny(log, NOON, number=1, reason="wrong host", by="ben"))
    for deed in (
        lambda: give(log, NOON, "eva"),
        lambda: command.start_approved(log, NOON, run="r1", number=1, by=HOUSE),
    ):
        with pytest.raises(Refused, match="ben has said no"):
            deed()


def test_whoever_asked_may_take_it_back() -> None:
    log: Log = (DECLARED, asked("ana"))
    assert approval.deny(log, NOON, number=1, reason="found a better way", by="ana").by == "ana"


@pytest.mark.parametrize("reason", ["", "urgent", "          "])
def test_breaking_the_glass_needs_a_reason_in_a_sentence(reason: str) -> None:
    with pytest.raises(Refused, match="why nobody else can say yes") as no:
        approval.break_glass((DECLARED, asked("ana")), NOON, number=1, shown=digest(RESTART), reason=reason, by="ana")
    assert no.value.field == "reason"


def test_only_a_person_breaks_the_glass() -> None:
    with pytest.raises(Refused, match="Only a person can break the glass"):
        approval.break_glass((DECLARED, asked(HOUSE)), NOON, number=1, shown=digest(RESTART), reason=REASON, by=HOUSE)


def test_a_lone_engineer_runs_behind_broken_glass() -> None:
    log: Log = (DECLARED, asked("ana", yes_needed=2))
    log = (*log, approval.break_glass(log, NOON, number=1, shown=digest(RESTART), reason=REASON, by="ana"))
    started = command.start_approved(log, NOON, run="r1", number=1, by=HOUSE)
    assert (started.command, started.lane) == (RESTART, "write")


def test_an_approval_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(Refused, match="no approval 7") as no:
        give((DECLARED,), NOON, "ben", number=7)
    assert no.value.status == 404


def test_an_ask_waits_until_it_is_answered_or_stale() -> None:
    log: Log = (DECLARED, asked("ana"))
    assert approval.find(log, 1).waiting(NOON)
    assert not approval.find(log, 1).waiting(NOON + QUARTER)
    assert not approval.find(give(log, NOON, "ben"), 1).waiting(NOON)
