"""The story that fireline exists for, on real servers: from a killed Redis to the drafted post-mortem.

The second test kills fireline itself, again and again, at moments nobody chose: the incident ends the same,
no command has run twice, and no clock was missed.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from contracts.pagerduty import ROUTING_KEY, PagerDutyStandIn
from fireline.core.refusal import Refused
from fireline.drills import scenario, world
from fireline.drills.play import Play, staged, verdict
from servers import free_port

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
FAST = 600.0  # the green window in 3 seconds
LONG_ENOUGH = 25.0  # in 72 seconds: the story has to outlast ten kills and as many starts
KILLS = 10
SEED = 20261123  # the same moments each time, as far as two cores keep them


@contextmanager
def redis_down(folder: Path, *, speed: float, **more: Any) -> Iterator[Play]:
    """The drill of the demo, with people who act by themselves."""
    drill = scenario.read(ROOT / "examples" / "drills" / "redis-down.toml")
    drill = msgspec.structs.replace(drill, watch_speed=speed)
    with staged(drill, folder, port=free_port(), say=print, auto=True, **more) as play:
        yield play


@contextmanager
def session_store_down(folder: Path, **more: Any) -> Iterator[Play]:
    """The demo's smaller brother, which needs no package."""
    drill = scenario.read(ROOT / "examples" / "drills" / "session-store-down.toml")
    drill = msgspec.structs.replace(drill, watch_speed=FAST)
    with staged(drill, folder, port=free_port(), say=print, auto=True, **more) as play:
        yield play


@pytest.fixture
def packages() -> None:
    """The programs of Redis' world, or a skip that names what is missing."""
    if absent := world.missing("cache"):
        pytest.skip(f"skipped: not installed: {', '.join(absent)}")


@pytest.fixture
def pager() -> Iterator[PagerDutyStandIn | None]:
    """PagerDuty's wire, checked against its own document; None where that document is not at hand."""
    contracts = SHARED / "contracts"
    if not contracts.is_dir():
        yield None
        return
    with PagerDutyStandIn(contracts / "pagerduty" / "events-v2-openapiv3.json", contracts / "errata.json") as stand_in:
        yield stand_in


def paging(pager: PagerDutyStandIn | None) -> dict[str, Any]:
    """What the stage has to know to page."""
    return {"pagerduty": {"routing_key": ROUTING_KEY, "url": pager.url}} if pager else {}


@pytest.mark.usefixtures("packages")
@pytest.mark.req(1, 9, 13, 42, 60, 100, 109, 121, 128)
def test_a_killed_redis_is_found_explained_restarted_and_written_up(
    tmp_path: Path, pager: PagerDutyStandIn | None
) -> None:
    with redis_down(tmp_path, speed=FAST, **paging(pager)) as play:
        found = play.run()
        review = play.review()
        assert verdict(play.drill, found, play.first) == []
        assert play.world.healthy()
    if pager:
        assert list(pager.open_alerts) == []
        assert [pager.pages(key) for key in pager.alerts] == [1]
    assert [run["purpose"] for run in found["runs"]].count("diagnosis") == 5
    git = next(run for run in found["runs"] if run["command"].startswith("git"))
    assert git["state"] == "ok"
    restart = next(run for run in found["runs"] if run["purpose"] == "mitigation")
    assert restart["command"] == "supervisorctl restart redis"
    assert found["approvals"][0]["yes"] == ["ben"]
    assert found["acknowledged_by"] == "ana"
    assert not found["acknowledgement_missed"]
    assert all(delivery["state"] == "made" for delivery in found["deliveries"])
    headings = [line for line in review.splitlines() if line.startswith("#")]
    assert headings[0].startswith(f"# Post-Mortem: {found['name']}")
    assert headings[1:] == template_headings()
    assert "_unknown_" in review  # users and revenue: the log does not know, so nobody invents them


@pytest.mark.timeout(400)  # as many starts take their time on a busy machine
@pytest.mark.usefixtures("packages")
@pytest.mark.req(37)
def test_killed_at_ten_random_moments_the_incident_ends_the_same(
    tmp_path: Path, pager: PagerDutyStandIn | None
) -> None:
    with redis_down(tmp_path, speed=LONG_ENOUGH, **paging(pager)) as play:
        killer = Killer(play, random.Random(SEED))
        killer.start()
        try:
            found = play.run()
        finally:
            killer.enough.set()
            killer.join()
        assert killer.kills >= KILLS // 2  # ten, unless a busy machine starts so slowly that the story ends before
        assert verdict(play.drill, found, play.first) == []
        once = Counter((run["run"], run["command"]) for run in found["runs"])
        assert set(once.values()) == {1}
        assert [run["state"] for run in found["runs"] if run["purpose"] == "mitigation"] == ["ok"]
        restarts = (play.world.folder / "redis.log").read_text().count("Ready to accept connections")
        assert restarts == 2  # the world's own start, and the approved one
        events = play.stage.ask("ana", "GET", f"/incidents/{play.number}/timeline?after=0")["entries"]
        passed = [entry for entry in events if "minutes of green passed" in entry["sentence"]]
        assert len(passed) == 1
    if pager:
        assert [pager.pages(key) for key in pager.alerts] == [1]


class Killer(threading.Thread):
    """Kills the server ten times, each after a while nobody knows, and starts it again."""

    def __init__(self, play: Play, dice: random.Random) -> None:
        super().__init__(name="killer")
        self.play, self.dice, self.kills = play, dice, 0
        self.enough = threading.Event()

    def run(self) -> None:
        while self.kills < KILLS and not self.enough.wait(self.dice.uniform(0.1, 1.5)):
            self.play.stage.kill()
            self.kills += 1
            self.play.stage.start()


def template_headings() -> list[str]:
    """The headings of the runbook's own review template, in its order."""
    text = (ROOT / "examples" / "runbooks" / "incident-response.md").read_text()
    template = text.split("# Post-Mortem: ", 1)[1].split("```", 1)[0]
    return [line for line in template.splitlines() if line.startswith("#")]


@pytest.mark.req(19)
def test_without_the_packages_the_same_story_runs_with_a_small_service_and_our_own_probe(tmp_path: Path) -> None:
    with session_store_down(tmp_path) as play:
        found = play.run()
        assert verdict(play.drill, found, play.first) == []
        assert play.world.healthy()


def test_on_postgresql_the_story_is_the_same(tmp_path: Path, postgres_url: str) -> None:
    with session_store_down(tmp_path, database_url=postgres_url) as play:
        assert verdict(play.drill, play.run(), play.first) == []


def test_a_folder_that_had_a_drill_before_is_refused(tmp_path: Path) -> None:
    with session_store_down(tmp_path):
        pass
    with pytest.raises(Refused), session_store_down(tmp_path):
        pass
