"""Eyes: for whom the store is being read just now.

Every door for people reads through eyes: pages, API, live events, Slack. They begin as a stranger's, and become a
person's when `access` (or the chat) has found out who it is; what nobody has said is a stranger's still, so a door that
forgets to ask shows too little, never too much. The house itself, which pages, walks and rings clocks, has no eyes
set and reads everything. What eyes see is decided by `core.readers`, and looked up in `lists`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Eyes:
    """Whose they are; None: a stranger's, or the house's own."""

    who: str | None = None
    house: bool = False


# A holder, not a handle: who it is may be found out on another thread, which has a copy of this and the same holder.
_eyes: ContextVar[Eyes | None] = ContextVar("eyes", default=None)


@contextmanager
def of(who: str | None = None) -> Iterator[None]:
    """Read as this person, by their handle, or as a stranger."""
    before = _eyes.set(Eyes(who))
    try:
        yield
    finally:
        _eyes.reset(before)


@contextmanager
def of_the_house() -> Iterator[None]:
    """Read everything: for what only looks something up, and shows people nothing of it."""
    before = _eyes.set(None)
    try:
        yield
    finally:
        _eyes.reset(before)


def belong_to(handle: str) -> None:
    """The stranger is this person. Nothing where the house reads for itself."""
    if (mine := _eyes.get()) is not None:
        mine.who = handle


def belong_to_the_house() -> None:
    """The stranger is a runner of ours, which says what became of whatever it was given."""
    if (mine := _eyes.get()) is not None:
        mine.house = True


def whose() -> Eyes | None:
    """For whom is being read; None: the house."""
    mine = _eyes.get()
    return None if mine is None or mine.house else mine
