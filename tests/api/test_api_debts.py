"""Debts by REST: told of, owned, taken back, settled; and every no says why."""

from __future__ import annotations

from typing import Any

import pytest

from api.caller import Caller
from api.test_api_communicate import declared

WHAT = {"what": "payments run on the backup", "undo": "kubectl set env deployment/shop PAYMENT_PROVIDER=main -n prod"}


def gate(standing: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in standing["gates"] if one["kind"] == "debts")
    return found


@pytest.mark.req(74, 75)
def test_a_stopgap_is_told_of_owned_and_settled(ana: Caller) -> None:
    at = declared(ana)
    told = ana.post(f"{at}/debts", WHAT | {"minutes": 60})
    assert told.status_code == 201
    (one,) = told.json()["debts"]
    assert (one["number"], one["state"], one["owner"], one["blocks"]) == (1, "open", "ana", True)
    assert not gate(told.json())["open"]
    owned = ana.post(f"{at}/debts/1/owner", {"owner": "ben", "due_at": "2099-01-01T12:00:00Z"})
    assert (owned.status_code, owned.json()["field"]) == (400, "due_at")
    assert ana.post(f"{at}/gates/debts/override", {"reason": "we want to sleep"}).status_code == 409
    done = ana.post(f"{at}/debts/1/settlement", {"said": "it is our provider now", "permanent": True}).json()
    assert (done["debts"][0]["state"], gate(done)["open"]) == ("permanent", True)
    again = ana.post(f"{at}/debts/1/settlement", {"said": "once more"})
    assert (again.status_code, "permanent already" in again.json()["error"]) == (409, True)


@pytest.mark.req(74)
def test_its_undo_waits_for_another_persons_yes(ana: Caller) -> None:
    at = declared(ana)
    ana.post(f"{at}/debts", WHAT)
    asked = ana.post(f"{at}/debts/1/undoing").json()["approvals"]
    assert [(one["command"], one["state"], one["yes_needed"]) for one in asked] == [(WHAT["undo"], "waiting", 1)]
    shown = {"shown": asked[0]["digest"]}
    assert ana.post(f"{at}/approvals/1/yes", shown).status_code == 403


@pytest.mark.req(65)
def test_monitoring_without_a_check_wants_a_reason_and_is_told(ana: Caller) -> None:
    at = declared(ana)
    no = ana.post(f"{at}/status", {"status": "Monitoring"})
    assert (no.status_code, no.json()["field"]) == (409, "why")
    yes = ana.post(f"{at}/status", {"status": "Monitoring", "why": "the dashboard is green"})
    assert yes.json()["unverified"] is True
    assert "NOT VERIFIED" in ana.get(f"{at}/timeline").json()["entries"][-1]["sentence"]


@pytest.mark.req(129)
def test_an_ask_may_revert_by_itself_and_its_digest_covers_that(ana: Caller) -> None:
    at = declared(ana)
    body = {"command": "echo 100 > limit", "reason": "partners are blocked"}
    plain = ana.post(f"{at}/approvals", body).json()["approvals"][0]["digest"]
    ana.post(f"{at}/approvals/1/no", {"reason": "with its undo, please"})
    asked = ana.post(f"{at}/approvals", body | {"revert_minutes": 30, "revert": "echo 10 > limit"}).json()["approvals"][
        1
    ]
    assert asked["digest"] != plain
    assert asked["change"]["bound"][-2:] == ["echo 10 > limit", "30"]
    none = ana.post(f"{at}/approvals", {"command": "echo 1 > x", "reason": "r", "revert_minutes": 30})
    assert (none.status_code, none.json()["field"]) == (400, "revert")


@pytest.mark.req(71, 134)
@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("leases/1/end", None, 404),
        ("restarts", {"workload": "shop", "namespace": "prod", "pods": ["shop-1"], "reason": "leak"}, 400),
        ("debts/9/undoing", None, 404),
        ("debts", {"what": " "}, 400),
    ],
)
def test_every_no_says_why(ana: Caller, path: str, body: dict[str, Any] | None, status: int) -> None:
    answer = ana.post(f"{declared(ana)}/{path}", body)
    assert (answer.status_code, bool(answer.json()["error"])) == (status, True)
