"""What may be wrong is asked and told by the API: hypotheses, suspects, signals, the check for a symptom."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.caller import Caller
from fireline.clock import now
from fireline.core.deploy import Deploy
from fireline.house import House


@pytest.fixture
def path(house: House) -> str:
    at = now() - timedelta(minutes=9)
    house.deploys.keep(Deploy(key="k", at=at, kind="deploy", source="github", service="checkout", title="New totals"))
    number = house.declare.by_person("Errors at the till", by="ana", service="checkout").number
    return f"/api/v1/incidents/{number}"


@pytest.mark.req(61)
def test_a_hypothesis_is_proposed_supported_and_ruled_out_with_names_and_reasons(
    path: str, ana: Caller, ben: Caller, vera: Caller, nobody: Caller
) -> None:
    assert ana.post(f"{path}/hypotheses", {"text": "The new totals", "reason": "they came first"}).status_code == 201
    assert ben.post(f"{path}/hypotheses/1/support", {"reason": "errors name them"}).status_code == 201
    assert ana.post(f"{path}/hypotheses/1/ruling-out", {"reason": "rolled back, no change"}).status_code == 201
    [one] = vera.get(f"{path}/hypotheses").json()["hypotheses"]
    assert (one["text"], one["state"]) == ("The new totals", "ruled out")
    assert [(said["by"], said["what"], said["reason"]) for said in one["said"]] == [
        ("ana", "proposed", "they came first"),
        ("ben", "supported", "errors name them"),
        ("ana", "ruled out", "rolled back, no change"),
    ]
    assert ana.post(f"{path}/hypotheses", {"text": "the NEW totals"}).status_code == 409
    assert ana.post(f"{path}/hypotheses", {"text": "x", "evidence": ["9.s9"]}).json()["field"] == "evidence"
    assert ana.post(f"{path}/hypotheses/7/support", {"reason": "w"}).status_code == 404
    assert vera.post(f"{path}/hypotheses", {"text": "a pod"}).status_code == 403
    assert nobody.get(f"{path}/hypotheses").status_code == 401


@pytest.mark.req(62)
def test_suspects_come_ranked_with_reasons(path: str, ana: Caller) -> None:
    found = ana.get(f"{path}/causes").json()
    assert (found["sure"], found["says"]) == (True, "Most likely: deploy of checkout: New totals.")
    assert found["suspects"][0]["reasons"][1] == "It changed checkout itself."
    assert ana.get("/api/v1/incidents/99/causes").status_code == 404


def test_signals_are_whole_before_anything_was_seen(path: str, ana: Caller) -> None:
    found = ana.get(f"{path}/signals").json()
    assert (found["pulse"], found["looks"], found["panels"], found["similar"]) == (None, [], [], [])


@pytest.mark.req(55)
def test_what_somebody_sees_finds_a_check_that_can_be_asked_for(path: str, ana: Caller) -> None:
    [first, *_] = ana.get(f"{path}/symptoms?text=cache misses everywhere").json()["checks"]
    assert first["symptom"] == "Cache misses"
    assert first["command"].startswith("redis-cli")
    assert first["step"] is None  # the incident has no runbook of its own: asked for by its text
    assert ana.get(f"{path}/symptoms?text=the cat sits on it").json()["checks"] == []
    assert ana.get(f"{path}/symptoms").status_code == 400
