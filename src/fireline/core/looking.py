"""Looking: what the timeline says of hypotheses, of the pulse and of kept graphs, one sentence an event."""

from __future__ import annotations

from fireline.core.events import (
    GraphsKept,
    HypothesisProposed,
    HypothesisRuledOut,
    HypothesisSupported,
    Log,
    PulseChanged,
)
from fireline.core.telling import Words

Looked = HypothesisProposed | HypothesisSupported | HypothesisRuledOut | PulseChanged | GraphsKept
STATES = {
    "happening": ("It is still happening", "bad"),
    "stopped": ("It has stopped happening", "ok"),
    "flapping": ("It comes and goes", "warn"),
    "unknown": ("Nobody can tell whether it is still happening", "warn"),
}


def looked(event: Looked, who: str, log: Log) -> Words:
    """What to say of this event; `who` is how its actor is called."""
    match event:
        case HypothesisProposed():
            said = f"{who} thinks: {event.text}"
            return Words(sentence=said, icon="search", tone="accent", key=True, detail=_because(event))
        case HypothesisSupported():
            said = f"{who} says that this speaks for “{_text(log, event.hypothesis)}”: {event.reason}"
            return Words(sentence=said, icon="search", tone="ok", detail=_runs(event.evidence))
        case HypothesisRuledOut():
            said = f"{who} ruled out “{_text(log, event.hypothesis)}”: {event.reason}"
            return Words(sentence=said, icon="dash", key=True, detail=_runs(event.evidence))
        case PulseChanged():
            sentence, tone = STATES[event.state]
            again = " again" if event.state == "happening" and event.was in {"stopped", "flapping"} else ""
            said = f"It is happening{again}" if again else sentence
            return Words(sentence=said, kind="status", icon="eye", tone=tone, key=True, detail=" ".join(event.says))
        case GraphsKept():
            return Words(sentence="The graphs were kept", kind="status", icon="eye", detail=" ".join(event.says))


def _because(event: HypothesisProposed) -> str:
    return " ".join(one for one in (event.reason, _runs(event.evidence)) if one)


def _runs(evidence: tuple[str, ...]) -> str:
    return f"See {', '.join(evidence)}." if evidence else ""


def _text(log: Log, number: int) -> str:
    proposals = (one for one in log if isinstance(one, HypothesisProposed) and one.hypothesis == number)
    return next((one.text for one in proposals), f"hypothesis {number}")
