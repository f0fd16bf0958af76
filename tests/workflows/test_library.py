"""An incident keeps the runbook it started with, and a broken file keeps its last good version."""

from __future__ import annotations

from pathlib import Path

import pytest

from fireline.core.refusal import Refused
from fireline.core.runbook.match import Facts
from fireline.house import House
from fireline.workflows.library import read
from kiosk import RUNBOOK


def test_the_version_of_the_start_is_kept_whatever_happens_to_the_file(house: House, tmp_path: Path) -> None:
    number = house.declare.by_person("Kiosk Shut", by="ana").number
    (tmp_path / "kiosk.md").write_text(RUNBOOK.replace("echo opened", "echo burnt"))
    house.library.load()
    ref = house.ledger.read(number).declared.runbook
    assert ref is not None
    kept = house.library.at(ref)
    assert "echo opened" in kept.source
    assert kept.digest == ref.digest
    assert "echo burnt" in house.library.runbooks[0].source


def test_a_file_that_became_unreadable_keeps_its_last_good_version_and_says_so(house: House, tmp_path: Path) -> None:
    (tmp_path / "kiosk.md").write_bytes(b"\x00\x01 no text")
    house.library.load()
    assert house.library.find(Facts(name="KioskShut", labels={}, annotations={})) is not None
    assert "no text" in house.library.trouble[str(tmp_path / "kiosk.md")]


def test_an_unknown_runbook_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"absent\.md cannot be read"):
        read(tmp_path / "absent.md")
