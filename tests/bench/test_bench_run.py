"""The rule: the benchmark counts what it says it counts, shown on one small round with a real Alertmanager."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

import durability
import ingest
import load
from houses import Houses
from ingest import Cell, Ingest
from peers import folder

CELL = Cell("api", 64, 4, 640, ingest.SYSTEMS[:2])


@pytest.fixture(scope="module")
def houses() -> Iterator[Houses]:
    """Firelines on SQLite, all fresh copies of one."""
    with folder() as where:
        yield Houses(where)


@pytest.mark.skipif(shutil.which("prometheus-alertmanager") is None, reason="skipped: no Alertmanager")
def test_a_small_round_measures_both_servers_and_loses_nothing(houses: Houses) -> None:
    told: list[str] = []
    found = Ingest(houses.where, None, houses, told.append).rounds([CELL], 1)
    assert [(one.system, one.phase, one.alerts) for one in found] == [
        ("Alertmanager", "new", 640), ("Alertmanager", "again", 4 * 640),
        ("fireline, SQLite", "new", 640), ("fireline, SQLite", "again", 4 * 640),
    ]  # fmt: skip
    assert all(one.us > 1 and one.a_second > 100 for one in found)
    assert len(told) == 2


def test_a_killed_fireline_has_every_alert_that_it_answered(houses: Houses) -> None:
    one = durability.kill(houses, "sqlite", 640, 0.5)
    assert one.answered >= 320 - durability.BATCH * durability.CONNECTIONS
    assert one.lost == 0


def test_the_client_counts_what_a_server_refuses(houses: Houses) -> None:
    server = houses.start("sqlite")
    made = load.requests(server.paths["api"], [b"[]", b"{", b"[]"], server.token)
    done = load.run(server.port, made, 2)
    server.end()
    assert (done.answered, done.bad, sorted(done.good)) == (3, 1, [0, 2])
    assert "400" in done.trouble
