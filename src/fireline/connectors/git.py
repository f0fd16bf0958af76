"""git: what a file was in the newest commit of its checkout. Only asked, never told to do anything.

https://git-scm.com/docs/git-cat-file: the bytes as they were committed, without filters or a pager.
"""

from __future__ import annotations

import subprocess  # noqa: TID251  # git, asked by a person at a keyboard; nothing of a runbook runs here
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
