"""At any moment exactly one person has a turn, hand-overs stay on the wall clock, and an override wins."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireline.core import rota
from fireline.core.refusal import Refused
from fireline.core.rota import Layer, Override, Rota, on_call, rotas, shifts

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BUDAPEST = ZoneInfo("Europe/Budapest")
# Changes by an hour in spring and autumn, by half an hour, in the other half of the year, and by a whole day.
ZONES = ("UTC", "Europe/Budapest", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata")
moments = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


def layer(*people: str, **more: Any) -> Layer:
    facts: dict[str, Any] = {"starts": date(2026, 1, 5), "zone": "Europe/Budapest", "name": "primary"}
    return Layer(people=people or ("ana", "ben"), **facts | more)


def one(*layers: Layer) -> Rota:
    (found,) = rotas(layers).values()
    return found


def local(text: str, zone: str = "Europe/Budapest") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def override(who: str, starts: datetime, hours: float, number: int = 1) -> Override:
    facts: dict[str, Any] = {"rotation": "primary", "by": "ana", "why": "a wedding", "number": number}
    return Override(who=who, starts_at=starts, ends_at=starts + hours * HOUR, **facts)


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    every = draw(st.sampled_from(["week", "2 weeks", "day", "3 days", "12 hours", "8 hours", "1 hour"]))
    clock = f"{draw(st.integers(0, 23)):02}:{draw(st.sampled_from([0, 15, 30, 45])):02}"
    weekly = every.endswith(("week", "weeks")) and draw(st.booleans())
    during = [
        (),
        ("Mon-Fri 09:00-17:00",),
        ("Sat,Sun",),
        ("22:00-06:00",),
        ("Fri 17:00 to Mon 09:00", "Wed 01:30-02:30"),
    ]
    return Layer(
        name="primary",
        people=tuple(draw(st.lists(st.sampled_from(["ana", "ben", "cem", "dora"]), min_size=1, max_size=4))),
        starts=draw(st.dates(date(2026, 1, 1), date(2027, 6, 1))),
        ends=draw(st.none() | st.dates(date(2028, 1, 1), date(2028, 6, 1))),
        every=every,
        handover=f"{draw(st.sampled_from(rota.DAYS))} {clock}" if weekly else clock,
        zone=draw(st.sampled_from(ZONES)),
        during=draw(st.sampled_from(during)),
    )


overrides = st.lists(
    st.builds(override, st.sampled_from(["ana", "eva"]), moments, st.floats(0.5, 400), st.integers(1, 50)), max_size=4
)


@given(st.lists(layers(), min_size=1, max_size=3), overrides, moments, st.integers(1, 60 * 24), moments)
def test_shifts_have_no_gap_and_no_overlap_and_say_what_on_call_says(
    those: list[Layer], over: list[Override], start: datetime, hours: int, probe: datetime
) -> None:
    rotation, end = one(*those), start + hours * HOUR
    found = shifts(rotation, start, end, over)
    assert (found[0].starts_at, found[-1].ends_at) == (start, end)
    for before, after in pairwise(found):
        assert before.ends_at == after.starts_at
        assert (before.who, before.override) != (after.who, after.override)
    probe = start + (probe - datetime(2026, 1, 1, tzinfo=UTC)) % (end - start)
    for at in (probe, *(shift.starts_at for shift in found), *(shift.ends_at - HOUR / 3600 for shift in found)):
        (now,) = [shift for shift in found if shift.starts_at <= at < shift.ends_at]
        assert now.who == on_call(rotation, at, over)


@given(layers(), moments)
def test_a_layer_without_windows_always_has_exactly_one_of_its_people(those: Layer, at: datetime) -> None:
    always = Layer(name="primary", people=those.people, starts=date(2025, 12, 29), every=those.every,
                   handover=those.handover, zone=those.zone)  # fmt: skip
    assert on_call(one(always), at) in those.people


@given(layers(), moments, moments)
def test_an_override_wins_while_it_holds_and_changes_nothing_outside(
    those: Layer, starts: datetime, at: datetime
) -> None:
    rotation, over = one(those), override("eva", starts, 12)
    expected = "eva" if over.starts_at <= at < over.ends_at else on_call(rotation, at)
    assert on_call(rotation, at, [over]) == expected
    assert on_call(rotation, starts, [over]) == "eva"
    assert on_call(rotation, over.ends_at, [over]) == on_call(rotation, over.ends_at)


@given(layers(), st.integers(0, 1000))
def test_the_turns_of_days_and_weeks_are_handed_over_at_the_same_wall_clock_time(those: Layer, n: int) -> None:
    if "hour" in those.every or those.during:
        return
    start = datetime(2027, 7, 1, tzinfo=UTC) + n * DAY / 10
    zone, clock = ZoneInfo(those.zone), time.fromisoformat(those.handover.rsplit(maxsplit=1)[-1])
    for shift in shifts(one(those), start, start + 60 * DAY)[1:]:
        wall = shift.starts_at.astimezone(zone)
        named = datetime.combine(wall.date(), clock, zone)
        # where the clocks jump over the time, it comes later by as much as they jump
        assert wall.time() == named.astimezone(UTC).astimezone(zone).time()


def test_the_weeks_of_the_clock_changes_are_an_hour_shorter_and_longer() -> None:
    rotation = one(layer(handover="Mon 09:00"))
    spring = shifts(rotation, local("2026-03-23T09:00"), local("2026-04-06T09:00"))
    autumn = shifts(rotation, local("2026-10-19T09:00"), local("2026-11-02T09:00"))
    assert [(each.ends_at - each.starts_at) / HOUR for each in spring] == [167, 168]
    assert [(each.ends_at - each.starts_at) / HOUR for each in autumn] == [169, 168]
    assert {each.starts_at.astimezone(BUDAPEST).hour for each in (*spring, *autumn)} == {9}


def test_the_days_of_the_clock_changes_have_23_and_25_hours() -> None:
    rotation = one(layer("ana", "ben", "cem", every="day"))
    spring = shifts(rotation, local("2026-03-27T09:00"), local("2026-03-30T09:00"))
    autumn = shifts(rotation, local("2026-10-23T09:00"), local("2026-10-26T09:00"))
    assert [(each.ends_at - each.starts_at) / HOUR for each in spring] == [24, 23, 24]
    assert [(each.ends_at - each.starts_at) / HOUR for each in autumn] == [24, 25, 24]


def test_twelve_hours_stay_nine_to_nine_over_a_clock_change() -> None:
    rotation = one(layer("ana", "ben", "cem", every="12 hours"))
    found = shifts(rotation, local("2026-03-28T09:00"), local("2026-03-30T09:00"))
    assert [each.starts_at.astimezone(BUDAPEST).hour for each in found] == [9, 21, 9, 21]
    assert [(each.ends_at - each.starts_at) / HOUR for each in found] == [12, 11, 12, 12]


def test_a_handover_that_the_clocks_jump_over_comes_an_hour_later_that_day() -> None:
    rotation = one(layer(every="day", handover="02:30"))
    first = shifts(rotation, local("2026-03-29T00:00"), local("2026-03-29T12:00"))[1]
    assert first.starts_at.astimezone(BUDAPEST).strftime("%H:%M") == "03:30"


def test_a_rotation_begins_with_its_first_person_on_its_first_day() -> None:
    rotation = one(layer(starts=date(2026, 1, 7), handover="Mon 09:00"))  # a Wednesday
    assert on_call(rotation, local("2026-01-07T08:59")) is None
    assert on_call(rotation, local("2026-01-07T09:00")) == "ana"
    assert on_call(rotation, local("2026-01-12T09:00")) == "ben"


def test_a_layer_above_holds_where_it_has_somebody() -> None:
    weekend = layer("cem", every="week", during=("Fri 17:00 to Mon 09:00",))
    night = layer("dora", every="day", during=("Mon-Thu 22:00-06:00",))
    rotation = one(layer("ana"), weekend, night)
    assert on_call(rotation, local("2026-01-09T16:59")) == "ana"
    assert on_call(rotation, local("2026-01-09T17:00")) == "cem"
    assert on_call(rotation, local("2026-01-12T08:59")) == "cem"
    assert on_call(rotation, local("2026-01-12T09:00")) == "ana"
    assert on_call(rotation, local("2026-01-13T05:59")) == "dora"  # Monday's night
    assert on_call(rotation, local("2026-01-16T05:59")) == "dora"  # Thursday's night ends on Friday
    assert on_call(rotation, local("2026-01-16T06:00")) == "ana"


def test_of_two_overrides_the_one_made_last_holds() -> None:
    at = local("2026-01-08T12:00")
    first, second = override("cem", at, 4, number=1), override("dora", at + HOUR, 1, number=2)
    found = shifts(one(layer()), at, at + 5 * HOUR, [second, first])
    assert [each.who for each in found] == ["cem", "dora", "cem", "ana"]


def test_two_rotations_do_not_share_an_override() -> None:
    found = rotas([layer("ana"), layer("ben", name="backup")])
    over = override("eva", local("2026-01-08T12:00"), 4)
    assert on_call(found["backup"], over.starts_at, [over]) == "ben"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "The Primary"),
        ("people", ()),
        ("zone", "Europe/Atlantis"),
        ("zone", "../etc/passwd"),
        ("every", "fortnight"),
        ("every", "7 hours"),
        ("every", "0 days"),
        ("handover", "9am"),
        ("handover", "Mon 25:00"),
        ("during", ("weekdays",)),
        ("during", ("",)),
    ],
)
def test_a_mistake_in_a_rotation_is_named(key: str, value: Any) -> None:
    with pytest.raises(Refused, match=f", {key}:") as no:
        rotas([msgspec.structs.replace(layer("ana"), **{key: value})])
    assert no.value.status == 400


def test_a_weekday_says_nothing_about_a_daily_rotation() -> None:
    with pytest.raises(Refused, match="the time alone"):
        rotas([layer(every="day", handover="Mon 09:00")])


def test_an_override_needs_a_reason_an_end_and_a_bound() -> None:
    at = local("2026-01-08T12:00")
    good: dict[str, Any] = {"rotation": "primary", "who": "ben", "starts_at": None, "ends_at": at + DAY, "by": "ana",
                            "why": "swap", "at": at}  # fmt: skip
    assert rota.make_override(**good).starts_at == at
    for wrong, field in (({"why": " "}, "why"), ({"ends_at": at}, "to"), ({"ends_at": at + 91 * DAY}, "to")):
        with pytest.raises(Refused) as no:
            rota.make_override(**good | wrong)
        assert no.value.field == field


def test_a_look_is_bounded() -> None:
    at = local("2026-01-08T12:00")
    for end in (at, at + 401 * DAY):
        with pytest.raises(Refused):
            shifts(one(layer()), at, end)
