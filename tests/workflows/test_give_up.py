"""What the house cannot do is told on the timeline; it never ends unseen, and a mistake is not tried for an hour."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import msgspec
import pytest

from fireline.core.events import HOUSE, NoteAdded
from fireline.core.follow import Effect
from fireline.house import House
from kiosk import Open, resolve, until


def fails(effect: Effect) -> None:
    """A mistake of ours in an effect."""
    raise ValueError(f"no idea what {effect.kind} is")


@pytest.fixture
def clumsy(build_house: Open) -> Iterator[House]:
    """A house whose effects all fail, because of a mistake in them."""
    house = build_house()
    house.database.claim()
    house.database.migrate()
    house.library.load()
    house.durable.launch(msgspec.structs.replace(house.handlers, effect=fails))
    yield house
    house.durable.close(grace=0)
    house.database.close()


def test_an_effect_that_can_never_be_done_is_said_so_and_named(clumsy: House) -> None:
    clumsy.declare.by_person("A poster hangs crooked", by="ana")
    resolve(clumsy)  # what follows is the review's draft, an effect
    until(partial(notes, clumsy))
    [note] = notes(clumsy)
    assert "no idea what review is" in note.text
    assert "by hand" in note.text
    assert clumsy.durable.health()["ERROR"] == 0


def notes(house: House) -> list[NoteAdded]:
    """What the house says about the review; other effects of a declaration fail here as well."""
    said = [event for event in house.ledger.log(1) if isinstance(event, NoteAdded) and event.by == HOUSE]
    return [event for event in said if "review" in event.text]
