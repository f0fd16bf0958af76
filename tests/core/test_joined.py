"""Many alerts told in one event mean the same as each told alone: to gates, timelines, reviews and pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from fireline.core import alert as alerts
from fireline.core import gate, incident, review
from fireline.core.alert import Alert
from fireline.core.events import HOUSE, AlertCleared, AlertJoined, AlertsCleared, AlertsJoined, IncidentDeclared, Log
from fireline.core.follow import Clock, follow
from fireline.core.incident import fold
from fireline.core.joined import named
from fireline.core.refusal import Refused
from fireline.core.timeline import entries

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DECLARED = IncidentDeclared(
    at=NOON, by=HOUSE, title="Down", severity="P1", severity_name="", severity_why="", response_minutes=15,
    detected_at=NOON, gates=gate.specs(()),
)  # fmt: skip
THREE = [
    Alert(source=source, labels={"alertname": name}, starts_at=NOON - MINUTE)
    for name, source in (("A", "alertmanager"), ("B", "sentry"), ("C", "grafana"))
]
OVER = [msgspec.structs.replace(one, ends_at=NOON + MINUTE) for one in THREE]


def joined(*, many: bool) -> Log:
    log: Log = (DECLARED,)
    batches = [THREE] if many else [[one] for one in THREE]
    for batch in batches:
        log = (*log, alerts.join_all(log, NOON, alerts=[(one, "w") for one in batch], by=HOUSE))
    return log


def cleared(log: Log, *, many: bool) -> Log:
    for batch in [OVER] if many else [[one] for one in OVER]:
        log = (*log, alerts.clear_all(log, NOON + MINUTE, alerts=batch, by=HOUSE))
    return log


@pytest.mark.req(18)
def test_many_at_once_or_one_by_one_is_the_same_incident() -> None:
    one_by_one, at_once = joined(many=False), joined(many=True)
    assert (type(one_by_one[1]), type(at_once[1])) == (AlertJoined, AlertsJoined)
    for log in (one_by_one, at_once):
        now = fold(1, log)
        assert now.sources == ("alertmanager", "sentry", "grafana")
        assert gate.standings(log, NOON)[0].detail == "firing: A, B, C"
        times = review.milestones(log)
        assert (times.began, times.first_alert) == (NOON - MINUTE, NOON)
    assert entries(at_once)[-1].sentence == "3 alerts fire (alertmanager, sentry, grafana): A, B, C"


def test_they_end_alike_and_the_green_window_counts_from_there() -> None:
    for many in (True, False):
        log = joined(many=many)
        log = (*log, incident.change_status(log, NOON, status="Monitoring", by="ana", why="seen by hand"))
        log = cleared(log, many=many)
        assert type(log[-1]) is (AlertsCleared if many else AlertCleared)
        assert gate.green_since(fold(1, log), log) == NOON + MINUTE
        assert [one.kind for one in follow(1, log) if isinstance(one, Clock)] == ["watch"]


def test_what_is_known_already_is_left_out_and_nothing_new_is_refused() -> None:
    log: Log = (DECLARED,)
    log = (*log, alerts.join(log, NOON, alert=THREE[0], why="w", by=HOUSE))
    event = alerts.join_all(log, NOON, alerts=[(one, "w") for one in THREE], by=HOUSE)
    assert isinstance(event, AlertsJoined)
    assert [one.name for one in event.alerts] == ["B", "C"]
    log = cleared((*log, event), many=True)
    with pytest.raises(Refused, match="None of these"):
        alerts.clear_all(log, NOON, alerts=OVER, by=HOUSE)
    assert isinstance(alerts.join_all(log, NOON, alerts=[(THREE[0], "w")], by=HOUSE), AlertJoined)  # it fires again


@pytest.mark.req(24)
def test_an_alert_nobody_sees_is_neither_good_nor_over() -> None:
    log = joined(many=True)
    blind = [msgspec.structs.replace(one, no_data=True) for one in THREE[:2]]
    log = (*log, alerts.fall_silent(log, NOON + MINUTE, alerts=blind, by=HOUSE))
    now = fold(1, log)
    assert [one.state for one in now.alerts.values()] == ["no data", "no data", "firing"]
    assert gate.standings(log, NOON)[0].detail == "firing: C; no data: A, B"
    told = entries(log)[-1]
    assert (told.sentence, told.detail) == (
        "No data for A, B", "The source has not spoken since 12:01:00: neither good nor over."
    )  # fmt: skip
    with pytest.raises(Refused, match="known already"):
        alerts.fall_silent(log, NOON + MINUTE, alerts=blind, by=HOUSE)
    log = (*log, alerts.join(log, NOON + 2 * MINUTE, alert=THREE[0], why="it can be seen again", by=HOUSE))
    assert fold(1, log).alerts[THREE[0].fingerprint].state == "firing"
    log = (*log, alerts.clear(log, NOON + 3 * MINUTE, alert=OVER[1], by=HOUSE))  # it speaks, and says it is over
    assert fold(1, log).alerts[THREE[1].fingerprint].state == "over"


@pytest.mark.req(24)
def test_an_alert_that_flaps_is_told_once_and_counts_as_firing_until_it_has_settled() -> None:
    log = joined(many=True)
    log = (*log, alerts.clear(log, NOON, alert=OVER[0], by=HOUSE))
    turns = [NOON + n * MINUTE for n in range(-20, 5)]
    log = (*log, alerts.flap(log, NOON + 4 * MINUTE, alert=OVER[0], turns=turns, by=HOUSE))
    one = fold(1, log).alerts[THREE[0].fingerprint]
    assert (one.state, one.firing) == ("flapping", True)
    assert gate.standings(log, NOON)[0].detail == "firing: B, C; flapping: A"
    assert "A is flapping: it began or ended 11 times in 10 min" in entries(log)[-1].sentence
    with pytest.raises(Refused, match="has been said"):
        alerts.flap(log, NOON, alert=OVER[0], turns=turns, by=HOUSE)
    settled_over = (*log, alerts.clear(log, NOON + 9 * MINUTE, alert=OVER[0], by=HOUSE))
    assert fold(1, settled_over).alerts[THREE[0].fingerprint].state == "over"
    settled = (*log, alerts.join(log, NOON + 9 * MINUTE, alert=THREE[0], why="it has settled", by=HOUSE))
    assert fold(1, settled).alerts[THREE[0].fingerprint].state == "firing"


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ({}, {"no_data": True}, "silent"),
        ({"no_data": True}, {}, "again"),
        ({"no_data": True}, {"no_data": True}, "same"),
        ({"no_data": True}, {"ends_at": NOON}, "over"),
        ({"ends_at": NOON}, {"no_data": True}, "again"),
    ],
)
def test_a_source_that_goes_blind_and_sees_again_is_news(
    before: dict[str, object], after: dict[str, object], kind: str
) -> None:
    one, other = (msgspec.structs.replace(THREE[0], **facts) for facts in (before, after))
    assert alerts.change(one, other) == kind


def test_names_stay_a_sentence() -> None:
    assert named(["A", "A", "B"]) == "A (2), B"
    assert named(list("ABCDEFGH")) == "A, B, C, D, E and 3 more"
