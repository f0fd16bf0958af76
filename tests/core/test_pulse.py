"""It is said to happen or to have stopped only when looks in a row say so, and a word is said only when it changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireline.core.events import IncidentDeclared, Log, PulseState
from fireline.core.pulse import Look, change, last, state
from fireline.core.refusal import Refused

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DECLARED = IncidentDeclared(
    at=NOON, by="ana", title="Nobody can pay", severity="P1", severity_name="High", severity_why="w",
    response_minutes=15, detected_at=NOON,
)  # fmt: skip
WELL = {"+": True, "-": False, "?": None}


def looks(written: str) -> list[Look]:
    """`+` well, `-` unwell, `?` nobody could tell; half a minute apart."""
    return [Look(NOON + n * timedelta(seconds=30), WELL[one], (one,)) for n, one in enumerate(written)]


@pytest.mark.parametrize(
    ("written", "was", "found"),
    [
        ("-", None, None),  # one look is no news
        ("--", None, "happening"),
        ("+", "happening", "happening"),
        ("--+++", "happening", "happening"),  # going back to sleep too early costs more
        ("--++++", "happening", "stopped"),
        ("????", "happening", "unknown"),
        ("???", "happening", "happening"),
        ("--??", "happening", "happening"),
        ("--+-+-", "happening", "flapping"),
        ("--+-+-++++", "flapping", "flapping"),
        ("--+-+-++++++++", "flapping", "stopped"),
        ("++++", None, "stopped"),
    ],
)
def test_looks_in_a_row_say_what_is_so(written: str, was: PulseState | None, found: PulseState | None) -> None:
    assert state(looks(written), was) == found


@given(st.text("+-?", max_size=40))
def test_any_row_of_looks_is_told_without_two_like_words_in_a_row(written: str) -> None:
    log: Log = (DECLARED,)
    for n in range(1, len(written) + 1):
        try:
            log = (*log, change(log, NOON + n * timedelta(seconds=30), looks=looks(written[:n]), by="fireline"))
        except Refused:
            continue
    said = [event.state for event in log[1:]]  # type: ignore[union-attr]
    assert all(one != other for one, other in pairwise(said))
    assert last(log) == (said[-1] if said else None)


def test_another_replica_that_was_faster_has_said_it_already() -> None:
    log: Log = (DECLARED,)
    log = (*log, change(log, NOON, looks=looks("--"), by="fireline"))
    with pytest.raises(Refused, match="Nothing has changed"):
        change(log, NOON, looks=looks("---"), by="fireline")
