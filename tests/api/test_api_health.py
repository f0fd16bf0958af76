"""The rule: monitors learn without a name whether fireline works, and nothing that is nobody's business."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from litestar.testing import TestClient
from prometheus_client.parser import text_string_to_metric_families

from api.caller import Caller
from fireline.app import asgi
from fireline.house import House


@pytest.fixture
def working(house: House) -> House:
    """The house, to be opened by the application as in production."""
    return house


def test_a_working_house_says_so_and_counts_its_work(working: House, tmp_path: Path) -> None:
    token = working.accounts.token("ana", "api", working.now())
    with TestClient(asgi(working)) as client:
        health = client.get("/healthz")
        assert (health.status_code, health.headers["cache-control"]) == (200, "no-store")
        assert (health.json()["status"], health.json()["database"]) == ("ok", "answers")
        assert set(health.json()["work"]) == {"running", "queued", "scheduled", "failed"}
        assert (health.json()["replicas"], health.json()["late"]) == (1, {"clock": 0, "look": 0})
        assert str(tmp_path) not in health.text
        assert client.get("/-/ready").text == "ready\n"
        me = {"Authorization": f"Bearer {token}"}
        client.post("/api/v1/incidents", json={"title": "Typing error on a page"}, headers=me)
        figures = {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(client.get("/metrics", headers=me).text)
            for sample in family.samples
        }
        assert figures["fireline_incidents_open", "P3"] == 1
        assert figures["fireline_alerts_firing",] == 0
        assert figures["fireline_clocks_open",] >= 1  # the promise to acknowledge
        assert figures["fireline_replicas_alive",] == 1
        assert figures["fireline_work_late_seconds", "clock"] == 0


def test_a_house_that_does_no_work_is_down(nobody: Caller) -> None:
    answer = nobody.client.get("/healthz")
    assert (answer.status_code, answer.json()["status"], answer.json()["database"]) == (503, "down", "answers")
    assert nobody.client.get("/-/ready").status_code == 503


def test_figures_need_a_token_from_afar(nobody: Caller, caller: Callable[[str | None], Caller]) -> None:
    assert nobody.get("/metrics").status_code == 401
    assert "fireline_incidents_open" in caller("vera").get("/metrics").text
