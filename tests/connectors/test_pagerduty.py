"""PagerDuty hears of an incident by its own contract, wakes people once, and is quoted when it says no."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.pagerduty import ROUTING_KEY, PagerDutyStandIn
from contracts.wire import Serve, answer
from fireline.connectors.http import ConnectorError, Http, Permanent, Temporary
from fireline.connectors.pagerduty import DETAILS_MAX_BYTES, SUMMARY_MAX_CHARS, PagerDuty
from fireline.core.refusal import Refused

NIGHT = datetime(2031, 5, 4, 3, 12, 9, 250_000, tzinfo=UTC)


@pytest.fixture
def desk(shared: Path) -> Iterator[PagerDutyStandIn]:
    """Where the pages of ana's team arrive."""
    contracts = shared / "contracts"
    document = contracts / "pagerduty" / "events-v2-openapiv3.json"
    with PagerDutyStandIn(document, contracts / "errata.json") as stand_in:
        yield stand_in


@pytest.fixture
def http() -> Iterator[Http]:
    with Http(timeout=20) as client:
        yield client


@pytest.fixture
def pagerduty(http: Http, desk: PagerDutyStandIn) -> PagerDuty:
    return PagerDuty(http, ROUTING_KEY, desk.url)


def page(
    pagerduty: PagerDuty,
    key: str = "INC-142",
    *,
    summary: str = "P0: checkout is down",
    source: str = "checkout",
    severity: str = "P0",
) -> None:
    pagerduty.trigger(key, summary=summary, source=source, severity=severity, at=NIGHT)


@pytest.mark.req(12)
def test_a_page_carries_what_the_woken_person_needs(pagerduty: PagerDuty, desk: PagerDutyStandIn) -> None:
    pagerduty.trigger(
        "INC-142",
        summary="P0: checkout is down",
        source="checkout",
        severity="P0",
        at=NIGHT,
        links=[
            ("https://grafana.example/d/1", "Dashboard"),
            ("https://fireline.example/runbooks/2", "Runbook"),
        ],
        custom_details={"declared by": "ana", "since": NIGHT, "5xx": 0.31},
        client_url="https://fireline.example/incidents/142",
    )
    assert desk.requests == [
        {
            "routing_key": ROUTING_KEY,
            "event_action": "trigger",
            "dedup_key": "INC-142",
            "client": "fireline",
            "client_url": "https://fireline.example/incidents/142",
            "links": [
                {"href": "https://grafana.example/d/1", "text": "Dashboard"},
                {"href": "https://fireline.example/runbooks/2", "text": "Runbook"},
            ],
            "payload": {
                "summary": "P0: checkout is down",
                "source": "checkout",
                "severity": "critical",
                "timestamp": "2031-05-04T03:12:09.250+00:00",
                "custom_details": {"declared by": "ana", "since": "2031-05-04T03:12:09.250000Z", "5xx": 0.31},
            },
        }
    ]


@pytest.mark.parametrize(
    ("severity", "said"),
    [("P0", "critical"), ("P1", "error"), ("P2", "warning"), ("P3", "info"), ("SEV9", "critical")],
)
def test_a_severity_is_said_in_pagerdutys_words_and_an_unknown_one_wakes(
    pagerduty: PagerDuty, desk: PagerDutyStandIn, severity: str, said: str
) -> None:
    page(pagerduty, severity=severity)
    assert desk.requests[0]["payload"]["severity"] == said


@pytest.mark.req(12)
def test_paging_twice_wakes_once(pagerduty: PagerDuty, desk: PagerDutyStandIn) -> None:
    page(pagerduty)
    page(pagerduty)
    assert (desk.pages("INC-142"), len(desk.requests), list(desk.open_alerts)) == (1, 2, ["INC-142"])


@pytest.mark.req(12)
def test_acknowledging_stops_the_escalation(pagerduty: PagerDuty, desk: PagerDutyStandIn) -> None:
    page(pagerduty)
    pagerduty.acknowledge("INC-142")
    assert desk.open_alerts["INC-142"].status == "acknowledged"
    page(pagerduty)
    assert desk.pages("INC-142") == 1


@pytest.mark.req(109)
def test_resolving_closes_that_alert_and_no_other(pagerduty: PagerDuty, desk: PagerDutyStandIn) -> None:
    page(pagerduty, "INC-142")
    page(pagerduty, "INC-143")
    pagerduty.resolve("INC-142")
    assert list(desk.open_alerts) == ["INC-143"]
    assert desk.requests[-1] == {
        "routing_key": ROUTING_KEY,
        "event_action": "resolve",
        "dedup_key": "INC-142",
    }


def test_an_incident_that_comes_back_wakes_again(pagerduty: PagerDuty, desk: PagerDutyStandIn) -> None:
    page(pagerduty)
    pagerduty.resolve("INC-142")
    page(pagerduty)
    assert (desk.pages("INC-142"), list(desk.open_alerts)) == (2, ["INC-142"])


@pytest.mark.req(109)
def test_resolving_what_was_never_paged_is_no_trouble(pagerduty: PagerDuty, desk: PagerDutyStandIn) -> None:
    pagerduty.resolve("INC-7")
    assert (desk.open_alerts, desk.pages("INC-7")) == ({}, 0)


def test_a_page_whose_answer_was_lost_is_sent_again_and_still_wakes_once(
    pagerduty: PagerDuty, desk: PagerDutyStandIn
) -> None:
    desk.fail_next(2, "drop")
    for _ in range(2):
        with pytest.raises(Temporary):
            page(pagerduty)
    page(pagerduty)
    assert (len(desk.requests), desk.pages("INC-142")) == (3, 1)


def test_too_many_events_is_temporary_with_the_seconds_to_wait(pagerduty: PagerDuty, desk: PagerDutyStandIn) -> None:
    desk.fail_next(1, "429", retry_after="17")
    with pytest.raises(Temporary, match="answered 429 Too Many Requests") as told:
        page(pagerduty)
    assert (told.value.retry_after, desk.requests) == (17.0, [])
    page(pagerduty)
    assert desk.pages("INC-142") == 1


def test_trouble_at_pagerduty_is_temporary(pagerduty: PagerDuty, desk: PagerDutyStandIn) -> None:
    desk.fail_next(1, "500")
    with pytest.raises(Temporary, match="answered 500 Internal Server Error"):
        pagerduty.acknowledge("INC-142")
    desk.fail_next(1, "reset")
    with pytest.raises(Temporary, match=r"closed the connection|Connection reset"):
        pagerduty.resolve("INC-142")


def test_pagerduty_unreachable_is_temporary_and_over_when_it_is_back(
    pagerduty: PagerDuty, desk: PagerDutyStandIn
) -> None:
    with desk.refusing(), pytest.raises(Temporary, match=r"127\.0\.0\.1:\d+ refused the connection"):
        page(pagerduty)
    page(pagerduty)
    assert desk.pages("INC-142") == 1


def test_a_silent_pagerduty_is_temporary_within_the_timeout(desk: PagerDutyStandIn) -> None:
    desk.fail_next(1, "hang")  # for ever
    with Http(timeout=0.5) as hasty, pytest.raises(Temporary, match="did not answer in time"):
        page(PagerDuty(hasty, ROUTING_KEY, desk.url))


def test_a_key_pagerduty_does_not_know_is_permanent_in_its_own_words(http: Http, desk: PagerDutyStandIn) -> None:
    stranger = "x" * 32
    with pytest.raises(Permanent, match="400 Bad Request: Event object is invalid; Invalid routing key") as told:
        page(PagerDuty(http, stranger, desk.url))
    assert stranger not in everything_told(told.value)
    assert desk.open_alerts == {}


@pytest.mark.parametrize(
    "said",
    [
        b'{"status": "invalid event", "errors": ["KEY"]}',
        b'{"status": "queued"}',
        b'{"status": 1}',
        b"[]",
        b"",
    ],
)
def test_accepted_but_not_a_success_is_permanent_and_tells_no_key(http: Http, serve: Serve, said: bytes) -> None:
    wire = serve(answer(202, said.replace(b"KEY", ROUTING_KEY.encode())))
    with pytest.raises(Permanent, match="PagerDuty took the event but reports no success: ") as told:
        page(PagerDuty(http, ROUTING_KEY, wire.url))
    assert ROUTING_KEY not in everything_told(told.value)


def test_any_other_success_than_202_came_from_somebody_else(http: Http, serve: Serve) -> None:
    wire = serve(answer(200, b'{"status": "success"}'))
    with pytest.raises(Permanent, match="answered 200 OK: success"):
        page(PagerDuty(http, ROUTING_KEY, wire.url))


def test_no_trouble_tells_the_key(http: Http, serve: Serve, nobody: str) -> None:
    echo = b'{"message": "no", "errors": ["bad key ' + ROUTING_KEY.encode() + b'", null, 3]}'
    told = []
    for url in [nobody, serve(answer(400, echo)).url, serve(answer(500, echo)).url, serve(b"").url]:
        pagerduty = PagerDuty(http, ROUTING_KEY, url)
        with pytest.raises(ConnectorError) as trouble:
            page(pagerduty)
        told.append(everything_told(trouble.value) + repr(pagerduty))
    assert ROUTING_KEY not in "".join(told)
    assert "answered 400 Bad Request: no; bad key (routing key); 3." in told[1]


def test_a_summary_too_long_is_cut_and_shows_it(pagerduty: PagerDuty, desk: PagerDutyStandIn) -> None:
    page(pagerduty, summary="é" * SUMMARY_MAX_CHARS)
    page(pagerduty, summary="é" * (SUMMARY_MAX_CHARS + 1))
    whole, cut = (event["payload"]["summary"] for event in desk.requests)
    assert whole == "é" * SUMMARY_MAX_CHARS
    assert cut == "é" * (SUMMARY_MAX_CHARS - 1) + "…"


def test_a_page_without_words_still_goes_out(pagerduty: PagerDuty, desk: PagerDutyStandIn) -> None:
    page(pagerduty, summary=" ", source="")
    payload = desk.requests[0]["payload"]
    assert (payload["summary"], payload["source"]) == ("INC-142", "fireline")


def test_details_too_big_stay_at_home_and_the_page_goes_out(pagerduty: PagerDuty, desk: PagerDutyStandIn) -> None:
    details = {"log": "x" * DETAILS_MAX_BYTES}
    pagerduty.trigger("INC-142", summary="P1", source="db", severity="P1", at=NIGHT, custom_details=details)
    sent = desk.requests[0]["payload"]["custom_details"]
    assert sent == {"left out": "400010 bytes of details: open the incident to read them"}
    assert desk.pages("INC-142") == 1


@pytest.mark.parametrize("key", ["", "short", "x" * 31, "x" * 33, "x" * 31 + "\n", "x" * 31 + "-", "é" * 32])
def test_a_routing_key_that_cannot_be_one_is_refused_without_repeating_it(http: Http, key: str) -> None:
    with pytest.raises(Refused, match="must be 32 letters and digits") as told:
        PagerDuty(http, key)
    assert (told.value.status, told.value.field) == (400, "routing_key")
    assert not key or key not in told.value.sentence


def test_a_sender_that_breaks_the_contract_is_found_out(http: Http, desk: PagerDutyStandIn) -> None:
    with pytest.raises(Permanent, match="answered 400"):
        http.post(desk.url, {"routing_key": ROUTING_KEY, "event_action": "resolve"})
    assert desk.violations
    with pytest.raises(AssertionError, match="PagerDuty's contract was broken"):
        desk.__exit__(None, None, None)
    desk.violations.clear()
    desk.__enter__()


def everything_told(error: ConnectorError) -> str:
    return "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
