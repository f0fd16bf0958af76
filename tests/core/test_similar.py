"""Incidents that were the same fault are found by rare words, scenario and service; others are not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from fireline.core import alert as alerts
from fireline.core import incident
from fireline.core.alert import Alert
from fireline.core.events import IncidentDeclared, Log
from fireline.core.similar import Past, read, similar

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
# Twelve nights of four faults, in the words of whoever was on call; the first of each fault is looked up.
NIGHTS = [
    (
        "cache",
        "Session store lost",
        "Readers signed out all at once",
        "redis evicted every session under memory pressure",
    ),
    ("checkout", "Payment refused", "Cards declined at the till", "the payment provider rotated its certificate"),
    ("search", "", "Search answers slowly after the reindex", "shards were unbalanced"),
    ("mail", "", "Receipts are not sent", "the queue worker hung on a poison message"),
    (
        "cache",
        "Session store lost",
        "Baskets empty and readers signed out",
        "redis sessions evicted, memory limit too low",
    ),
    ("checkout", "Payment refused", "Nobody can pay with a card", "expired certificate towards the provider"),
    ("search", "", "Searching takes ten seconds", "one shard held all the index after a reindex"),
    ("mail", "", "Receipts come hours late", "a poison message blocked the queue worker"),
    ("web", "", "Home page shows an old banner", "the edge kept it"),
    ("web", "", "Images do not load", "a wrong bucket policy"),
]


def night(number: int, service: str, scenario: str, title: str, cause: str) -> Past:
    log: Log = (
        IncidentDeclared(
            at=NOON, by="ana", title=title, severity="P1", severity_name="High", severity_why="w", response_minutes=15,
            detected_at=NOON, service=service, scenario=scenario or None,
        ),
    )  # fmt: skip
    if cause:
        log = (*log, incident.state_root_cause(log, NOON + timedelta(hours=1), text=cause, by="ana"))
    return read(number, log)


PAST = [night(n, *one) for n, one in enumerate(NIGHTS, 1)]


@pytest.mark.req(63)
@pytest.mark.parametrize(("which", "wanted"), [(0, 5), (1, 6), (2, 7), (3, 8)])
def test_the_other_night_of_the_same_fault_comes_first(which: int, wanted: int) -> None:
    service, scenario, title, _ = NIGHTS[which]
    new = night(99, service, scenario, title, "")
    others = [one for one in PAST if one.number != which + 1]
    found = similar(new, others)
    assert found[0].past.number == wanted
    assert found[0].why.endswith(".")
    assert found[0].past.cause == NIGHTS[wanted - 1][3]


@pytest.mark.req(63)
def test_what_is_like_nothing_is_shown_nothing() -> None:
    assert similar(night(99, "ledger", "", "Nightly export failed", ""), PAST) == ()
    assert similar(PAST[0], []) == ()
    assert similar(PAST[0], [PAST[0]]) == ()


def test_words_of_alerts_and_notes_count_and_those_of_the_house_do_not() -> None:
    log: Log = (IncidentDeclared(
        at=NOON, by="ana", title="t", severity="P1", severity_name="n", severity_why="w", response_minutes=15,
        detected_at=NOON,
    ),)  # fmt: skip
    shard = Alert(
        source="probe", labels={"alertname": "ShardLost"}, annotations={"summary": "unbalanced"}, starts_at=NOON
    )
    for deed in (
        partial(alerts.join, alert=shard, why="w", by="fireline"),
        partial(incident.note, text="reindex ran", by="ben"),
        partial(incident.note, text="answered", by="fireline"),
    ):
        log = (*log, deed(log, NOON))
    assert {"shard", "unbalanced", "reindex"} <= set(read(1, log).words)
    assert "answered" not in read(1, log).words
