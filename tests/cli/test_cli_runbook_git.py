"""The rule: in a git checkout a runbook is compared with its last commit, and a broken one is kept out of the next."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cli.typist import Typist

GIT = shutil.which("git")
pytestmark = pytest.mark.skipif(GIT is None, reason="skipped: no git")
HOOKS = Path(__file__).resolve().parents[2] / ".pre-commit-hooks.yaml"
PAGE = """# Till

**Resolution Checklist:**
- [ ] Monitored for 20 minutes

## Till Down

**Diagnosis:**
```bash
kubectl get pods -n shop
```

**Resolution:**
```bash
kubectl apply -n shop -f k8s/strict.yaml
```
"""


def git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    who = ("-c", "user.name=ana", "-c", "user.email=ana@books.example", "-c", "commit.gpgsign=false")
    return subprocess.run([str(GIT), *who, *words], cwd=folder, check=False, capture_output=True, text=True)


@pytest.fixture
def books(tmp_path: Path) -> Path:
    """A checkout with one committed runbook, whose manifest stands at the top of the repository."""
    top = tmp_path / "books"
    (top / "runbooks").mkdir(parents=True)
    (top / "k8s").mkdir()
    (top / "k8s" / "strict.yaml").write_text("kind: ConfigMap\n")
    (top / "runbooks" / "till.md").write_text(PAGE)
    git(top, "init", "--quiet", "--initial-branch", "main")
    git(top, "add", ".")
    git(top, "commit", "--quiet", "--message", "The till")
    return top


def test_one_file_is_compared_with_its_last_commit(ana: Typist, books: Path) -> None:
    page = books / "runbooks" / "till.md"
    assert ana.says("runbook", "diff", str(page)) == "Nothing changes for a responder.\n"
    page.write_text(
        PAGE.replace("get pods", "delete pods --all")
        .replace("20 minutes", "45 minutes")
        .replace("kubectl apply", "df -h\nkubectl apply")
    )
    told = ana.says("runbook", "diff", str(page))
    assert "+ command, line 15, read (runs by itself) in “Till Down”:\n    df -h\n" in told
    assert "read (runs by itself) -> destructive" in told
    assert "+ gate: Monitored for 45 minutes" in told
    assert "- gate: Monitored for 20 minutes" in told
    git(books, "commit", "--quiet", "--all", "--message", "Longer")
    assert ana.says("runbook", "diff", str(page)) == "Nothing changes for a responder.\n"


def test_what_git_does_not_have_is_told_in_a_sentence(ana: Typist, books: Path, tmp_path: Path) -> None:
    (books / "new.md").write_text(PAGE)
    (tmp_path / "loose.md").write_text(PAGE)
    for path in (books / "new.md", tmp_path / "loose.md"):
        done = ana.types("runbook", "diff", str(path))
        assert done.returncode == 1
        assert "Name both versions of the runbook." in done.stderr
        assert done.stderr.count("\n") == 1


def test_links_and_manifests_are_looked_for_beside_the_page_and_from_the_top(ana: Typist, books: Path) -> None:
    page = books / "runbooks" / "till.md"
    assert "dead-file" not in ana.says("runbook", "check", str(page))
    page.write_text(f"{PAGE}\n[a](/k8s/strict.yaml) [b](till) [c](../k8s) [d](none%20such.md) [e](/till.md)\n")
    dead = [line for line in ana.types("runbook", "check", str(page)).stdout.splitlines() if "dead-link" in line]
    assert [re.search(r"“(.)”", line)[1] for line in dead] == ["d", "e"]  # type: ignore[index]  # each names its link
    (books / "k8s" / "strict.yaml").unlink()
    assert f"{page}:15:1: error dead-file:" in ana.types("runbook", "check", str(page)).stdout


def test_as_a_pre_commit_hook_it_stops_a_commit_until_the_page_is_mended(books: Path) -> None:
    """What pre-commit does: it hands the staged files that `files` matches to `entry`, at the top of the checkout."""
    (hook,) = yaml.safe_load(HOOKS.read_text("utf-8"))
    entry = hook["entry"].replace("fireline ", f"{sys.executable} -m fireline ", 1)
    script = books / ".git" / "hooks" / "pre-commit"
    script.write_text(
        f"#!/bin/sh\ngit diff --cached --name-only --diff-filter=d | grep -E '{hook['files']}' | xargs -r {entry}\n"
    )
    script.chmod(0o755)
    page = books / "runbooks" / "till.md"
    page.write_text(f"{PAGE}\nSee [the pot](pot.md).\n")
    git(books, "add", ".")
    stopped = git(books, "commit", "--message", "The pot")
    assert stopped.returncode != 0
    assert "runbooks/till.md:18:15: error dead-link:" in stopped.stdout + stopped.stderr
    (books / "runbooks" / "pot.md").write_text("# Pot\n")
    git(books, "add", ".")
    assert git(books, "commit", "--message", "The pot").returncode == 0
    assert git(books, "log", "-1", "--format=%s").stdout == "The pot\n"
