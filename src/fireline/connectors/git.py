"""git: what a file was in the newest commit of its checkout, and what was committed lately. Only asked.

https://git-scm.com/docs/git-cat-file: the bytes as they were committed, without filters or a pager.
https://git-scm.com/docs/git-log: the committer's time counts, because a commit's own may be weeks older than its merge.
"""

from __future__ import annotations

import os
import subprocess  # noqa: TID251  # git, asked by a person at a keyboard; nothing of a runbook runs here
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fireline.core.refusal import Refused

PATIENCE = 10.0  # seconds


def committed(path: Path, commit: str = "HEAD") -> bytes:
    """Give the bytes of a file at a commit. Raises `Refused` saying why there are none."""
    wanted = f"{commit}:./{path.name}"
    try:
        done = subprocess.run(  # noqa: S603  # a fixed program; the path is one argument behind the commit
            ["git", "-C", str(path.resolve().parent), "cat-file", "blob", wanted],  # noqa: S607  # whichever git is here
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except OSError as trouble:
        raise Refused("git is not installed here. Name both versions of the runbook.", status=400) from trouble
    except subprocess.TimeoutExpired as trouble:
        raise Refused(f"git did not answer within {PATIENCE:g} seconds.", status=503) from trouble
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        why = said[0].removeprefix("fatal: ") if said else "git says no more"
        raise Refused(f"git has no {commit} version of {path}: {why}. Name both versions of the runbook.", status=404)
    return done.stdout


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit on the branch: `at` is when it was put there, `title` its first line."""

    sha: str
    at: datetime
    author: str
    title: str


def commits(folder: Path, *, since: datetime, branch: str = "HEAD", most: int = 200) -> tuple[Commit, ...]:
    """Give the newest commits of a checkout or a bare clone since then, newest first. Raises `Refused` in words."""
    asked = [
        "git", "-C", str(folder), "--no-optional-locks", "log", "--no-show-signature", "--no-color", "--date-order",
        f"--since={int(since.timestamp())}", f"--max-count={most}", "--format=%H%x1f%ct%x1f%an%x1f%s%x1e",
        "--end-of-options", branch, "--",
    ]  # fmt: skip
    quiet = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run(  # noqa: S603  # a fixed program; folder and branch are the settings' own words
            asked, capture_output=True, timeout=PATIENCE, check=False, env=quiet | {"GIT_TERMINAL_PROMPT": "0"}
        )
    except OSError as trouble:
        raise Refused("git is not installed here.", status=503) from trouble
    except subprocess.TimeoutExpired as trouble:
        raise Refused(f"git did not answer within {PATIENCE:g} seconds.", status=503) from trouble
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        why = said[0].removeprefix("fatal: ") if said else "git says no more"
        raise Refused(f"git could not read {folder}: {why}.", status=503)
    return tuple(
        Commit(sha, datetime.fromtimestamp(int(at), UTC), author, title)
        for one in done.stdout.decode(errors="replace").split("\x1e")
        if one.count("\x1f") >= 3
        for sha, at, author, title in [one.strip().split("\x1f", 3)]
    )
