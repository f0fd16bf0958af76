"""At any moment everybody can say who commands: never two people, and never nobody once there was somebody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireline.core import incident, roles
from fireline.core.events import (
    HOUSE,
    AnyEvent,
    Cadence,
    CommanderMissing,
    IncidentAcknowledged,
    IncidentDeclared,
    Log,
    SeverityChanged,
)
from fireline.core.follow import Clock, follow
from fireline.core.incident import fold
from fireline.core.refusal import Refused

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PEOPLE = ("ana", "ben", "cleo", "dan")
Deed = Callable[..., AnyEvent]


def declared(severity: str = "P1") -> Log:
    first = IncidentDeclared(
        at=NOON, by=HOUSE, title="Redis is down", severity=severity, severity_name="", severity_why="",
        response_minutes=15, detected_at=NOON, cadence=Cadence(internal={"P1": 15.0}, commander=5.0),
    )  # fmt: skip
    return (first,)


def told(log: Log, *deeds: Deed) -> Log:
    """Each deed a minute after the one before."""
    for deed in deeds:
        log = (*log, deed(log, log[-1].at + MINUTE))
    return log


def has_it(who: str) -> Deed:
    return partial(incident.acknowledge, by=who)


def offer(role: str, to: str, by: str, subject: str = "") -> Deed:
    return partial(roles.offer, role=role, to=to, by=by, subject=subject)


def take(role: str, by: str, **more: Any) -> Deed:
    return partial(roles.take, role=role, by=by, **more)


@pytest.mark.req(39)
def test_who_acknowledges_first_commands_until_they_hand_it_over() -> None:
    log = told(declared(), has_it("ana"))
    assert roles.crew(log).commander == "ana"
    log = told(log, offer("commander", "ben", "ana"))
    assert roles.crew(log).commander == "ana"  # an offer is no hand-over
    log = told(log, take("commander", "ben"))
    assert [(one.who, one.since, one.until) for one in roles.reigns(log, "commander")] == [
        ("ana", NOON + MINUTE, NOON + 3 * MINUTE),
        ("ben", NOON + 3 * MINUTE, None),
    ]


def test_somebody_who_took_command_before_the_acknowledgement_keeps_it() -> None:
    log = told(declared(), take("commander", "ben"), has_it("ana"))
    assert roles.crew(log).commander == "ben"


@pytest.mark.req(40)
@given(st.lists(st.tuples(
    st.sampled_from(["offer", "take", "decline", "release", "ack", "step in"]), st.sampled_from(PEOPLE),
    st.sampled_from(PEOPLE), st.sampled_from(roles.ROLES),
), max_size=40))  # fmt: skip
def test_whatever_people_do_there_is_one_commander_and_no_gap(acts: list[tuple[str, str, str, str]]) -> None:
    log = declared()
    for act, who, other, role in acts:
        deeds: dict[str, Deed] = {
            "offer": offer(role, other, who),
            "take": take(role, who),
            "step in": take(role, who, why="no answer"),
            "decline": partial(roles.decline, role=role, by=who, to=other),
            "release": partial(roles.release, role=role, by=who, who=other),
            "ack": has_it(who),
        }
        had = roles.crew(log).commander
        try:
            log = told(log, deeds[act])
        except Refused:
            continue
        now = roles.crew(log)
        assert not had or now.commander, "once there was a commander there always is"
        assert now.commander != now.who("deputy") or not now.commander
    for role in roles.ROLES[:4]:
        line = roles.reigns(log, role)
        for before, after in pairwise(line):
            assert before.until is not None
            assert before.until <= after.since, "two at once"
            assert role != "commander" or before.until == after.since, "a gap"
    assert sum(one.until is None for one in roles.reigns(log, "commander")) == bool(roles.crew(log).commander)


@pytest.mark.req(40)
def test_only_whoever_was_asked_may_take_command() -> None:
    log = told(declared(), has_it("ana"), offer("commander", "ben", "ana"))
    with pytest.raises(Refused, match="ana commands, and has not offered it to you"):
        told(log, take("commander", "cleo"))
    with pytest.raises(Refused, match="Only ana can hand this over"):
        told(log, offer("commander", "cleo", "ben"))
    with pytest.raises(Refused, match="has been asked already"):
        told(log, offer("commander", "ben", "ana"))


def test_a_newer_offer_takes_the_place_of_an_older_one_and_both_can_be_turned_down() -> None:
    log = told(
        declared(), has_it("ana"), offer("commander", "ben", "ana"), offer("commander", "cleo", "ana"),
    )  # fmt: skip
    assert [one.to for one in roles.crew(log).offers.values()] == ["cleo"]
    with pytest.raises(Refused, match="ana commands"):
        told(log, take("commander", "ben"))
    declined = told(log, partial(roles.decline, role="commander", by="cleo", why="I fix the disk"))
    taken_back = told(log, partial(roles.decline, role="commander", by="ana", to="cleo"))
    for after in (declined, taken_back):
        assert roles.crew(after).offers == {}
        assert roles.crew(after).commander == "ana"
    with pytest.raises(Refused, match="Nobody has offered you this"):
        told(log, partial(roles.decline, role="commander", by="dan"))


def test_the_deputy_steps_in_for_a_commander_who_does_not_answer_and_says_why() -> None:
    log = told(declared(), has_it("ana"), take("deputy", "ben"))
    with pytest.raises(Refused, match="say why you step in"):
        told(log, take("commander", "ben"))
    with pytest.raises(Refused, match="the deputy steps in: that is ben"):
        told(log, take("commander", "cleo", why="I am senior"))
    log = told(log, take("commander", "ben", why="ana's line is dead"))
    now = roles.crew(log)
    assert (now.commander, now.who("deputy")) == ("ben", "")


def test_command_is_handed_over_and_never_given_up() -> None:
    log = told(declared(), has_it("ana"))
    with pytest.raises(Refused, match="handed over, not given up"):
        told(log, partial(roles.release, role="commander", by="ana"))
    with pytest.raises(Refused, match="the deputy is somebody else"):
        told(log, take("deputy", "ana"))


def test_the_commander_lets_somebody_go_and_nobody_else_does() -> None:
    log = told(declared(), has_it("ana"), take("scribe", "ben"), take("sme", "cleo", subject="the database"))
    with pytest.raises(Refused, match="Only cleo or the commander"):
        told(log, partial(roles.release, role="sme", by="ben", who="cleo"))
    log = told(log, partial(roles.release, role="sme", by="ana", who="cleo", why="get some sleep"))
    now = roles.crew(log)
    assert (now.who("scribe"), dict(now.smes)) == ("ben", {})
    assert [(one.who, one.subject) for one in roles.reigns(log, "sme")] == [("cleo", "the database")]


def test_there_may_be_many_smes_and_a_commander_among_them_is_warned_of_and_not_stopped() -> None:
    log = told(declared(), has_it("ana"), take("sme", "ben"), take("sme", "cleo"))
    assert roles.crew(log).warnings == ()
    log = told(log, take("sme", "ana", subject="Redis"))
    assert set(roles.crew(log).smes) == {"ana", "ben", "cleo"}
    assert roles.crew(log).warnings[0].startswith("ana commands and is an SME too")
    assert roles.crew(log).of("ana") == ["Commander", "SME"]


def test_updates_are_communications_and_else_the_commanders() -> None:
    log = told(declared(), has_it("ana"))
    assert roles.crew(log).speaker == "ana"
    assert roles.crew(told(log, take("communications", "ben"))).speaker == "ben"


@pytest.mark.req(39)
@pytest.mark.parametrize(("severity", "asks"), [("P0", True), ("P1", True), ("P2", False), ("P3", False)])
def test_a_grave_incident_without_a_commander_is_asked_after_at_five_minutes(severity: str, *, asks: bool) -> None:
    log = declared(severity)
    clocks = [one for one in follow(1, log) if isinstance(one, Clock) and one.kind == "commander"]
    assert [one.due_at for one in clocks] == ([NOON + 5 * MINUTE] if asks else [])
    assert roles.missing_commander(fold(1, log), log) is asks
    if asks:
        with pytest.raises(Refused):
            roles.miss_commander(log, NOON + 5 * MINUTE - timedelta(seconds=1), by=HOUSE)
        missed = roles.miss_commander(log, NOON + 5 * MINUTE, by=HOUSE)
        assert missed == CommanderMissing(at=NOON + 5 * MINUTE, by=HOUSE, minutes=5.0)
        with pytest.raises(Refused):
            roles.miss_commander((*log, missed), NOON + 6 * MINUTE, by=HOUSE)


def test_five_minutes_count_from_when_it_became_grave() -> None:
    graver = SeverityChanged(
        at=NOON + 40 * MINUTE, by="ana", severity="P0", severity_name="", response_minutes=5, reason="worse"
    )
    log = (*declared("P2"), graver)
    assert [one.due_at for one in follow(1, log) if isinstance(one, Clock) and one.kind == "commander"] == [
        NOON + 45 * MINUTE
    ]
    has = (*log, IncidentAcknowledged(at=NOON + 41 * MINUTE, by="ana"))
    with pytest.raises(Refused):
        roles.miss_commander(has, NOON + 45 * MINUTE, by=HOUSE)


@pytest.mark.parametrize(("wrong", "says"), [
    ({"role": "boss"}, "A role is one of commander, deputy, scribe, communications, sme."),
    ({"to": "Ben Okoro"}, "by their handle"),
    ({"to": "ana"}, "You need no offer for yourself"),
])  # fmt: skip
def test_an_offer_that_makes_no_sense_is_refused(wrong: dict[str, str], says: str) -> None:
    facts: dict[str, Any] = {"role": "scribe", "to": "ben", "by": "ana"} | wrong
    with pytest.raises(Refused, match=says):
        roles.offer(declared(), NOON, **facts)
