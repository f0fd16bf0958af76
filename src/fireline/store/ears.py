"""Ears: how a replica hears that another one changed an alert it remembers.

PostgreSQL passes the word on with the commit that made it true. While nobody listens, nothing that is
remembered counts, and every alert is judged by its row: slower, and just as right.
"""

from __future__ import annotations

import threading
from contextlib import suppress

import psycopg
import structlog

from fireline.core.refusal import Refused
from fireline.store.database import Database
from fireline.store.driver import CHANNEL
from fireline.store.sightings import Sightings

BEAT = 0.5  # seconds in which a stop is noticed
AWAY = 2.0  # seconds until the next try to reach the database

log = structlog.get_logger(__name__)


class Ears:
    """One thread with a connection of its own, on PostgreSQL only."""

    def __init__(self, database: Database, sightings: Sightings, me: str) -> None:
        self._database, self._sightings, self._me = database, sightings, me
        self._sightings.trust(False)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="ears", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            with suppress(Refused, psycopg.Error):  # away: whoever writes says so, and nothing remembered counts
                connection: psycopg.Connection[object] = self._database.driver()
                try:
                    self._listen(connection)
                finally:
                    self._sightings.trust(False)
                    connection.close()
            self._stop.wait(AWAY)

    def _listen(self, connection: psycopg.Connection[object]) -> None:
        connection.autocommit = True
        connection.execute(f"LISTEN {CHANNEL}")
        self._sightings.trust(True)  # from now on nothing is missed
        while not self._stop.is_set():
            for notice in connection.notifies(timeout=BEAT):
                who, *fingerprints = notice.payload.split(" ")
                if who != self._me:
                    self._sightings.forget(fingerprints)
