"""Commits of a real repository are read as they were put on the branch, of a checkout or a bare clone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fireline.connectors.git import commits
from fireline.core.refusal import Refused

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
Commit = Callable[..., None]
WEEK = timedelta(days=7)


def git(folder: Path, *words: str, **environment: str) -> str:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    who = {"GIT_AUTHOR_NAME": "Ana Duarte", "GIT_AUTHOR_EMAIL": "ana@example", "GIT_COMMITTER_NAME": "Ben",
           "GIT_COMMITTER_EMAIL": "ben@example", "GIT_CONFIG_GLOBAL": "/dev/null"}  # fmt: skip
    done = subprocess.run(
        ["git", "-C", folder, *words], env=clean | who | environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


@pytest.fixture
def commit(repository: Path) -> Commit:
    def made(title: str, at: datetime, *, authored: datetime | None = None) -> None:
        times = {"GIT_COMMITTER_DATE": at.isoformat(), "GIT_AUTHOR_DATE": (authored or at).isoformat()}
        git(repository, "commit", "-q", "--allow-empty", "-m", title, **times)

    return made


@pytest.mark.req(126)
def test_the_newest_come_first_and_the_time_is_when_it_was_put_there(repository: Path, commit: Commit) -> None:
    commit("Last month's", NOON - timedelta(days=30))
    commit("Carts", NOON - timedelta(hours=5))
    commit("Totals\n\nwith a body, and\x1fodd marks", NOON - timedelta(minutes=9), authored=NOON - WEEK)
    found = commits(repository, since=NOON - WEEK)
    assert [(one.title, one.at, one.author) for one in found] == [
        ("Totals", NOON - timedelta(minutes=9), "Ana Duarte"),
        ("Carts", NOON - timedelta(hours=5), "Ana Duarte"),
    ]
    assert found[0].sha == git(repository, "rev-parse", "HEAD")


@pytest.mark.req(126)
def test_a_bare_clone_and_another_branch_do_as_well(repository: Path, commit: Commit, tmp_path: Path) -> None:
    commit("Carts", NOON)
    git(repository, "switch", "-q", "-c", "live")
    commit("Only live", NOON + timedelta(minutes=1))
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    bare = tmp_path / "bare.git"
    assert [one.title for one in commits(bare, since=NOON - WEEK, branch="main")] == ["Carts"]
    assert [one.title for one in commits(bare, since=NOON - WEEK, branch="live")] == ["Only live", "Carts"]


@pytest.mark.parametrize(
    ("name", "branch", "words"),
    [("nowhere", "HEAD", "cannot change to"), ("shop", "gone", "bad revision"), ("shop", "--output=x", "bad revision")],
)
def test_what_cannot_be_read_is_said(repository: Path, commit: Commit, name: str, branch: str, words: str) -> None:
    commit("Carts", NOON)
    with pytest.raises(Refused, match=words):
        commits(repository.parent / name, since=NOON, branch=branch)
    assert sorted(one.name for one in repository.iterdir()) == [".git"]
