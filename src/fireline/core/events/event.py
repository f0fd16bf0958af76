"""What every event has: when, and who. Events live for ever (see the package)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

HOUSE = "fireline"  # who acts when no person did

Status = Literal["Investigating", "Identified", "Monitoring", "Resolved"]
Purpose = Literal["diagnosis", "mitigation", "verification", "other", "preview", "capture"]
Ending = Literal["ok", "failed", "timed out", "interrupted", "cancelled"]


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="type", forbid_unknown_fields=False):
    """One thing that happened to one incident."""

    at: datetime
    by: str
