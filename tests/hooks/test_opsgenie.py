"""A tool that speaks Opsgenie's Alert API needs only another address: every request and answer keeps its document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from httpx import Response
from openapi_schema_validator import OAS30Validator

from hooks.vendors import ROTTEN, Door, open_door, read_only

PATH = "/v2/alerts"
BODY: dict[str, Any] = {
    "message": "The kiosk is shut",
    "alias": "kiosk/door",
    "description": "Nobody can buy",
    "responders": [{"type": "team", "name": "Shops"}, {"type": "user", "username": "ben@example.org"}],
    "tags": ["service:kiosk", "OverwriteQuietHours"],
    "details": {"region": "north"},
    "entity": "the kiosk",
    "priority": "P1",
    "source": "https://checks.example.org/kiosk",
    "user": "Checks",
    "note": "third time today",
}


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """A house that speaks Opsgenie."""
    with open_door(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One house for all that is refused: in the end nothing may have come in."""
    with open_door(tmp_path_factory.mktemp("quiet")) as found:
        yield found
        assert found.firing == {}


class Document:
    """Opsgenie's own document. Its base class `Recipient` forgets the names that its own examples carry."""

    def __init__(self, shared: Path) -> None:
        self.whole = json.loads((shared / "contracts/opsgenie/swagger.json").read_text())

    def check(self, name: str, value: Any) -> None:
        OAS30Validator({"$ref": f"#/definitions/{name}", "definitions": self.whole["definitions"]}).validate(value)


@pytest.fixture(scope="module")
def document(shared: Path) -> Document:
    """See Document."""
    return Document(shared)


def genie(door: Door) -> dict[str, str]:
    return {"Authorization": f"GenieKey {door.token}"}


def create(door: Door, **changes: Any) -> Response:
    answer = door.post(PATH, BODY | changes, genie(door))
    assert answer.status_code == 202, answer.text
    return answer


def close(door: Door, identifier: str, kind: str = "alias", body: Any = b"") -> Response:
    answer = door.post(f"{PATH}/{quote(identifier, safe='')}/close?identifierType={kind}", body, genie(door))
    assert answer.status_code == 202, answer.text
    return answer


def status(door: Door, answer: Response) -> dict[str, Any]:
    found = door.client.get(f"{PATH}/requests/{answer.json()['requestId']}", headers=genie(door))
    assert found.status_code == 200
    body: dict[str, Any] = found.json()
    return body


def test_everything_a_create_request_says_is_kept(door: Door, document: Document) -> None:
    document.check("CreateAlertPayload", BODY)
    answer = create(door)
    document.check("SuccessResponse", answer.json())
    assert answer.json()["result"] == "Request will be processed"
    (alert,) = door.house.alerts.firing()
    assert (alert.source, alert.name, alert.service) == ("opsgenie", "The kiosk is shut", "kiosk")
    assert alert.labels == {
        "alertname": "The kiosk is shut", "service": "kiosk", "region": "north", "entity": "the kiosk",
        "severity": "critical", "priority": "P1",
    }  # fmt: skip
    assert alert.annotations == {
        "summary": "The kiosk is shut", "description": "Nobody can buy", "tags": "service:kiosk, OverwriteQuietHours",
        "responders": "team Shops, user ben@example.org", "from": "https://checks.example.org/kiosk", "user": "Checks",
        "note": "third time today",
    }  # fmt: skip
    assert alert.generator_url == "https://checks.example.org/kiosk"


@pytest.mark.parametrize(
    ("priority", "severity"), [("P1", "critical"), ("P2", "error"), ("P3", "warning"), ("P4", "info"), ("P5", "info")]
)
def test_a_priority_is_a_severity(door: Door, priority: str, severity: str) -> None:
    create(door, priority=priority)
    (alert,) = door.house.alerts.firing()
    assert (alert.labels["priority"], alert.labels["severity"]) == (priority, severity)


def test_a_message_alone_is_enough_and_each_is_an_alert_of_its_own(door: Door) -> None:
    for _ in range(2):
        assert door.post(PATH, {"message": "Long queue"}, genie(door)).status_code == 202
    one, other = door.house.alerts.firing()
    assert (one.name, one.labels["priority"]) == ("Long queue", "P3")
    assert one.fingerprint != other.fingerprint


def test_without_a_service_the_entity_is_one(door: Door) -> None:
    create(door, tags=["http://example.org", "x"])
    (alert,) = door.house.alerts.firing()
    assert alert.service == "the kiosk"


def test_details_name_the_alert_as_alertmanager_writes_them(door: Door) -> None:
    create(door, details={"alertname": "KioskShut", "service": "kiosk", "runs": 3}, tags=[])
    (alert,) = door.house.alerts.firing()
    assert (alert.name, alert.service, alert.labels["runs"]) == ("KioskShut", "kiosk", "3")
    assert alert.summary == "The kiosk is shut"


def test_the_same_alias_is_the_same_alert_until_it_is_closed(door: Door, document: Document) -> None:
    create(door)
    create(door, message="Still shut", tags=[])
    (alert,) = door.house.alerts.firing()
    assert alert.name == "Still shut"
    document.check("CloseAlertPayload", {"user": "Ben", "note": "opened it"})
    document.check("SuccessResponse", close(door, "kiosk/door", body={"user": "Ben", "note": "opened it"}).json())
    assert door.firing == {}
    over = door.house.alerts.find(alert.fingerprint)
    assert over is not None
    assert (over.annotations["closed_by"], over.annotations["closing_note"]) == ("Ben", "opened it")
    create(door)
    assert set(door.firing) == {"The kiosk is shut"}


def test_an_alert_is_closed_by_the_id_that_its_request_tells(door: Door, document: Document) -> None:
    told = status(door, create(door))
    document.check("GetRequestStatusResponse", told)
    assert told["data"] | {"processedAt": ""} == {
        "action": "Create", "processedAt": "", "isSuccess": True, "status": "Created alert",
        "alertId": told["data"]["alertId"], "alias": "kiosk/door",
    }  # fmt: skip
    told = status(door, close(door, told["data"]["alertId"], kind="id"))
    assert (told["data"]["status"], told["data"]["isSuccess"]) == ("Closed alert", True)
    assert door.firing == {}


def test_closing_twice_or_what_nobody_knows_is_no_error_and_its_request_says_so(door: Door) -> None:
    told = status(door, close(door, "nobody knows me"))
    assert (told["data"]["isSuccess"], told["data"]["status"]) == (False, "Alert does not exist")
    create(door)
    for _ in range(2):
        assert status(door, close(door, "kiosk/door"))["data"]["isSuccess"]


def test_nobody_ends_another_source_s_alert_here(door: Door) -> None:
    grafana = {"version": "1", "alerts": [{"status": "firing", "labels": {"alertname": "A"}, "annotations": {},
               "startsAt": "2026-03-02T12:00:00Z", "endsAt": "0001-01-01T00:00:00Z"}]}  # fmt: skip
    door.post("/hooks/grafana", grafana, {"Authorization": f"Bearer {door.token}"})
    (alert,) = door.house.alerts.firing()
    close(door, alert.fingerprint, kind="id")
    assert set(door.firing) == {"A"}


def test_words_from_outside_are_kept_harmless(door: Door) -> None:
    create(door, message=ROTTEN, alias=ROTTEN, details={"\x00k": "\x1b"})
    (alert,) = door.house.alerts.firing()
    assert alert.name == 'K\ufffdiosk\ufffd[31m shut <b onclick="x">now</b> 🔥 \u202eévil'
    assert alert.labels["\ufffdk"] == "\ufffd"
    close(door, ROTTEN)
    assert door.firing == {}


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "GenieKey fl_guess"}, {"Authorization": "GenieKey"}],
    ids=["none", "wrong", "empty"],
)
def test_without_a_token_nothing_comes_in(quiet: Door, document: Document, headers: dict[str, str]) -> None:
    for answer in (
        quiet.post(PATH, BODY, headers),
        quiet.post(f"{PATH}/a/close?identifierType=alias", b"", headers),
        quiet.client.get(f"{PATH}/requests/create-1-a", headers=headers),
    ):
        assert answer.status_code == 401
        document.check("ErrorResponse", answer.json())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "truncated"),
        (b"[]", "object"),
        ({"alias": "a"}, "message"),
        ({"message": " "}, "message"),
        ({"message": 5}, "$.message"),
        ({"message": "m", "priority": "P0"}, "$.priority"),
        ({"message": "m", "tags": "a,b"}, "$.tags"),
        ({"message": "m", "details": []}, "$.details"),
        ({"message": "m", "responders": ["ben"]}, "$.responders[0]"),
        (b'{"message": "\xff"}', "utf-8"),
    ],
)
def test_a_broken_body_is_refused_in_opsgenie_s_own_shape(
    quiet: Door, document: Document, body: Any, words: str
) -> None:
    answer = quiet.post(PATH, body, genie(quiet))
    assert answer.status_code == 400
    document.check("ErrorResponse", answer.json())
    assert words in answer.json()["message"]


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("POST", f"{PATH}/a/close?identifierType=tiny", 400),
        ("POST", f"{PATH}/a/close?identifierType=name", 400),
        ("POST", f"{PATH}/a/acknowledge", 404),
        ("POST", f"{PATH}/close", 404),
        ("GET", f"{PATH}/requests/2e5a", 404),
        ("GET", f"{PATH}/requests/delete-1-a", 404),
        ("GET", f"{PATH}/requests/create-{'f' * 40}-a", 404),
        ("PUT", PATH, 405),
    ],
)
def test_what_there_is_not_is_said_in_words(quiet: Door, method: str, path: str, code: int) -> None:
    answer = quiet.client.request(method, path, headers=genie(quiet))
    assert answer.status_code == code
    assert re.search(r"\w+ \w+", answer.json().get("message") or answer.json()["error"])


def test_a_close_with_a_broken_body_closes_nothing(door: Door) -> None:
    create(door)
    answer = door.post(f"{PATH}/{quote('kiosk/door', safe='')}/close?identifierType=alias", b'{"user": 5}', genie(door))
    assert answer.status_code == 400
    assert set(door.firing) == {"The kiosk is shut"}


def test_too_large_or_a_database_that_is_away_is_said_in_opsgenie_s_shape(door: Door, document: Document) -> None:
    large = door.post(PATH, b"x" * 10_000_001, genie(door))
    document.check("ErrorResponse", large.json())
    read_only(door)
    away = door.post(PATH, BODY, genie(door))
    document.check("ErrorResponse", away.json())
    assert (large.status_code, away.status_code, away.headers["Retry-After"]) == (413, 503, "5")
    assert door.firing == {}
