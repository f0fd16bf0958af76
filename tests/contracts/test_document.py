"""A vendor's document is put right exactly as its errata say, and then judges both sides."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.document import Contract, patched
from contracts.pagerduty import ROUTING_KEY


@pytest.mark.parametrize(
    ("document", "patch", "result"),
    [
        ({"a": 1}, {"op": "add", "path": "/b", "value": 2}, {"a": 1, "b": 2}),
        ({"a": [1, 3]}, {"op": "add", "path": "/a/1", "value": 2}, {"a": [1, 2, 3]}),
        ({"a": [1]}, {"op": "add", "path": "/a/-", "value": 2}, {"a": [1, 2]}),
        ({"a": [1, 2]}, {"op": "replace", "path": "/a/0", "value": 0}, {"a": [0, 2]}),
        ({"a": {"b": 1}}, {"op": "remove", "path": "/a/b"}, {"a": {}}),
        ({"a": [1, 2]}, {"op": "remove", "path": "/a/0"}, {"a": [2]}),
        ({"x/y": {"~": 1}}, {"op": "replace", "path": "/x~1y/~0", "value": 2}, {"x/y": {"~": 2}}),
    ],
)
def test_a_patch_does_what_rfc_6902_says(document: object, patch: dict[str, object], result: object) -> None:
    assert patched(document, [patch]) == result


def test_a_patch_that_is_not_known_stops_the_test() -> None:
    with pytest.raises(NotImplementedError, match="copy"):
        patched({"a": 1}, [{"op": "copy", "path": "/b", "from": "/a"}])


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b'{"routing_key": "KEY", "event_action": "resolve"}', "dedup_key"),
        (b'{"routing_key": "KEY", "event_action": "trigger", "dedup_key": "a"}', "payload"),
        (b'{"routing_key": "short", "event_action": "resolve", "dedup_key": "a"}', "routing_key"),
        (b'{"routing_key": "KEY", "event_action": "reopen", "dedup_key": "a"}', "event_action"),
        (b"{", ""),
    ],
)
def test_pagerdutys_document_finds_what_is_wrong(shared: Path, body: bytes, fault: str) -> None:
    contracts = shared / "contracts"
    contract = Contract(
        contracts / "pagerduty" / "events-v2-openapiv3.json",
        contracts / "errata.json",
        base="https://events.pagerduty.com",
    )
    whole = body.replace(b"KEY", ROUTING_KEY.encode())
    faults = contract.faults_of_request("post", "/v2/enqueue", whole, "application/json")
    assert any(fault in one for one in faults), faults
    assert contract.faults_of_request("post", "/v1/enqueue", whole, "application/json")
    assert contract.faults_of_answer("post", "/v2/enqueue", 202, b"{}")
    assert contract.faults_of_answer("post", "/v2/enqueue", 202, b'{"status": "success"}') == []
