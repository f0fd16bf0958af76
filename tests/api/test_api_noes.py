"""The rule: every no is one sentence in one shape, names its field, and never shows the inside."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from litestar.testing import TestClient

from api.caller import Caller
from fireline.app import asgi
from fireline.house import House, build
from fireline.settings import Settings, Store
from servers import free_port

HERE = "/api/v1/incidents"


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b'{"title": ', "body"),
        (b"", "body"),
        (b"[]", "body"),
        (b'"down"', "body"),
        (b'{"title": 3}', "title"),
        (b"{}", "title"),
        (b'{"title": "x", "sevrity": "P1"}', "sevrity"),
        (b'{"title": "x", "values": {"a": 1}}', "values[...]"),
        (b'{"title": "   "}', "title"),
        (b'{"title": "x", "severity": "P9"}', "severity"),
    ],
)
def test_a_wrong_body_is_400_and_names_its_field(ana: Caller, content: bytes, field: str) -> None:
    answer = ana.ask("POST", HERE, content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert len(answer.json()["error"]) > 10


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        (f"{HERE}/99", 404, None),
        (f"{HERE}/99/timeline", 404, None),
        (f"{HERE}/99/review", 404, None),
        (f"{HERE}/0", 400, "number"),
        (f"{HERE}?state=lost", 400, "state"),
        (f"{HERE}/1/timeline?after=-1", 400, "after"),
    ],
)
def test_what_is_not_there_is_said_in_words(ana: Caller, path: str, status: int, field: str | None) -> None:
    answer = ana.get(path)
    assert (answer.status_code, answer.json()["field"]) == (status, field)


@pytest.mark.parametrize(
    ("noun", "body", "status"),
    [
        ("gates/g99/tick", None, 404),
        ("gates/g4/tick", None, 409),  # measured
        ("gates/g99/override", {"reason": "we do not need it"}, 404),
        ("gates/g1/override", {"reason": " "}, 400),
        ("status", {"status": "Fine"}, 400),
        ("status", {"status": "Investigating"}, 409),
        ("status", {"status": "Resolved"}, 409),
        ("severity", {"severity": "P9", "reason": "because"}, 400),
        ("severity", {"severity": "P1", "reason": "because"}, 409),
        ("notes", {"text": ""}, 400),
        ("notes", {"text": "x" * 10_001}, 413),
        ("notes", {"text": "soon", "happened_at": "2999-01-01T00:00:00Z"}, 400),
        ("root-cause", {"text": ""}, 400),
    ],
)
def test_a_deed_that_the_state_forbids_says_why(ana: Caller, noun: str, body: object, status: int) -> None:
    ana.post(HERE, {"title": "Redis is down"})
    assert ana.post(f"{HERE}/1/{noun}", body).status_code == status
    assert ana.get(f"{HERE}/1").json()["events"] == 1


def test_a_deed_on_no_incident_is_404(ana: Caller) -> None:
    assert ana.post(f"{HERE}/5/acknowledgement").json() == {"error": "There is no such incident.", "field": None}


def test_who_has_it_already_is_named(ana: Caller, ben: Caller) -> None:
    ana.post(HERE, {"title": "Redis is down"})
    ana.post(f"{HERE}/1/acknowledgement")
    answer = ben.post(f"{HERE}/1/acknowledgement")
    assert (answer.status_code, answer.json()["error"]) == (409, "ana has it already.")


def test_nobody_gets_in_without_a_token(nobody: Caller, ana: Caller) -> None:
    ana.post(HERE, {"title": "Redis is down"})
    for path in (HERE, f"{HERE}/1", f"{HERE}/1/review", "/api/v1/alerts", "/api/v1/runbooks", "/metrics"):
        answer = nobody.get(path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert nobody.post(HERE, {"title": "x"}).status_code == 401
    assert nobody.get(HERE, headers={"Authorization": "Bearer fl_made_up"}).status_code == 401


def test_a_hook_token_does_not_open_the_api(nobody: Caller, house: House) -> None:
    token = house.accounts.token("ana", "hooks", house.now())
    assert nobody.get(HERE, headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_who_may_only_look_changes_nothing(vera: Caller, ana: Caller) -> None:
    ana.post(HERE, {"title": "Redis is down"})
    for noun, body in (("acknowledgement", None), ("notes", {"text": "hello"}), ("approvals/1/yes", {"shown": "x"})):
        answer = vera.post(f"{HERE}/1/{noun}", body)
        assert (answer.status_code, answer.json()["error"]) == (
            403,
            "Your account may only look. Ask an admin for the responder role.",
        )
    assert ana.get(f"{HERE}/1").json()["events"] == 1


def test_a_cookie_from_another_site_changes_nothing(caller: Callable[[str | None], Caller], house: House) -> None:
    nobody = caller(None)
    session = house.accounts.sign_in(house.accounts.link("ana", house.now()), house.now())
    foreign = {"Cookie": f"fireline_session={session}", "Sec-Fetch-Site": "cross-site"}
    assert nobody.get(HERE, headers=foreign).status_code == 200
    assert nobody.post(HERE, {"title": "x"}, headers=foreign).status_code == 403


def test_a_path_and_a_method_that_are_not_there_have_the_same_shape(ana: Caller) -> None:
    unknown = ana.client.get("/api/v1/nothing")
    assert unknown.status_code == 404
    assert set(unknown.json()) == {"error", "field"}
    wrong = ana.client.delete(f"{HERE}/1")
    assert wrong.status_code == 405
    assert set(wrong.json()) == {"error", "field"}


def test_a_dead_database_is_503_in_words_and_try_again(house: House) -> None:
    dead = Settings(store=Store(url=f"postgresql://fireline:secret@127.0.0.1:{free_port()}/fireline"))
    client = TestClient(asgi(build(dead)))
    answer = client.get(HERE, headers={"Authorization": "Bearer fl_any"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "does not answer" in answer.json()["error"]
    assert "secret" not in answer.text
    health = client.get("/healthz")
    assert (health.status_code, health.json()["database"]) == (503, "does not answer")
    assert client.get("/-/ready").status_code == 503


def test_a_bug_gives_a_reference_and_no_trace(
    house: House, caller: Callable[[str | None], Caller], capsys: pytest.CaptureFixture[str]
) -> None:
    ana = caller("ana")
    with house.database.writing() as connection:
        connection.exec_driver_sql("UPDATE person SET role = NULL WHERE 0")
        connection.exec_driver_sql("DROP TABLE alert")
        connection.exec_driver_sql("CREATE TABLE alert (fingerprint TEXT, body TEXT, firing BOOLEAN, first_seen TEXT)")
        connection.exec_driver_sql("INSERT INTO alert VALUES ('f', 'no json', 1, '2026-01-01 00:00:00')")
    answer = ana.get("/api/v1/alerts")
    assert answer.status_code in {500, 503}
    assert "Traceback" not in answer.text
    assert "sqlalchemy" not in answer.text.lower()
