"""A command starts once and ends once; only what reads starts by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fireline.core import command
from fireline.core.approval import digest
from fireline.core.events import HOUSE, IncidentDeclared, Log
from fireline.core.incident import fold
from fireline.core.refusal import Refused

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
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
PING: dict[str, Any] = {
    "run": "1.s1",
    "step": "s1",
    "title": "Ping",
    "command": "redis-cli ping",
    "effect": "read",
    "rule": "redis PING",
    "unattended": True,
    "purpose": "diagnosis",
    "by": HOUSE,
}
ENDED: dict[str, Any] = {
    "run": "1.s1",
    "ending": "ok",
    "exit_code": 0,
    "seconds": 0.1,
    "evidence": "e" * 64,
    "size": 5,
    "by": HOUSE,
}


def test_a_read_starts_by_itself_in_the_read_lane() -> None:
    started = command.start_read((DECLARED,), NOON, **PING)
    assert (started.lane, started.ask, started.digest) == ("read", None, digest("redis-cli ping"))


@pytest.mark.parametrize(
    ("effect", "unattended"),
    [("local", True), ("write", True), ("destructive", True), ("unknown", True), ("read", False)],
)
def test_nothing_else_starts_by_itself_whoever_asks(effect: str, unattended: bool) -> None:  # noqa: FBT001
    with pytest.raises(Refused, match=rf"does not run by itself \(judged {effect}\): ask for approval"):
        command.start_read((DECLARED,), NOON, **PING | {"effect": effect, "unattended": unattended, "by": "ana"})


def test_a_run_starts_once() -> None:
    log: Log = (DECLARED, command.start_read((DECLARED,), NOON, **PING))
    with pytest.raises(Refused, match=r"1\.s1 has started already"):
        command.start_read(log, NOON, **PING)


def test_a_run_ends_once_and_not_before_it_started() -> None:
    with pytest.raises(Refused, match=r"1\.s1 never started"):
        command.finish((DECLARED,), NOON, **ENDED)
    log: Log = (DECLARED, command.start_read((DECLARED,), NOON, **PING))
    assert fold(1, log).runs["1.s1"].state == "running"
    log = (*log, command.finish(log, NOON, **ENDED))
    assert fold(1, log).runs["1.s1"].state == "ok"
    with pytest.raises(Refused, match="has ended already"):
        command.finish(log, NOON, **ENDED | {"ending": "failed"})


def test_a_step_is_skipped_once_for_the_same_reason() -> None:
    skip: dict[str, Any] = {"step": "s2", "title": "Look", "command": "", "reason": "no value for pod", "by": HOUSE}
    log: Log = (DECLARED, command.skip((DECLARED,), NOON, **skip))
    with pytest.raises(Refused, match="skipped already"):
        command.skip(log, NOON, **skip)
    assert command.skip(log, NOON, **skip | {"reason": "for a person"}).reason == "for a person"


def test_an_approval_nobody_answered_starts_nothing() -> None:
    with pytest.raises(Refused, match="no approval 1"):
        command.start_approved((DECLARED,), NOON, run="r", number=1, by=HOUSE)
