"""An override holds at every replica within seconds, ends when it says or when somebody takes it back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from fireline.core.refusal import Refused
from fireline.core.rota import Override
from fireline.store.database import Database
from fireline.store.overrides import FRESH, Overrides
from store.conftest import NOON

HOUR = timedelta(hours=1)


def swap(hours: float, *, starts_at: datetime = NOON, who: str = "ben") -> Override:
    facts: dict[str, Any] = {"rotation": "primary", "by": "ana", "why": "a wedding"}
    return Override(who=who, starts_at=starts_at, ends_at=starts_at + hours * HOUR, **facts)


def test_a_replica_hears_within_seconds_of_what_another_one_made_or_took_back(database: Database) -> None:
    here, there = Overrides(database), Overrides(database)
    assert there.coming(NOON) == ()
    one = here.add(swap(8))
    assert here.coming(NOON) == (one,)
    assert there.coming(NOON + FRESH) == (one,)
    here.end(one.number, by="cem", at=NOON + HOUR)
    assert here.coming(NOON + HOUR) == ()
    assert there.coming(NOON + HOUR) == ()


def test_who_took_it_back_is_kept_and_that_happens_once(database: Database) -> None:
    store = Overrides(database)
    number = store.add(swap(8)).number
    ended = store.end(number, by="cem", at=NOON + HOUR, key="k")
    assert (ended.ended_by, ended.ends_at) == ("cem", NOON + HOUR)
    assert store.end(number, by="cem", at=NOON + HOUR, key="k") == ended
    with pytest.raises(Refused, match="over already"):
        store.end(number, by="dora", at=NOON + HOUR)
    with pytest.raises(Refused) as no:
        store.end(7, by="cem", at=NOON)
    assert no.value.status == 404


def test_one_that_has_not_begun_can_be_called_off(database: Database) -> None:
    store = Overrides(database)
    one = store.add(swap(8, starts_at=NOON + 24 * HOUR))
    ended = store.end(one.number, by="ana", at=NOON + HOUR)
    assert ended.starts_at == ended.ends_at == NOON + HOUR
    assert store.between(NOON, NOON + 48 * HOUR) == (ended,)
    assert not ended.holds("primary", NOON + HOUR)


def test_a_request_sent_twice_makes_one(database: Database) -> None:
    store = Overrides(database)
    first = store.add(swap(8), key="k")
    again = store.add(swap(8, who="cem"), key="k")
    assert again == first
    assert store.between(NOON, NOON + HOUR) == (first,)
    assert first == msgspec.structs.replace(swap(8), number=1)


def test_what_held_is_found_afterwards(database: Database) -> None:
    store = Overrides(database)
    past, now = store.add(swap(1)), store.add(swap(4, starts_at=NOON + 2 * HOUR))
    assert store.between(NOON, NOON + 9 * HOUR) == (past, now)
    assert store.between(NOON + HOUR, NOON + 2 * HOUR) == ()
