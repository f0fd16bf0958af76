"""The rule: nothing runs without another person's yes to the very bytes that person was shown."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from api.caller import Caller
from fireline.core.approval import digest
from fireline.house import House

HERE = "/api/v1/incidents/1"
COMMAND = "kubectl scale deployment web --replicas=3 -n shop"


@pytest.fixture
def asked(ana: Caller) -> dict[str, Any]:
    """Ana asks for a command of her own words."""
    ana.post("/api/v1/incidents", {"title": "Redis is down"})
    answer = ana.post(f"{HERE}/approvals", {"command": COMMAND, "reason": "too many readers"})
    assert answer.status_code == 201
    one: dict[str, Any] = answer.json()["approvals"][0]
    return one


def test_an_ask_shows_the_whole_command_its_effect_and_why(asked: dict[str, Any]) -> None:
    assert (asked["command"], asked["effect"], asked["state"]) == (COMMAND, "write", "waiting")
    assert asked["change"]["target"] == "namespace shop · deployment/web"
    assert asked["digest"] == digest(COMMAND, *asked["change"]["bound"])
    assert (asked["asked_by"], asked["yes_needed"], asked["yes"]) == ("ana", 1, [])
    assert asked["rule"]
    assert asked["why"]
    assert asked["reason"] == "too many readers"


def test_another_persons_yes_grants_it(ben: Caller, asked: dict[str, Any]) -> None:
    answer = ben.post(f"{HERE}/approvals/1/yes", {"shown": asked["digest"]})
    assert answer.status_code == 201
    assert answer.json()["approvals"][0]["state"] == "approved"
    assert answer.json()["approvals"][0]["yes"] == ["ben"]


def test_who_asked_cannot_say_yes(ana: Caller, asked: dict[str, Any]) -> None:
    answer = ana.post(f"{HERE}/approvals/1/yes", {"shown": asked["digest"]})
    assert (answer.status_code, answer.json()["error"]) == (
        403,
        "You asked for this one. Somebody else has to say yes.",
    )
    assert ana.get(HERE).json()["approvals"][0]["yes"] == []


@pytest.mark.req(70)
def test_a_last_resort_is_approved_by_typing_what_it_hits(ana: Caller, ben: Caller) -> None:
    ana.post("/api/v1/incidents", {"title": "The database hangs"})
    restart = "kubectl rollout restart statefulset/db -n shop"
    answer = ana.post(f"{HERE}/approvals", {"command": restart, "reason": "it hangs"})
    one = answer.json()["approvals"][0]
    assert (one["change"]["last_resort"], one["change"]["name"], one["yes_needed"]) == (True, "db", 2)
    assert one["change"]["no_preview"]
    for typed in ("", "web"):
        no = ben.post(f"{HERE}/approvals/1/yes", {"shown": one["digest"], "typed": typed})
        assert (no.status_code, no.json()["field"]) == (400, "typed")
    yes = ben.post(f"{HERE}/approvals/1/yes", {"shown": one["digest"], "typed": "db"})
    assert (yes.status_code, yes.json()["approvals"][0]["yes"]) == (201, ["ben"])


@pytest.mark.parametrize("shown", ["0" * 64, "", sha256(f"{COMMAND} ".encode()).hexdigest()])
def test_a_yes_to_other_bytes_is_refused(ben: Caller, asked: dict[str, Any], shown: str) -> None:
    answer = ben.post(f"{HERE}/approvals/1/yes", {"shown": shown})
    assert answer.status_code == 409
    assert "is not the one that waits" in answer.json()["error"]
    assert ben.get(HERE).json()["approvals"][0]["state"] == "waiting"


def test_a_yes_that_names_no_bytes_is_no_request(ben: Caller, asked: dict[str, Any]) -> None:
    answer = ben.post(f"{HERE}/approvals/1/yes", {})
    assert (answer.status_code, answer.json()) == (400, {"error": "The field shown is missing.", "field": "shown"})


def test_a_no_needs_a_reason_and_ends_it(ben: Caller, asked: dict[str, Any]) -> None:
    assert ben.post(f"{HERE}/approvals/1/no", {"reason": "  "}).json()["field"] == "reason"
    declined = ben.post(f"{HERE}/approvals/1/no", {"reason": "it is the cache"}).json()["approvals"][0]
    assert (declined["state"], declined["declined_by"]) == ("declined", "ben")
    assert ben.post(f"{HERE}/approvals/1/yes", {"shown": asked["digest"]}).status_code == 409


def test_what_is_hard_to_take_back_needs_two_other_people(caller: Callable[[str | None], Caller]) -> None:
    ana, ben, cleo = caller("ana"), caller("ben"), caller("cleo")
    ana.post("/api/v1/incidents", {"title": "Redis is down"})
    command = {"command": "kubectl delete pod web-1 -n shop", "reason": "it hangs"}
    one = ana.post(f"{HERE}/approvals", command).json()["approvals"][0]
    assert (one["effect"], one["yes_needed"]) == ("destructive", 2)
    yes = {"shown": one["digest"]}
    assert ben.post(f"{HERE}/approvals/1/yes", yes).json()["approvals"][0]["state"] == "waiting"
    assert ben.post(f"{HERE}/approvals/1/yes", yes).status_code == 409
    assert ana.post(f"{HERE}/approvals/1/yes", yes).status_code == 403
    assert cleo.post(f"{HERE}/approvals/1/yes", yes).json()["approvals"][0]["state"] == "approved"


def test_breaking_the_glass_takes_a_sentence_and_shows_who(ana: Caller, asked: dict[str, Any]) -> None:
    where = f"{HERE}/approvals/1/break-glass"
    assert ana.post(where, {"shown": asked["digest"], "reason": "now"}).status_code == 400
    broken = ana.post(where, {"shown": asked["digest"], "reason": "ben's phone is off and the shop is down"})
    assert broken.json()["approvals"][0]["broken_glass_by"] == "ana"
    assert "BREAK-GLASS: ana" in ana.get(f"{HERE}/timeline").text


def test_a_step_of_the_runbook_is_filled_in_before_it_is_judged(ana: Caller, house: House) -> None:
    ana.post("/api/v1/incidents", {"title": "Redis is down"})
    ref = house.ledger.read(1).declared.runbook
    assert ref is not None
    step = next(one for one in house.library.at(ref).commands if "maxmemory" in one.text and one.role == "mitigation")
    missing = ana.post(
        f"{HERE}/approvals", {"step": step.key, "reason": "it is full", "values": {"redis_host": "-h x"}}
    )
    assert missing.status_code == 400
    answer = ana.post(f"{HERE}/approvals", {"step": step.key, "reason": "it is full", "values": {"redis_port": "6379"}})
    assert answer.status_code == 201, answer.text
    asked = answer.json()["approvals"][0]
    assert (asked["step"], asked["yes_needed"]) == (step.key, 1)
    assert "<redis_host>" not in asked["command"]


def test_a_command_that_only_reads_needs_nobody_and_is_granted_as_it_is_asked(ana: Caller) -> None:
    ana.post("/api/v1/incidents", {"title": "Redis is down"})
    answer = ana.post(f"{HERE}/approvals", {"reason": "to look", "command": "kubectl get pods -n shop"})
    [one] = answer.json()["approvals"]
    assert (answer.status_code, one["yes_needed"], one["state"]) == (201, 0, "approved")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"reason": "why not"}, 400, "step"),
        ({"reason": "why not", "step": "c1", "command": "ls"}, 400, "step"),
        ({"reason": "why not", "command": "   "}, 400, "command"),
        ({"reason": "why not", "step": "c99999"}, 404, "step"),
        ({"reason": " ", "command": COMMAND}, 400, "reason"),
    ],
)
def test_an_ask_that_makes_no_sense_is_refused_with_its_field(
    ana: Caller, body: dict[str, str], status: int, field: str | None
) -> None:
    ana.post("/api/v1/incidents", {"title": "Redis is down"})
    answer = ana.post(f"{HERE}/approvals", body)
    assert (answer.status_code, answer.json()["field"]) == (status, field)


def test_a_yes_to_an_approval_that_is_not_there_is_404(ben: Caller, asked: dict[str, Any]) -> None:
    assert ben.post(f"{HERE}/approvals/7/yes", {"shown": asked["digest"]}).status_code == 404
