"""Part: what every section of the settings is."""

from __future__ import annotations

import msgspec


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section of the settings: a key nobody knows is an error, not a silence."""
