"""Signals: what the house looks at by itself while an incident is open, and what it makes of it.

Every half minute: is it still happening (health addresses, error rate), and the graphs of whoever has the page open.
Only a change is written down; the rest is kept in memory and is there again half a minute after a restart. A page
takes what is known and never waits for another system.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache, partial

import msgspec
import structlog

from fireline.connectors.probes import Probe, Verdict, check_all
from fireline.core import pulse
from fireline.core.events import HOUSE, GraphsKept, Log
from fireline.core.follow import Effect
from fireline.core.incident import Incident, fold
from fireline.core.pulse import EVERY, KEPT, Look
from fireline.core.refusal import Refused
from fireline.core.runbook import Runbook
from fireline.core.series import Series, in_words
from fireline.settings import ProbeSettings, PrometheusSettings
from fireline.store import lists
from fireline.store.evidence import EvidenceStore
from fireline.store.ledger import Ledger
from fireline.workflows.library import Library
from fireline.workflows.panels import error_limit, error_rate, measure
from fireline.workflows.probes import addresses

log = structlog.get_logger(__name__)

MOST = 50  # open incidents that are looked at, the gravest first: a storm is no reason to make another
AT_ONCE = 8
WATCHED = timedelta(minutes=2)  # so long after somebody looked, graphs are kept fresh
SELDOM = timedelta(minutes=5)  # and else they are measured this often
ERRORS = 1.0  # percent that count as happening where the runbook states no limit
TOLD = 3  # sentences about addresses in one look

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[Series, ...]).decode


@dataclass(slots=True)
class Seen:
    """What is kept in memory of one incident."""

    looks: deque[Look] = field(default_factory=lambda: deque(maxlen=KEPT))
    next: datetime | None = None
    panels: tuple[Series, ...] = ()
    measured_at: datetime | None = None
    wanted_at: datetime | None = None


class Signals:
    """Looks at open incidents. `look` is called again and again; everything else only reads what is known."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        library: Library,
        evidence: EvidenceStore,
        probes: tuple[ProbeSettings, ...],
        prometheus: PrometheusSettings | None,
        on: bool,
        now: Callable[[], datetime],
    ) -> None:
        """Without `on` nothing is looked at by itself; graphs are drawn all the same."""
        self._ledger, self._library, self._evidence = ledger, library, evidence
        self._probes, self._prometheus, self._on, self._now = probes, prometheus, on, now
        self._lock = threading.Lock()
        self._seen: dict[int, Seen] = {}
        self._kept = lru_cache(maxsize=32)(self._read_kept)

    def look(self) -> None:
        """Look at every open incident that is due, all of them in one round."""
        at = self._now()
        rows = lists.all_incidents(self._ledger.database, state=lists.OPEN, limit=MOST)
        numbers = {row.number for row in rows}
        with self._lock:
            self._seen = {n: one for n, one in self._seen.items() if n in numbers or self._fresh(one, at)}
            for number in numbers:
                self._seen.setdefault(number, Seen())
            due = [n for n, one in self._seen.items() if one.next is None or at >= one.next]
            for number in due:
                self._seen[number].next = at + EVERY
        if not due:
            return
        logs = {number: self._ledger.log(number) for number in due}
        incidents = {number: fold(number, log) for number, log in logs.items()}
        if self._on:
            self._feel([one for one in incidents.values() if not one.resolved], at)
        if self._prometheus:
            with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="panels") as pool:
                list(pool.map(lambda one: self._measure(one, at), incidents.values()))

    def looks(self, number: int) -> tuple[Look, ...]:
        """The last looks at an incident, the newest last."""
        with self._lock:
            seen = self._seen.get(number)
            return tuple(seen.looks) if seen else ()

    def panels(self, number: int, log: Log) -> tuple[Series, ...]:
        """The graphs: those kept at the end, else what was measured last; whoever asks keeps them fresh."""
        kept = next((one for one in reversed(log) if isinstance(one, GraphsKept)), None)
        if kept and fold(number, log).resolved:
            return self._kept(kept.evidence)
        if self._prometheus is None or not fold(number, log).declared.service:
            return ()
        with self._lock:
            seen = self._seen.setdefault(number, Seen())
            if seen.measured_at is None or seen.wanted_at is None or self._now() - seen.wanted_at > WATCHED:
                seen.next = None  # nobody looked for a while: measure at the next beat
            seen.wanted_at = self._now()
            return seen.panels

    def keep(self, effect: Effect) -> None:
        """Keep the graphs of an incident that is over, for its review. Without a Prometheus nothing is kept."""
        whole = self._ledger.log(effect.incident)
        now = fold(effect.incident, whole[: effect.seq])
        if self._prometheus is None or not now.declared.service or now.ended_at is None:
            return
        began = now.declared.detected_at
        lines = measure(self._prometheus, now.declared.service, began, now.ended_at, self._books(now))
        if not any(one.points for one in lines):
            log.info("graphs", incident=effect.incident, trouble="Prometheus gave nothing to keep")
            return
        says = tuple(in_words(one, began) for one in lines if one.points)
        digest = self._evidence.keep(_encode(lines).decode())
        since = min(one.points[0][0] for one in lines if one.points)

        def deed(_: Log, at: datetime) -> GraphsKept:
            return GraphsKept(at=at, by=HOUSE, evidence=digest, since=since, until=now.ended_at or at, says=says)

        self._ledger.offer(effect.incident, deed, key=f"graphs:{effect.key}")

    def _feel(self, incidents: Sequence[Incident], at: datetime) -> None:
        """One look at each: all addresses of all of them in one round, and each service's error rate once."""
        asked = {one.number: self._addresses(one) for one in incidents}
        urls = tuple(dict.fromkeys(url for them in asked.values() for url in them))
        services = tuple(dict.fromkeys(one.declared.service for one in incidents if one.declared.service))
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pulse") as pool:
            rates = {name: pool.submit(self._rate, name) for name in services}
            probes = dict(zip(urls, check_all(urls), strict=True))
        for one in incidents:
            rate = rates[one.declared.service].result() if one.declared.service else None
            look = seen(at, [probes[url] for url in asked[one.number]], rate, error_limit(self._books(one), ERRORS))
            if look is None:
                continue
            with self._lock:
                self._seen[one.number].looks.append(look)
                looks = tuple(self._seen[one.number].looks)
            self._tell(one.number, looks)

    def _tell(self, number: int, looks: Sequence[Look]) -> None:
        """Write a change down; the state is read before, because most looks change nothing."""
        was = pulse.last(self._ledger.log(number))
        if pulse.state(looks, was) != was:
            self._ledger.offer(number, partial(pulse.change, looks=looks, by=HOUSE))

    def _rate(self, service: str) -> tuple[float | None, str] | None:
        return error_rate(self._prometheus, service) if self._prometheus else None

    def _measure(self, one: Incident, at: datetime) -> None:
        with self._lock:
            seen = self._seen[one.number]
            watched = seen.wanted_at is not None and at - seen.wanted_at <= WATCHED
            due = seen.measured_at is None or watched or at - seen.measured_at >= SELDOM
        if due and self._prometheus and one.declared.service:
            began, until = one.declared.detected_at, one.ended_at or at
            lines = measure(self._prometheus, one.declared.service, began, until, self._books(one))
            with self._lock:
                seen.panels, seen.measured_at = lines, at

    def _addresses(self, one: Incident) -> tuple[str, ...]:
        """The health addresses of the incident's service; where none is known to be its own, all of its runbook."""
        service = (one.declared.service or "").casefold()
        known = addresses(self._probes, self._books(one))
        own = tuple(probe.url for probe in known if service and probe.service.casefold() == service)
        if own:
            return own
        return tuple(probe.url for probe in addresses((), self._books(one)))

    def _books(self, one: Incident) -> tuple[Runbook, ...]:
        ref = one.declared.runbook
        return (self._library.at(ref),) if ref else ()

    def _fresh(self, one: Seen, at: datetime) -> bool:
        return one.wanted_at is not None and at - one.wanted_at <= WATCHED

    def _read_kept(self, digest: str) -> tuple[Series, ...]:
        try:
            return _decode(self._evidence.read(digest))
        except (Refused, msgspec.MsgspecError):
            return ()


def seen(at: datetime, probes: Iterable[Probe], rate: tuple[float | None, str] | None, limit: float) -> Look | None:
    """One look out of what was asked; None when there was nobody to ask. A service without metrics is no trouble."""
    found = list(probes)
    unwell = [one.detail for one in found if one.verdict != Verdict.UP]
    said, bad, good = unwell[:TOLD], bool(unwell), bool(found) and not unwell
    if good:
        said.append(f"{len(found)} of {len(found)} health addresses answer well.")
    percent, why = rate or (None, "")
    if percent is not None:
        over = percent > limit
        said.append(f"The error rate is {percent:.3g} %, {'above' if over else 'within'} {limit:g} %.")
        bad, good = bad or over, good or not over
    elif why:
        said.append(why)
        good = False  # half an answer is no all-clear
    elif not found:
        return None
    return Look(at, False if bad else True if good else None, tuple(said))
