"""A drill is a file people write: the two we ship are right, and a wrong one is refused by its field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fireline.core.refusal import Refused
from fireline.drills.scenario import read

DRILLS = Path(__file__).resolve().parents[2] / "examples" / "drills"


@pytest.mark.parametrize("drill", sorted(DRILLS.glob("*.toml")), ids=lambda path: path.stem)
def test_a_drill_we_ship_names_what_its_runbook_has(drill: Path) -> None:
    it = read(drill)
    runbook = it.runbook.read_text(encoding="utf-8")
    (part,) = re.findall(rf"^### {it.scenario}$(.*?)(?=^##|\Z)", runbook, re.DOTALL | re.MULTILINE)
    assert it.repair in part
    assert it.expect.verified_by in part
    assert f"### {it.expect.severity} - " in runbook
    assert it.alert is None or it.alert in part
    assert it.otherwise is None or read(it.otherwise).world == "small"


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ('fault = "kill"', 'fault = "maim"', r"Invalid enum value 'maim' - at `\$\.fault`"),
        ('second = "ben"', 'second = "ana"', "on_call and second have to be two people"),
        ("watch_speed", "watch_sped", "unknown field `watch_sped`"),
        ("watch_speed = 60", "watch_speed = 0", r"`float` >= 1(\.0)? - at `\$\.watch_speed`"),
        ('alert = "SessionStoreDown"', "", "a small world needs `alert`"),
        ("[people]", "[people", "is no drill: "),
    ],
)
def test_ana_is_told_which_field_of_her_drill_is_wrong(tmp_path: Path, written: str, instead: str, said: str) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text((DRILLS / "session-store-down.toml").read_text().replace(written, instead))
    with pytest.raises(Refused, match=said):
        read(mine)


def test_a_drill_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="There is no drill at"):
        read(tmp_path / "nowhere.toml")
