"""Policy: a read runs, a change needs one other person, what is hard to take back needs two."""

from __future__ import annotations

import pytest

from fireline.core.guard import Effect
from fireline.core.guard.policy import decide


@pytest.mark.parametrize(
    ("effect", "do", "yes_needed"),
    [("read", "run", 0), ("local", "ask", 1), ("write", "ask", 1), ("unknown", "ask", 1), ("destructive", "ask", 2)],
)
def test_what_an_effect_asks_of_people(effect: str, do: str, yes_needed: int) -> None:
    rule = decide(Effect(effect), severity="P0", asked_by_house=False)
    assert (rule.do, rule.yes_needed) == (do, yes_needed)
    assert rule.why


def test_an_unknown_text_with_a_destructive_part_needs_two() -> None:
    rule = decide(Effect.UNKNOWN, severity="P1", asked_by_house=True, tags=("destructive",))
    assert rule.yes_needed == 2
