"""Severity is suggested from the runbook's own table: every example finds its row, every error rate an answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireline.core.guard.tree import Script
from fireline.core.refusal import Refused
from fireline.core.runbook import Severity, parse
from fireline.core.severity import USUAL, Grading, Suggestion, by_error_rate, error_rate, of_alert, suggest

ROOT = Path(__file__).resolve().parents[2]


def severities(file: Path) -> tuple[Severity, ...]:
    return parse(file.read_bytes(), path=file.name, shell=lambda _: Script(error="not needed here")).severities


BOOKSHOP = severities(ROOT / "examples" / "runbooks" / "incident-response.md")


def test_every_example_of_the_bookshop_suggests_its_own_row() -> None:
    for row in BOOKSHOP:
        for example in row.examples:
            assert suggest(example, BOOKSHOP).severity == row


@pytest.mark.req(3, 4, 5, 6)
def test_every_example_of_the_seed_suggests_its_own_row(shared: Path) -> None:
    rows = severities(shared / "seed" / "incident-response-runbook.md")
    assert [len(row.examples) for row in rows] == [4, 4, 4, 3]
    for row in rows:
        for example in row.examples:
            suggestion = suggest(example, rows)
            assert suggestion.severity == row
            assert example in suggestion.why


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("RedisDown: Redis is down. Cache misses, slow pages", "P1"),
        ("SessionStoreDown", "P1"),
        ("the whole shop is offline", "P0"),
        ("checkout is failing for everybody", "P1"),
        ("search is slow", "P2"),
        ("P0: nobody knows what", "P0"),
        ("error rate at 7 %", "P1"),
        ("error rate at 3 percent", "P2"),
    ],
)
def test_people_and_alerts_say_it_in_their_own_words(text: str, severity: str) -> None:
    assert suggest(text, BOOKSHOP).severity.id == severity


def test_unsure_between_two_takes_the_graver_and_says_so() -> None:
    rows = [
        Severity(id="P1", name="", impact="", response_minutes=15, examples=("Till in Leeds down",), line=1),
        Severity(id="P2", name="", impact="", response_minutes=60, examples=("Till in York down",), line=2),
    ]
    suggestion = suggest("till down", rows)
    assert suggestion.severity.id == "P1"
    assert "graver" in suggestion.why


@pytest.mark.parametrize("text", ["the weather is nice", "", "???"])
def test_nothing_fits_takes_the_last_but_one_and_says_so(text: str) -> None:
    suggestion = suggest(text, BOOKSHOP)
    assert suggestion.severity.id == "P2"
    assert "Nothing" in suggestion.why


def test_without_a_table_there_is_no_suggestion() -> None:
    with pytest.raises(Refused, match="no severities"):
        suggest("x", ())


@pytest.mark.req(7)
@pytest.mark.parametrize(
    ("percent", "severity"),
    [(0, "P3"), (0.05, "P3"), (0.1, "P3"), (0.99, "P3"), (1, "P2"), (5, "P2"), (5.01, "P1"), (100, "P1")],
)
def test_the_error_rate_has_a_row_at_every_boundary(percent: float, severity: str) -> None:
    suggestion = by_error_rate(percent, BOOKSHOP)
    assert suggestion.severity.id == severity
    assert ("below" in suggestion.why) == (percent < 0.1)


@pytest.mark.req(7)
@given(st.floats(min_value=0, max_value=100), st.floats(min_value=0, max_value=100))
def test_every_error_rate_has_an_answer_and_a_higher_one_is_never_milder(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert by_error_rate(high, BOOKSHOP).severity.id <= by_error_rate(low, BOOKSHOP).severity.id


@pytest.mark.parametrize("percent", [-0.1, 100.1, float("nan"), float("inf")])
def test_what_is_no_share_is_refused(percent: float) -> None:
    with pytest.raises(Refused, match="between 0 and 100"):
        by_error_rate(percent, BOOKSHOP)


def of(rate: str = "", *, text: str = "Something", settings: Grading = USUAL, **labels: str) -> Suggestion:
    annotations = {"error_rate": rate} if rate else {}
    return of_alert(text, labels, annotations, BOOKSHOP, settings)


@pytest.mark.req(7)
@pytest.mark.parametrize(
    ("rate", "severity"),
    [("0.05%", "P3"), ("0.5 %", "P3"), ("1%", "P2"), ("5%", "P2"), ("5.1%", "P1"), ("100%", "P1"), ("250%", "P1")],
)
def test_an_alert_that_tells_its_error_rate_is_graded_by_it(rate: str, severity: str) -> None:
    found = of(rate)
    assert found.severity.id == severity
    assert "error rate" in found.why


@pytest.mark.req(7)
@pytest.mark.parametrize(
    ("labels", "annotations", "named", "rate"),
    [
        ({"error_rate": "2.5%"}, {}, "", 2.5),
        ({}, {"value": "7.31%", "summary": "5xx of checkout"}, "", 7.31),
        ({}, {"value": "93%", "summary": "disk is filling"}, "", None),  # a share of something else
        ({}, {"error_rate": "0.07"}, "", None),  # a share or percent? nobody knows
        ({"ratio_5xx": "7"}, {}, "ratio_5xx", 7.0),
        ({"ratio_5xx": "much"}, {}, "ratio_5xx", None),
    ],
)
def test_a_number_counts_only_when_it_is_clear_what_it_says(
    labels: dict[str, str], annotations: dict[str, str], named: str, rate: float | None
) -> None:
    assert error_rate(labels, annotations, named) == rate


@pytest.mark.req(7)
def test_the_bounds_can_be_set_and_stay_total() -> None:
    site = Grading(error_rate={"P0": 50.0, "P1": 2.0, "P2": 0.5})
    found = [
        by_error_rate(percent, BOOKSHOP, site.error_rate).severity.id for percent in (0, 0.4, 0.5, 2, 49.9, 50, 100)
    ]
    assert found == ["P3", "P3", "P2", "P1", "P1", "P0", "P0"]
    assert of("2%", settings=site).why == "An error rate of 2 % is P1 from 2 % on, as the settings say."


@pytest.mark.parametrize(
    ("labels", "rate", "text", "severity"),
    [
        ({"severity": "critical"}, "", "Something", "P1"),
        ({"severity": "warning"}, "", "Something", "P2"),
        ({"severity": "P0"}, "", "Something", "P0"),
        ({"severity": "info"}, "", "Something", "P2"),
        ({"severity": "warning"}, "", "checkout is failing for everybody", "P1"),  # it never lowers
        ({"severity": "critical"}, "0.5%", "Something", "P1"),
        ({"severity": "warning"}, "0.5%", "Something", "P2"),
        ({}, "0.5%", "checkout is failing for everybody", "P1"),  # the graver of two
        ({}, "7%", "the whole shop is offline", "P0"),
    ],
)
def test_the_graver_of_what_words_rate_and_label_say_is_taken(
    labels: dict[str, str], rate: str, text: str, severity: str
) -> None:
    annotations = {"error_rate": rate} if rate else {}
    assert of_alert(text, labels, annotations, BOOKSHOP).severity.id == severity


def test_of_two_known_severities_both_are_said() -> None:
    why = of(text="checkout is failing for everybody", severity="warning").why
    assert "The graver of two is taken; the other: Its severity label says warning: P2." in why
