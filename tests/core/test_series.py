"""A line has moved when it stays away from its usual level by more than it moves by itself, and both are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from fireline.core.graph import draw, stretches, times
from fireline.core.series import Series, in_words, moved, number

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"


def line(
    before: float, after: float, *, wobble: float = 0.0, kind: str = "errors", limit: float | None = None
) -> Series:
    """A point a minute: an hour before noon at one level, ten minutes after it at another."""
    points = tuple(
        (NOON + timedelta(minutes=n), (before if n < -2 else after) + (wobble if n % 2 else -wobble))
        for n in range(-60, 11)
    )
    return Series(
        name="error rate", unit="%", kind=kind, points=points, step=60, limit=limit,  # type: ignore[arg-type]
        limit_says="< 1 %" if limit else "",
    )  # fmt: skip


@pytest.mark.req(62)
def test_a_rise_is_seen_with_its_time_and_both_numbers() -> None:
    found = moved(line(0.2, 12.5, wobble=0.1, limit=1.0), NOON)
    assert found
    assert (found.up, found.at, round(found.before, 1), round(found.peak, 1)) == (
        True, NOON - timedelta(minutes=2), 0.2, 12.6,
    )  # fmt: skip
    said = in_words(line(0.2, 12.5, limit=1.0), NOON)
    assert said == "Error rate 12.5 % at 12:10, limit < 1 %; it rose from 0.2 to 12.5 %, beginning 11:58."


@pytest.mark.parametrize("series", [line(5, 5.2, wobble=1), line(100, 120), Series(name="x", unit="")])
def test_what_stays_within_its_own_ups_and_downs_has_not_moved(series: Series) -> None:
    assert moved(series, NOON) is None


def test_a_fall_is_a_move_too() -> None:
    found = moved(line(100, 10), NOON)
    assert found
    assert (found.up, found.peak) == (False, 10)


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0"), (0.1234, "0.123"), (12.44, "12.4"), (432.1, "432"), (1840.4, "1 840")]
)
def test_numbers_are_written_as_people_read_them(value: float, said: str) -> None:
    assert number(value) == said


def test_a_picture_names_itself_and_shows_the_limit_and_the_beginning_and_no_style_of_its_own() -> None:
    series = line(0.2, 12.5, limit=1.0)
    drawn = draw(series, since=NOON - timedelta(hours=1), until=NOON + timedelta(minutes=10), began=NOON)
    root = ET.fromstring(drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))
    kinds = [one.get("class") for one in root.iter()]
    assert {"line", "limit", "began", "grid", "tick"} <= set(kinds)
    assert "over" not in kinds
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert desc is not None
    assert (title.text, desc.text) == ("error rate, %", in_words(series, NOON))
    assert root.get("aria-labelledby", "").split() == [title.get("id"), desc.get("id")]
    assert "style" not in drawn
    assert "<script" not in drawn


def test_a_name_with_marks_in_it_stays_a_name() -> None:
    series = Series(name='<b onload="x">', unit="&", points=((NOON, 1.0), (NOON + timedelta(minutes=1), 2.0)))
    drawn = draw(series, since=NOON, until=NOON + timedelta(minutes=1), began=NOON)
    assert "<b" not in drawn
    ET.fromstring(drawn)


def test_a_gap_in_the_data_is_a_gap_in_the_line() -> None:
    at = [NOON + timedelta(seconds=15 * n) for n in (0, 1, 2, 9, 10)]
    assert [len(one) for one in stretches([(one, 1.0) for one in at], 15)] == [3, 2]


def test_times_below_are_round_and_few() -> None:
    found = times(NOON - timedelta(minutes=67), NOON + timedelta(minutes=20))
    assert [f"{one:%H:%M}" for one in found] == ["11:00", "11:30", "12:00"]
    assert len(times(NOON - timedelta(days=30), NOON)) <= 6
