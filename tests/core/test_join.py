"""Every alert that joins says in one sentence why; what has no good reason to join does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fireline.core.alert import Alert
from fireline.core.join import Joins, Near, about, fault, own_service, place

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HALF_HOUR = 30 * MINUTE
INC_142 = Near(number=142, service="checkout", began=NOON)


def alert(starts_at: datetime = NOON, **labels: str) -> Alert:
    return Alert(source="sentry", labels={"alertname": "TypeError", **labels}, starts_at=starts_at)


def joins(
    one: Alert, *, service: str | None = "checkout", known: int | None = None, same_fault: int | None = None
) -> Joins | None:
    return place(
        one, service=service, about="service checkout, rule TypeError", known=known, same_fault=same_fault,
        near=[INC_142], together=HALF_HOUR,
    )  # fmt: skip


@pytest.mark.req(18)
def test_the_first_good_reason_counts() -> None:
    one = alert(NOON + 4 * MINUTE)
    assert joins(one, known=3, same_fault=5) == Joins(number=3, why="it fires again, and is part of INC-3 already")
    same = joins(one, same_fault=5)
    assert same == Joins(number=5, why="same fault as INC-5: service checkout, rule TypeError")
    assert joins(one) == Joins(number=142, why="same service checkout, began 4 min after INC-142")


@pytest.mark.parametrize(
    ("began", "said"),
    [
        (NOON - 2 * MINUTE, "began 2 min before INC-142"),
        (NOON, "began 0 s after INC-142"),
        (NOON + HALF_HOUR, "began 30 min after INC-142"),
        (NOON + HALF_HOUR + timedelta(seconds=1), None),
        (NOON - HALF_HOUR - timedelta(seconds=1), None),
    ],
)
def test_the_same_service_joins_within_half_an_hour_of_its_beginning(began: datetime, said: str | None) -> None:
    found = joins(alert(began))
    assert (found.why.endswith(said) if found and said else found is None) is True


def test_another_service_or_none_joins_nothing_by_time() -> None:
    assert joins(alert(), service="search") is None
    assert joins(alert(), service=None) is None
    assert joins(alert(), service="Checkout") is not None  # people spell it their own way


@pytest.mark.parametrize(
    ("labels", "service"),
    [
        ({"service": "shop"}, "shop"),
        ({"app": "shop"}, "shop"),
        ({"job": "node", "namespace": "prod", "instance": "web-1"}, None),  # many things run there
    ],
)
def test_a_place_where_many_things_run_is_no_service_to_join_by(labels: dict[str, str], service: str | None) -> None:
    one = Alert(source="sentry", labels={"alertname": "TypeError", **labels}, starts_at=NOON)
    assert own_service(one, None) == service
    assert own_service(one, "named by a rule") == "named by a rule"


def test_a_fault_is_its_service_and_its_scenario_or_its_rule() -> None:
    assert fault(alert(), "checkout", "Payment failures") == "checkout|Payment failures"
    assert fault(alert(), "checkout", None) == "checkout|TypeError"
    assert fault(alert(), None, None) == "?|TypeError"
    assert about(alert(), None, None) == "no service label, rule TypeError"
