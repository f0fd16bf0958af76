"""Lantern Books, a bookshop that does not exist: its repository is where "what changed?" is asked.

Every drill gets a fresh one with the same few commits, the last of them from within the hour: a
change to the configuration, which is what people suspect first.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from fireline.core.refusal import Refused


@dataclass(frozen=True, slots=True)
class Commit:
    """One change to the shop: how long before the drill, by whom, and the file as it was left."""

    ago: timedelta
    author: str
    message: str
    path: str
    text: str


HISTORY = (
    Commit(
        timedelta(days=21),
        "Noor Haddad <noor@lanternbooks.example>",
        "Say what this repository is",
        "README.md",
        "# Lantern Books\n\nSettings of the shop: catalogue, basket, checkout.\n",
    ),
    Commit(
        timedelta(days=6, hours=2),
        "Ana Prieto <ana@lanternbooks.example>",
        "Keep baskets and sessions in the cache",
        "shop.toml",
        "[cache]\nsession_minutes = 60\nbasket_days = 14\n",
    ),
    Commit(
        timedelta(days=2, hours=5),
        "Ben Okafor <ben@lanternbooks.example>",
        "Show reviews on the book page",
        "catalogue.toml",
        "[book_page]\nreviews = true\n",
    ),
)
# the fault of the worlds whose memory the sessions fill; nowhere else did it happen
LONGER_SESSIONS = Commit(
    timedelta(minutes=50),
    "Ben Okafor <ben@lanternbooks.example>",
    "Cache: keep sessions for one day, so that readers stay signed in",
    "shop.toml",
    "[cache]\nsession_minutes = 1440\nbasket_days = 14\n",
)


def open_shop(folder: Path, now: datetime, more: tuple[Commit, ...] = ()) -> None:
    """Make `folder` the shop's repository, its commits and these dated back from `now`.

    Other things may lie in the folder: git is told to look past everything it was not given.
    """
    if (folder / ".git").exists():
        raise Refused(f"{folder} has had its drill. Give every drill an empty folder.")
    _git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / ".git" / "info").mkdir()
    (folder / ".git" / "info" / "exclude").write_text("*\n")
    # whoever takes a change back in a drill is nobody git knows
    _git(folder, "config", "user.name", "Lantern Books on call")
    _git(folder, "config", "user.email", "oncall@lanternbooks.example")
    for one in sorted((*HISTORY, *more), key=lambda each: each.ago, reverse=True):
        commit(folder, one, now)


def commit(folder: Path, one: Commit, now: datetime) -> str:
    """Commit a change as of then; its full hash."""
    (folder / one.path).write_text(one.text)
    _git(folder, "add", "--force", "--", one.path)
    name, _, mail = one.author.removesuffix(">").partition(" <")
    date = (now - one.ago).isoformat()
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", name), ("EMAIL", mail), ("DATE", date))
    }
    _git(folder, "commit", "--quiet", f"--message={one.message}", **who)
    return _git(folder, "rev-parse", "HEAD").strip()


def _git(folder: Path, *words: str, **environment: str) -> str:
    """Run git, and give what it says, without the habits of whoever's machine this is (templates, hooks, signing)."""
    alone = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LANG": "C.UTF-8"}
    alone |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TEMPLATE_DIR": ""}
    try:
        return subprocess.run(
            ["git", *words], cwd=folder, env=alone | environment, check=True, capture_output=True, text=True
        ).stdout
    except FileNotFoundError:
        raise Refused("A drill needs git: install the package git.", status=503) from None
    except subprocess.CalledProcessError as failed:
        raise Refused(f"git {words[0]} failed in {folder}: {failed.stderr.strip()}", status=503) from None
