"""A change has helped when its own checks say so: the same ones before and after, compared with their numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from fireline.core import helped, incident
from fireline.core.aftermath import aftermath
from fireline.core.events import (
    HOUSE,
    Change,
    CommandFinished,
    CommandStarted,
    Ending,
    IncidentDeclared,
    Log,
    MitigationMeasured,
    Purpose,
    Reading,
    StatusChanged,
)
from fireline.core.follow import follow
from fireline.core.plan import Plan, Way
from fireline.core.refusal import Refused
from fireline.core.runbook import Command
from fireline.core.timeline import entries
from fireline.core.work import Effect

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PODS = "NAME    READY  STATUS   RESTARTS\nshop-1  {}/2    Running  0\nshop-2  2/2    Running  4\n"
PSQL = " count \n-------\n    97\n(1 row)\n"
DECLARED = IncidentDeclared(
    at=NOON, by="ana", title="Slow", severity="P1", severity_name="High", severity_why="", response_minutes=15,
    detected_at=NOON,
)  # fmt: skip


def good(check: str, well: bool | None, value: float | None = None, wanted: str = "") -> Reading:  # noqa: FBT001
    return Reading(check=check, title=check, source="verification", good=well, value=value, wanted=wanted)  # type: ignore[arg-type]


def number(value: float | None, wanted: str = "low") -> Reading:
    return Reading(check="rate", title="error rate", source="number", value=value, unit="%", wanted=wanted)  # type: ignore[arg-type]


def ran(at: datetime, run: str, *, step: str = "scale", purpose: Purpose = "mitigation", ending: Ending = "ok") -> Log:
    lane: Literal["read", "write"] = "write" if purpose == "mitigation" else "read"
    return (
        CommandStarted(
            at=at, by=HOUSE, run=run, step=step, title="Scale the shop", command="c", digest="d", effect="write",
            rule="", lane=lane, purpose=purpose, ask=None,
        ),
        CommandFinished(at=at, by=HOUSE, run=run, ending=ending, exit_code=0, seconds=1, evidence="e", size=0),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (good("health", well=False), good("health", well=True), "better"),
        (good("health", well=True), good("health", well=False), "worse"),
        (good("health", well=True), good("health", well=True), "same"),
        (good("health", well=None), good("health", well=True), "unknown"),
        (number(4.2), number(0.3), "better"),
        (number(4.2), number(9.0), "worse"),
        (number(4.2), number(4.3), "same"),
        (number(99.0, "high"), number(40.0, "high"), "worse"),
        (number(7.0, ""), number(3.0, ""), "unknown"),
        (number(4.2), number(None), "unknown"),
        (None, good("health", well=True), "unknown"),
    ],
)
def test_one_check_says_better_same_worse_or_that_it_cannot_tell(
    before: Reading | None, after: Reading, change: Change
) -> None:
    assert helped.change(before, after) == change


def test_what_got_worse_is_not_outweighed_by_what_got_better() -> None:
    before, after = (good("health", well=False), number(1.0)), (good("health", well=True), number(8.0))
    assert helped.verdict(before, after) == "worse"
    assert helped.verdict(before[:1], after[:1]) == "better"
    assert helped.verdict((), ()) == "unknown"


@pytest.mark.parametrize(
    ("output", "amount"),
    [
        (PODS.format(0), (2.0, "of 4 ready", "high")),
        (PSQL, (97.0, "", "")),
        ("used_memory:1048576\r\nused_memory_peak:2\r\n", (1048576.0, "bytes", "low")),
        ("PONG\n", (None, "", "")),
        ("1\n2\n", (None, "", "")),
    ],
)
def test_a_number_is_read_off_an_output_where_it_has_one(output: str, amount: tuple[float | None, str, str]) -> None:
    assert helped.amount(output) == amount


def test_the_ways_own_verification_is_the_check_and_else_what_the_diagnosis_looked_at() -> None:
    def command(key: str) -> Command:
        return Command(key=key, text=key, line=1, column=1, block=1)

    way = Way("Scale", (command("scale"),), (command("status"),))
    plan = Plan(diagnosis=(command("pods"),), ways=(way, Way("Restart", (command("restart"),), ())))
    assert [one.key for one in helped.checks(plan, "scale")] == ["status"]
    assert [one.key for one in helped.checks(plan, "restart")] == ["pods"]
    assert (helped.proves(plan, "scale"), helped.proves(plan, "own words")) == (True, False)


def story(*after: tuple[Reading, ...]) -> Log:
    """A change whose error rate was 4.2 % before, and these readings after."""
    log: Log = (DECLARED,)
    seen = ((number(4.2),), *after)
    for attempt, readings in enumerate(seen):
        log = (
            *log,
            helped.note(log, NOON, run="r", attempt=attempt, readings=readings, settle=10, by=HOUSE),
            *(ran(NOON, "r") if attempt == 0 else ()),
        )
    return log


def test_it_is_read_again_until_two_readings_say_the_same_or_three_times() -> None:
    log = story((number(3.0),))
    with pytest.raises(Refused, match="not settled"):
        helped.measure(log, NOON, run="r", by=HOUSE)
    assert helped.measure(story((number(3.0),), (number(3.1),)), NOON, run="r", by=HOUSE).steady
    last = helped.measure(story((number(3.0),), (number(2.0),), (number(1.0),)), NOON, run="r", by=HOUSE)
    assert (last.verdict, last.attempts, last.steady) == ("better", 3, False)


def test_each_reading_that_has_not_settled_asks_for_the_next_one_and_the_last_does_not() -> None:
    log = story()
    (first,) = [one for one in follow(1, log) if isinstance(one, Effect) and one.kind == "measure"]
    assert (first.data, first.due_at) == ({"run": "r", "attempt": 1}, NOON + timedelta(seconds=10))
    (second,) = [one for one in follow(1, story((number(3.0),))) if isinstance(one, Effect)]
    assert second.data["attempt"] == 2
    settled = story((number(3.0),), (number(3.0),))
    assert not [one for one in follow(1, settled) if isinstance(one, Effect) and one.kind == "measure"]


def test_the_timeline_tells_it_with_its_numbers() -> None:
    log = story((number(0.3),), (number(0.3),))
    log = (*log, helped.measure(log, NOON, run="r", by=HOUSE))
    told = entries(log)[-1]
    assert told.sentence == "Scale the shop: it helped"
    assert told.detail == "error rate: 4.2 → 0.3 %"
    assert all(aftermath(one, "fireline", log).sentence for one in log if isinstance(one, MitigationMeasured))


@pytest.mark.req(65)
def test_monitoring_without_a_check_that_went_well_needs_a_reason_and_is_loud() -> None:
    log: Log = (DECLARED, *ran(NOON, "r"))
    with pytest.raises(Refused, match="Nothing has verified"):
        incident.change_status(log, NOON + MINUTE, status="Monitoring", by="ana")
    event = incident.change_status(log, NOON + MINUTE, status="Monitoring", by="ana", why="the dashboard is green")
    assert event.unverified is True
    told = entries((*log, event))[-1]
    assert (told.sentence, told.tone) == ("Status Monitoring, NOT VERIFIED: the dashboard is green", "bad")


@pytest.mark.req(65)
def test_a_verification_counts_only_when_it_ran_after_the_last_change() -> None:
    early = ran(NOON, "v", step="status", purpose="verification")
    late = ran(NOON + 2 * MINUTE, "v2", step="status", purpose="verification")
    bad = ran(NOON + 3 * MINUTE, "v3", step="status", purpose="verification", ending="failed")
    change = ran(NOON + MINUTE, "r")
    for log, well in (
        ((DECLARED, *early), True),
        ((DECLARED, *early, *change), False),
        ((DECLARED, *early, *change, *late), True),
        ((DECLARED, *early, *change, *late, *bad), False),
    ):
        assert incident.checked(incident.fold(1, log)) is well
    verified = (DECLARED, *change, *late)
    said = incident.change_status(verified, NOON + 4 * MINUTE, status="Monitoring", by="ana")
    assert isinstance(said, StatusChanged)
    assert not said.unverified
