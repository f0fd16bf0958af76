"""People are told every so often, counted from the last time: a nudge before, overdue after, then the deputy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fireline.core import cadence, incident, roles, update
from fireline.core.events import (
    HOUSE,
    AnyEvent,
    Cadence,
    IncidentDeclared,
    Log,
    PublicUpdateApproved,
    PublicUpdateDrafted,
    Status,
    StatusChanged,
    UpdateEscalated,
    UpdateNudged,
    UpdateOverdue,
)
from fireline.core.follow import Clock, follow
from fireline.core.refusal import Refused
from fireline.core.runbook import parse
from fireline.core.runbook.rhythm import minutes_between
from fireline.shell import parse as shell

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
QUARTER = {"P0": 15.0, "P1": 15.0, "P2": 15.0, "P3": 15.0}


def declared(severity: str = "P1", **more: Any) -> Log:
    facts: dict[str, Any] = {"internal": QUARTER, "public": {"P0": 15.0, "P1": 15.0}} | more
    first = IncidentDeclared(
        at=NOON, by="ana", title="Redis is down", severity=severity, severity_name="", severity_why="",
        response_minutes=15, detected_at=NOON, cadence=Cadence(**facts),
    )  # fmt: skip
    return (first,)


def sent(log: Log, at: datetime) -> Log:
    return (*log, update.send(log, at, actions="the repair", template=update.TEMPLATE, by="ana"))


def published(log: Log, at: datetime, status: Status = "Investigating") -> Log:
    number = sum(isinstance(event, PublicUpdateDrafted) for event in log) + 1
    draft = PublicUpdateDrafted(at=at, by="ana", update=number, status=status, title="t", text="t", impact="major")
    return (*log, draft, PublicUpdateApproved(at=at, by="ben", update=number, digest="ab", places=("own_page",)))


def live(log: Log, until: datetime, audience: str = "internal") -> Log:
    """The clocks ring as they do in a house, whose clock jumps from one to the next."""
    due = [one for n in range(1, len(log) + 1) for one in _clocks(log[:n], audience)]
    while due:
        one = min(due, key=lambda clock: clock.due_at)
        due.remove(one)
        if one.due_at > until:
            continue
        try:
            log = (*log, cadence.ring(log, max(one.due_at, log[-1].at), audience=one_of(audience), by=HOUSE))
        except Refused:
            continue  # stale
        due += _clocks(log, audience)
    return log


def one_of(audience: str) -> Any:
    return next(known for known in cadence.AUDIENCES if known == audience)


def _clocks(log: Log, audience: str) -> list[Clock]:
    return [one for one in follow(1, log) if isinstance(one, Clock) and one.kind == f"update {audience}"]


def strokes(log: Log) -> Iterator[tuple[str, float]]:
    for event in log:
        if isinstance(event, UpdateNudged | UpdateOverdue | UpdateEscalated):
            yield type(event).__name__, (event.at - NOON) / MINUTE


@pytest.mark.req(79)
def test_nudge_at_twelve_overdue_at_fifteen_and_the_deputy_at_twenty() -> None:
    log = live(declared(), NOON + 60 * MINUTE)
    assert list(strokes(log)) == [("UpdateNudged", 12), ("UpdateOverdue", 15), ("UpdateEscalated", 20)]


@pytest.mark.req(79)
def test_it_counts_from_the_last_update() -> None:
    log = sent(live(declared(), NOON + 13 * MINUTE), NOON + 14 * MINUTE)
    log = live(log, NOON + 60 * MINUTE)
    assert list(strokes(log)) == [
        ("UpdateNudged", 12), ("UpdateNudged", 26), ("UpdateOverdue", 29), ("UpdateEscalated", 34),
    ]  # fmt: skip


@pytest.mark.req(79)
def test_a_change_of_status_begins_the_count_anew() -> None:
    log = declared()
    log = (*log, incident.change_status(log, NOON + 10 * MINUTE, status="Identified", by="ana"))
    assert list(strokes(live(log, NOON + 23 * MINUTE))) == [("UpdateNudged", 22)]


def test_a_house_that_was_down_says_overdue_and_not_that_it_will_be() -> None:
    late = NOON + 44 * MINUTE
    overdue = cadence.ring(declared(), late, audience="internal", by=HOUSE)
    assert isinstance(overdue, UpdateOverdue)
    assert (overdue.due_at, overdue.since) == (NOON + 15 * MINUTE, NOON)
    (then,) = _clocks((*declared(), overdue), "internal")
    assert then.due_at == NOON + 20 * MINUTE  # rings at once
    assert isinstance(cadence.ring((*declared(), overdue), late, audience="internal", by=HOUSE), UpdateEscalated)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 90), max_size=5), st.integers(4, 60))
def test_a_gap_is_missed_exactly_when_it_is_longer_than_the_cadence(minutes: list[int], every: int) -> None:
    log = declared(internal={"P1": float(every)})
    moments = sorted(minutes)
    for minute in moments:
        log = sent(live(log, NOON + minute * MINUTE - timedelta(seconds=1)), NOON + minute * MINUTE)
    log = live(log, NOON + 90 * MINUTE)
    words = [0, *moments, 90 + 1 / 60]  # a clock due at the very end rings
    gaps = sum(after - before > every for before, after in pairwise(words))
    late = sum(isinstance(event, UpdateOverdue) for event in log)
    assert late == gaps


def test_a_snooze_moves_it_with_a_reason_and_an_update_ends_the_snooze() -> None:
    log = live(declared(), NOON + 12 * MINUTE)
    with pytest.raises(Refused, match="Say why"):
        cadence.snooze(log, NOON + 13 * MINUTE, audience="internal", minutes=30, reason=" ", by="ana")
    snoozed = cadence.snooze(log, NOON + 13 * MINUTE, audience="internal", minutes=30, reason="restore runs", by="ana")
    log = live((*log, snoozed), NOON + 60 * MINUTE)
    assert list(strokes(log)) == [
        ("UpdateNudged", 12), ("UpdateNudged", 40), ("UpdateOverdue", 43), ("UpdateEscalated", 48),
    ]  # fmt: skip
    now = cadence.count(sent(log, NOON + 50 * MINUTE), "internal")
    assert now
    assert (now.due, now.snoozed) == (NOON + 65 * MINUTE, None)


@pytest.mark.parametrize(("wrong", "field"), [
    ({"audience": "everybody"}, "audience"), ({"minutes": 0}, "minutes"), ({"minutes": 121}, "minutes"),
])  # fmt: skip
def test_a_snooze_for_nobody_or_for_ever_is_refused(wrong: dict[str, Any], field: str) -> None:
    facts: dict[str, Any] = {"audience": "internal", "minutes": 10, "reason": "w", "by": "ana"} | wrong
    with pytest.raises(Refused) as no:
        cadence.snooze(declared(), NOON, **facts)
    assert no.value.field == field


@pytest.mark.req(41)
def test_each_severity_has_its_own_cadence_and_a_change_of_severity_moves_the_clock() -> None:
    log = declared("P2", internal={"P2": 60.0, "P0": 10.0}, public={})
    graver = incident.change_severity(
        log, NOON + 20 * MINUTE, severity="P0", severity_name="", response_minutes=5, reason="worse", by="ana"
    )
    assert next(strokes(live(log, NOON + 70 * MINUTE))) == ("UpdateNudged", 48)
    moved = live((*log, graver), NOON + 40 * MINUTE)
    assert [name for name, _ in strokes(moved)] == ["UpdateOverdue", "UpdateEscalated"]  # it has been late since 12:10


@pytest.mark.req(94)
def test_both_audiences_have_a_clock_and_a_word_to_one_is_none_to_the_other() -> None:
    log = sent(published(declared(), NOON + 4 * MINUTE), NOON + 6 * MINUTE)
    assert [(one.audience, one.due) for one in cadence.counts(log)] == [
        ("internal", NOON + 21 * MINUTE),
        ("public", NOON + 19 * MINUTE),
    ]
    assert [name for name, _ in strokes(live(log, NOON + 18 * MINUTE, "public"))] == ["UpdateNudged"]


def test_the_public_waits_where_it_was_told_something_and_until_it_was_told_the_end() -> None:
    quiet = declared("P3")
    assert cadence.count(quiet, "public") is None
    assert cadence.count(published(quiet, NOON), "public")
    over = declared()
    over = (*over, *_resolved(NOON + 5 * MINUTE))
    assert cadence.counts(over) == ()  # nothing was said outside, so nothing is owed
    owed = (*published(declared(), NOON + MINUTE), *_resolved(NOON + 5 * MINUTE))
    assert [one.audience for one in cadence.counts(owed)] == ["public"]
    assert cadence.counts(published(owed, NOON + 6 * MINUTE, "Resolved")) == ()


def test_an_incident_that_comes_back_has_its_clocks_back() -> None:
    log = published((*published(declared(), NOON), *_resolved(NOON + 5 * MINUTE)), NOON + 6 * MINUTE, "Resolved")
    log = (*log, incident.change_status(log, NOON + 30 * MINUTE, status="Investigating", by="ana"))
    assert [(one.audience, one.due) for one in cadence.counts(log)] == [
        ("internal", NOON + 45 * MINUTE),
        ("public", NOON + 45 * MINUTE),
    ]


def _resolved(at: datetime) -> tuple[AnyEvent, ...]:
    return (StatusChanged(at=at, by="ana", status="Resolved"),)


def test_whoever_sends_updates_is_nudged_and_the_deputy_hears_of_it() -> None:
    log = declared()
    for deed in (
        partial(incident.acknowledge, by="ana"),
        partial(roles.take, role="communications", by="cleo"),
        partial(roles.take, role="deputy", by="ben"),
    ):
        log = (*log, deed(log, NOON + MINUTE))
    told = [event for event in live(log, NOON + 60 * MINUTE) if isinstance(event, UpdateNudged | UpdateEscalated)]
    assert [one.who for one in told] == ["cleo", "ben"]


def test_zero_minutes_is_never_and_an_incident_of_an_older_release_has_no_clock() -> None:
    assert cadence.counts(declared(internal={"P1": 0.0}, public={})) == ()
    old = declared()[0]
    assert isinstance(old, IncidentDeclared)
    older = IncidentDeclared(**{name: getattr(old, name) for name in old.__struct_fields__ if name != "cadence"})
    assert cadence.counts((older,)) == ()
    assert not [one for one in follow(1, (older,)) if isinstance(one, Clock) and one.kind != "acknowledge"]


@pytest.mark.req(41)
def test_the_settings_go_before_the_runbook_and_the_runbook_before_the_usual() -> None:
    limits = cadence.Limits(internal={"P0": 5.0}, public={"P2": 45.0})
    made = cadence.of(limits, ("P0", "P1", "P2", "P3"), internal=20.0, public=0.0)
    assert made.internal == {"P0": 5.0, "P1": 20.0, "P2": 20.0, "P3": 20.0}
    assert made.public == {"P0": 15.0, "P1": 15.0, "P2": 45.0, "P3": 0.0}


@pytest.mark.req(79)
def test_the_seeds_own_numbers_are_read_from_its_templates(shared: Path) -> None:
    page = shared / "seed" / "incident-response-runbook.md"
    book = parse(page.read_bytes(), path=page.name, shell=shell)
    assert (minutes_between(book, "internal"), minutes_between(book, "status")) == (15.0, 15.0)
    assert minutes_between(book, "customer") == 0.0
    assert minutes_between(None, "internal") == 0.0
