"""Silences are known to every replica within seconds, and end when they say or when somebody ends them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from fireline.core import silence
from fireline.core.refusal import Refused
from fireline.core.silence import Silence
from fireline.store.database import Database
from fireline.store.silences import FRESH, Silences
from store.conftest import NOON

HOUR = timedelta(hours=1)
CHECKOUT = {"service": "checkout"}


def made(hours: float, *, starts_at: datetime | None = None, by: str = "ana") -> Silence:
    return silence.make(
        matchers="service=checkout", by=by, reason="disks", at=NOON, starts_at=starts_at, ends_at=NOON + hours * HOUR
    )


def test_of_several_that_hold_the_one_that_ends_last_is_named(database: Database) -> None:
    silences = Silences(database)
    silences.add(made(1))
    long = silences.add(made(3, by="ben"))
    silences.add(made(9, starts_at=NOON + 8 * HOUR))
    assert silences.covering(CHECKOUT, NOON) == long
    assert silences.covering({"service": "shop"}, NOON) is None
    assert silences.covering(CHECKOUT, NOON + 4 * HOUR) is None


def test_a_replica_hears_within_seconds_of_what_another_one_made_or_ended(database: Database) -> None:
    here, there = Silences(database), Silences(database)
    assert there.covering(CHECKOUT, NOON) is None
    one = here.add(made(1))
    assert here.covering(CHECKOUT, NOON) == one
    assert there.covering(CHECKOUT, NOON + FRESH) == one
    here.end(one.number, by="ben", at=NOON + FRESH)
    assert here.covering(CHECKOUT, NOON + FRESH) is None
    assert there.covering(CHECKOUT, NOON + 2 * FRESH) is None


def test_who_ended_it_is_kept_and_it_ends_only_once(database: Database) -> None:
    silences = Silences(database)
    number = silences.add(made(2)).number
    ended = silences.end(number, by="ben", at=NOON + HOUR)
    assert (ended.ended_by, ended.ends_at, ended.state(NOON + HOUR)) == ("ben", NOON + HOUR, "over")
    assert silences.all() == (ended,)
    with pytest.raises(Refused, match="over already"):
        silences.end(number, by="cem", at=NOON + HOUR)
    with pytest.raises(Refused) as no:
        silences.end(7, by="cem", at=NOON)
    assert no.value.status == 404


def test_one_that_has_not_begun_can_be_called_off(database: Database) -> None:
    silences = Silences(database)
    number = silences.add(made(9, starts_at=NOON + 8 * HOUR)).number
    off = silences.end(number, by="ben", at=NOON + HOUR)
    assert off.starts_at == off.ends_at == NOON + HOUR
    assert silences.covering(CHECKOUT, NOON + 8.5 * HOUR) is None
