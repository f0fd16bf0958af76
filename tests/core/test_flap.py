"""Five turns in ten minutes are flapping; five quiet minutes and it has settled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fireline.core.flap import flapping, settles_at

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def turns(*minutes: float) -> list[datetime]:
    return [NOON + timedelta(minutes=one) for one in minutes]


@pytest.mark.req(24)
@pytest.mark.parametrize(
    ("when", "looked_at", "flaps"),
    [
        ((0, 1, 2, 3), 3, False),
        ((0, 1, 2, 3, 4), 4, True),
        ((0, 1, 2, 3, 10), 10, True),
        ((0, 3, 6, 9, 10.1), 10.1, False),
        ((0, 1, 2, 3, 4), 8.9, True),
        ((0, 1, 2, 3, 4), 9, False),  # five quiet minutes
        ((), 0, False),
    ],
)
def test_five_turns_in_ten_minutes_flap_until_five_are_quiet(
    when: tuple[float, ...],
    looked_at: float,
    flaps: bool,  # noqa: FBT001
) -> None:
    assert flapping(turns(*when), NOON + timedelta(minutes=looked_at)) is flaps


def test_what_flaps_goes_on_flapping_at_a_slower_pace_until_it_is_quiet() -> None:
    slow = turns(0, 4, 8, 12)
    assert not flapping(slow, slow[-1])
    assert flapping(slow, slow[-1], was=True)
    assert not flapping(slow, settles_at(slow), was=True)
