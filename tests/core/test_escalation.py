"""Somebody is asked, then somebody else, again and again, until one person has it; and the log says all of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireline.core.escalation import ON_CALL, go_on, progress
from fireline.core.events import (
    HOUSE,
    DeliveryGivenUp,
    EscalationEnded,
    IncidentAcknowledged,
    IncidentDeclared,
    Log,
    PeopleAsked,
    SeverityChanged,
)
from fireline.core.refusal import Refused
from fireline.core.roster import Chain, Roster, Step, roster
from fireline.core.rota import Layer, Override

NIGHT = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CHANNELS = {"ana": ("ntfy", "mail"), "ben": ("mail",), "cem": ("mail",)}


def chain(*steps: tuple[tuple[str, ...], str], **more: Any) -> Chain:
    those = steps or ((("rota:primary",), "0m"), (("rota:backup",), "5m"), (("cem", "rota:primary"), "10m"))
    facts: dict[str, Any] = {"name": "default", "repeat": 1, "wait": "5m"}
    return Chain(steps=tuple(Step(notify=who, after=after) for who, after in those), **facts | more)


def kiosk(*chains: Chain, **more: Any) -> Roster:
    layers = [Layer(name=name, people=(who,), starts=date(2026, 1, 5)) for name, who in
              (("primary", "ana"), ("backup", "ben"))]  # fmt: skip
    facts: dict[str, Any] = {"layers": layers, "channels": CHANNELS, "chains": chains or [chain()]}
    return roster(**facts | more)


def declared(severity: str = "P0", **more: Any) -> Log:
    facts: dict[str, Any] = {"severity_name": "", "severity_why": "", "response_minutes": 5, "detected_at": NIGHT}
    return (IncidentDeclared(at=NIGHT, by="ana", title="Kiosk shut", severity=severity, **facts | more),)


def walked(log: Log, who: Roster, *, overrides: tuple[Override, ...] = ()) -> Log:
    """The whole escalation, each step at its time."""
    at = NIGHT
    while not isinstance(log[-1], EscalationEnded):
        log = (*log, go_on(log, at, roster=who, overrides=overrides, by=HOUSE))
        at = log[-1].next_at if isinstance(log[-1], PeopleAsked) else at
    return log


def told(log: Log) -> list[tuple[float, list[str]]]:
    """Minutes since the declaration, and who was asked then."""
    steps = [event for event in log if isinstance(event, PeopleAsked)]
    return [((event.at - NIGHT) / MINUTE, [one.who for one in event.people]) for event in steps]


@pytest.mark.req(29)
def test_nobody_answers_in_five_minutes_so_the_backup_is_asked_and_every_ask_is_in_the_log() -> None:
    log = walked(declared(), kiosk())
    once = [(0, ["ana"]), (5, ["ben"]), (10, ["cem", "ana"])]
    assert told(log) == [*once, *((15 + minute, who) for minute, who in once)]
    last = log[-1]
    assert isinstance(last, EscalationEnded)
    assert last.at == NIGHT + 30 * MINUTE
    assert [event.round for event in log if isinstance(event, PeopleAsked)] == [1, 1, 1, 2, 2, 2]


def test_a_person_is_reached_by_each_of_their_channels_a_minute_apart() -> None:
    step = go_on(declared(), NIGHT, roster=kiosk(), overrides=(), by=HOUSE)
    assert isinstance(step, PeopleAsked)
    (ana,) = step.people
    assert ana.why == "on call in primary"
    assert [(reach.channel, reach.at) for reach in ana.reaches] == [("ntfy", NIGHT), ("mail", NIGHT + MINUTE)]


def test_an_acknowledgement_ends_it() -> None:
    log = (*walked(declared(), kiosk())[:2], IncidentAcknowledged(at=NIGHT + MINUTE, by="ana"))
    with pytest.raises(Refused, match="somebody has it"):
        go_on(log, NIGHT + 5 * MINUTE, roster=kiosk(), overrides=(), by=HOUSE)


def test_a_clock_that_rings_early_asks_nobody() -> None:
    log = walked(declared(), kiosk())[:2]
    with pytest.raises(Refused, match="still have time"):
        go_on(log, NIGHT + 4 * MINUTE, roster=kiosk(), overrides=(), by=HOUSE)


@pytest.mark.req(26)
@pytest.mark.parametrize(("severity", "asks"), [("P0", True), ("P1", True), ("P2", False), ("P3", False)])
def test_p2_and_p3_wake_nobody(severity: str, *, asks: bool) -> None:
    if asks:
        assert go_on(declared(severity), NIGHT, roster=kiosk(), overrides=(), by=HOUSE)
    else:
        with pytest.raises(Refused, match="wakes nobody"):
            go_on(declared(severity), NIGHT, roster=kiosk(), overrides=(), by=HOUSE)


def test_steps_missed_while_the_house_was_down_come_one_after_another() -> None:
    log = walked(declared(), kiosk())[:2]
    late = NIGHT + 60 * MINUTE
    step = go_on(log, late, roster=kiosk(), overrides=(), by=HOUSE)
    assert isinstance(step, PeopleAsked)
    assert (step.step, step.next_at) == (2, late + 5 * MINUTE)


def test_a_step_with_nobody_is_passed_over_at_once_and_told() -> None:
    who = kiosk(channels={"ben": ("mail",), "cem": ("mail",)})
    step = go_on(declared(), NIGHT, roster=who, overrides=(), by=HOUSE)
    assert isinstance(step, PeopleAsked)
    assert (step.step, [one.who for one in step.people]) == (2, ["ben"])
    assert step.passed_over == ("ana (on call in primary) has no channel in the settings",)


def test_a_chain_that_can_ask_nobody_ends_loudly_at_once() -> None:
    (last,) = walked(declared(), kiosk(channels={}))[1:]
    assert isinstance(last, EscalationEnded)
    assert "ana (on call in primary) has no channel" in last.why


def test_an_incident_that_no_chain_is_for_says_so() -> None:
    (last,) = walked(declared(service="till"), kiosk(chain(services=("web-*",))))[1:]
    assert isinstance(last, EscalationEnded)
    assert "till" in last.why


def test_the_first_chain_that_is_for_the_service_is_used() -> None:
    who = kiosk(chain((("cem",), "0m"), name="web", services=("web-*",)), chain())
    assert told(walked(declared(service="web-shop"), who))[0] == (0, ["cem"])
    assert told(walked(declared(service="till"), who))[0] == (0, ["ana"])


def test_an_override_decides_who_is_asked() -> None:
    over = Override(
        rotation="primary", who="cem", starts_at=NIGHT, ends_at=NIGHT + MINUTE, by="ana", why="swap", number=1
    )
    assert told(walked(declared(), kiosk(), overrides=(over,)))[:3] == [
        (0, ["cem"]),
        (5, ["ben"]),
        (10, ["cem", "ana"]),
    ]


def test_a_graver_severity_begins_anew_and_a_milder_one_goes_on() -> None:
    log = walked(declared("P1"), kiosk())[:3]
    at = log[-1].at + MINUTE
    facts: dict[str, Any] = {"at": at, "by": "ana", "severity_name": "", "response_minutes": 5, "reason": "worse"}
    graver = (*log, SeverityChanged(severity="P0", **facts))
    step = go_on(graver, at, roster=kiosk(), overrides=(), by=HOUSE)
    assert isinstance(step, PeopleAsked)
    assert (step.round, step.step) == (1, 1)
    milder = (*log, SeverityChanged(severity="P2", **facts))
    assert progress(milder) == log[-1]


def test_when_no_channel_will_ever_reach_them_the_next_step_comes_at_once() -> None:
    log = walked(declared(), kiosk())[:2]
    gone = {"at": NIGHT, "by": HOUSE, "vendor": ON_CALL, "what": "Ask ana", "reason": "404"}
    one = DeliveryGivenUp(delivery=f"{ON_CALL}/2/ask ana by ntfy/1", **gone)  # type: ignore[arg-type]  # as above
    with pytest.raises(Refused, match="still have time"):
        go_on((*log, one), NIGHT + MINUTE, roster=kiosk(), overrides=(), by=HOUSE)
    other = DeliveryGivenUp(delivery=f"{ON_CALL}/2/ask ana by mail/2", **gone)  # type: ignore[arg-type]  # as above
    step = go_on((*log, one, other), NIGHT + MINUTE, roster=kiosk(), overrides=(), by=HOUSE)
    assert isinstance(step, PeopleAsked)
    assert [one.who for one in step.people] == ["ben"]


@given(st.integers(1, 4), st.integers(0, 3), st.sets(st.sampled_from(["ana", "ben", "cem"])))
def test_whoever_can_be_asked_is_asked_in_every_round_and_then_it_ends(
    steps: int, repeat: int, there: set[str]
) -> None:
    names = ["ana", "ben", "cem", "ben"][:steps]
    ladder = chain(*(((who,), f"{5 * n}m") for n, who in enumerate(names)), repeat=repeat)
    log = walked(declared(), kiosk(ladder, channels=dict.fromkeys(there, ("mail",))))
    asked = [who for _, people in told(log) for who in people]
    assert asked == [who for who in names if who in there] * (repeat + 1)
    assert [event for event in log if isinstance(event, EscalationEnded)] == [log[-1]]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (chain((("rota:third",), "0m")), "no such rotation"),
        (chain((("ana",), "5m")), "the first step comes after 0m"),
        (chain((("ana",), "0m"), (("ben",), "10m"), (("cem",), "5m")), "not before the one above"),
        (chain((("ana",), "0m"), (("ben",), "0m")), "stand in one step"),
        (chain((("ana",), "0m"), (("ben",), "soon")), "no length of time"),
        (chain(repeat=1000), "repeat is 0 to 20"),
        (Chain(name="x", steps=()), "no steps"),
    ],
)
def test_a_mistake_in_a_chain_is_named(wrong: Chain, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence) as no:
        kiosk(wrong)
    assert no.value.status == 400


def test_a_channel_that_nobody_set_up_is_named() -> None:
    with pytest.raises(Refused, match=r"\[people.ana\] channels: 'pigeon' is none of mail, ntfy, slack, apprise"):
        kiosk(channels={"ana": ("pigeon",)}, gateways=("voice",))
