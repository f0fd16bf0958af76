"""Exactly the rules that fire are red, and whatever is not a whole answer of Prometheus is an error in words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts.wire import Serve, answer
from fireline.connectors.http import ConnectorError, Http
from fireline.connectors.prometheus import Firing, Red, firing, numbers


def rule(name: str, *alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "alerting", "health": "ok", "alerts": list(alerts)} | more


def alert(state: str, value: str = "1e+00", **labels: str) -> dict[str, Any]:
    return {"state": state, "value": value, "labels": labels, "activeAt": "2026-03-02T12:00:00.123Z"}


def rules(*them: dict[str, Any]) -> bytes:
    return answer(200, json.dumps({"status": "success", "data": {"groups": [{"rules": them}]}}).encode())


def asked(serve: Serve, said: bytes) -> Firing:
    with Http(timeout=20) as http:
        return firing(http, serve(said).url)


@pytest.mark.req(22)
def test_a_recorded_answer_gives_exactly_what_the_same_server_lists_as_firing_alerts(
    serve: Serve, shared: Path
) -> None:
    samples = shared / "contracts/samples/prometheus"
    found = asked(serve, answer(200, (samples / "api_v1_rules.json").read_bytes()))
    listed = json.loads((samples / "api_v1_alerts.json").read_text())["data"]["alerts"]
    labels = sorted(sorted(one["labels"].items()) for one in listed if one["state"] == "firing")
    assert labels
    assert sorted(sorted(one.labels.items()) for one in found.red) == labels


@pytest.mark.req(22)
def test_pending_and_quiet_are_not_red_and_a_broken_rule_is_told(serve: Serve) -> None:
    found = asked(
        serve,
        rules(
            rule("KioskShut", alert("firing", service="kiosk"), alert("pending", service="till")),
            rule("Quiet"),
            rule("Broken", health="err", lastError="vector cannot be found."),
            rule("New", health="unknown"),
            {"name": "kiosk:sales", "type": "recording"},
        ),
    )
    since = datetime(2026, 3, 2, 12, 0, 0, 123000, tzinfo=UTC)
    assert found == Firing(
        red=(Red("KioskShut", {"service": "kiosk"}, since, 1.0, ""),),
        blind=("Broken (vector cannot be found)", "New (not evaluated yet)"),
        rules=4,
    )
    [odd] = asked(serve, rules(rule("KioskShut", alert("firing", "NaN", job="kiosk")))).red
    assert (odd.value, odd.service) == (None, "kiosk")


@pytest.mark.req(22)
@pytest.mark.parametrize(
    ("said", "words"),
    [
        (answer(200, b"{}"), "does not answer like Prometheus"),
        (answer(200, b""), "does not answer like Prometheus"),
        (answer(200, b'{"status": "success", "data": {}}'), "does not answer like Prometheus"),
        (answer(200, b'{"status": "error", "data": {"groups": []}}'), "does not answer like Prometheus"),
        (answer(200, b"<html>"), "not JSON"),
        (answer(302, b"", location="/login"), "answered 302"),
        (answer(503, b'{"status": "error", "error": "starting up"}'), "503 Service Unavailable: starting up"),
        (rules(rule("Odd", alert("firing") | {"activeAt": "yesterday"})), "does not answer like Prometheus"),
        (b"", "closed the connection"),
    ],
)
def test_anything_else_is_an_error_and_never_an_empty_list(serve: Serve, said: bytes, words: str) -> None:
    with pytest.raises(ConnectorError, match=words):
        asked(serve, said)


def test_nobody_there_is_told(nobody: str) -> None:
    with Http(timeout=20) as http, pytest.raises(ConnectorError, match="refused the connection"):
        firing(http, nobody)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"resultType": "scalar", "result": [1, "2.5"]}, (2.5,)),
        ({"resultType": "vector", "result": [{"metric": {}, "value": [1, "3"]}, {"value": [1, "NaN"]}]}, (3.0,)),
        ({"resultType": "vector", "result": []}, ()),
    ],
)
def test_a_query_gives_its_numbers(serve: Serve, data: dict[str, Any], found: tuple[float, ...]) -> None:
    wire = serve(answer(200, json.dumps({"status": "success", "data": data}).encode()))
    with Http(timeout=20) as http:
        assert numbers(http, wire.url, "100 * errors / sales") == found
    assert wire.heard[0].startswith(b"GET /api/v1/query?query=100+%2A+errors+%2F+sales ")
