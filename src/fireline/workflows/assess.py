"""Assess: the first look. When an incident is declared, every health address is asked once and the answers are noted.

Where Prometheus is set up, it is asked, too, which of its rules fire.

It is work that follows from the declaration and never holds it up: the incident is there first, and the note comes
within seconds. Many incidents at once share one round, so that a storm does not become one of our own making.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

from fireline.connectors.probes import Probe, Verdict, check_all
from fireline.core import incident
from fireline.core.events import HOUSE
from fireline.core.runbook import Runbook
from fireline.core.work import Effect
from fireline.settings import ProbeSettings, PrometheusSettings
from fireline.store.ledger import Ledger
from fireline.workflows.library import Library
from fireline.workflows.probes import addresses
from fireline.workflows.red import Reds, in_words, measured

FRESH = timedelta(seconds=10)  # a round this young is every incident's first look
SHOWN = 20  # sentences in one note; a page of them would be read by nobody


class Assess:
    """Takes the first look of an incident."""

    def __init__(
        self,
        ledger: Ledger,
        library: Library,
        probes: tuple[ProbeSettings, ...],
        now: Callable[[], datetime],
        prometheus: PrometheusSettings | None,
    ) -> None:
        self._ledger, self._library, self._probes, self._now = ledger, library, probes, now
        self._prometheus = prometheus
        self._lock = threading.Lock()
        self._rounds: dict[tuple[tuple[str, ...], ...], tuple[datetime, Future[str]]] = {}

    def __call__(self, effect: Effect) -> None:
        """Look once and write it down; where there is nobody to ask, it says nothing."""
        now = self._ledger.read(effect.incident)
        ref = now.declared.runbook
        books = (self._library.at(ref),) if ref else self._library.runbooks
        urls = tuple(one.url for one in addresses(self._probes, books))
        if not urls and self._prometheus is None:
            return
        text = self._round(urls, books)
        self._ledger.offer(effect.incident, partial(incident.note, text=text, by=HOUSE), key=f"assess:{effect.key}")

    def _round(self, urls: tuple[str, ...], books: Sequence[Runbook]) -> str:
        at, mine = self._now(), Future[str]()
        with self._lock:
            self._rounds = {key: one for key, one in self._rounds.items() if at - one[0] < FRESH}
            _, shared = self._rounds.setdefault((urls, tuple(one.digest for one in books)), (at, mine))
        if shared is mine:  # whoever asks first looks, outside the lock; the others wait for what they see
            try:
                mine.set_result(self._look(urls, books))
            except Exception as trouble:
                mine.set_exception(trouble)
                raise
        return shared.result()

    def _look(self, urls: tuple[str, ...], books: Sequence[Runbook]) -> str:
        with ThreadPoolExecutor(1, thread_name_prefix="assess") as pool:
            asked = pool.submit(measured, self._prometheus, books)
            seen = check_all(urls)
        return said(seen, asked.result())


def said(seen: Sequence[Probe], reds: Reds) -> str:
    """The round in sentences: what Prometheus says, then the addresses, what is unwell first."""
    unwell = [one.detail for one in seen if one.verdict != Verdict.UP]
    well = [one.detail for one in seen if one.verdict == Verdict.UP]
    count = [f"{len(well)} of {len(seen)} health addresses answer well."] if seen else []
    told = [*in_words(reds), *count, *unwell, *well]
    more = [f"And {len(told) - SHOWN} more."] if len(told) > SHOWN else []
    return " ".join(["First look:", *told[:SHOWN], *more])
