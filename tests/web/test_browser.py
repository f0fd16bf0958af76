"""In a real browser: nothing for axe to find, nothing to scroll sideways, and pages that stay alive and in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from urllib.parse import quote_plus

import pytest

pytest.importorskip("playwright.sync_api", reason="skipped: no Playwright (install the dev extra)")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from fireline.access import COOKIE
from fireline.core import incident
from web.told import Told

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
WIDTHS = (1440, 390, 320)
Open = Callable[..., Page]
PATIENCE = 30_000  # milliseconds; a busy machine may take its time, and whoever passes waits for nothing
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def chrome(chromium_path: str) -> Iterator[Browser]:
    """One browser for the module."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(told: Told, chrome: Browser) -> Iterator[Open]:
    """Opens a page as somebody; in the end nothing may have been complained about in its console."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_(path: str, who: str = "ana", *, size: tuple[int, int] = (1440, 900), **more: object) -> Page:
        context = chrome.new_context(viewport={"width": size[0], "height": size[1]}, **more)  # type: ignore[arg-type]
        contexts.append(context)
        context.add_cookies([{"name": COOKIE, "value": told.session(who), "url": told.url}])
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda trouble: complaints.append(str(trouble)))
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.goto(told.url + path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def night(told: Told) -> int:
    """One incident that waits for a yes, for tests that only look."""
    told.morning()
    return told.night()


def clean(page: Page, options: dict[str, list[str]] = AXE) -> None:
    """Axe finds nothing, and nothing can be scrolled sideways."""
    found = Axe().run(page, options=options)
    assert found.violations_count == 0, found.generate_report()
    assert page.viewport_size
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def clean_everywhere(page: Page, widths: Sequence[int], ready: Callable[[], None] = lambda: None) -> None:
    """It is, loaded at each width, and in the dark: of what axe knows, only colours can be wrong there alone."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="light")
        page.reload()
        ready()
        clean(page)
        page.emulate_media(color_scheme="dark")
        clean(page, COLOURS)


@pytest.mark.parametrize("path", ["/incidents/{n}", "/"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(night: int, visit: Open, path: str) -> None:
    page = visit(path.format(n=night))
    clean_everywhere(page, WIDTHS, lambda: expect(page.locator("#connection")).to_have_text("Live"))


@pytest.mark.parametrize(
    "path",
    ["/declare?title=Redis+is+down", "/alerts", "/runbooks", "/runbooks/incident-response", "/incidents/{n}/review",
     "/incidents/{n}/approvals/1", "/incidents/{n}/palette?text=e", "/incidents/{n}/updates/new",
     "/incidents/{n}/brief", "/reviews", "/sign-in"],
)  # fmt: skip
def test_the_other_pages_are_clean_on_a_small_phone(night: int, visit: Open, path: str) -> None:
    clean(visit(path.format(n=night), size=(320, 640)))


def found(page: Page, text: str) -> None:
    """Type it into the palette; the answer to all of it is there, so that none comes later and takes the focus."""
    with page.expect_response(lambda one: one.url.endswith(f"/palette?text={quote_plus(text)}")) as answer:
        page.keyboard.type(text)
    answer.value.finished()


@pytest.mark.req(134)
@pytest.mark.parametrize("width", WIDTHS[:2])
def test_one_key_opens_the_palette_where_typing_and_arrows_find_what_to_do(told: Told, visit: Open, width: int) -> None:
    number = told.night()
    page = visit(f"/incidents/{number}", size=(width, 844))
    expect(page.locator("#connection")).to_have_text("Live")
    page.keyboard.press("/")
    palette = page.get_by_role("dialog", name="Find or do")
    expect(palette.get_by_role("link", name="Note what you saw")).to_be_visible()
    page.emulate_media(color_scheme="dark")
    clean(page, COLOURS)
    page.emulate_media(color_scheme="light")
    clean(page)
    found(page, "supervisorctl status redis")
    expect(palette.locator(".found a, .found button")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")  # it only reads and wants nothing: one press, in place
    expect(page.locator("#said")).to_contain_text("It only reads, so it runs now.")
    expect(palette).to_be_hidden()
    page.keyboard.press("Control+k")
    found(page, "note")
    expect(palette.locator(".found a")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(palette).to_be_hidden()
    expect(page).to_have_url(f"{told.url}/incidents/{number}#note")


def test_bens_yes_shows_on_anas_page_by_itself(told: Told, visit: Open) -> None:
    number = told.night()
    ana, ben = visit(f"/incidents/{number}", "ana"), visit(f"/incidents/{number}", "ben")
    expect(ana.locator("#connection")).to_have_text("Live")
    ben.get_by_role("button", name="Approve and run").click()
    expect(ben.locator("#said")).to_contain_text("Approved. It runs now.")
    expect(ana.locator("#timeline")).to_contain_text("ben approved Restart Redis")
    expect(ana.get_by_role("button", name="Approve and run")).to_have_count(0)
    expect(ana.locator("#announce")).to_have_text("ben approved Restart Redis")


@pytest.mark.req(44)
def test_bens_tick_shows_on_anas_page_by_itself(told: Told, visit: Open) -> None:
    number = told.declare()
    ana, ben = visit(f"/incidents/{number}", "ana"), visit(f"/incidents/{number}", "ben")
    expect(ana.locator("#connection")).to_have_text("Live")
    ben.get_by_role("button", name="Tick: Call opened and its link posted").click()
    expect(ben.locator("#said")).to_contain_text("Ticked.")
    expect(ana.locator("#checklist")).to_contain_text("Ben Okoro")
    ana.get_by_role("button", name="Take back the tick: Call opened and its link posted").click()
    expect(ben.locator("#checklist")).not_to_contain_text("Ben Okoro")


def test_a_live_update_leaves_open_details_typed_words_and_focus_alone(told: Told, visit: Open) -> None:
    number = told.night()
    page = visit(f"/incidents/{number}", "ben")
    expect(page.locator("#connection")).to_have_text("Live")
    step = page.locator("details", has_text="See whether its process runs").last
    step.locator("summary").click()
    page.get_by_text("Decline…").click()
    page.get_by_label("Why not?").fill("the replica is")
    page.get_by_label("Note for the timeline").fill("half typed")
    told.act(number, partial(incident.note, text="From somebody else", by="ana"))
    expect(page.locator("#timeline")).to_contain_text("From somebody else")
    expect(page.locator("#side")).to_contain_text("Ana Duarte")
    assert step.evaluate("one => one.open")
    expect(page.get_by_label("Why not?")).to_have_value("the replica is")
    expect(page.get_by_label("Note for the timeline")).to_have_value("half typed")
    expect(page.get_by_label("Note for the timeline")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#timeline")).to_contain_text("half typed")
    expect(page.get_by_label("Note for the timeline")).to_have_value("")


def test_the_home_page_shows_a_new_incident_by_itself(told: Told, visit: Open) -> None:
    page = visit("/")
    expect(page.locator("#connection")).to_have_text("Live")
    number = told.declare("Cover images are missing", severity="P3", by="ben")
    expect(page.locator(f"#inc-{number}")).to_contain_text("Cover images are missing")


def test_without_scripts_a_person_acknowledges_approves_and_notes(told: Told, visit: Open) -> None:
    number = told.declare()
    told.ask(number, by="ben")
    page = visit(f"/incidents/{number}", "ana", java_script_enabled=False)
    page.get_by_role("button", name="I have it").first.click()
    expect(page.locator("#head")).to_contain_text("Ana Duarte")
    page.get_by_role("button", name="Approve and run").click()
    expect(page.locator("#steps")).to_contain_text("approved, about to start")
    page.get_by_label("Note for the timeline").fill("No script at all")
    page.get_by_role("button", name="Note").click()
    expect(page.locator("#timeline")).to_contain_text("No script at all")


def test_the_keyboard_reaches_the_approval_and_says_no_key_runs_anything(told: Told, visit: Open) -> None:
    number = told.night()
    page = visit(f"/incidents/{number}", "ben")
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Approve and run")).to_be_focused()
    expect(page.get_by_text("Restart Redis waits for a yes.")).to_be_visible()


def test_paper_shows_what_is_folded_on_the_screen(night: int, visit: Open) -> None:
    page = visit(f"/incidents/{night}")
    page.emulate_media(media="print")
    expect(page.locator(".rail")).to_be_hidden()
    expect(page.locator(".out pre").nth(1)).to_be_visible()


def test_an_update_is_seen_while_it_is_typed_and_a_live_page_leaves_it_alone(told: Told, visit: Open) -> None:
    number = told.night()
    page = visit(f"/incidents/{number}", "ana")
    expect(page.locator("#connection")).to_have_text("Live")
    page.keyboard.press("u")
    expect(page.locator("#updates summary", has_text="Review and send")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_label("What is being done?").fill("the restart of Redis")
    expect(page.locator("#update-preview")).to_contain_text("We are doing the restart of Redis")
    told.act(number, partial(incident.note, text="From somebody else", by="ben"))
    expect(page.locator("#side")).to_contain_text("From somebody else")  # the draft has heard of it
    expect(page.get_by_label("What is being done?")).to_have_value("the restart of Redis")
    page.get_by_role("button", name="Send update 1").click()
    expect(page.locator("#said")).to_contain_text("Update #1 is sent.")
    expect(page.locator("#updates h2")).to_have_text("Update 2")


def test_without_scripts_command_is_handed_over_and_an_update_sent(told: Told, visit: Open) -> None:
    number = told.night()
    ana = visit(f"/incidents/{number}", "ana", java_script_enabled=False)
    ana.get_by_label("Hand over Commander").click()
    ana.locator("#offer-to-commander-ana").select_option("ben")
    ana.locator("#offer-commander-ana").get_by_role("button", name="Ask them").click()
    expect(ana.locator("#people")).to_contain_text("Ben Okoro is asked")
    ben = visit(f"/incidents/{number}", "ben", java_script_enabled=False)
    ben.get_by_role("button", name="Yes, be Commander").click()
    expect(ben.locator("#head")).to_contain_text("Ben Okoro")
    ben.goto(f"{told.url}/incidents/{number}/updates/new")
    ben.get_by_label("What is being done?").fill("the restart")
    ben.get_by_role("button", name="Look at it first").click()
    expect(ben.locator(".letter").first).to_contain_text("We are doing the restart")
    ben.get_by_role("button", name="Send update 1").click()
    expect(ben.locator("#timeline")).to_contain_text("ben sent update #1: the restart")
