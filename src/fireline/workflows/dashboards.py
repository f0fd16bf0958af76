"""Dashboards: those a runbook speaks of, as links that show an incident's own window of time.

Grafana is asked in the background, for every title that the runbooks name, and what it said is kept for minutes: a
page takes what is known and never waits. While Grafana cannot be asked, the runbook's own link stands, or the bare
name with the reason; what was found before stays found.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fireline.connectors.grafana_rest import Grafana, within
from fireline.connectors.http import ConnectorError, Temporary
from fireline.core.runbook import Runbook
from fireline.core.runbook.dashboards import dashboards_of
from fireline.workflows.library import Library

BEFORE = timedelta(hours=1)  # what a dashboard shows before the incident was detected: how it was when it was well
KEPT = timedelta(minutes=5)  # how long a found dashboard is taken to be there
AGAIN = timedelta(minutes=1)  # until Grafana is asked again about what it did not have or say

# A title, and whether it has to be the whole one: a link called "Grafana" is not the only dashboard about Grafana.
Wanted = tuple[str, bool]


@dataclass(frozen=True, slots=True)
class Shown:
    """One dashboard on a page: a link, or its name and `why` there is none."""

    name: str
    url: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What Grafana said about a title, and when to ask again."""

    url: str
    why: str
    ask_at: datetime


class Dashboards:
    """What is known of dashboards. Without a Grafana it gives the runbook's own links and looks for nothing."""

    def __init__(self, grafana: Grafana | None, library: Library, now: Callable[[], datetime]) -> None:
        self._grafana, self._library, self._now = grafana, library, now
        self._lock = threading.Lock()
        self._known: dict[Wanted, Known] = {}
        self._wanted: set[Wanted] = set()  # of pages whose runbook has changed since
        self._books: tuple[Runbook, ...] = ()
        self._titles: frozenset[Wanted] = frozenset()

    def __call__(self, book: Runbook | None, detected_at: datetime, until: datetime) -> tuple[Shown, ...]:
        """The dashboards of a runbook from an hour before `detected_at` to `until`. Asks nobody."""
        if book is None:
            return ()
        if self._grafana is None:
            return tuple(Shown(one.name, one.url) for one in book.dashboards)
        return tuple(self._shown(one.name, one.url, detected_at - BEFORE, until) for one in dashboards_of(book))

    def look(self) -> None:
        """Ask Grafana about every title that is due; once it is found to be away, the rest is asked another time."""
        if self._grafana is None:
            return
        at = self._now()
        due = sorted(one for one in self._all() if one not in self._known or at >= self._known[one].ask_at)
        away = ""
        for wanted in due:
            old = self._known.get(wanted)
            url = ""
            why = away
            if not away:
                try:
                    url = self._grafana.find(wanted[0], whole=wanted[1]) or ""
                    why = "" if url else "Grafana has no dashboard, or more than one, by this title."
                    old = None
                except Temporary as trouble:
                    why = away = f"Grafana could not be asked: {trouble.reason}"
                except ConnectorError as trouble:
                    why = f"Grafana would not say: {trouble.reason}"
            found = url or (old.url if old else "")  # unless Grafana says otherwise, it is where it was
            with self._lock:
                self._known[wanted] = Known(found, why, self._now() + (KEPT if url else AGAIN))

    def _all(self) -> frozenset[Wanted]:
        books = self._library.runbooks
        if books != self._books:
            self._books = books
            self._titles = frozenset(
                (one.name, bool(one.url)) for book in books for one in dashboards_of(book) if self._ours(one.url)
            )
        with self._lock:
            return self._titles | self._wanted

    def _ours(self, url: str) -> bool:
        """Whether Grafana is asked at all: a link to somewhere else is the runbook's word, and kept."""
        return self._grafana is not None and (not url or self._grafana.serves(url))

    def _shown(self, name: str, url: str, since: datetime, until: datetime) -> Shown:
        if not self._ours(url):
            return Shown(name, url)
        wanted = (name, bool(url))
        with self._lock:
            known = self._known.get(wanted)
            if known is None:
                self._wanted.add(wanted)
        if known and known.url:
            return Shown(name, within(known.url, since, until))
        if url:
            return Shown(name, within(url, since, until))
        return Shown(name, "", known.why if known else "Grafana is being asked for it.")
