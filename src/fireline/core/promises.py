"""Promises: words that say when it will be fixed. Nobody knows that, and it is what people remember.

An update says when the next one comes. Sources of the rule: PagerDuty's guidelines for external communication
(https://response.pagerduty.com/during/external_communication_guidelines/) and the Google SRE book's incident chapter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_NUMBER = r"(?:\d+|an?|one|two|three|five|ten|fifteen|twenty|thirty|a\s+few|a\s+couple\s+of|some|half\s+an)"
_SPAN = rf"(?:about\s+|around\s+|roughly\s+|under\s+|less\s+than\s+|the\s+next\s+|~\s*)*{_NUMBER}?\s*(?:more\s+)?"
_SPAN += r"(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|days?)\b"
_MOMENT = r"(?:\d{1,2}[:.]\d\d|\d{1,2}\s*[ap]m|noon|midnight|midday|tonight|tomorrow|today|morning|evening|lunch"
_MOMENT += r"|(?:the\s+)?end\s+of\s+(?:the\s+)?(?:day|hour|shift|week)|eod|monday|tuesday|wednesday|thursday|friday)\b"
_FIXED = r"(?:fix(?:ed|es)?|resolv(?:e|ed|es)|restor(?:e|ed|es)|recover(?:ed|s)?|repair(?:ed)?|solved|sorted|done"
_FIXED += r"|over|normal|finished|complete[ds]?|live|back|up\s+again|online|working|works|healthy|available)"
_DAY = r"(?:tonight|tomorrow|later\s+today|this\s+(?:morning|afternoon|evening|week))"
_SOON = r"(?:soon|shortly|momentarily|imminently|any\s+(?:minute|moment)(?:\s+now)?|in\s+no\s+time)"
_AHEAD = r"(?:['’]ll|won['’]t|will|should|shall|going\s+to|expect\w*|hope\w*|plan\w*)"

SPAN = re.compile(rf"\b(?:with)?in\s+{_SPAN}", re.IGNORECASE)
PROMISES = (
    re.compile(rf"\b{_FIXED}\b[^.!?\n]*?\b(?:(?:with)?in\s+{_SPAN}|(?:by|before|until|at)\s+{_MOMENT})", re.IGNORECASE),
    re.compile(rf"\b(?:by|before)\s+{_MOMENT}[^.!?\n]*?\b{_FIXED}\b", re.IGNORECASE),
    re.compile(rf"\b{_AHEAD}\b[^.!?\n]*?\b{_FIXED}\b[^.!?\n]*?\b{_SOON}", re.IGNORECASE),
    re.compile(rf"\b{_FIXED}\s+(?:very\s+)?{_SOON}", re.IGNORECASE),
    re.compile(rf"\b(?:eta|time\s+to\s+\w+)\s*[:=]?\s*(?:is\s+|at\s+|in\s+)?~?(?:\d[\d:.]*|{_MOMENT})", re.IGNORECASE),
    re.compile(rf"\b{_FIXED}\b[^.!?\n]*?\b(?:within\s+the\s+(?:hour|day|week)|{_DAY})\b", re.IGNORECASE),
    re.compile(r"\b(?:guarantee\w*|we\s+promise|(?:never|not)\s+happen\s+again)\b", re.IGNORECASE),
    re.compile(rf"\b(?:only|just|another)\s+{_SPAN}", re.IGNORECASE),
)  # fmt: skip
# "in 10 minutes" alone looks ahead, unless the sentence tells of what was, or of when we look or write again.
BEHIND = re.compile(
    r"\b(?:was|were|has|have|had|took|rose|fell|went|grew|began|came|lost|since|last|past|every|\w{3,}ed)\b",
    re.IGNORECASE,
)
OURS = re.compile(r"\b(?:next\s+update|update|write|look|check|report|post|decide|meet|retry|try)\b", re.IGNORECASE)
WAS = re.compile(r"\b(?:was|were|has\s+been|have\s+been|had\s+been|took)\b", re.IGNORECASE)
AHEAD = re.compile(rf"\b{_AHEAD}\b", re.IGNORECASE)
SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")


def promises(text: str) -> tuple[str, ...]:
    """The words of `text` that promise when it will be fixed, in order; empty when there are none."""
    return tuple(dict.fromkeys(found for sentence in SENTENCE.split(text) for found in _of(sentence)))


def _of(sentence: str) -> Iterator[str]:
    tells_of_the_past = WAS.search(sentence) and not AHEAD.search(sentence)
    if tells_of_the_past:
        return
    found = next((hit for one in PROMISES if (hit := one.search(sentence))), None)
    if found is None and (span := SPAN.search(sentence)):
        found = None if (BEHIND.search(sentence) or OURS.search(sentence)) and not AHEAD.search(sentence) else span
    if found and not (OURS.search(sentence) and not re.search(_FIXED, sentence, re.IGNORECASE)):
        yield " ".join(found[0].split())
