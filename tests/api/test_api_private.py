"""The rule: the API says who knows of an incident only to those who do, and lets only them change it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from api.caller import Caller

HERE = "/api/v1/incidents"


@pytest.mark.req(8)
def test_declared_private_it_is_nobody_elses(ben: Caller, caller: Callable[[str | None], Caller]) -> None:
    made = ben.post(HERE, {"title": "Somebody is in our network", "private": True}).json()
    path = f"{HERE}/{made['number']}"
    assert (made["private"], made["readers"]) == (True, ["ben"])
    cleo = caller("cleo")
    assert cleo.get(path).json() == {"error": f"There is no incident {made['number']}.", "field": None}
    assert cleo.get(HERE).json() == {"incidents": []}
    assert ben.get(HERE).json()["incidents"][0]["private"] is True


@pytest.mark.req(8)
def test_a_breach_is_private_by_its_words_and_can_be_said_not_to_be(ben: Caller) -> None:
    assert ben.post(HERE, {"title": "Active security breach"}).json()["private"] is True
    assert ben.post(HERE, {"title": "Active security breach drill", "private": False}).json()["private"] is False


def test_people_are_let_in_and_taken_off(ben: Caller, caller: Callable[[str | None], Caller]) -> None:
    number, cleo = ben.post(HERE, {"title": "t", "private": True}).json()["number"], caller("cleo")
    path = f"{HERE}/{number}/readers"
    assert cleo.post(path, {"who": "cleo"}).status_code == 404
    assert ben.post(path, {"who": "nobody"}).status_code == 404
    assert ben.post(path, {"who": "cleo", "why": "she knows the till"}).json()["people"] == ["ben", "cleo"]
    assert cleo.get(path).json()["private"] is True
    assert ben.post(f"{path}/cleo/removal", {"why": "done"}).json()["people"] == ["ben"]
    assert cleo.get(path).status_code == 404


def test_whoever_takes_themselves_off_is_told_who_is_left(ben: Caller) -> None:
    path = f"{HERE}/{ben.post(HERE, {'title': 't', 'private': True}).json()['number']}/readers"
    ben.post(path, {"who": "cleo"})
    assert ben.post(f"{path}/ben/removal", {"why": "done"}).json()["people"] == ["cleo"]
    assert ben.get(path).status_code == 404


def test_an_admin_enters_with_a_reason_and_a_number_nobody_gave_is_not_there(ana: Caller, ben: Caller) -> None:
    path = f"{HERE}/{ben.post(HERE, {'title': 't', 'private': True}).json()['number']}"
    assert ana.get(path).status_code == 404
    assert ana.post(f"{path}/readers", {"who": "ana"}).json()["field"] == "why"
    assert ana.post(f"{HERE}/99/readers", {"who": "ana", "why": "w"}).status_code == 404
    assert ana.post(f"{path}/readers", {"who": "ana", "why": "ben is asleep"}).json()["people"] == ["ben", "ana"]
    said = ben.get(f"{path}/timeline").json()["entries"][-1]
    assert said["sentence"] == "ana let themselves in as an admin: ben is asleep"
    assert ana.get(path).status_code == 200


def test_it_is_made_private_later_and_opened_only_by_its_commander(ana: Caller, ben: Caller) -> None:
    path = f"{HERE}/{ana.post(HERE, {'title': 't'}).json()['number']}"
    assert ben.get(path).json()["private"] is False
    assert ana.post(f"{path}/privacy", {"why": "an insider"}).json()["private"] is True
    assert ben.get(path).status_code == 404
    assert ana.post(f"{path}/privacy/ending", {"why": "it was nobody"}).status_code == 403
    ana.post(f"{path}/acknowledgement")
    assert ana.post(f"{path}/privacy/ending", {"why": "it was nobody"}).json()["private"] is False
    assert ben.get(path).status_code == 200
