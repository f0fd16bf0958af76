"""The rule: runbooks are read again while the house runs; a broken one keeps its last good version and says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from fireline.core.runbook.match import Facts
from fireline.workflows.watch import READ_EVERY
from kiosk import RUNBOOK, until
from web.told import Told, served

TILL_DOWN = Facts(name="TillDown", labels={}, annotations={})
CONFLICT = "<<<<<<< ours\nOne\n=======\nTwo\n>>>>>>> theirs\n"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder the house reads its runbooks from."""
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "kiosk.md").write_text(RUNBOOK)
    return folder


@pytest.fixture(scope="module")
def told(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A house that reads the shelf; its clock is moved on by hand."""
    with served(tmp_path_factory.mktemp("house"), shelf) as house:
        yield house


def later(told: Told) -> None:
    """The time after which the watch reads again passes at once."""
    told.times.back -= READ_EVERY + timedelta(seconds=1)


def shown(told: Told, path: str = "/runbooks") -> str:
    with told.browser() as ana:
        return ana.get(path).text


def test_a_changed_page_and_a_new_one_are_used_within_a_beat(told: Told, shelf: Path) -> None:
    (shelf / "kiosk.md").write_text(RUNBOOK.replace("Kiosk Shut", "Kiosk Shuttered"))
    (shelf / "till.md").write_text("---\nalerts: [TillDown]\n---\n\n# Till\n\nAsk ben.\n")
    later(told)
    until(lambda: "Kiosk Shuttered" in shown(told, "/runbooks/kiosk"))
    # each page by itself: a busy machine may have read the shelf between the two, or half of one
    until(lambda: found.runbook.title == "Till" if (found := told.house.library.find(TILL_DOWN)) else None)
    (shelf / "till.md").unlink()
    later(told)
    until(lambda: "Till" not in shown(told))


BROKEN = {
    "unfinished merge": (RUNBOOK + CONFLICT, "A merge was left unfinished here."),
    "block never closed": (RUNBOOK + "```bash\nls\n", "is never closed"),
    "saved empty": ("\n", "There is nothing on the page."),
    "no text": ("\x00", "is no text file."),
}


@pytest.mark.parametrize(("text", "says"), BROKEN.values(), ids=BROKEN)
def test_a_broken_page_keeps_its_last_good_version_and_says_so(told: Told, shelf: Path, text: str, says: str) -> None:
    whole = f"{RUNBOOK}\nBefore it was broken: {says}\n"
    (shelf / "kiosk.md").write_text(whole)
    later(told)
    until(lambda: not told.house.library.trouble and whole in told.house.library.runbooks[0].source)
    (shelf / "kiosk.md").write_text(text)
    later(told)
    until(lambda: says in shown(told))
    assert "The version read before stays in use." in shown(told)
    assert told.house.library.runbooks[0].source == whole
    number = told.house.declare.by_person("Kiosk Shut", by="ana").number
    assert told.house.ledger.read(number).declared.scenario == "Kiosk Shut"


def test_a_folder_that_vanished_keeps_its_pages_until_it_is_back(told: Told, shelf: Path) -> None:
    (shelf / "kiosk.md").write_text(RUNBOOK)
    later(told)
    until(lambda: not told.house.library.trouble)
    shelf.rename(shelf.with_name("away"))
    later(told)
    until(lambda: "There is no such file or folder." in shown(told))
    assert [book.title for book in told.house.library.runbooks] == ["Kiosk runbook"]
    shelf.with_name("away").rename(shelf)
    later(told)
    until(lambda: "There is no such file or folder." not in shown(told))
