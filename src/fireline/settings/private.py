"""Settings of private incidents: what makes one private by itself, and who knows of each from the beginning."""

from __future__ import annotations

from fireline.settings.part import Part


class PrivateSettings(Part, frozen=True, kw_only=True):
    """`[private]`: `people` by their handles, `words` beside the built-in ones (docs/private.md)."""

    people: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
