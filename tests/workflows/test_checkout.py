"""The rule: a runbook in a git checkout knows its commit, whichever way git has written it down."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from fireline.house import House
from fireline.workflows.checkout import commit_of
from fireline.workflows.library import read

GIT = shutil.which("git")
pytestmark = pytest.mark.skipif(GIT is None, reason="skipped: no git")
IDENTITY = ("-c", "user.name=ana", "-c", "user.email=ana@books.example", "-c", "commit.gpgsign=false")


def git(folder: Path, *words: str) -> str:
    done = subprocess.run([str(GIT), *IDENTITY, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page two folders deep in a checkout with one commit."""
    path = tmp_path / "books" / "alerts" / "till.md"
    path.parent.mkdir(parents=True)
    path.write_text("# Till\n")
    git(tmp_path / "books", "init", "--quiet", "--initial-branch", "main")
    git(tmp_path / "books", "add", ".")
    git(tmp_path / "books", "commit", "--quiet", "--message", "The till")
    return path


def test_on_a_branch_in_packed_refs_and_detached(page: Path) -> None:
    head = git(page.parent, "rev-parse", "HEAD")
    assert commit_of(page) == head
    git(page.parent, "checkout", "--quiet", "-b", "fix/the-till")
    git(page.parent, "pack-refs", "--all")
    assert commit_of(page) == head
    git(page.parent, "commit", "--quiet", "--allow-empty", "--message", "Again")
    assert commit_of(page) == git(page.parent, "rev-parse", "HEAD") != head
    git(page.parent, "checkout", "--quiet", "--detach", head)
    assert commit_of(page) == head


def test_in_a_worktree(page: Path, tmp_path: Path) -> None:
    git(page.parent, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "other"))
    git(tmp_path / "other", "commit", "--quiet", "--allow-empty", "--message", "Over here")
    there = tmp_path / "other" / "alerts" / "till.md"
    assert commit_of(there) == git(there.parent, "rev-parse", "HEAD")
    assert commit_of(there) != commit_of(page)
    git(page.parent, "pack-refs", "--all")
    assert commit_of(there) == git(there.parent, "rev-parse", "HEAD")


def test_without_a_checkout_or_a_commit_there_is_none(tmp_path: Path) -> None:
    page = tmp_path / "till.md"
    page.write_text("# Till\n")
    assert commit_of(page) is None
    git(tmp_path, "init", "--quiet")
    assert commit_of(page) is None


@pytest.mark.parametrize("said", ["", "ref: refs/heads/../../../etc/passwd", "ref: /etc/passwd", "nonsense", "\xff"])
def test_a_broken_checkout_is_none(tmp_path: Path, said: str) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_bytes(said.encode("latin-1"))
    assert commit_of(tmp_path / "till.md") is None
    shutil.rmtree(tmp_path / ".git")
    (tmp_path / ".git").write_text(f"gitdir: {tmp_path}/nowhere\n")
    assert commit_of(tmp_path / "till.md") is None


def test_an_incident_keeps_the_commit_it_started_with(house: House, page: Path) -> None:
    ref = house.library.keep(read(page))
    assert ref.commit == git(page.parent, "rev-parse", "HEAD")
    outside = house.library.runbooks[0]
    assert house.library.keep(outside).commit is None
