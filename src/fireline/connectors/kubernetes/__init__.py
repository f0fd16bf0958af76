"""Kubernetes: what kubectl would have shown, asked over open connections, and what to read first of it.

It only ever asks (GET), with the kubeconfig of the lane whose command it answers for. Whatever is wrong with the
cluster (it refuses, hangs, does not know us, has no such context) is an answer with a finding.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from fireline import clock
from fireline.connectors.kubernetes import logs, rollouts, tables
from fireline.connectors.kubernetes.cluster import Asking, Cluster, ClusterError, config_of, opened
from fireline.core.question import Answer
from fireline.core.question.cluster import Happened, happened
from fireline.core.question.kinds import EVENT, Kind
from fireline.core.question.kubectl import Describe, Get, History, Logs, Question, Status, Top, Where

T = TypeVar("T")
PATIENCE = 5.0  # seconds for a look that no command asked for


@dataclass(slots=True)
class Kubernetes:
    """The clusters of the lanes. For any number of threads; connections stay open until `close`."""

    now: Callable[[], datetime] = clock.now
    _open: dict[tuple[str, str | None], tuple[int, Cluster]] = field(default_factory=dict)
    _old: list[Cluster] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, question: Question, seconds: float, onset: datetime | None = None) -> Answer:
        """Ask, for at most `seconds`; `onset` is when the incident began, for changes to be held against.

        Raises Unusable where only kubectl itself can ask (its kubeconfig starts a program, say).
        """
        ran: list[str] = []
        deadline = time.monotonic() + seconds
        try:
            said = self._with(question.where, deadline, ran, lambda asking: self._said(asking, question, onset))
        except ClusterError as no:
            return Answer(no.output, 1, "\n".join(ran), (no.reason,))
        return Answer(said.output, said.code, "\n".join(ran), said.findings)

    def events(
        self, where: Where, since: datetime, *, namespace: str = "", seconds: float = PATIENCE
    ) -> tuple[Happened, ...]:
        """What a cluster says happened from `since` on, the oldest first. Raises ClusterError, Unusable."""

        def ask(asking: Asking) -> list[dict[str, object]]:
            place = "" if where.everywhere else namespace or where.namespace or asking.cluster.namespace
            return asking.listed(EVENT.path(place))

        listed = self._with(where, time.monotonic() + seconds, [], ask)
        found = [one for one in map(happened, listed) if one is not None and one.at >= since]
        return tuple(sorted(found, key=lambda one: one.at))

    def names(
        self, kind: Kind, where: Where, *, namespace: str = "", labels: str = "", seconds: float = PATIENCE
    ) -> tuple[str, ...]:
        """What things of a kind are called, pods that are not ready first. Raises as `events`."""

        def ask(asking: Asking) -> tuple[str, ...]:
            place = namespace or where.namespace or asking.cluster.namespace
            return tables.names(asking, kind, place, labels=labels)

        return self._with(where, time.monotonic() + seconds, [], ask)

    def close(self) -> None:
        """Give back every connection."""
        with self._lock:
            for cluster in [*self._old, *(one for _, one in self._open.values())]:
                cluster.client.close()
            self._open.clear()
            self._old.clear()

    def _said(self, asking: Asking, question: Question, onset: datetime | None) -> tables.Said:
        now = self.now()
        match question:
            case Get():
                return tables.get(asking, question, now)
            case Describe():
                return tables.describe(asking, question, now)
            case Top():
                return tables.top(asking, question)
            case Logs():
                return logs.logs(asking, question, now)
            case History():
                return rollouts.history(asking, question, now, onset)
            case Status():
                return rollouts.status(asking, question, now)

    def _with(self, where: Where, deadline: float, ran: list[str], ask: Callable[[Asking], T]) -> T:
        """Ask; once more with fresh credentials if the cluster does not take those we have."""
        try:
            return ask(Asking(self._cluster(where), deadline, ran))
        except ClusterError as no:
            if no.status != 401:
                raise
        return ask(Asking(self._cluster(where, fresh=True), deadline, ran))

    def _cluster(self, where: Where, *, fresh: bool = False) -> Cluster:
        """The open cluster; opened anew when its kubeconfig has changed, as rotated credentials do."""
        path = config_of(where)
        key, written = (str(path), where.context), path.stat().st_mtime_ns
        with self._lock:
            kept = self._open.get(key)
            if kept and kept[0] == written and not fresh:
                return kept[1]
            cluster = opened(where)
            if kept:  # a question may still be under way: it is closed at the change after this one
                for one in self._old:
                    one.client.close()
                self._old[:] = [kept[1]]
            self._open[key] = (written, cluster)
            return cluster
