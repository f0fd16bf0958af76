"""A silence says which alerts, why and until when; it can neither silence everything nor run for ever."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireline.core import silence
from fireline.core.pattern import Pattern
from fireline.core.refusal import Refused
from fireline.core.silence import Matcher

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def made(matchers: str = "service=checkout", /, **more: object) -> silence.Silence:
    facts = {"by": "ana", "reason": "disks are swapped", "at": AT, "starts_at": None, "ends_at": AT + HOUR} | more
    return silence.make(matchers=matchers, **facts)  # type: ignore[arg-type]


def test_it_covers_alerts_whose_labels_all_fit_from_its_beginning_until_just_before_its_end() -> None:
    one = made('service="checkout", alertname=~"Disk.*", zone!=b')
    fits = {"service": "checkout", "alertname": "DiskFull", "zone": "a"}
    assert one.covers(fits, AT)
    assert one.covers(fits, AT + HOUR - timedelta(microseconds=1))
    assert not one.covers(fits, AT + HOUR)
    assert not one.covers(fits, AT - timedelta(microseconds=1))
    for other in ({"service": "shop"}, {"alertname": "CpuHigh"}, {"zone": "b"}):
        assert not one.covers(fits | other, AT)


def test_it_says_who_why_and_until_when_in_one_sentence() -> None:
    assert made().why == "silenced by ana until 23 Nov 04:00 UTC: disks are swapped"
    assert made(kind="maintenance").why.startswith("in maintenance by ana")


@given(st.text(max_size=40), st.text(max_size=40))
def test_what_is_written_is_read_again_whatever_the_value_holds(name: str, value: str) -> None:
    name = re.sub(r'[\s=!~,"{}]', "", name) or "service"
    for op in ("=", "!=", "=~", "!~"):
        one = Matcher(name=name, op=op, value=value)
        assert silence.read(f"{{{one}, {one}}}") == (one, one)


@pytest.mark.parametrize(
    "text", ["service", "=checkout", "service=", 'a="x" b="y"', 'a="x', "a==b=,,", "service~x", ","]
)
def test_what_is_no_matcher_is_quoted_back_or_would_silence_everything(text: str) -> None:
    with pytest.raises(Refused) as no:
        made(text)
    assert (no.value.status, no.value.field) == (400, "matchers")


@pytest.mark.parametrize("text", ["", "zone!=b", 'alertname=~".*"', 'a=""', "a!~x, b!=y"])
def test_it_cannot_silence_alerts_that_have_none_of_its_labels(text: str) -> None:
    with pytest.raises(Refused) as no:
        made(text)
    assert no.value.field == "matchers"


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("reason", {"reason": "  "}),
        ("ends_at", {"ends_at": AT}),
        ("ends_at", {"ends_at": AT + timedelta(days=31)}),
        ("ends_at", {"starts_at": AT + 2 * HOUR}),
    ],
)
def test_it_needs_a_reason_and_an_end_that_is_neither_past_nor_far_away(field: str, more: dict[str, object]) -> None:
    with pytest.raises(Refused) as no:
        made(**more)
    assert (no.value.status, no.value.field) == (400, field)


def test_one_that_begins_in_the_past_begins_now() -> None:
    assert made(starts_at=AT - HOUR).starts_at == AT


@pytest.mark.parametrize(("text", "hours"), [("2h", 2), ("90m", 1.5), ("1d12h", 36), ("1d 30min", 24.5)])
def test_lengths_are_written_as_people_say_them(text: str, hours: float) -> None:
    assert silence.span(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "2h later", "0h", "9" * 40 + "d"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        silence.span(text)


@pytest.mark.parametrize("text", ["(?=a)", "(a)\\1", "[a", "*", "(a{100}){100}", "a" * 501, "\ud800"])
def test_what_is_no_pattern_is_refused_with_what_is_wrong(text: str) -> None:
    with pytest.raises(Refused) as no:
        Pattern(text)
    assert no.value.status == 400


@pytest.mark.parametrize("text", ["(a+)+b", "(a|a|a)*(a|aa)*b", "(a?){50}a{50}b"])
def test_no_pattern_takes_for_ever(text: str) -> None:
    began = time.process_time()
    assert not Pattern(text).fits("a" * 50_000)
    assert time.process_time() - began < 10  # seconds against centuries


def test_patterns_fit_the_whole_value_as_in_prometheus() -> None:
    assert Pattern("Disk(Full|Slow)").fits("DiskSlow")
    assert not Pattern("Disk").fits("DiskSlow")
    assert Pattern("(?i)größe.*").fits("GRÖSSE".replace("SS", "ß") + " 3")
