"""The same labels are the same alert; a re-send changes nothing, and a firing joins an incident once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireline.core import alert as alerts
from fireline.core.alert import Alert, change, fingerprint
from fireline.core.events import HOUSE, IncidentDeclared, Log
from fireline.core.refusal import Refused

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DOWN = Alert(
    source="alertmanager",
    labels={"alertname": "RedisDown", "service": "cache"},
    annotations={"summary": "Redis does not answer"},
    starts_at=NOON,
)
DECLARED = IncidentDeclared(
    at=NOON,
    by=HOUSE,
    title="Redis is down",
    severity="P1",
    severity_name="High",
    severity_why="",
    response_minutes=15,
    detected_at=NOON,
)
text = st.text(st.characters(codec="utf-8", exclude_characters="\x00\x01"))
labels = st.dictionaries(text, text, max_size=4)


def but(**changes: Any) -> Alert:
    return msgspec.structs.replace(DOWN, **changes)


@given(labels, st.randoms())
def test_the_order_of_labels_means_nothing(some: dict[str, str], random: Any) -> None:
    shuffled = list(some.items())
    random.shuffle(shuffled)
    assert fingerprint("x", dict(shuffled)) == fingerprint("x", some)


@given(labels, labels)
def test_other_labels_are_another_alert(one: dict[str, str], other: dict[str, str]) -> None:
    assert (fingerprint("x", one) == fingerprint("x", other)) is (one == other)


def test_another_source_is_another_alert() -> None:
    assert but(source="probe").fingerprint != DOWN.fingerprint


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        (DOWN, "same"),
        (but(annotations={"summary": "Redis still does not answer"}), "changed"),
        (but(ends_at=NOON + MINUTE), "over"),
        (but(starts_at=NOON + MINUTE), "again"),
        (but(starts_at=NOON - MINUTE), "changed"),  # the other Prometheus of a pair, which saw it begin earlier
        (but(starts_at=NOON - 2 * MINUTE, ends_at=NOON - MINUTE), "stale"),  # an earlier firing's end, told late
        (but(starts_at=NOON + MINUTE, starts_guessed=True), "same"),  # a sender that never says since when
    ],
)
def test_a_delivery_says_what_it_changed(after: Alert, kind: str) -> None:
    assert change(DOWN, after) == kind


@given(st.lists(st.integers(0, 9), min_size=1))
def test_while_it_fires_the_earliest_beginning_of_all_that_were_told_is_kept(minutes: list[int]) -> None:
    known = told = but(starts_at=NOON + minutes[0] * MINUTE)
    for minute in minutes[1:]:
        told = but(starts_at=NOON + minute * MINUTE)
        assert change(known, told, since=NOON + 9 * MINUTE) in {"same", "changed"}
        known = alerts.merge(known, told)
    assert known.starts_at == NOON + min(minutes) * MINUTE
    assert (
        change(known, told, since=NOON + 9 * MINUTE) == "same"
    )  # so that a pair that tells it in turn changes nothing
    assert alerts.merge(known, but(starts_at=NOON - MINUTE, starts_guessed=True)) == msgspec.structs.replace(
        known, starts_guessed=True
    )


def test_what_began_after_it_was_heard_that_it_fires_is_a_new_firing_whose_end_was_lost() -> None:
    later = but(starts_at=NOON + 2 * MINUTE)
    assert change(DOWN, later, since=NOON + MINUTE) == "again"
    assert change(DOWN, later, since=NOON + 2 * MINUTE) == "same"
    assert change(DOWN, msgspec.structs.replace(later, annotations={}), since=NOON + 3 * MINUTE) == "changed"


def test_an_alert_is_new_once_and_fires_again_after_it_was_over() -> None:
    over = but(ends_at=NOON + MINUTE)
    assert change(None, DOWN) == "new"
    assert change(over, but(starts_at=NOON + 2 * MINUTE)) == "again"
    assert change(over, over) == "same"
    begun = but(source="sentry", starts_at=NOON + MINUTE)
    assert change(but(source="sentry"), begun, since=NOON + 2 * MINUTE) == "again"  # only one tells it


def test_a_firing_joins_an_incident_once() -> None:
    log: Log = (DECLARED, alerts.join((DECLARED,), NOON, alert=DOWN, why="service cache", by=HOUSE))
    with pytest.raises(Refused, match="part of the incident already"):
        alerts.join(log, NOON, alert=DOWN, why="", by=HOUSE)
    assert alerts.join(log, NOON, alert=but(starts_at=NOON + MINUTE), why="", by=HOUSE).starts_at == NOON + MINUTE


def test_an_alert_clears_only_where_it_fires() -> None:
    over = but(ends_at=NOON + MINUTE)
    with pytest.raises(Refused, match="does not fire in this incident"):
        alerts.clear((DECLARED,), NOON, alert=over, by=HOUSE)
    log: Log = (DECLARED, alerts.join((DECLARED,), NOON, alert=DOWN, why="", by=HOUSE))
    log = (*log, alerts.clear(log, NOON + 2 * MINUTE, alert=over, by=HOUSE))
    with pytest.raises(Refused, match="does not fire"):
        alerts.clear(log, NOON + 3 * MINUTE, alert=over, by=HOUSE)


@pytest.mark.parametrize(
    ("given_labels", "name", "service"),
    [
        ({"alertname": "A", "service": "s", "app": "x"}, "A", "s"),
        ({"check": "disk", "instance": "web-1"}, "disk", "web-1"),
        ({"alertname": "  ", "rule": "R"}, "R", None),
        ({"severity": "critical"}, "unnamed alert", None),
    ],
)
def test_an_alert_finds_its_name_and_service(given_labels: dict[str, str], name: str, service: str | None) -> None:
    one = but(labels=given_labels)
    assert (one.name, one.service) == (name, service)


@pytest.mark.parametrize(
    ("annotations", "said"),
    [
        ({"summary": " slow "}, "slow"),
        ({"summary": "  ", "description": "very slow"}, "very slow"),
        ({"summary": "\n", "description": ""}, "RedisDown"),
        ({}, "RedisDown"),
    ],
)
def test_an_alert_always_has_something_to_say(annotations: dict[str, str], said: str) -> None:
    assert but(annotations=annotations).summary == said
