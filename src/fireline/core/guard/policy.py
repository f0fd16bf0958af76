"""Policy: what an effect asks of people before the command may run."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import msgspec

from fireline.core.guard.verdict import Effect


class Rule(msgspec.Struct, frozen=True):
    """`run` by itself, `ask` for `yes_needed` people other than whoever asked, or `refuse`."""

    do: Literal["run", "ask", "refuse"]
    yes_needed: int
    why: str


def decide(effect: Effect, *, severity: str, asked_by_house: bool, tags: Collection[str] = ()) -> Rule:
    """What it takes to run a command of this effect.

    `severity` and `asked_by_house` are told so that a reason can name them; today neither lowers what
    is asked. A text of which one part is destructive and another not understood carries the tag
    `destructive` and needs two, too.
    """
    asker = "the house" if asked_by_house else "whoever asked"
    if effect is Effect.READ:
        return Rule("run", 0, "It only reads.")
    if effect is Effect.DESTRUCTIVE or "destructive" in tags:
        return Rule("ask", 2, f"It is hard to take back: two people besides {asker} say yes, at {severity} too.")
    if effect is Effect.UNKNOWN:
        return Rule("ask", 1, f"It is not understood, so it counts as a change: somebody besides {asker} says yes.")
    return Rule("ask", 1, f"It changes something: somebody besides {asker} says yes.")
