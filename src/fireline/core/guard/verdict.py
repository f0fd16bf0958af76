"""What a command does to the world, and the verdict that says so with its reason."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Effect(StrEnum):
    """What a command does to the world, from harmless to not understood. Ordered; unknown counts as write."""

    READ = "read"  # changes nothing
    LOCAL = "local"  # changes only files or processes of the machine that runs it
    WRITE = "write"
    DESTRUCTIVE = "destructive"  # deletes, kills or restarts: hard or impossible to take back
    UNKNOWN = "unknown"  # not understood

    @property
    def rank(self) -> int:
        """0 for read up to 4 for unknown."""
        return _RANK[self]

    @property
    def writes(self) -> bool:
        """Whether this counts as changing something."""
        return self is not Effect.READ

    def __lt__(self, other: str) -> bool:
        return self.rank < Effect(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Effect(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Effect(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Effect(other).rank


_RANK = {effect: rank for rank, effect in enumerate(Effect)}


class Finding(msgspec.Struct, frozen=True):
    """What one part of a text does, by which rule, and why, in words for a tired engineer."""

    effect: Effect
    rule: str
    why: str
    unattended: bool = True  # ends by itself and wants no terminal
    tags: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a whole text does.

    `unattended`: it only reads, ends by itself, wants no terminal and has no unfilled placeholder.
    `rule` names the row or rule that decided. `rewritten` holds the exact text to run instead, None
    when the text is to be run as it stands; the verdict is about those very characters.
    """

    effect: Effect
    unattended: bool
    rule: str
    why: str
    tags: tuple[str, ...] = ()
    rewritten: str | None = None
