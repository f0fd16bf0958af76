"""Through the API the public hears what another person approved, word for word; drafts say what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.caller import Caller
from doors import in_front_of
from fireline.clock import now
from fireline.house import House, build
from fireline.settings import Runbooks, Settings, StatusComponentSettings, StatusSettings, Store

RUNBOOKS = Path(__file__).resolve().parents[2] / "examples" / "runbooks"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """As elsewhere, with a status page of one component."""
    parts = (StatusComponentSettings(name="Shop", services=("lantern",)),)
    one = build(
        Settings(
            store=Store(url=f"sqlite:///{tmp_path}/fireline.db", spool=str(tmp_path / "spool")),
            runbooks=Runbooks(paths=(str(RUNBOOKS),)),
            status=StatusSettings(copy=str(tmp_path / "status.json"), components=parts),
        )
    )
    one.database.migrate()
    one.durable.prepare()
    one.library.load()
    for handle, role in (("ana", "admin"), ("ben", "responder"), ("vera", "viewer")):
        one.accounts.add(handle, handle.capitalize(), role)
    yield one
    one.database.close()


@pytest.fixture
def caller(house: House) -> Iterator[Callable[[str | None], Caller]]:
    with in_front_of(house) as application:
        yield lambda handle: Caller(application, house.accounts.token(handle, "api", now()) if handle else None)


@pytest.fixture
def number(house: House) -> int:
    return house.declare.by_person("Redis is down", by="ana", severity="P1").number


def test_a_draft_begins_with_the_runbooks_words_and_ben_publishes_them(
    caller: Callable[[str | None], Caller], number: int
) -> None:
    path = f"/api/v1/incidents/{number}/public-updates"
    ana, ben = caller("ana"), caller("ben")
    drafted = ana.post(path, {"text": "We are investigating.", "components": {"Shop": "partial_outage"}}).json()
    [one] = drafted["updates"]
    assert (one["state"], one["status"], one["title"]) == ("draft", "Investigating", "Service disruption")
    assert drafted["places"] == ["own_page"]
    no = ana.post(f"{path}/1/yes", {"shown": one["digest"]})
    assert (no.status_code, "any other person" in no.json()["error"]) == (403, True)
    assert ben.post(f"{path}/1/yes", {"shown": "0" * 64}).status_code == 409
    told = ben.post(f"{path}/1/yes", {"shown": one["digest"]}).json()
    assert told["status"] == "Investigating"
    assert told["updates"][0]["approved_by"] == "ben"
    assert told["updates"][0]["state"] == "on its way"
    assert ben.post(f"{path}/1/yes", {"shown": one["digest"]}).status_code == 409


def test_a_yes_that_is_sent_twice_counts_once(caller: Callable[[str | None], Caller], number: int) -> None:
    path, ben = f"/api/v1/incidents/{number}/public-updates", caller("ben")
    one = caller("ana").post(path, {"text": "We are investigating."}).json()["updates"][0]
    key = {"Idempotency-Key": "b5d8a1de-0000-4000-8000-000000000001"}
    answers = [ben.post(f"{path}/1/yes", {"shown": one["digest"]}, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]


@pytest.mark.req(93)
def test_the_draft_says_what_was_found_in_it(caller: Callable[[str | None], Caller], number: int) -> None:
    path, ben = f"/api/v1/incidents/{number}/public-updates", caller("ben")
    body = {"text": "Ana fixes cache-3 in 20 minutes, [why]."}
    one = caller("ana").post(path, body).json()["updates"][0]
    assert {found["kind"] for found in one["findings"]} >= {"person", "address", "blank"}
    no = ben.post(f"{path}/1/yes", {"shown": one["digest"], "meant": True})
    assert (no.status_code, "[why]" in no.json()["error"]) == (409, True)
    back = ben.post(f"{path}/1/no", {"reason": "it names Ana"}).json()
    assert back["updates"][0]["withdrawn_because"] == "it names Ana"


def test_whoever_may_only_look_writes_nothing(caller: Callable[[str | None], Caller], number: int) -> None:
    path = f"/api/v1/incidents/{number}/public-updates"
    assert caller("vera").get(path).json() == {"status": None, "places": ["own_page"], "updates": []}
    assert caller("vera").post(path, {}).status_code == 403
    assert caller(None).get(path).status_code == 401
    assert caller("ana").get("/api/v1/incidents/999/public-updates").status_code == 404


def test_planned_maintenance_is_told_of_and_called_off(caller: Callable[[str | None], Caller]) -> None:
    ana = caller("ana")
    body = {
        "title": "Bigger disks", "text": "Search is slow.", "starts_at": "2999-01-01T02:00:00Z",
        "ends_at": "2999-01-01T04:00:00Z", "components": ["Shop"],
    }  # fmt: skip
    made = ana.post("/api/v1/maintenances", body).json()
    assert (made["number"], made["status"]) == (1, "scheduled")
    assert [one["title"] for one in ana.get("/api/v1/maintenances").json()["maintenances"]] == ["Bigger disks"]
    for wrong in ({"ends_at": "2998-01-01T00:00:00Z"}, {"components": ["Nope"]}, {"title": " "}):
        assert ana.post("/api/v1/maintenances", body | wrong).status_code == 400
    assert ana.post("/api/v1/maintenances/1/ending").json() == {"maintenances": []}
    assert ana.post("/api/v1/maintenances/1/ending").status_code == 404
