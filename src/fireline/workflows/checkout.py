"""Which commit a runbook stood at: the files of a git checkout, read by hand, because fireline starts no git.

The commit is the one that HEAD names. Whether the file was changed since, only git could tell; what was in the
file is known anyway, by the digest of its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")  # SHA-1, or SHA-256 in a repository of that format
REF = re.compile(r"ref: (?P<name>refs/[^\s]+)")
LINKS_MAX = 5  # of one symbolic ref to the next; git follows as many


def commit_of(path: Path) -> str | None:
    """Give the commit HEAD names in the checkout `path` stands in; None outside one, or before its first commit.

    Understands branches, a detached HEAD, packed refs, worktrees and submodules. Never raises.
    """
    try:
        folder = _git_folder(path.resolve())
        return _commit(folder) if folder else None
    except (OSError, UnicodeDecodeError):
        return None


def _git_folder(path: Path) -> Path | None:
    """The folder with HEAD: `.git` itself, or where a worktree's or submodule's `.git` file points to."""
    git = next((up / ".git" for up in path.parents if (up / ".git").exists()), None)
    if git is None or git.is_dir():
        return git
    head, _, target = git.read_text("utf-8").strip().partition("gitdir: ")
    return (git.parent / target).resolve() if not head and target else None


def _commit(folder: Path) -> str | None:
    common = folder / "commondir"  # a worktree keeps its HEAD to itself and shares the branches
    shared = (folder / common.read_text("utf-8").strip()).resolve() if common.is_file() else folder
    said = (folder / "HEAD").read_text("utf-8").strip()
    for _ in range(LINKS_MAX):
        if COMMIT.fullmatch(said):
            return said
        ref = REF.fullmatch(said)
        if not ref or ".." in ref["name"]:
            return None
        loose = next((one for one in (folder / ref["name"], shared / ref["name"]) if one.is_file()), None)
        if loose is None:
            return _packed(shared / "packed-refs", ref["name"])
        said = loose.read_text("utf-8").strip()
    return None


def _packed(file: Path, name: str) -> str | None:
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    commit = next((line.removesuffix(f" {name}") for line in lines if line.endswith(f" {name}")), "")
    return commit if COMMIT.fullmatch(commit) else None


def beside(page: Path) -> Callable[[str], bool]:
    """Give whether a page's link or manifest leads somewhere: beside the page, or from the top of its checkout.

    Links of page generators leave `.md` out, or name a folder with an index; `/x` is counted from the top.
    """
    folder = page.resolve().parent
    top = next((up for up in (folder, *folder.parents) if (up / ".git").exists()), folder)

    def there(target: str) -> bool:
        name = unquote(target)
        tops = [top] if name.startswith("/") else [folder, top]
        places = [up / name.lstrip("/") for up in tops]
        try:
            return any(one.exists() or Path(f"{one}.md").is_file() for one in places)
        except (OSError, ValueError):  # longer than a name may be, or a NUL
            return False

    return there
