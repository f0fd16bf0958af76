"""Updates, roles, tasks and the brief by REST: what a page can do a program can, and every no says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from api.caller import Caller


def declared(ana: Caller, severity: str = "P1") -> str:
    made = ana.post("/api/v1/incidents", {"title": "Redis is down", "severity": severity, "service": "sessions"})
    return f"/api/v1/incidents/{made.json()['number']}"


def held(standing: dict[str, Any], role: str) -> tuple[str | None, list[str]]:
    one = next(one for one in standing["roles"] if one["role"] == role)
    return one["who"], one["offered_to"]


@pytest.mark.req(80, 85)
def test_an_update_is_drafted_sent_once_and_kept(ana: Caller) -> None:
    at = declared(ana)
    draft = ana.get(f"{at}/updates").json()["draft"]
    assert (draft["number"], draft["users"], draft["services"]) == (1, "unknown", ["sessions"])
    assert draft["text"].startswith("📊 Update #1 (")
    body = {"actions": "the restart of Redis", "users": 1200, "services": ["sessions", "cart"]}
    key = {"Idempotency-Key": "0f8b6a52-8f5b-4c3c-a8de-1d2a"}
    for _ in range(2):
        after = ana.post(f"{at}/updates", body, headers=key)
        assert after.status_code == 201
        assert after.json()["updates_sent"] == 1
    (sent,) = ana.get(f"{at}/updates").json()["sent"]
    assert (sent["number"], sent["by"], sent["status"], sent["users"]) == (1, "ana", "Investigating", 1200)
    assert "Impact: 1200 readers affected, services: sessions, cart" in sent["text"]
    assert "Actions: We are doing the restart of Redis" in sent["text"]


@pytest.mark.req(81, 82, 83, 84)
@pytest.mark.parametrize(("wrong", "status", "field"), [
    ({"actions": " "}, 400, "actions"),
    ({"actions": "It will be fixed by 14:30"}, 400, "actions"),
    ({"status": "Fixing"}, 400, "status"),
    ({"status": "Monitoring"}, 409, "status"),
    ({"users": -2}, 400, "users"),
    ({"users": "many"}, 400, "users"),
])  # fmt: skip
def test_an_update_that_promises_or_lacks_something_is_refused(
    ana: Caller, wrong: dict[str, Any], status: int, field: str
) -> None:
    at = declared(ana)
    answer = ana.post(f"{at}/updates", {"actions": "the restart"} | wrong)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert ana.get(f"{at}/updates").json()["sent"] == []


@pytest.mark.req(41, 94)
def test_both_clocks_are_told_and_one_can_be_moved_with_a_reason(ana: Caller) -> None:
    at = declared(ana)
    assert [one["audience"] for one in ana.get(at).json()["updates_due"]] == ["internal", "public"]
    assert ana.get(declared(ana, "P3")).json()["updates_due"][0]["audience"] == "internal"
    assert ana.post(f"{at}/snoozes", {"audience": "internal", "minutes": 30, "reason": ""}).status_code == 400
    moved = ana.post(f"{at}/snoozes", {"audience": "internal", "minutes": 30, "reason": "the restore runs"}).json()
    assert moved["updates_due"][0]["snoozed"] == "the restore runs"


@pytest.mark.req(39, 40)
def test_command_passes_by_an_offer_and_a_yes(ana: Caller, ben: Caller, caller: Callable[[str], Caller]) -> None:
    at, cleo = declared(ana), caller("cleo")
    assert ana.post(f"{at}/acknowledgement").json()["commander"] == "ana"
    assert cleo.post(f"{at}/roles/commander/taking").status_code == 409
    assert held(ana.post(f"{at}/roles/commander/offers", {"to": "ben"}).json(), "commander") == ("ana", ["ben"])
    assert ben.post(f"{at}/roles/commander/taking").json()["commander"] == "ben"
    assert cleo.post(f"{at}/roles/deputy/taking").status_code == 201
    stepped = cleo.post(f"{at}/roles/commander/taking", {"why": "ben's line is dead"})
    assert stepped.json()["commander"] == "cleo"
    assert cleo.post(f"{at}/roles/commander/release").status_code == 409


def test_a_role_is_declined_taken_back_and_given_up(ana: Caller, ben: Caller) -> None:
    at = declared(ana)
    ana.post(f"{at}/roles/scribe/offers", {"to": "ben"})
    assert held(ben.post(f"{at}/roles/scribe/declining", {"why": "I drive"}).json(), "scribe") == (None, [])
    ana.post(f"{at}/roles/sme/offers", {"to": "ben", "subject": "Redis"})
    known = ben.post(f"{at}/roles/sme/taking").json()
    assert [(one["who"], one["subject"]) for one in known["roles"] if one["role"] == "sme"] == [("ben", "Redis")]
    assert [one for one in ben.post(f"{at}/roles/sme/release").json()["roles"] if one["role"] == "sme"] == []


@pytest.mark.parametrize(("role", "to", "status"), [
    ("scribe", "nobody-we-know", 400), ("scribe", "vera", 400), ("boss", "ben", 400), ("scribe", "", 400),
])  # fmt: skip
def test_an_offer_to_nobody_or_of_nothing_is_refused(ana: Caller, role: str, to: str, status: int) -> None:
    assert ana.post(f"{declared(ana)}/roles/{role}/offers", {"to": to}).status_code == status


def test_a_task_has_one_person_and_a_time_box(ana: Caller, ben: Caller) -> None:
    at = declared(ana)
    given = ana.post(f"{at}/tasks", {"to": "ben", "text": "Look at the disk", "minutes": 10}).json()["tasks"]
    assert [(one["number"], one["to"], one["state"]) for one in given] == [(1, "ben", "given")]
    assert ana.post(f"{at}/tasks/1/taking").status_code == 409
    assert ben.post(f"{at}/tasks/1/taking").json()["tasks"][0]["state"] == "taken"
    done = ben.post(f"{at}/tasks/1/end", {"said": "91 %"}).json()["tasks"][0]
    assert (done["state"], done["said"]) == ("done", "91 %")
    assert ana.post(f"{at}/tasks/9/end").status_code == 404
    assert ana.post(f"{at}/tasks", {"to": "vera", "text": "t", "minutes": 5}).status_code == 400
    assert ana.post(f"{at}/tasks", {"to": "ben", "text": "t", "minutes": 0}).json()["field"] == "minutes"


def test_the_brief_is_ten_lines_at_most_for_anybody_who_may_look(ana: Caller, vera: Caller) -> None:
    at = declared(ana)
    told = vera.get(f"{at}/brief").json()
    assert [one["label"] for one in told["lines"]][:4] == ["What", "Since", "Severity", "Command"]
    assert len(told["text"].splitlines()) == len(told["lines"]) <= 10
    assert vera.post(f"{at}/updates", {"actions": "a"}).status_code == 403
    assert vera.get("/api/v1/incidents/999/brief").status_code == 404
