"""The rule: two incidents become one and one becomes two through the API, once a key, and each says where from."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from api.caller import Caller
from fireline.clock import now
from fireline.core import alert as core
from fireline.core.alert import Alert
from fireline.house import House

HERE = "/api/v1/incidents"


@pytest.fixture
def writing(house: House) -> Iterator[House]:
    """The alerts' writer runs; nobody looks at what it writes."""
    house.alerts.start(now(), lambda *_: None)
    yield house
    house.alerts.stop()


def alert(name: str, service: str = "shop") -> Alert:
    return Alert(source="monitor", labels={"alertname": name, "service": service}, starts_at=now())


def declared(house: House, title: str, *alerts: Alert) -> int:
    number = house.declare.by_person(title, by="ana", severity="P1").number
    house.alerts.take(alerts, now())
    for one in alerts:
        house.ledger.act(number, partial(core.join, alert=one, why="w", by="ana"))
        house.alerts.settle(one.fingerprint, verdict="joined", why="w", incident=number)
    return number


def names(answer: Any) -> list[str]:
    return [one["name"] for one in answer.json()["alerts"]]


@pytest.mark.req(18)
def test_a_merge_answers_with_the_incident_that_goes_on(writing: House, ana: Caller) -> None:
    first, second = declared(writing, "Slow", alert("Slow")), declared(writing, "Leak", alert("Leak"))
    answer = ana.post(f"{HERE}/{second}/merge", {"into": first, "why": "the same disk"})
    assert (answer.status_code, answer.json()["number"]) == (201, first)
    assert [(one["name"], one["why"], one["taken_from"]) for one in answer.json()["alerts"]] == [
        ("Slow", "w", None), ("Leak", f"from INC-{second} because the same disk", second),
    ]  # fmt: skip
    ended = ana.get(f"{HERE}/{second}").json()
    assert (ended["merged_into"], ended["status"]) == (first, "Resolved")
    again = ana.post(f"{HERE}/{second}/acknowledgement")
    assert again.status_code == 409
    assert f"part of INC-{first}" in again.json()["error"]


@pytest.mark.req(18)
def test_a_split_answers_with_the_new_incident_once_a_key(writing: House, ana: Caller) -> None:
    leak = alert("Leak")
    number = declared(writing, "Slow", alert("Slow"), leak)
    body = {"alerts": [leak.fingerprint], "why": "another house", "title": "The roof leaks"}
    headers = {"Idempotency-Key": "one-and-the-same-key"}
    answers = [ana.post(f"{HERE}/{number}/split", body, headers=headers) for _ in range(2)]
    for answer in answers:
        assert answer.status_code == 201
        assert answer.headers["location"] == f"{HERE}/{number + 1}"
        assert (answer.json()["title"], answer.json()["split_from"]) == ("The roof leaks", number)
        assert names(answer) == ["Leak"]
    assert names(ana.get(f"{HERE}/{number}")) == ["Slow"]
    assert ana.get(f"{HERE}/{number + 2}").status_code == 404


@pytest.mark.parametrize(
    ("noun", "body", "status", "field"),
    [
        ("merge", {"into": 1, "why": "w"}, 400, "into"),
        ("merge", {"into": 99, "why": "w"}, 404, None),
        ("merge", {"into": "x", "why": "w"}, 400, "into"),
        ("merge", {"into": 2}, 400, "why"),
        ("merge", {"into": 2, "why": " "}, 400, "why"),
        ("split", {"alerts": [], "why": "w"}, 400, "alerts"),
        ("split", {"alerts": ["x"], "why": "w"}, 400, "alerts"),
        ("split", {"alerts": ["x"], "why": " "}, 400, "why"),
    ],
)
def test_what_cannot_be_merged_or_split_is_refused_naming_the_field(
    *, writing: House, ana: Caller, noun: str, body: dict[str, Any], status: int, field: str | None
) -> None:
    declared(writing, "Slow", alert("Slow"))
    declared(writing, "Leak", alert("Leak"))
    answer = ana.post(f"{HERE}/1/{noun}", body)
    assert (answer.status_code, answer.json()["field"]) == (status, field)


def test_a_viewer_merges_nothing(writing: House, vera: Caller) -> None:
    declared(writing, "Slow")
    assert vera.post(f"{HERE}/1/merge", {"into": 2, "why": "w"}).status_code == 403


def test_the_list_of_alerts_says_their_state_and_what_was_decided(writing: House, ana: Caller) -> None:
    waits, ignored, silent = alert("Waits"), alert("Ignored"), alert("Silent")
    blind = Alert(source="monitor", labels={"alertname": "Blind"}, starts_at=now(), no_data=True)
    writing.alerts.take([waits, ignored, silent, blind], now())
    writing.alerts.settle(waits.fingerprint, verdict="suggested", why="no runbook knows it")
    writing.alerts.settle(ignored.fingerprint, verdict="ignored", why="a rule says so")
    writing.alerts.settle(silent.fingerprint, verdict="silenced", why="until noon")
    found = ana.get("/api/v1/alerts").json()
    said = {one["name"]: (one["state"], one["verdict"], one["why"]) for one in found["firing"]}
    assert said == {
        "Waits": ("firing", "suggested", "no runbook knows it"),
        "Ignored": ("firing", "ignored", "a rule says so"),
        "Silent": ("silenced", "silenced", "until noon"),
        "Blind": ("no data", None, None),
    }
    assert {one["name"] for one in found["to_triage"]} == {"Waits", "Blind"}
