"""The rule: what vendors were told is one question, and what people did by hand or want tried again one deed each."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from api.caller import Caller
from fireline.core import delivery
from fireline.core.events import HOUSE
from fireline.house import House

PAGE: dict[str, Any] = {"key": "pagerduty/1/trigger", "vendor": "pagerduty", "what": "Page the on-call", "by": HOUSE}


@pytest.fixture
def given_up(house: House) -> str:
    """An incident whose page nobody took."""
    number = house.declare.by_person("Redis is down", by="ana", severity="P1").number
    house.ledger.act(number, partial(delivery.give_up, attempt=1, reason="bad key", **PAGE))
    return f"/api/v1/incidents/{number}/deliveries"


@pytest.mark.req(28, 37)
def test_a_missing_delivery_comes_with_its_words_and_whom_to_call(ana: Caller, given_up: str) -> None:
    found = ana.get(given_up).json()
    [page] = found["deliveries"]
    assert (page["key"], page["state"], page["reason"]) == (PAGE["key"], "given up", "bad key")
    assert page["by_hand"] == {"text": "P1: Redis is down", "lines": []}  # no pager is set up in this house
    assert found["phones"][0] == {
        "role": "On-Call", "contact": 'PagerDuty rotation "lantern-shop"', "phone": "", "blank": False,
    }  # fmt: skip


@pytest.mark.req(37)
def test_by_hand_and_retry_are_deeds_with_refusals_in_words(ana: Caller, vera: Caller, given_up: str) -> None:
    body = {"delivery": PAGE["key"]}
    assert vera.post(f"{given_up}/retry", body).status_code == 403
    again = ana.post(f"{given_up}/retry", body)
    assert [one["state"] for one in again.json()["deliveries"]] == ["waiting"]
    assert ana.post(f"{given_up}/retry", body).status_code == 409
    done = ana.post(f"{given_up}/by-hand", body)
    assert [(one["state"], one["by"], one["by_hand"]) for one in done.json()["deliveries"]] == [
        ("by hand", "ana", None)
    ]
    assert done.json()["phones"] == []
    assert ana.post(f"{given_up}/by-hand", {"delivery": "fax/1/send"}).status_code == 404


@pytest.mark.req(37)
def test_an_incident_shows_its_deliveries_too(ana: Caller, given_up: str) -> None:
    whole = ana.get(given_up.removesuffix("/deliveries")).json()
    assert [(one["key"], one["state"]) for one in whole["deliveries"]] == [(PAGE["key"], "given up")]
