"""What every test of a fleet needs: a pager that counts, a database, replicas that end with the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.pagerduty import ROUTING_KEY, PagerDutyStandIn
from scale.fleet import Cluster, Fleet, Island, cluster
from servers import _postgres_programs


@pytest.fixture
def pager(shared: Path) -> Iterator[PagerDutyStandIn]:
    """PagerDuty's wire, checked against its own document; it pages once a dedup_key, and counts."""
    contracts = shared / "contracts"
    with PagerDutyStandIn(contracts / "pagerduty" / "events-v2-openapiv3.json", contracts / "errata.json") as stand_in:
        yield stand_in


@pytest.fixture
def postgres_of_our_own() -> Iterator[Cluster]:
    """A PostgreSQL that may be stopped: no other test is on it."""
    if _postgres_programs() is None:
        pytest.skip("skipped: no PostgreSQL server (package postgresql)")
    with cluster() as found:
        yield found


@pytest.fixture
def island() -> Iterator[Island]:
    """A network that can be cut, where this machine lets us make one."""
    if _postgres_programs() is None or not shutil.which("ip"):
        pytest.skip("skipped: no PostgreSQL server (package postgresql), or no `ip` (package iproute2)")
    low = os.getpid() % 250  # tests side by side have an island each
    found = Island(f"fl{os.getpid()}", f"10.217.{low}.1", f"10.217.{low}.2")
    try:
        if trouble := found.rise():
            pytest.skip(f"skipped: no network of our own can be made here ({trouble})")
        yield found
    finally:
        found.sink()


@pytest.fixture
def fleets(tmp_path: Path, pager: PagerDutyStandIn) -> Iterator[Callable[[str], Fleet]]:
    """Makes the fleet of a test on a database, without replicas yet."""
    made: list[Fleet] = []

    def make(url: str) -> Fleet:
        made.append(Fleet(tmp_path, url, pager.url, ROUTING_KEY))
        return made[-1]

    yield make
    for fleet in made:
        fleet.close()
        for replica in fleet.replicas:  # a test that failed is read by what they said
            print(replica.log)  # noqa: T201
