"""The checklist by the API: read it, tick, take back; whoever comes second is answered, not refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from api.caller import Caller

HERE = "/api/v1/incidents/1"


@pytest.mark.req(44)
def test_items_are_ticked_once_told_to_the_second_and_taken_back(ana: Caller, ben: Caller, vera: Caller) -> None:
    ana.post("/api/v1/incidents", {"title": "The soup is cold", "severity": "P1"})
    told = vera.get(f"{HERE}/checklist").json()
    assert [(one["title"], one["now"], one["done"]) for one in told["lists"]] == [
        ("Commander Checklist", True, 1), ("Afterwards", False, 0),
    ]  # fmt: skip
    known, call = told["lists"][0]["items"][2:]
    assert (known["known"], known["ticked_by"]) == ("it began with the declaration", None)
    path = f"{HERE}/checklist/{call['key']}"
    assert vera.post(f"{path}/tick").status_code == 403
    mine = ana.post(f"{path}/tick", headers={"Idempotency-Key": "tick-the-call-once"}).json()
    assert (mine["said"], mine["lists"][0]["items"][3]["ticked_by"]) == ("Ticked.", "ana")
    second = ben.post(f"{path}/tick")
    assert (second.status_code, second.json()["said"].startswith("ana has ticked this already")) == (201, True)
    assert ben.post(f"{path}/untick").json()["said"] == "The tick is taken back."
    assert ana.post(f"{path}/untick").json()["said"].startswith("ben has taken this tick back already")
    assert ana.post(f"{HERE}/checklist/{known['key']}/untick").status_code == 409
    assert ana.post(f"{HERE}/checklist/none/tick").status_code == 404
    assert ana.get(f"{HERE}/timeline").json()["head"] == 3


@pytest.mark.req(8)
def test_of_a_private_incident_there_is_no_checklist_for_others(
    ben: Caller, caller: Callable[[str | None], Caller]
) -> None:
    ben.post("/api/v1/incidents", {"title": "Somebody is in our network", "private": True})
    key = ben.get(f"{HERE}/checklist").json()["lists"][0]["items"][3]["key"]
    cleo = caller("cleo")
    assert cleo.get(f"{HERE}/checklist").status_code == 404
    assert cleo.post(f"{HERE}/checklist/{key}/tick").status_code == 404
    assert ben.post(f"{HERE}/checklist/{key}/tick").json()["said"] == "Ticked."
