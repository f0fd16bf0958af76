"""The rule: what is wrong with a runbook's newest version is in the log once, and so is that it reads again."""

from __future__ import annotations

from pathlib import Path

import structlog

from fireline.house import House
from kiosk import RUNBOOK, Open


def test_trouble_and_its_end_are_logged_once_each(house: House, tmp_path: Path) -> None:
    page = tmp_path / "kiosk.md"
    with structlog.testing.capture_logs() as told:
        page.write_text(f"{RUNBOOK}\n```bash\nls\n")
        house.library.load()
        house.library.load()
        page.write_text(RUNBOOK)
        house.library.load()
    mine = [one for one in told if one.get("path") == str(page)]
    assert [one["log_level"] for one in mine] == ["warning", "info"]
    assert "never closed" in mine[0]["trouble"]
    assert mine[0]["trouble"].endswith("stays in use.")


def test_a_page_that_was_broken_from_the_start_is_better_than_none(open_house: Open, tmp_path: Path) -> None:
    house = open_house(runbook=f"{RUNBOOK}\n```bash\nls\n")
    assert [book.title for book in house.library.runbooks] == ["Kiosk runbook"]
    said = house.library.trouble[str(tmp_path / "kiosk.md")]
    assert "never closed" in said
    assert "stays in use" not in said
