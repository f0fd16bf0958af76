"""In a real browser the public page is whole without scripts, at every size, in both themes; so is the form for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="skipped: no Playwright (install the dev extra)")

from playwright.sync_api import Browser, Page, expect, sync_playwright

from fireline import clock
from fireline.access import COOKIE
from fireline.core import public
from fireline.core.board import Maintenance, Notice
from fireline.core.events import Impact, Status
from fireline.settings import SmtpSettings, StatusComponentSettings, StatusSettings
from fireline.web.status.rendered import Look, beside, file_of, paths, render
from web.test_browser import FLAGS, clean_everywhere
from web.told import Told, served

LONG = "Averyveryverylongwordwithoutanyplacetobreakit" * 3
WIDTHS = (1280, 320)
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A page with everything on it: two open incidents, past ones, maintenance, groups, a form for mail."""
    folder = tmp_path_factory.mktemp("status")
    parts = (
        StatusComponentSettings(name="Checkout", group="Shop"), StatusComponentSettings(name=LONG, group="Shop"),
        StatusComponentSettings(name="Website"), StatusComponentSettings(name="Search"),
    )  # fmt: skip
    status = StatusSettings(title="Lantern status", copy=str(folder / "status.json"), components=parts)
    smtp = SmtpSettings(host="127.0.0.1", port=1, sender="status@example.com", security="none")
    with served(folder, status=status, smtp=smtp) as house:
        page, at = house.house.status_page, clock.now()
        impacts: tuple[Impact, ...] = ("critical", "minor", "none")
        said: tuple[Status, ...] = ("Investigating", "Identified", "Resolved")
        for n, impact in enumerate(impacts):
            for update, word in enumerate(said[: 3 if n == 2 else 2], 1):
                page.notices.publish(
                    Notice(
                        incident=f"incident{n}", update=update, at=at - timedelta(minutes=50 - update),
                        title=f"Slow {LONG}",
                        status=word, text=f"We say {word}.\nSecond line.", impact=impact,
                        components={} if n == 2 else {"Checkout": "major_outage", "Search": "degraded_performance"},
                    )
                )  # fmt: skip
        page.notices.plan(
            Maintenance(
                number=0, title="Bigger disks", text="Website is slow.", starts_at=at - timedelta(hours=1),
                ends_at=at + timedelta(hours=1), told_at=at - timedelta(days=1), components=("Website",),
            ), by="ana",
        )  # fmt: skip
        page.boards.look()
        yield house


@pytest.fixture(scope="module")
def chrome(chromium_path: str) -> Iterator[Browser]:
    """One browser for the module."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(told: Told, chrome: Browser) -> Iterator[Visit]:
    """Opens an address as nobody, or as `who`; in the end nothing may have been complained about in the console."""
    contexts = []
    complaints: list[str] = []

    def open_(address: str, *, who: str = "") -> Page:
        context = chrome.new_context(viewport={"width": 800, "height": 800})
        contexts.append(context)
        if who:
            context.add_cookies([{"name": COOKIE, "value": told.session(who), "url": told.url}])
        page = context.new_page()
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.goto(address)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.parametrize("path", ["", "/history", "/incidents/incident0", "/confirm/some-token"])
def test_axe_finds_nothing_on_the_public_page_and_nothing_scrolls_sideways(told: Told, visit: Visit, path: str) -> None:
    page = visit(f"{told.url}/status{path}")
    clean_everywhere(page, WIDTHS)
    assert page.evaluate("document.scripts.length") == 0


def test_axe_finds_nothing_where_people_write_for_the_public(told: Told, visit: Visit) -> None:
    number = told.declare("Redis is down")
    for text in ("We look into it.", "Write to support@example.com [when].", "We look again."):
        told.house.publish.draft(
            number, status="Investigating", title=f"Slow {LONG}", text=text, impact="major",
            components={"Checkout": "partial_outage"}, by="ana",
        )  # fmt: skip
    one = public.find(told.house.ledger.log(number), 1)
    told.house.publish.approve(number, 1, shown=one.digest, meant=True, by="ben")
    page = visit(f"{told.url}/incidents/{number}/public", who="ben")
    expect(page.get_by_role("heading", name="What the public is told")).to_be_visible()
    clean_everywhere(page, WIDTHS)


def test_as_files_the_page_looks_the_same(told: Told, visit: Visit, tmp_path: Path) -> None:
    board = told.house.status_page.boards.look()
    for path in paths(board):
        found = render(path, board, Look(at=clock.now(), root=None))
        assert found
        place = tmp_path / file_of(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(found.body)
    for name, body in beside().items():
        (tmp_path / name).write_bytes(body)
    page = visit((tmp_path / "index.html").as_uri())
    expect(page.get_by_role("heading", level=1)).to_have_text("Major outage")
    assert page.evaluate("getComputedStyle(document.body).maxWidth") != "none"
    page.get_by_role("link", name="The whole history").click()
    page.get_by_role("link", name="Slow").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Slow")
