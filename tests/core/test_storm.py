"""When everything breaks at once one page goes out; a held page goes out by itself; something graver never waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from fireline.core import incident, storm
from fireline.core.events import HOUSE, IncidentAcknowledged, IncidentDeclared, Log, PageHold, SeverityChanged
from fireline.core.follow import Clock, Effect, follow
from fireline.core.incident import fold
from fireline.core.refusal import Refused
from fireline.core.storm import Lately, Limits, Storm
from fireline.core.timeline import entries

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PAGER = frozenset({"pagerduty"})
LIMITS = Limits()


def declared(at: datetime = NOON, severity: str = "P1", **more: Any) -> IncidentDeclared:
    facts: dict[str, Any] = {"severity_name": "", "severity_why": "", "response_minutes": 15, "detected_at": at}
    return IncidentDeclared(at=at, by=HOUSE, title="Down", severity=severity, **facts | more)


def lately(number: int = 142, *, at: datetime = NOON, severity: str = "P1", **more: Any) -> Lately:
    facts: dict[str, Any] = {"acknowledged": False, "open": True, "declared": declared(at, severity)}
    return Lately(number=number, severity=severity, **facts | more)


def declare(
    at: datetime, *others: Lately, severity: str = "P1", limits: Limits = LIMITS, coming: int = 1
) -> IncidentDeclared:
    def declaration(_: Log, when: datetime) -> IncidentDeclared:
        return declared(when, severity)

    return storm.declare((), at, lately=others, declaration=declaration, limits=limits, coming=coming)


def test_a_page_waits_while_the_on_call_is_being_paged_for_something_as_grave() -> None:
    hold = declare(NOON + 12 * SECOND, lately()).hold
    assert hold == PageHold(
        until=NOON + 60 * SECOND, other=142, why="the on-call is being paged for INC-142 since 12 s"
    )


@pytest.mark.parametrize(
    "other",
    [
        lately(acknowledged=True),
        lately(open=False),
        lately(severity="P2"),  # nobody is paged for that one
        lately(at=NOON - 49 * SECOND),  # a minute ago
        lately(declared=declared(hold=PageHold(until=NOON, other=1, why=""))),  # held itself: nobody's phone rang
    ],
)
def test_nothing_else_holds_a_page(other: Lately) -> None:
    assert not declare(NOON + 12 * SECOND, other).hold


def test_something_graver_pages_at_once_and_what_pages_nobody_is_not_held() -> None:
    assert not declare(NOON + SECOND, lately(severity="P1"), severity="P0").hold
    assert declare(NOON + SECOND, lately(severity="P0"), severity="P0").hold
    assert not declare(NOON + SECOND, lately(severity="P0"), severity="P2").hold
    assert not declare(NOON + SECOND, lately(), limits=Limits(hold_seconds=0)).hold


def test_a_held_page_is_a_clock_and_not_a_call() -> None:
    log: Log = (declare(NOON + 12 * SECOND, lately()),)
    work = follow(143, log, vendors=PAGER)
    assert Clock(kind="page", incident=143, seq=1, due_at=NOON + 60 * SECOND) in work
    assert not any(isinstance(one, Effect) for one in work)
    have = IncidentAcknowledged(at=NOON + 20 * SECOND, by="ana")
    assert follow(143, (*log, have), vendors=PAGER) == ()  # nobody was paged, so there is nothing to stop
    assert "held until 12:01:00: the on-call is being paged for INC-142" in entries(log)[0].detail


def test_at_the_end_of_the_hold_it_pages_once_if_nobody_has_it() -> None:
    log: Log = (declare(NOON + 12 * SECOND, lately()),)
    with pytest.raises(Refused, match="not over"):
        storm.release(log, NOON + 59 * SECOND, by=HOUSE)
    log = (*log, storm.release(log, NOON + 60 * SECOND, by=HOUSE))
    (page,) = follow(143, log, vendors=PAGER)
    assert isinstance(page, Effect)
    assert page.data["verb"] == "trigger"
    with pytest.raises(Refused, match="has paged already"):
        storm.release(log, NOON + 61 * SECOND, by=HOUSE)


def test_a_held_page_is_dropped_when_somebody_has_it_or_it_pages_no_more_and_never_was_when_it_was_not_held() -> None:
    log: Log = (declare(NOON + 12 * SECOND, lately()),)
    release = partial(storm.release, at=NOON + 60 * SECOND, by=HOUSE)
    with pytest.raises(Refused, match="ana has it"):
        release((*log, incident.acknowledge(log, NOON + 20 * SECOND, by="ana")))
    milder = SeverityChanged(at=NOON, by="ana", severity="P2", severity_name="", response_minutes=60, reason="")
    with pytest.raises(Refused, match="does not page any more"):
        release((*log, milder))
    with pytest.raises(Refused, match="paged already"):
        release((declared(),))


def test_a_held_incident_that_turns_graver_pages_at_once_and_only_then() -> None:
    log: Log = (declare(NOON + 12 * SECOND, lately()),)
    graver = SeverityChanged(at=NOON, by="ana", severity="P0", severity_name="", response_minutes=5, reason="")
    work = follow(143, (*log, graver), vendors=PAGER)
    assert [one.data["verb"] for one in work if isinstance(one, Effect)] == ["trigger"]
    with pytest.raises(Refused, match="paged already"):
        storm.release((*log, graver), NOON + 60 * SECOND, by=HOUSE)


def many(count: int, **more: Any) -> list[Lately]:
    return [lately(number, at=NOON + number * SECOND, **more) for number in range(1, count + 1)]


def test_after_ten_different_faults_in_a_minute_further_ones_join_the_first_that_paged() -> None:
    assert declare(NOON + 30 * SECOND, *many(9)).severity == "P1"
    ten = many(10)
    ten[0] = but(ten[0], severity="P2")  # it paged nobody
    with pytest.raises(Storm) as too_many:
        declare(NOON + 30 * SECOND, *ten)
    assert too_many.value.first.number == 2
    assert [one.number for one in too_many.value.others] == [1, 3, 4, 5, 6, 7, 8, 9, 10]
    assert declare(NOON + 75 * SECOND, *ten[:10]).severity == "P1"  # a minute later most of them do not count


def but(one: Lately, **changes: Any) -> Lately:
    return replace(one, **changes)


def test_what_somebody_has_is_not_taken_from_their_hands_and_what_is_over_stays_over() -> None:
    ten = many(10)
    ten[4] = but(ten[4], acknowledged=True)
    ten[5] = but(ten[5], open=False)
    with pytest.raises(Storm) as too_many:
        declare(NOON + 30 * SECOND, *ten)
    assert {5, 6}.isdisjoint({one.number for one in too_many.value.others})


def test_something_graver_than_the_storm_pages_at_once_and_the_storm_goes_on_there() -> None:
    ten = many(10)
    assert not declare(NOON + 30 * SECOND, *ten, severity="P0").hold
    grave = lately(11, at=NOON + 30 * SECOND, severity="P0")
    for severity in ("P0", "P1", "P3"):
        with pytest.raises(Storm) as too_many:
            declare(NOON + 31 * SECOND, *ten, grave, severity=severity)
        assert too_many.value.first.number == 11


def test_one_look_of_many_faults_is_a_storm_from_its_second_fault_on() -> None:
    assert declare(NOON, coming=500).severity == "P1"  # there has to be one to join
    with pytest.raises(Storm):
        declare(NOON + SECOND, lately(), coming=499)
    assert declare(NOON + SECOND, lately(), coming=9).hold  # ten in all are no storm yet
    assert declare(NOON + SECOND, *many(20), limits=Limits(faults=0)).severity == "P1"  # turned off


def test_a_storm_is_said_once_with_names_and_numbers() -> None:
    log: Log = (declared(),)
    begin = partial(storm.begin, count=11, seconds=60.0, names=["RedisDown"] * 30, incidents=(2, 3), by=HOUSE)
    log = (*log, begin(log, NOON + SECOND))
    assert fold(1, log).storm
    told = entries(log)[-1]
    assert told.sentence == "11 different faults within 60 s: further ones join this incident"
    assert "Merged into it: INC-2, INC-3." in told.detail
    with pytest.raises(Refused, match="has been said"):
        begin(log, NOON + 2 * SECOND)


def test_a_limit_nobody_knows_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError, match="fault"):
        msgspec.convert({"fault": 3}, Limits)
