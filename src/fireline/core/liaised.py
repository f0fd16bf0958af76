"""Liaised: what the timeline says of summaries for stakeholders and of decisions, one sentence an event."""

from __future__ import annotations

from fireline.core.decision import objected
from fireline.core.events import DecisionMade, SummaryNudged, SummarySent
from fireline.core.telling import Words

Liaised = DecisionMade | SummarySent | SummaryNudged


def liaised(event: Liaised, who: str) -> Words:
    """What to say of this event; `who` is how its actor is called."""
    match event:
        case DecisionMade():
            tone = "warn" if event.dissent else "accent"
            said = f"{who} decided: {event.text}"
            return Words(sentence=said, icon="flag", tone=tone, key=True, detail=objected(event))
        case SummarySent():
            where = [f"{len(event.to)} by mail"] if event.to else []
            whom = " and ".join([*where, *(["their chat"] if event.chat else [])])
            said = f"{who} sent summary #{event.number} to the stakeholders of a {event.severity} ({whom})"
            return Words(sentence=said, kind="updates", icon="chat", tone="accent", key=True, detail=event.text)
        case SummaryNudged():
            said = f"the summary for stakeholders was due at {event.due_at:%H:%M}"
            said = f"{event.who}: {said}" if event.who else said[0].upper() + said[1:]
            return Words(sentence=said, kind="updates", icon="clock", tone="warn")
