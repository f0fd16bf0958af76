"""The boxes beside the gates are shared: who ticked which and when; what the log says plainly nobody ticks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from fireline.core import checklist, timeline
from fireline.core.checklist import Already, Item
from fireline.core.events import (
    AnyEvent,
    Cadence,
    CallLinked,
    ChecklistTicked,
    DeliveredByHand,
    DeliveryMade,
    IncidentAcknowledged,
    IncidentDeclared,
    IncidentMerged,
    Log,
    RoleTaken,
    StatusChanged,
)
from fireline.core.refusal import Refused
from fireline.core.runbook import Runbook, parse
from fireline.shell import parse as shell

pytestmark = pytest.mark.req(44)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PAGE = """\
# Harbour

### 1. Investigate

**Harbour master:**
- [ ] Assign roles (Commander, Scribe, Experts)
- [ ] Establish communication cadence (updates every 20 min)
- [ ] Begin timeline
- [ ] Start a video call
- [ ] Ring the bell
- [ ] Ring the bell

### 2. Resolve

**Resolution Checklist:**
- [ ] No alerts firing

### 3. Post-Incident

**At once:**
- [ ] Close the incident in PagerDuty
- [ ] Archive the incident channel
- [ ] Close the incident in PagerDuty and write to the mayor

## Common Incidents

### Crane stuck

**Symptoms:** it does not turn

**Diagnosis:**
- [ ] Look at the crane

**Resolution:** oil it

### Fog

**Symptoms:** nobody sees anything

**Diagnosis:**
- [ ] Look at the sky

**Resolution:** wait
"""


def read(page: str = PAGE) -> Runbook:
    return parse(page, path="harbour.md", shell=shell)


def declared(**more: object) -> IncidentDeclared:
    return IncidentDeclared(
        at=NOON, by="ana", title="Fog", severity="P1", severity_name="High", severity_why="", response_minutes=15,
        detected_at=NOON, cadence=Cadence(internal={"P1": 15.0}, public={}), **more,  # type: ignore[arg-type]
    )  # fmt: skip


def after(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def made(minutes: int, key: str) -> DeliveryMade:
    return DeliveryMade(
        at=after(minutes), by="fireline", delivery=key, vendor=key.partition("/")[0], what="w", attempt=1
    )


def items(log: Log, book: Runbook) -> dict[str, Item]:
    return {item.text: item for one in checklist.lists((book,), log) for item in one.items}


def test_the_lists_are_the_runbooks_without_the_gates_and_without_other_scenarios() -> None:
    book, log = read(), (declared(scenario="Fog"),)
    found = checklist.lists((None, book), log)
    assert [(one.title, len(one.items), one.now) for one in found] == [
        ("Harbour master", 5, True), ("At once", 3, False), ("Diagnosis", 1, True),
    ]  # fmt: skip
    assert [item.number for one in found for item in one.items] == list(range(1, 10))
    assert "Look at the crane" not in items(log, book)
    resolved = StatusChanged(at=after(9), by="ana", status="Resolved")
    assert [one.now for one in checklist.lists((book,), (*log, resolved))] == [False, True, False]
    assert checklist.lists((read("# Nothing"), None), log) == ()


def test_a_tick_has_a_person_and_a_time_and_is_taken_back_with_another() -> None:
    book = read()
    log: Log = (declared(),)
    bell = items(log, book)["Ring the bell"].key
    log += (checklist.tick(log, after(3), books=(book,), item=bell, by="ana"),)
    assert items(log, book)["Ring the bell"].tick == log[-1]
    for who, said in (("ben", "ana has ticked this already, at 12:03."), ("ana", "You have ticked this already")):
        with pytest.raises(Already, match=said):
            checklist.tick(log, after(4), books=(book,), item=bell, by=who)
    moved = read(PAGE.replace("- [ ] Begin timeline\n", "").replace("# Harbour\n", "# Harbour\n\nNew words.\n"))
    assert items(log, moved)["Ring the bell"].key == bell
    assert items(log, moved)["Ring the bell"].done
    log += (checklist.untick(log, after(5), books=(book,), item=bell, by="ben"),)
    assert not items(log, book)["Ring the bell"].done
    with pytest.raises(Already, match=r"ben has taken this tick back already, at 12:05\."):
        checklist.untick(log, after(6), books=(book,), item=bell, by="ana")
    with pytest.raises(Already, match=r"Nobody has ticked this\."):
        checklist.untick(log[:1], after(6), books=(book,), item=bell, by="ana")
    told = [(one.at, one.sentence, one.detail) for one in timeline.entries(log)[1:]]
    assert told == [
        (after(3), "ana ticked “Ring the bell”", "Harbour master"),
        (after(5), "ben took back ana's tick of “Ring the bell”", "Harbour master"),
    ]
    with pytest.raises(Refused, match="no such item") as no:
        checklist.tick(log, after(7), books=(book,), item="00000000", by="ana")
    assert no.value.status == 404
    merged = IncidentMerged(at=after(8), by="ana", into=7, why="the same fog")
    with pytest.raises(Refused, match="part of INC-7"):
        checklist.tick((*log, merged), after(9), books=(book,), item=bell, by="ana")


def test_what_the_log_says_plainly_is_known_and_its_half_is_not() -> None:
    book = read()
    log: Log = (
        declared(),
        IncidentAcknowledged(at=after(1), by="ana"),
        RoleTaken(at=after(2), by="ben", role="scribe"),
    )
    knows = {text: one.fact.said for text, one in items(log, book).items() if one.fact}
    assert knows == {
        "Establish communication cadence (updates every 20 min)": "updates are due every 15 min",
        "Begin timeline": "it began with the declaration",
    }
    log += (
        RoleTaken(at=after(3), by="cleo", role="sme", subject="fog"),
        CallLinked(at=after(4), by="ben", url="https://call.example/1"),
        StatusChanged(at=after(5), by="ana", status="Resolved"),
        made(6, "pagerduty/6/resolve"),
        DeliveredByHand(at=after(7), by="ben", delivery="slack/6/archive", vendor="slack", what="w"),
    )
    found = items(log, book)
    assert {text: (one.fact.said, one.fact.at) for text, one in found.items() if one.fact and text not in knows} == {
        "Assign roles (Commander, Scribe, Experts)": ("ana Commander, ben Scribe, cleo SME", after(3)),
        "Start a video call": ("ben linked the call", after(4)),
        "Close the incident in PagerDuty": ("PagerDuty closed it", after(6)),
        "Archive the incident channel": ("ben did it by hand", after(7)),
    }
    call = found["Start a video call"].key
    with pytest.raises(Already, match="fireline knows this already: ben linked the call"):
        checklist.tick(log, after(8), books=(book,), item=call, by="ana")
    with pytest.raises(Refused, match=r"the log says it\. Ben linked the call") as no:
        checklist.untick(log, after(8), books=(book,), item=call, by="ana")
    assert not isinstance(no.value, Already)
    back = (*log, StatusChanged(at=after(9), by="ana", status="Investigating"))
    assert not items(back, book)["Close the incident in PagerDuty"].done
    often = read(PAGE.replace("every 20 min", "every 10 min"))
    assert not items((declared(),), often)["Establish communication cadence (updates every 10 min)"].done


@pytest.mark.parametrize(
    "words",
    ["Call the harbour police", "Assign a scribe and start the call", "Assign roles (Commander, Pilot)",
     "Review timeline", "Tell PagerDuty that the incident is not closed", "Archive the channel and thank everybody",
     "Start trawling"],
)  # fmt: skip
def test_words_that_say_more_or_something_else_are_a_persons_tick(words: str) -> None:
    log: Log = (
        declared(),
        IncidentAcknowledged(at=after(1), by="ana"),
        RoleTaken(at=after(1), by="ben", role="scribe"),
        CallLinked(at=after(2), by="ben", url="https://call.example/1"),
        made(3, "slack/1/archive"),
        made(3, "pagerduty/1/resolve"),
    )
    assert items(log, read(f"# Harbour\n\n- [ ] {words}\n"))[words].fact is None


def test_the_seeds_lists_are_nine_items_and_six_of_them_are_known_by_the_end(shared: Path) -> None:
    book = parse((shared / "seed/incident-response-runbook.md").read_bytes(), path="seed.md", shell=shell)
    log: Log = (
        declared(), IncidentAcknowledged(at=after(1), by="ana"), RoleTaken(at=after(2), by="ben", role="scribe"),
        RoleTaken(at=after(2), by="cleo", role="sme"), CallLinked(at=after(3), by="ben", url="https://call.example/1"),
        StatusChanged(at=after(5), by="ana", status="Resolved"),
        made(6, "pagerduty/6/resolve"),
        made(7, "slack/6/archive"),
    )  # fmt: skip
    begin, close = checklist.lists((book,), log)
    assert (begin.done, len(begin.items), begin.now) == (4, 4, False)
    assert (close.done, len(close.items), close.now) == (2, 5, True)
    thank: Callable[..., AnyEvent] = partial(checklist.tick, books=(book,), item=close.items[-1].key, by="ana")
    assert isinstance(thank(log, after(9)), ChecklistTicked)
