"""A program asks who is on call, reads the plan, and gives somebody a turn; a wrong wish is refused in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from api.caller import Caller
from fireline import clock
from fireline.house import House, build
from fireline.settings import OnCallSettings, PersonSettings, RotationSettings, Runbooks, Settings, Store

RUNBOOKS = Path(__file__).resolve().parents[2] / "examples" / "runbooks"
DAY = timedelta(days=1)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Ana and Ben take turns of a week; nothing runs."""
    rotation = RotationSettings(
        name="primary", people=("ana", "ben"), starts=date(2026, 1, 5), zone="Europe/Budapest", handover="Mon 09:00"
    )
    one = build(
        Settings(
            store=Store(url=f"sqlite:///{tmp_path}/fireline.db", spool=str(tmp_path / "spool")),
            runbooks=Runbooks(paths=(str(RUNBOOKS),)),
            on_call=OnCallSettings(rotations=(rotation,)),
            people={"ana": PersonSettings(phone="+36 1 555 0101")},
        )
    )
    one.database.migrate()
    one.durable.prepare()
    one.library.load()
    for handle, role in (("ana", "admin"), ("ben", "responder"), ("cleo", "responder"), ("vera", "viewer")):
        one.accounts.add(handle, handle.capitalize(), role)
    yield one
    one.database.close()


def test_who_is_on_call_at_a_moment(vera: Caller) -> None:
    found = vera.get("/api/v1/on-call?at=2026-01-06T10:00:00Z").json()
    (row,) = found["rotations"]
    assert (row["rotation"], row["who"], row["next"], row["until"]) == ("primary", "ana", "ben", "2026-01-12T08:00:00Z")
    assert found["phones"] == {"ana": "+36 1 555 0101"}
    assert found["contacts"], "the example's runbook names whom to call"


def test_the_plan_has_no_gap(vera: Caller) -> None:
    path = "/api/v1/on-call/primary/shifts?from=2026-03-23T08:00:00Z&to=2026-04-06T07:00:00Z"
    shifts = vera.get(path).json()["shifts"]
    assert [(one["who"], one["starts_at"]) for one in shifts] == [
        ("ben", "2026-03-23T08:00:00Z"),
        ("ana", "2026-03-30T07:00:00Z"),  # an hour earlier in UTC: the clocks have changed
    ]
    assert shifts[0]["ends_at"] == shifts[1]["starts_at"]


def test_an_override_holds_until_it_is_taken_back(ana: Caller, ben: Caller) -> None:
    ends_at = (clock.now() + DAY).isoformat()
    wish = {"rotation": "primary", "who": "cleo", "why": "dentist", "ends_at": ends_at}
    made = ana.post("/api/v1/on-call/overrides", wish, headers={"Idempotency-Key": "one-and-the-same-wish"})
    assert made.status_code == 201
    assert (
        ana.post("/api/v1/on-call/overrides", wish, headers={"Idempotency-Key": "one-and-the-same-wish"}).json()
        == made.json()
    )
    (row,) = ben.get("/api/v1/on-call").json()["rotations"]
    assert (row["who"], row["override"]["by"], row["override"]["why"]) == ("cleo", "ana", "dentist")
    ended = ben.post(f"/api/v1/on-call/overrides/{made.json()['number']}/ending")
    assert ended.json()["ended_by"] == "ben"
    (row,) = ben.get("/api/v1/on-call").json()["rotations"]
    assert row["override"] is None
    again = ben.post(f"/api/v1/on-call/overrides/{made.json()['number']}/ending")
    assert again.status_code == 409


def test_a_wrong_wish_is_refused_in_words(ana: Caller, vera: Caller, nobody: Caller) -> None:
    good = {"rotation": "primary", "who": "cleo", "why": "dentist", "ends_at": (clock.now() + DAY).isoformat()}
    for wrong, status, word in (
        ({"rotation": "third"}, 404, "There is primary"),
        ({"who": "zoe"}, 400, "no person zoe"),
        ({"why": " "}, 400, "why"),
        ({"ends_at": "2026-01-01T00:00:00Z"}, 400, "not before now"),
        ({"ends_at": "2026-01-01T00:00:00"}, 400, "with its zone"),
    ):
        answer = ana.post("/api/v1/on-call/overrides", good | wrong)
        assert (answer.status_code, word in answer.json()["error"]) == (status, True), answer.text
    assert vera.post("/api/v1/on-call/overrides", good).status_code == 403
    assert nobody.get("/api/v1/on-call").status_code == 401
    assert ana.get("/api/v1/on-call?at=2026-01-06T10:00:00").status_code == 400
    assert ana.get("/api/v1/on-call/third/shifts").status_code == 404
    far = "/api/v1/on-call/primary/shifts?from=2026-01-01T00:00:00Z&to=2029-01-01T00:00:00Z"
    assert ana.get(far).status_code == 400
