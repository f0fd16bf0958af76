"""Beat: a thread that looks again and again, and whose trouble with one look never ends the next."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from fireline.core.refusal import Refused

log = structlog.get_logger(__name__)


class Beat:
    """One thread. `look` is called every `every` seconds, from the first moment on."""

    def __init__(self, name: str, look: Callable[[], object], *, every: float = 0.5) -> None:
        self._name, self._look, self._every = name, look, every
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to beat."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the look under way."""
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while True:
            try:
                self._look()
            except Refused as refused:  # the database is away: the next look tries again
                log.warning(self._name, trouble=refused.sentence)
            except Exception:  # a mistake of ours in one look must not end all later ones
                log.exception(self._name)
            if self._stop.wait(self._every):
                return
