"""Past: the incidents that are over, read once each and kept in memory, so that a page can name those like it.

Private ones are left out: that they existed is nobody's business who may not see them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from fireline.core.events import Log
from fireline.core.incident import fold
from fireline.core.similar import Past, Similar, read, similar
from fireline.store import lists
from fireline.store.ledger import Ledger

EVERY = timedelta(minutes=1)
MOST = 1000  # the newest; older ones are about systems that have changed since


class PastIncidents:
    """Everything that was learned, for whoever has the next one."""

    def __init__(self, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._ledger, self._now = ledger, now
        self._lock = threading.Lock()
        self._known: dict[int, tuple[int, Past | None]] = {}  # number -> events read, what they say
        self._next: datetime | None = None

    def look(self) -> None:
        """Read what is over since the last look."""
        at = self._now()
        if self._next and at < self._next:
            return
        self._next = at + EVERY
        rows = lists.all_incidents(self._ledger.database, state=lists.CLOSED, limit=MOST)
        found: dict[int, tuple[int, Past | None]] = {}
        for row in rows:
            known = self._known.get(row.number)
            if known is None or known[0] != row.seq:
                log = self._ledger.log(row.number)
                known = (row.seq, None if _left_out(row.number, log) else read(row.number, log))
            found[row.number] = known
        with self._lock:
            self._known = found

    def like(self, number: int, log: Log) -> tuple[Similar, ...]:
        """The incidents that read like this one. Those of a drill are compared with drills."""
        with self._lock:
            others = [past for _, past in self._known.values() if past]
        with self._ledger.database.reading() as connection:
            others = [one for one in others if lists.shown(connection, one.number)]
        return similar(read(number, log), others)


def _left_out(number: int, log: Log) -> bool:
    now = fold(number, log)
    return now.private or now.merged is not None
