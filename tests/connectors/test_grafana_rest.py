"""A dashboard is found by its title, the exact one first, and its link shows the window that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.grafana import TOKEN, GrafanaStandIn
from contracts.wire import Serve, answer
from fireline.connectors.grafana_rest import Grafana, within
from fireline.connectors.http import ConnectorError, Http

BOARDS = {
    "a1": "Platform Overview",
    "a2": "Platform Overview (old)",
    "b1": "Till",
    "b2": "TILL",
    "c1": "Queue at the kiosk",
    "d/1": "Window",
}


@pytest.fixture
def vendor(shared_if_there: Path | None) -> Iterator[GrafanaStandIn]:
    """Grafana with a few dashboards."""
    document = shared_if_there / "contracts/grafana/api-merged.json" if shared_if_there else None
    with GrafanaStandIn(document, BOARDS) as stand_in:
        yield stand_in


def grafana(vendor: GrafanaStandIn, token: str = TOKEN) -> Grafana:
    return Grafana(Http(timeout=20), vendor.url + "/", token)


def test_without_the_document_the_stand_in_goes_unchecked(shared: Path) -> None:
    assert (shared / "contracts/grafana/api-merged.json").is_file()


@pytest.mark.req(21)
@pytest.mark.parametrize(
    ("title", "path"),
    [
        ("Platform Overview", "/d/a1/platform-overview"),  # and not the old one, which has the words, too
        ("platform overview", "/d/a1/platform-overview"),
        ("TILL", "/d/b2/till"),
        ("till", None),  # two would do
        ("queue", "/d/c1/queue-at-the-kiosk"),
        ("Window", "/d/d%2F1/window"),
        ("Cellar", None),
    ],
)
def test_the_very_title_goes_first(vendor: GrafanaStandIn, title: str, path: str | None) -> None:
    assert grafana(vendor).find(title) == (vendor.url + path if path else None)
    assert vendor.asked == [title]


def test_a_part_of_a_title_is_not_enough_where_the_whole_is_wanted(vendor: GrafanaStandIn) -> None:
    assert grafana(vendor).find("Queue", whole=True) is None
    assert grafana(vendor).find("window", whole=True)


@pytest.mark.req(21)
def test_a_link_shows_the_window_in_milliseconds() -> None:
    since, until = datetime(2026, 3, 2, 11, tzinfo=UTC), datetime(2026, 3, 2, 13, 30, tzinfo=UTC)
    window = "from=1772449200000&to=1772458200000"
    assert within("https://g.example/d/a1/till", since, until) == f"https://g.example/d/a1/till?{window}"
    assert within("https://g.example/d/a1?orgId=2", since, until) == f"https://g.example/d/a1?orgId=2&{window}"
    for stays in ("https://g.example", "https://g.example/d/a1?from=now-1h"):
        assert within(stays, since, until) == stays


def test_an_address_is_grafanas_when_it_lies_below_its_own() -> None:
    mine = Grafana(Http(), "https://g.example/grafana/")
    assert mine.serves("https://g.example/grafana")
    assert mine.serves("https://g.example/grafana/d/a1")
    assert not mine.serves("https://g.example/grafana-old/d/a1")
    assert not mine.serves("https://other.example/grafana/d/a1")


def test_a_refusal_is_told_in_grafanas_words_and_without_the_token(vendor: GrafanaStandIn) -> None:
    with pytest.raises(ConnectorError, match="answered 401 Unauthorized: Unauthorized") as no:
        grafana(vendor, "wrong-secret").find("Till")
    assert "wrong-secret" not in no.value.reason


@pytest.mark.parametrize("body", [b"{}", b'[{"title": 3}]', b"<html>"])
def test_an_answer_that_is_no_search_is_told_as_that(serve: Serve, body: bytes) -> None:
    wire = serve(answer(200, body))
    with pytest.raises(ConnectorError, match=r"does not answer like Grafana's search|not JSON"):
        Grafana(Http(timeout=20), wire.url).find("Till")
