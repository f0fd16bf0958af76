"""Silences over the API: made with a reason and an end, ended early by anybody who may act, never by a looker."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from api.caller import Caller
from fireline.clock import now

DISKS = {"matchers": 'service="checkout", alertname=~"Disk.*"', "reason": "disks are swapped"}


def in_hours(hours: float) -> str:
    return (now() + timedelta(hours=hours)).isoformat()


def test_a_silence_is_made_listed_and_ended_by_name(ana: Caller, ben: Caller) -> None:
    made = ana.post("/api/v1/silences", DISKS | {"ends_at": in_hours(2)})
    assert made.status_code == 201
    one = made.json()
    assert (one["state"], one["by"], one["matchers"]) == ("active", "ana", 'service="checkout", alertname=~"Disk.*"')
    planned = ana.post(
        "/api/v1/silences", DISKS | {"starts_at": in_hours(5), "ends_at": in_hours(6), "kind": "maintenance"}
    )
    assert planned.json()["state"] == "to come"
    ended = ben.post(f"/api/v1/silences/{one['number']}/ending")
    assert (ended.json()["state"], ended.json()["ended_by"]) == ("over", "ben")
    assert datetime.fromisoformat(ended.json()["ends_at"]) <= now()
    listed = ana.get("/api/v1/silences").json()["silences"]
    assert [row["state"] for row in listed] == ["to come", "over"]


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("matchers", {"matchers": "everything"}),
        ("matchers", {"matchers": 'alertname=~"("'}),
        ("reason", {"reason": " "}),
        ("ends_at", {"ends_at": "2020-01-01T00:00:00Z"}),
    ],
)
def test_what_is_wrong_with_it_is_said_by_field(ana: Caller, field: str, more: dict[str, str]) -> None:
    no = ana.post("/api/v1/silences", DISKS | {"ends_at": in_hours(2)} | more)
    assert (no.status_code, no.json()["field"]) == (400, field)


def test_a_request_sent_twice_makes_one_silence_and_ends_it_once(ana: Caller) -> None:
    twice = {"Idempotency-Key": "0c4f6c2e-silence-of-disks"}
    one, other = (ana.post("/api/v1/silences", DISKS | {"ends_at": in_hours(2)}, headers=twice) for _ in range(2))
    assert one.json() == other.json()
    path = f"/api/v1/silences/{one.json()['number']}/ending"
    first, again = (ana.post(path, headers=twice) for _ in range(2))
    assert first.json() == again.json()
    assert len(ana.get("/api/v1/silences").json()["silences"]) == 1


def test_ending_what_is_over_or_never_was_is_refused(ana: Caller) -> None:
    number = ana.post("/api/v1/silences", DISKS | {"ends_at": in_hours(2)}).json()["number"]
    ana.post(f"/api/v1/silences/{number}/ending")
    assert ana.post(f"/api/v1/silences/{number}/ending").status_code == 409
    assert ana.post("/api/v1/silences/9999/ending").status_code == 404


def test_who_may_only_look_makes_none(vera: Caller) -> None:
    assert vera.post("/api/v1/silences", DISKS | {"ends_at": in_hours(2)}).status_code == 403
