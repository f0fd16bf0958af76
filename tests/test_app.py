"""One application: a browser that lost its way gets a page, a program gets JSON, and nobody gets a stack trace."""

from __future__ import annotations

import pytest
from litestar.testing import TestClient

from doors import in_front_of
from kiosk import Open


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("/nothing/here", "text/html,*/*", "text/html"),
        ("/incidents/abc", "text/html,*/*", "text/html"),
        ("/nothing/here", "application/json", "application/json"),
        ("/api/v1/nothing", "text/html,*/*", "application/json"),
        ("/hooks/nobody", "*/*", "application/json"),
    ],
)
def test_an_address_that_no_door_has_is_told_in_the_callers_own_way(
    build_house: Open, path: str, accept: str, kind: str
) -> None:
    house = build_house()
    with in_front_of(house) as application:
        answer = TestClient(application).get(path, headers={"accept": accept})
    house.database.close()
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith(kind)
    assert "Traceback" not in answer.text


def test_the_open_api_document_is_served_without_scripts_from_elsewhere(build_house: Open) -> None:
    house = build_house()
    with in_front_of(house) as application:
        document = TestClient(application).get("/api/docs/openapi.json")
    house.database.close()
    assert document.status_code == 200
    assert "/hooks/alertmanager" in document.json()["paths"]
    assert "cdn" not in document.text.lower()
