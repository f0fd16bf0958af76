"""The only place that reads the clock. Everything else is told the time."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The time now, in UTC, aware."""
    return datetime.now(UTC)
