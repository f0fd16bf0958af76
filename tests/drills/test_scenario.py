"""A drill is a file people write: those we ship are right, and a wrong one is refused by its field."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fireline.core.refusal import Refused
from fireline.drills.scenario import Drill, read
from fireline.drills.world import WORLDS, World

DRILLS = Path(__file__).resolve().parents[2] / "examples" / "drills"


@pytest.mark.parametrize("drill", sorted(DRILLS.glob("*.toml")), ids=lambda path: path.stem)
def test_a_drill_we_ship_names_what_its_runbook_and_its_world_have(drill: Path, tmp_path: Path) -> None:
    whole = read(drill)
    world = World(tmp_path, whole.world, alerts_to="", token="", now=datetime(2026, 3, 14, tzinfo=UTC))
    assert set(whole.faults) <= set(world.plan.faults)
    for fault in whole.faults:
        _names_what_is_there(whole.broken_by(fault))


def _names_what_is_there(it: Drill) -> None:
    runbook = it.runbook.read_text(encoding="utf-8")
    (part,) = re.findall(rf"^### {it.scenario}$(.*?)(?=^##|\Z)", runbook, re.DOTALL | re.MULTILINE)
    assert it.repair in part
    assert it.expect.verified_by in part
    assert f"### {it.expect.severity} - " in runbook
    assert it.alert is None or it.alert in part
    assert it.expect.first is None or re.search(rf"^\d\. {re.escape(it.expect.first)}$", part, re.MULTILINE)
    assert it.otherwise is None or WORLDS[read(it.otherwise).world].packages == {}


def test_a_fault_that_the_drill_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(Refused, match="This drill breaks by kill, stop, hang, oom, replica, not by `maim`"):
        read(DRILLS / "redis-down.toml").broken_by("maim")


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ('world = "sessions"', 'world = "moon"', r"Invalid enum value 'moon' - at `\$\.world`"),
        ('second = "ben"', 'second = "ana"', "on_call and second have to be two people"),
        ("watch_speed", "watch_sped", "unknown field `watch_sped`"),
        ("watch_speed = 60", "watch_speed = 0", r"`float` >= 1(\.0)? - at `\$\.watch_speed`"),
        ('alert = "SessionStoreDown"', "", "a world without Prometheus needs `alert`"),
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
