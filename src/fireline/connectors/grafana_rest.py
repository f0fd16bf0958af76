"""Grafana's REST API: find a dashboard by its title, and link to it with a window of time.

One question, `GET /api/search`: https://grafana.com/docs/grafana/latest/developers/http_api/folder_dashboard_search/
The search takes part of a title, so the exact one is picked out of what it gives. The address of a dashboard is
`/d/UID/SLUG`, with `from` and `to` in milliseconds since 1970:
https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/create-dashboard-url-variables/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from fireline.connectors.http import Http, Permanent, host_of

PATIENCE = 2.0  # seconds; nobody waits for it, but the next title does
LIMIT = 100  # hits; more dashboards than that with one word in their titles are not told apart by it
SLUG = re.compile(r"/d/[^/]+/([\w-]+)$")
OF_A_DASHBOARD = re.compile(r"/d/[^/]+")


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One dashboard as the search tells it. Grafana sends more; this is what we read."""

    uid: str
    title: str
    url: str = ""  # its path, with the slug at its end


@dataclass(frozen=True, slots=True)
class Grafana:
    """One Grafana. `url` is where people reach it, too; `token` one of a service account that may view."""

    http: Http
    url: str
    token: str = ""

    def find(self, title: str, *, whole: bool = False) -> str | None:
        """The address of the dashboard with this title, None where there is none or more than one would do.

        The very title goes first, then the same in other letters, then, unless it has to be the `whole` title, the
        only dashboard whose title holds it.
        Raises Temporary or Permanent.
        """
        asked = urlencode({"type": "dash-db", "query": title, "limit": LIMIT})
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = self.http.get(f"{self._base}/api/search?{asked}", headers=headers, words=_words)
        try:
            hits = msgspec.convert(answer, list[Hit])
        except msgspec.ValidationError as trouble:
            raise Permanent(f"{host_of(self.url)} does not answer like Grafana's search: {trouble}.") from None
        for close in (
            [one for one in hits if one.title == title],
            [one for one in hits if one.title.casefold() == title.casefold()],
            [one for one in hits if not whole and title.casefold() in one.title.casefold()],
        ):
            if close:
                return self._address(close[0]) if len(close) == 1 else None
        return None

    def serves(self, url: str) -> bool:
        """Whether an address is one of this Grafana."""
        mine, other = urlsplit(self._base), urlsplit(url)
        return (mine.netloc, mine.scheme) == (other.netloc, other.scheme) and f"{other.path}/".startswith(
            f"{mine.path}/"
        )

    @property
    def _base(self) -> str:
        return self.url.rstrip("/")

    def _address(self, hit: Hit) -> str:
        slug = SLUG.search(hit.url)
        return f"{self._base}/d/{quote(hit.uid, safe='')}" + (f"/{slug[1]}" if slug else "")


def within(url: str, since: datetime, until: datetime) -> str:
    """The dashboard's address, showing this window. An address that names a window, or no dashboard, stays as it is."""
    parts = urlsplit(url)
    if not OF_A_DASHBOARD.search(parts.path) or "from=" in parts.query:
        return url
    window = urlencode({"from": _milliseconds(since), "to": _milliseconds(until)})
    return parts._replace(query=f"{parts.query}&{window}" if parts.query else window).geturl()


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _words(said: dict[str, Any]) -> str:
    return str(said.get("message", ""))
