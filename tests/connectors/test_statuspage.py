"""Statuspage is asked as its own document says, once a second, and what it made is found again by our mark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import SHARED
from contracts.statuspage import API_KEY, COMPONENTS, PAGE, Failure, StatuspageStandIn
from fireline.connectors.http import Http, Permanent, Temporary
from fireline.connectors.statuspage import Pace, Statuspage
from fireline.core.refusal import Refused

SLOW: dict[str, Any] = {
    "name": "Slow checkout", "status": "Investigating", "body": "We are investigating.", "impact": "major",
    "components": {COMPONENTS[0]: "partial_outage"},
}  # fmt: skip


@pytest.fixture(params=["by its document", "by what it does"])
def vendor(request: pytest.FixtureRequest) -> Iterator[StatuspageStandIn]:
    """Statuspage's wire. By its document every request and answer is checked; without it only what it does is shown."""
    folder: Path | None = None
    if request.param == "by its document":
        folder = request.getfixturevalue("shared") / "contracts"
    document = folder / "statuspage" / "openapi3.json" if folder else None
    with StatuspageStandIn(document, folder / "errata.json" if folder else None) as stand_in:
        yield stand_in


@pytest.fixture
def public_page(vendor: StatuspageStandIn) -> Iterator[Statuspage]:
    with Http(timeout=1.0) as http:
        yield Statuspage(http, PAGE, API_KEY, vendor.url, lambda: None)


def test_the_document_is_there_to_judge_by() -> None:
    if not SHARED.is_dir():
        pytest.skip("skipped: no ../shared")
    assert (SHARED / "contracts" / "statuspage" / "openapi3.json").is_file()


@pytest.mark.req(35)
def test_an_incident_is_opened_with_name_status_impact_and_body(
    public_page: Statuspage, vendor: StatuspageStandIn
) -> None:
    made = public_page.create("house/INC-1", 1, **SLOW)
    [(method, sent)] = vendor.wrote()
    assert method == "POST"
    assert sent["name"] == "Slow checkout"
    assert sent["status"] == "investigating"
    assert sent["impact_override"] == "major"
    assert "impact" not in sent
    assert sent["body"] == "We are investigating."
    assert sent["components"] == {COMPONENTS[0]: "partial_outage"}
    assert made.shortlink
    assert vendor.requests[0][1] == f"/v1/pages/{PAGE}/incidents"


@pytest.mark.req(90, 110)
def test_it_goes_on_is_ended_and_read_back(public_page: Statuspage, vendor: StatuspageStandIn) -> None:
    made = public_page.create("house/INC-1", 1, **SLOW)
    public_page.update(made.id, "house/INC-1", 2, **SLOW | {"status": "Monitoring", "body": "A fix is in."})
    over = {"status": "Resolved", "components": {COMPONENTS[0]: "operational"}}
    public_page.update(made.id, "house/INC-1", 3, **SLOW | over)
    assert [method for method, _ in vendor.wrote()] == ["POST", "PATCH", "PATCH"]
    assert public_page.read(made.id).status == "resolved"
    assert [one["status"] for one in vendor.incidents[0]["incident_updates"]] == [
        "resolved", "monitoring", "investigating",
    ]  # fmt: skip


def test_it_is_found_again_by_our_mark(public_page: Statuspage) -> None:
    assert public_page.find("house/INC-1") is None
    public_page.create("house/INC-2", 1, **SLOW)
    made = public_page.create("house/INC-1", 4, **SLOW)
    found = public_page.find("house/INC-1")
    assert found
    assert found.id == made.id
    assert found.mark == ("house/INC-1", 4)


def test_what_somebody_else_opened_carries_no_mark(public_page: Statuspage, vendor: StatuspageStandIn) -> None:
    public_page.create("house/INC-1", 1, **SLOW)
    for metadata in ({}, {"jira": {"issue_id": "7"}}, {"fireline": "odd"}, {"fireline": {"update": "soon"}}):
        vendor.incidents[0]["metadata"] = metadata
        vendor.violations.clear()
        assert public_page.find("house/INC-1") is None
    vendor.violations.clear()


@pytest.mark.parametrize(
    ("how", "said"),
    [("500", "500 Internal Server Error"), ("429", "429"), ("420", "420"), ("reset", "connection"), ("hang", "in time"),
     ("drop", "closed the connection"), ("nonsense", "no incident")],
)  # fmt: skip
def test_trouble_that_time_may_cure_is_temporary(
    public_page: Statuspage, vendor: StatuspageStandIn, how: Failure, said: str
) -> None:
    vendor.fail_next(1, how)
    with pytest.raises(Temporary, match=said) as trouble:
        public_page.create("house/INC-1", 1, **SLOW)
    assert trouble.value.retry_after == {"429": 7.0, "420": 60.0}.get(how)
    assert API_KEY not in str(trouble.value)


def test_a_wrong_key_is_for_a_person_and_never_shown(vendor: StatuspageStandIn) -> None:
    with Http() as http:
        public_page = Statuspage(http, PAGE, "not-the-key-at-all", vendor.url, lambda: None)
        with pytest.raises(Permanent, match="Could not authenticate") as trouble:
            public_page.find("x")
    assert "not-the-key" not in f"{trouble.value} {public_page!r}"


def test_a_component_the_page_does_not_have_is_said_in_its_words(public_page: Statuspage) -> None:
    with pytest.raises(Permanent, match="Component nope does not exist"):
        public_page.create("house/INC-1", 1, **SLOW | {"components": {"nope": "operational"}})


@pytest.mark.parametrize(("page_id", "key"), [("../x", API_KEY), ("", API_KEY), (PAGE, "two words"), (PAGE, "é")])
def test_settings_that_cannot_work_are_refused_at_the_start(page_id: str, key: str) -> None:
    with Http() as http, pytest.raises(Refused, match=r"\[statuspage\]"):
        Statuspage(http, page_id, key)


def test_a_page_is_asked_once_a_second_in_the_order_of_coming() -> None:
    at = [100.0]
    rests: list[float] = []

    def rest(seconds: float) -> None:
        rests.append(seconds)
        at[0] += seconds

    pace = Pace(1.0, now=lambda: at[0], rest=rest)
    for _ in range(3):
        pace()
    at[0] += 5
    pace()
    assert rests == [1.0, 1.0]
