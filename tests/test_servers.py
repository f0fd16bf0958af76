"""The servers that tests ask for are real: a database that is fresh, alone, and safe on disk."""

from __future__ import annotations

import subprocess

import psycopg
import pytest


@pytest.mark.parametrize("first", ["ana", "ben"])
def test_each_test_has_a_fresh_database_in_a_cluster_that_syncs(postgres_url: str, first: str) -> None:
    with psycopg.connect(postgres_url) as house:
        house.execute("CREATE TABLE people (name text)")  # ana's table is not in ben's database
        house.execute("INSERT INTO people VALUES (%s)", [first])
        assert house.execute("SELECT name FROM people").fetchall() == [(first,)]
        assert house.execute("SHOW fsync").fetchone() == ("on",)
        assert house.execute("SHOW synchronous_commit").fetchone() == ("on",)


def test_the_browser_runs(chromium_path: str) -> None:
    version = subprocess.run([chromium_path, "--version"], check=True, capture_output=True, text=True)
    assert version.stdout.lower().startswith(("chromium", "google chrome"))
