"""Commits: what lies in the repositories of the settings, kept as changes beside those that webhooks tell of.

A repository is asked every minute and never fetched: whoever keeps the clone fresh decides what this house sees. One
that cannot be read is said, because "nothing changed" must not mean "nobody looked".
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from fireline.connectors.git import Commit, commits
from fireline.core.deploy import WINDOWS, Deploy
from fireline.core.outside import clean
from fireline.core.redaction import mask
from fireline.core.refusal import Refused
from fireline.settings import RepositorySettings
from fireline.store.deploys import Deploys

SOURCE = "git"
EVERY = timedelta(minutes=1)
TITLE_MAX = 200  # characters, as of every other change


class Commits:
    """The repositories, and one look at all of them when it is time."""

    def __init__(
        self, repositories: tuple[RepositorySettings, ...], deploys: Deploys, now: Callable[[], datetime]
    ) -> None:
        self._repositories, self._deploys, self._now = repositories, deploys, now
        self._next: datetime | None = None
        self._known: set[str] = set()  # keys that were kept; nothing is lost when they are kept again
        self._lock = threading.Lock()
        self._blind: dict[str, str] = {}

    def look(self) -> None:
        """Keep the commits that are new. Raises `Refused` when they cannot be stored now."""
        at = self._now()
        if self._next and at < self._next:
            return
        self._next = at + EVERY
        for one in self._repositories:
            self._read(one, at)

    @property
    def blind(self) -> tuple[str, ...]:
        """Sentences about repositories that could not be read."""
        with self._lock:
            return tuple(self._blind.values())

    def _read(self, one: RepositorySettings, at: datetime) -> None:
        name = one.name or Path(one.path).name.removesuffix(".git")
        try:
            found = commits(Path(one.path), since=at - WINDOWS[-1] - timedelta(days=1), branch=one.branch)
        except Refused as trouble:
            with self._lock:
                self._blind[one.path] = f"Changes of {name} are unknown: {trouble.sentence}"
            return
        with self._lock:
            self._blind.pop(one.path, None)
        for commit in reversed(found):
            change = _change(commit, one, name)
            if change.key not in self._known:
                self._deploys.keep(change)
                self._known.add(change.key)


def _change(commit: Commit, one: RepositorySettings, name: str) -> Deploy:
    return Deploy(
        key=f"git:{name}:{commit.sha}",
        at=commit.at,
        kind="push",
        source=SOURCE,
        service=one.service,
        ref=one.branch if one.branch != "HEAD" else "",
        sha=commit.sha,
        title=mask(clean(commit.title)).text[:TITLE_MAX],
        by=clean(commit.author),
        url=one.link.replace("{sha}", commit.sha) if one.link else "",
    )
