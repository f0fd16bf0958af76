"""Events about what people think is wrong, and about the graphs kept for the review."""

from __future__ import annotations

from datetime import datetime

from fireline.core.events.event import Event


class HypothesisProposed(Event, frozen=True, kw_only=True):
    """Somebody thinks that this may be what is wrong."""

    hypothesis: int  # the first of the incident is 1, and none is used twice
    text: str
    reason: str = ""
    evidence: tuple[str, ...] = ()  # runs of this incident


class HypothesisSupported(Event, frozen=True, kw_only=True):
    """Something speaks for it."""

    hypothesis: int
    reason: str
    evidence: tuple[str, ...] = ()


class HypothesisRuledOut(Event, frozen=True, kw_only=True):
    """It is not that, and why not. Support that comes later takes it up again."""

    hypothesis: int
    reason: str
    evidence: tuple[str, ...] = ()


class GraphsKept(Event, frozen=True, kw_only=True):
    """What Prometheus measured from before the incident until its end, kept for the review."""

    evidence: str  # sha256 of the measured points
    since: datetime
    until: datetime
    says: tuple[str, ...] = ()  # one sentence a graph
