"""Statuspage: open an incident for the public, go on with it, end it, and read back what the page says.

Speaks the REST API, https://developer.statuspage.io/: the key in `Authorization: OAuth`, the page's id in every path.
An incident's `impact` is worked out by Statuspage and only read; what is written is `impact_override`.

The API takes no key that would make a second call harmless, so each incident carries a mark of ours in its
`metadata`, by which it is found again and which says how many updates it holds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from fireline.connectors.http import Http, Permanent, Temporary
from fireline.core.refusal import Refused

URL = "https://api.statuspage.io/v1"
EVERY = 1.0  # seconds; one request a second for each key: https://developer.statuspage.io/#section/Rate-Limiting
ENHANCE_YOUR_CALM = 420  # what it says besides 429 when that was not kept
NAME_MAX_CHARS = 255  # of an incident's name
LIST_MAX = 100  # incidents in one answer, the newest first
MARK = "fireline"  # our part of an incident's metadata


class Pace:
    """Lets one caller through at a time, at most one in `every` seconds, in the order in which they came."""

    def __init__(
        self,
        every: float = EVERY,
        *,
        now: Callable[[], float] = time.monotonic,
        rest: Callable[[float], object] = time.sleep,
    ) -> None:
        self._every, self._now, self._rest = every, now, rest
        self._lock = threading.Lock()
        self._free_at = 0.0

    def __call__(self) -> None:
        """Wait for one's turn."""
        with self._lock:
            turn = max(self._now(), self._free_at)
            self._free_at = turn + self._every
        if (wait := turn - self._now()) > 0:
            self._rest(wait)


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident as the page has it. Statuspage sends more; this is what we read."""

    id: str
    name: str = ""
    status: str = ""
    created_at: datetime | None = None
    shortlink: str | None = None
    metadata: dict[str, Any] | None = None

    @property
    def mark(self) -> tuple[str, int]:
        """Which of our incidents it is, and the last of its updates that arrived; empty and 0 when it is none."""
        mine = (self.metadata or {}).get(MARK)
        if not isinstance(mine, dict):
            return "", 0
        try:
            return str(mine.get("incident", "")), int(mine.get("update", 0))
        except (TypeError, ValueError):
            return str(mine.get("incident", "")), 0


@dataclass(frozen=True, slots=True)
class Statuspage:
    """One page. `page` is its id, `api_key` the key of somebody who may manage its incidents."""

    http: Http
    page: str
    api_key: str = field(repr=False)
    url: str = URL
    pace: Callable[[], None] = field(default_factory=Pace, repr=False)

    def __post_init__(self) -> None:
        if not self.page.isalnum():
            raise Refused("[statuspage] page is the page's id, letters and digits, as its API info says.", status=400)
        if not self.api_key.isascii() or not self.api_key.isprintable() or " " in self.api_key:
            raise Refused("[statuspage] api_key holds a character that no key has.", status=400)

    def create(self, mark: str, update: int, **said: Any) -> Incident:
        """Open an incident; `said` as in `update`. Raises Temporary or Permanent."""
        body = {"incident": _incident(mark, update, **said)}
        return self._one(self._call(lambda: self.http.post(self._path(), body, headers=self._headers, words=_words)))

    def update(self, incident: str, mark: str, update: int, **said: Any) -> Incident:
        """Go on with it: a new status (`investigating`, `identified`, `monitoring`, `resolved`), a new text.

        `said` are `name`, `status`, `body`, `impact` (none, minor, major, critical) and `components`, from the
        page's component ids to their states. Raises Temporary or Permanent.
        """
        body, path = {"incident": _incident(mark, update, **said)}, self._path(incident)
        return self._one(self._call(lambda: self.http.patch(path, body, headers=self._headers, words=_words)))

    def read(self, incident: str) -> Incident:
        """What the page says now. Raises Temporary or Permanent."""
        return self._one(self._call(lambda: self.http.get(self._path(incident), headers=self._headers, words=_words)))

    def find(self, mark: str) -> Incident | None:
        """The incident that carries this mark, among the newest. Raises Temporary or Permanent."""
        path = f"{self._path()}?limit={LIST_MAX}"
        found = self._call(lambda: self.http.get(path, headers=self._headers, words=_words))
        try:
            newest = msgspec.convert(found, list[Incident])
        except msgspec.ValidationError:
            raise Temporary("Statuspage answered with something that is no list of incidents.") from None
        return next((one for one in newest if one.mark[0] == mark), None)

    @property
    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"OAuth {self.api_key}"}

    def _path(self, incident: str = "") -> str:
        whole = f"{self.url.rstrip('/')}/pages/{self.page}/incidents"
        return f"{whole}/{incident}" if incident else whole

    def _call(self, ask: Callable[[], Any]) -> Any:
        self.pace()
        try:
            return ask()
        except Permanent as no:
            if no.status == ENHANCE_YOUR_CALM:
                raise Temporary(no.reason, 60.0, status=no.status) from None  # it counts over a minute
            raise

    def _one(self, body: Any) -> Incident:
        try:
            return msgspec.convert(body, Incident)
        except msgspec.ValidationError:
            # The request may have been done: whoever asks again looks for the mark first.
            raise Temporary("Statuspage answered with something that is no incident.") from None


def _incident(
    mark: str, update: int, *, name: str, status: str, body: str, impact: str, components: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "name": name[:NAME_MAX_CHARS],
        "status": status.lower(),
        "body": body,
        "impact_override": impact,
        "metadata": {MARK: {"incident": mark, "update": update}},
        **({"components": dict(components), "component_ids": list(components)} if components else {}),
    }


def _words(said: dict[str, Any]) -> str:
    """What a refusal says: `error`, a sentence or a list of them, or `message`."""
    found = said.get("error") or said.get("message") or ""
    return "; ".join(map(str, found)) if isinstance(found, list) else str(found)
