"""The REST API is asked in PagerDuty's own words, finds services by name, and opens, renames and closes once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contracts.pagerduty_rest import PRIORITIES, SENDER, TOKEN, PagerDutyRestStandIn
from contracts.wire import Serve, answer
from fireline.connectors.http import Http, Permanent, Temporary
from fireline.connectors.pagerduty_rest import Opened, PagerDutyRest

KEY = "fireline/INC-142"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def account(shared_if_there: Path | None) -> Iterator[PagerDutyRestStandIn]:
    with PagerDutyRestStandIn(shared_if_there) as stand_in:
        yield stand_in


@pytest.fixture
def http() -> Http:
    return Http(timeout=1)


@pytest.fixture
def rest(account: PagerDutyRestStandIn) -> PagerDutyRest:
    return PagerDutyRest(Http(timeout=1), TOKEN, SENDER, account.url)


def opened(rest: PagerDutyRest, title: str = "P0: the shop is down") -> Opened:
    service, priority = rest.service("shop-platform"), rest.priority("P0")
    return rest.open(KEY, title=title, service=service, urgency="high", priority=priority, details="see fireline")


@pytest.mark.req(27)
def test_a_service_is_found_by_its_name_whatever_its_case(rest: PagerDutyRest, account: PagerDutyRestStandIn) -> None:
    assert rest.service("Shop-Platform").id == account.services["shop-platform"]


@pytest.mark.req(27)
def test_a_service_that_is_not_there_is_named_with_those_that_are(rest: PagerDutyRest) -> None:
    with pytest.raises(Permanent, match=r"no service named shop\. There are: shop-platform, shop-search\."):
        rest.service("shop")


@pytest.mark.req(27)
def test_an_incident_is_opened_high_with_its_priority_and_says_whom_it_woke(
    rest: PagerDutyRest, account: PagerDutyRestStandIn
) -> None:
    one = opened(rest)
    assert one.woken == ("Ana Duarte",)
    [there] = account.of(KEY)
    assert (there.facts["title"], there.facts["urgency"]) == ("P0: the shop is down", "high")
    assert there.facts["priority"]["id"] == PRIORITIES["P0"]
    assert rest.priority("P3") is None


@pytest.mark.req(27)
def test_the_same_key_does_not_open_a_second_one(rest: PagerDutyRest, account: PagerDutyRestStandIn) -> None:
    opened(rest)
    with pytest.raises(Permanent, match="Open incident already exists"):
        opened(rest)
    assert account.opened(KEY) == 1


def test_only_an_incident_of_this_key_and_time_is_found(rest: PagerDutyRest) -> None:
    assert rest.find(KEY, since=LONG_AGO) is None
    one = opened(rest)
    found = rest.find(KEY, since=LONG_AGO)
    assert found is not None
    assert found.id == one.id
    assert rest.find(KEY, since=datetime.now(UTC) + timedelta(hours=1)) is None


@pytest.mark.req(38)
def test_title_urgency_and_priority_follow_and_what_is_true_already_is_not_sent(
    rest: PagerDutyRest, account: PagerDutyRestStandIn
) -> None:
    one = opened(rest)
    assert rest.change(one, title="P2: the shop is slow", urgency="low", priority=rest.priority("P2"))
    [there] = account.of(KEY)
    assert (there.facts["title"], there.facts["urgency"]) == ("P2: the shop is slow", "low")
    assert there.facts["priority"]["name"] == "P2"
    now = rest.find(KEY, since=LONG_AGO)
    assert now is not None
    asked = len(account.requests)
    assert not rest.change(now, title="P2: the shop is slow", urgency="low", priority=rest.priority("P2"))
    assert len(account.requests) == asked + 1  # the priority was looked up, nothing was written


@pytest.mark.req(109)
def test_what_was_resolved_there_is_not_reopened_by_an_acknowledgement(
    rest: PagerDutyRest, account: PagerDutyRestStandIn
) -> None:
    one = opened(rest)
    assert rest.change(one, status="resolved")
    over = rest.find(KEY, since=LONG_AGO)
    assert over is not None
    assert not rest.change(over, status="acknowledged")
    assert account.of(KEY)[0].facts["status"] == "resolved"


def test_a_note_is_written_once(rest: PagerDutyRest, account: PagerDutyRestStandIn) -> None:
    one = opened(rest)
    for _ in range(2):
        rest.note(one, "Identified since 03:20:11 UTC: a full disk")
    assert account.of(KEY)[0].notes == ["Identified since 03:20:11 UTC: a full disk"]


def test_the_first_level_is_who_is_on_call(rest: PagerDutyRest) -> None:
    (first,) = rest.on_call(rest.service("shop-platform"))
    who = rest.user(first)
    assert (who.name, who.email) == ("Ana Duarte", "ana@example.com")


def test_too_many_questions_are_asked_again_when_pagerduty_says(
    rest: PagerDutyRest, account: PagerDutyRestStandIn
) -> None:
    account.wire.fail_next(1, "429", retry_after="11")
    with pytest.raises(Temporary) as told:
        rest.service("shop-platform")
    assert told.value.retry_after == 11.0


def test_a_stranger_is_refused_without_telling_the_key(account: PagerDutyRestStandIn) -> None:
    stranger = PagerDutyRest(Http(timeout=1), "stolen-key-0000000", SENDER, account.url)
    with pytest.raises(Permanent, match="401") as told:
        stranger.service("shop-platform")
    assert "stolen" not in repr(told.value) + repr(stranger)


def test_an_answer_of_another_shape_is_said(serve: Serve) -> None:
    wire = serve(answer(200, b'{"services": "none"}'))
    with pytest.raises(Permanent, match="something else than PagerDuty does"):
        PagerDutyRest(Http(timeout=1), TOKEN, SENDER, wire.url.rstrip("/")).service("shop")


def test_every_request_and_answer_here_is_checked_against_pagerdutys_document(shared: Path, http: Http) -> None:
    stand_in = PagerDutyRestStandIn(shared)
    with (
        pytest.raises(AssertionError, match="contract was broken"),
        stand_in,
        pytest.raises(Permanent, match="400"),
    ):
        http.post(f"{stand_in.url}/incidents", {"incident": {"title": "no service"}})
