"""An incident's page links to its runbook's dashboards with its own window of time, and never waits for Grafana."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contracts.grafana import TOKEN, GrafanaStandIn
from fireline.connectors.grafana_rest import Grafana
from fireline.connectors.http import Http
from fireline.settings import GrafanaSettings
from fireline.workflows.dashboards import Dashboards, Shown
from kiosk import RUNBOOK, Open, until
from web.told import served

MORE = """
## Tools

Check the "Platform Overview" dashboard.

### Dashboards
- **Till:** {url}/d/mistyped
- **Traces:** https://jaeger.example
- **Platform:** {url}
"""
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WINDOW = "from=1772449200000&to=1772456400000"  # 11:00 to 13:00


class Story:
    """A kiosk with a Grafana, and a clock that a test turns."""

    def __init__(self, vendor: GrafanaStandIn, build_house: Open) -> None:
        house = build_house(runbook=RUNBOOK + MORE.format(url=vendor.url))
        house.database.migrate()
        house.library.load()
        self.at, self.book = NOON, house.library.main
        self.dashboards = Dashboards(Grafana(Http(timeout=0.3), vendor.url, TOKEN), house.library, lambda: self.at)

    def shown(self) -> dict[str, Shown]:
        return {one.name: one for one in self.dashboards(self.book, NOON, NOON + timedelta(hours=1))}


@pytest.fixture
def vendor(shared_if_there: Path | None) -> Iterator[GrafanaStandIn]:
    """Grafana with two dashboards."""
    document = shared_if_there / "contracts/grafana/api-merged.json" if shared_if_there else None
    with GrafanaStandIn(document, {"p1": "Platform Overview", "t1": "Till"}) as stand_in:
        yield stand_in


@pytest.mark.req(21)
def test_a_name_and_an_address_of_this_grafana_become_the_found_one_and_others_stay(
    vendor: GrafanaStandIn, build_house: Open
) -> None:
    story = Story(vendor, build_house)
    assert story.shown()["Platform Overview"] == Shown("Platform Overview", "", "Grafana is being asked for it.")
    assert vendor.asked == []  # a page asks nobody
    story.dashboards.look()
    assert story.shown() == {
        "Platform Overview": Shown("Platform Overview", f"{vendor.url}/d/p1/platform-overview?{WINDOW}"),
        "Till": Shown("Till", f"{vendor.url}/d/t1/till?{WINDOW}"),
        "Traces": Shown("Traces", "https://jaeger.example"),
        "Platform": Shown("Platform", vendor.url),  # Grafana's own home, and not a dashboard with that word
    }
    story.dashboards.look()
    assert vendor.asked == ["Platform", "Platform Overview", "Till"]  # kept, and nobody else's link is looked up
    story.at += timedelta(minutes=6)
    vendor.boards = {"p2": "Platform Overview"}
    story.dashboards.look()
    assert story.shown()["Platform Overview"].url == f"{vendor.url}/d/p2/platform-overview?{WINDOW}"
    assert story.shown()["Till"].url == f"{vendor.url}/d/mistyped?{WINDOW}"  # the runbook's own


@pytest.mark.req(21)
@pytest.mark.parametrize("trouble", ["away", "silent"])
def test_while_grafana_is_away_the_runbooks_link_stands_or_the_name_with_why(
    vendor: GrafanaStandIn, build_house: Open, trouble: str
) -> None:
    story = Story(vendor, build_house)
    setattr(vendor, trouble, True)
    story.dashboards.look()
    shown = story.shown()
    assert shown["Till"] == Shown("Till", f"{vendor.url}/d/mistyped?{WINDOW}")
    assert shown["Platform Overview"].url == ""
    assert shown["Platform Overview"].why.startswith("Grafana could not be asked: 127.0.0.1:")
    setattr(vendor, trouble, False)
    story.dashboards.look()
    assert vendor.asked == []  # not at every page, but after a minute
    story.at += timedelta(minutes=1)
    story.dashboards.look()
    assert story.shown()["Platform Overview"].url
    setattr(vendor, trouble, True)
    story.at += timedelta(minutes=6)
    story.dashboards.look()
    assert story.shown()["Platform Overview"].url  # what was found stays found


def test_without_a_grafana_the_runbooks_links_are_as_they_were(build_house: Open, vendor: GrafanaStandIn) -> None:
    house = build_house(runbook=RUNBOOK + MORE.format(url=vendor.url))
    house.database.migrate()
    house.library.load()
    house.dashboards.look()
    shown = house.dashboards(house.library.main, NOON, NOON)
    assert [(one.name, one.url) for one in shown] == [
        ("Till", f"{vendor.url}/d/mistyped"), ("Traces", "https://jaeger.example"), ("Platform", vendor.url),
    ]  # fmt: skip
    assert vendor.asked == []


@pytest.mark.req(21)
def test_the_incident_page_has_the_links_and_is_quick_while_grafana_hangs(
    vendor: GrafanaStandIn, tmp_path: Path
) -> None:
    (tmp_path / "kiosk.md").write_text(RUNBOOK + MORE.format(url=vendor.url))
    vendor.silent = True
    settings = GrafanaSettings(url=vendor.url, token=TOKEN)
    with served(tmp_path, tmp_path / "kiosk.md", grafana=settings) as told, told.browser() as browser:
        number = told.declare("Kiosk shut")
        began = time.monotonic()
        page = browser.get(f"/incidents/{number}")
        assert time.monotonic() - began < 1.5  # less than Grafana is given
        assert "Platform Overview <small>Grafana " in page.text
        told.house.dashboards.look()
        vendor.silent = False
        told.times.back -= timedelta(minutes=2)
        until(lambda: "/d/p1/platform-overview?from=" in browser.get(f"/incidents/{number}").text, seconds=10)
        declared = told.house.ledger.read(number).declared
        since = int((declared.detected_at - timedelta(hours=1)).timestamp() * 1000)
        assert f"{vendor.url}/d/p1/platform-overview?from={since}&amp;to=" in browser.get(f"/incidents/{number}").text
