"""Two incidents that were one fault, and one that was two: both logs say so, and no alert is lost or doubled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fireline.core import alert as alerts
from fireline.core import gate, incident, merge
from fireline.core.alert import Alert
from fireline.core.events import HOUSE, IncidentDeclared, Log, Part
from fireline.core.follow import Clock, Effect, follow
from fireline.core.incident import fold
from fireline.core.refusal import Refused
from fireline.core.timeline import entries

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def declared(**more: Any) -> IncidentDeclared:
    facts: dict[str, Any] = {"severity_name": "", "severity_why": "", "response_minutes": 15, "detected_at": NOON}
    facts |= {"gates": gate.specs(())}
    return IncidentDeclared(at=NOON, by=HOUSE, title="Down", severity="P1", **facts | more)


def alert(name: str, *, over: bool = False) -> Alert:
    return Alert(
        source="probe", labels={"alertname": name}, starts_at=NOON, ends_at=NOON + 2 * MINUTE if over else None
    )


def with_alerts(*names: str) -> Log:
    log: Log = (declared(),)
    joins = [(alert(name), f"rule {name}") for name in names]
    return (*log, alerts.join_all(log, NOON, alerts=joins, by=HOUSE)) if joins else log


@pytest.mark.req(18)
def test_a_merged_incident_ends_and_its_alerts_go_on_in_the_other_with_where_they_came_from() -> None:
    log = with_alerts("A", "B")
    log = (*log, alerts.clear(log, NOON + 2 * MINUTE, alert=alert("B", over=True), by=HOUSE))
    other = with_alerts("C")
    log = (*log, merge.merge(log, NOON + 3 * MINUTE, number=143, into=fold(142, other), why="one disk", by="ana"))
    part = fold(143, log)
    assert part.resolved
    assert part.merged
    other = (*other, merge.take_in(other, NOON + 3 * MINUTE, part=part, by="ana"))
    now = fold(142, other)
    found = {one.joined.name: (one.state, one.joined.why, one.taken_from) for one in now.alerts.values()}
    assert found == {
        "C": ("firing", "rule C", None),
        "A": ("firing", "from INC-143 because one disk", 143),
        "B": ("over", "from INC-143 because one disk", 143),
    }
    assert entries(log)[-1].sentence == "ana merged this into INC-142: one disk"
    assert entries(other)[-1].sentence == "INC-143 is part of this, with 2 alerts: one disk"


def test_what_was_merged_is_over_for_good_and_says_where_to_go_on() -> None:
    log = with_alerts("A")
    log = (*log, merge.merge(log, NOON, number=143, into=fold(142, with_alerts()), why="one disk", by="ana"))
    for deed in (
        lambda: incident.acknowledge(log, NOON, by="ben"),
        lambda: incident.change_status(log, NOON, status="Investigating", by="ben"),
        lambda: gate.resolve(log, NOON, by="ben"),
        lambda: alerts.join(log, NOON, alert=alert("X"), why="", by=HOUSE),
        lambda: incident.miss_acknowledgement(log, NOON + 60 * MINUTE, by=HOUSE),
    ):
        with pytest.raises(Refused, match=r"part of INC-142|it is over"):
            deed()


def test_a_merge_closes_its_page_and_the_other_half_is_durable_work() -> None:
    log: Log = (declared(),)
    log = (*log, merge.merge(log, NOON, number=143, into=fold(142, with_alerts()), why="one disk", by="ana"))
    work = [one for one in follow(143, log, vendors=frozenset({"pagerduty"})) if isinstance(one, Effect)]
    assert [(one.kind, one.data.get("verb")) for one in work] == [("pagerduty", "resolve"), ("merge", None)]


def test_a_merge_is_refused_in_words() -> None:
    log = with_alerts("A")
    over = fold(142, (*(one := with_alerts()), merge.merge(one, NOON, number=142, into=fold(1, log), why="w", by="a")))
    for into, why, said in [
        (fold(143, log), "w", "part of itself"),
        (over, "w", "is part of INC-1 itself"),
        (fold(142, with_alerts()), " ", "Say why"),
    ]:
        with pytest.raises(Refused, match=said):
            merge.merge(log, NOON, number=143, into=into, why=why, by="ana")


def test_a_split_takes_alerts_along_and_both_logs_say_so() -> None:
    log = with_alerts("A", "B", "C")
    chosen = merge.chosen(fold(142, log), [alert("B").fingerprint], "another host")
    part = Part(number=142, fingerprints=(alert("B").fingerprint,), why="another host")
    new: Log = (declared(split_from=part),)
    assert "split" in [one.kind for one in follow(150, new) if isinstance(one, Effect)]
    new = (*new, merge.bring(new, NOON, alerts=chosen, source=142, by="ana"))
    log = (*log, merge.move(log, NOON, to=150, fingerprints=part.fingerprints, why=part.why, by="ana"))
    assert [one.joined.name for one in fold(142, log).alerts.values()] == ["A", "C"]
    (brought,) = fold(150, new).alerts.values()
    assert (brought.joined.name, brought.joined.why) == ("B", "from INC-142 because another host")
    assert entries(log)[-1].sentence == "ana split 1 of the alerts off into INC-150: another host"
    assert "Split from INC-142: another host." in entries(new)[0].detail


@pytest.mark.parametrize(
    ("names", "why", "said"),
    [
        (["A", "B", "C"], "w", "nothing left"),
        ([], "w", "Choose the alerts"),
        (["X"], "w", "has no alert"),
        (["A"], " ", "Say why"),
    ],
)
def test_a_split_is_refused_in_words(names: list[str], why: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        merge.chosen(fold(142, with_alerts("A", "B", "C")), [alert(name).fingerprint for name in names], why)


def test_when_the_last_firing_alert_leaves_the_green_window_begins_there() -> None:
    log = with_alerts("A", "B")
    log = (*log, alerts.clear(log, NOON, alert=alert("A", over=True), by=HOUSE))
    log = (*log, incident.change_status(log, NOON + MINUTE, status="Monitoring", by="ana", why="seen by hand"))
    assert gate.green_since(fold(1, log), log) is None
    gone = merge.move(log, NOON + 2 * MINUTE, to=2, fingerprints=[alert("B").fingerprint], why="w", by="ana")
    log = (*log, gone)
    assert gate.green_since(fold(1, log), log) == NOON + 2 * MINUTE
    assert [one.kind for one in follow(1, log) if isinstance(one, Clock)] == ["watch"]
