"""Investigate: what may be behind an incident, put together from everything this house knows. It only reads.

Changes, graphs, alerts of other services, what commands said, what depends on what; incidents like it; the runbook's
check for a symptom; links into other tools; how the providers are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from fireline.core import cause, graph, hypothesis, pulse
from fireline.core.cause import Facts, Failing, Suspects
from fireline.core.events import Log, PulseState
from fireline.core.hypothesis import Hypothesis
from fireline.core.incident import Incident, fold
from fireline.core.links import Link, links
from fireline.core.pulse import Look
from fireline.core.refusal import Refused
from fireline.core.runbook import Runbook
from fireline.core.series import Series, in_words, moved
from fireline.core.similar import Similar
from fireline.core.symptom import Proposal, fitting, proposals
from fireline.settings import Settings
from fireline.store.alerts import AlertStore
from fireline.store.deploys import Deploys
from fireline.store.evidence import EvidenceStore
from fireline.store.ledger import Ledger
from fireline.workflows.beat import Beat
from fireline.workflows.commits import Commits
from fireline.workflows.feeds import SOURCE as FEED
from fireline.workflows.feeds import Feeds, Provider
from fireline.workflows.library import Library
from fireline.workflows.panels import window
from fireline.workflows.past import PastIncidents
from fireline.workflows.signals import Signals

ALERTS_READ = 50  # of a storm's hundreds, for their words


@dataclass(frozen=True, slots=True)
class Drawn:
    """A graph: what was measured, the picture, and a sentence."""

    series: Series
    svg: str
    says: str


@dataclass(frozen=True, slots=True)
class Investigate:
    """Everything that is known without asking anybody now."""

    ledger: Ledger
    library: Library
    deploys: Deploys
    alerts: AlertStore
    signals: Signals
    past: PastIncidents
    commits: Commits
    feeds: Feeds
    links: Mapping[str, str]
    dependencies: Mapping[str, tuple[str, ...]]
    now: Callable[[], datetime]

    def beats(self) -> tuple[Beat, ...]:
        """What it has looked at again and again."""
        return (
            Beat("signals", self.signals.look, every=2.0),
            Beat("past", self.past.look, every=5.0),
            Beat("commits", self.commits.look, every=5.0),
        )

    def __call__(self, number: int, log: Log | None = None) -> View:
        """One incident, read when it is asked for. Raises `Refused(404)` when there is none."""
        log = self.ledger.log(number) if log is None else log
        return View(self, log, fold(number, log), self.now())

    def symptoms(self, number: int, text: str) -> tuple[Proposal, ...]:
        """The runbook's checks for what somebody sees. Raises `Refused` when nothing was typed or no runbook fits."""
        if not text.strip():
            raise Refused("Say what you see: 5xx errors, slow pages, connection refused.", status=400, field="text")
        now = self.ledger.read(number)
        book = self.book(now)
        if book is None:
            raise Refused("No runbook is known to look it up in.", status=404)
        found = proposals(text, book, scenario=now.declared.scenario)
        if now.declared.runbook is None:  # its steps can be asked for by their text only
            return tuple(replace(one, step=None) for one in found)
        return found

    def book(self, now: Incident) -> Runbook | None:
        """The incident's own runbook, else the main one."""
        return self.library.at(now.declared.runbook) if now.declared.runbook else self.library.main


@dataclass(frozen=True, slots=True)
class View:
    """One incident's signals; each is worked out when it is asked for."""

    of: Investigate
    log: Log
    now: Incident
    at: datetime

    @property
    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """What people think it is."""
        return hypothesis.hypotheses(self.log)

    @property
    def looks(self) -> tuple[Look, ...]:
        """The last looks, the newest last."""
        return self.of.signals.looks(self.now.number)

    @property
    def pulse(self) -> PulseState | None:
        """Whether it is still happening, as it was told last."""
        return pulse.last(self.log)

    @property
    def series(self) -> tuple[Series, ...]:
        """What Prometheus measured."""
        return self.of.signals.panels(self.now.number, self.log)

    @property
    def graphs(self) -> tuple[Drawn, ...]:
        """The same, drawn."""
        began, until = self.now.declared.detected_at, self.now.ended_at or self.at
        since, _ = window(began, until)
        return tuple(
            Drawn(
                one,
                graph.draw(one, since=since, until=until, began=began, over=self.now.ended_at) if one.points else "",
                in_words(one, began),
            )
            for one in self.series
        )

    @property
    def suspects(self) -> Suspects:
        """What may be behind it, ranked."""
        return cause.suspects(self._facts())

    @property
    def blind(self) -> tuple[str, ...]:
        """What could not be looked at, so that an empty list is no all-clear."""
        return self.of.commits.blind

    @property
    def similar(self) -> tuple[Similar, ...]:
        """Past incidents that read like it."""
        return self.of.past.like(self.now.number, self.log)

    @property
    def checks(self) -> tuple[Proposal, ...]:
        """The runbook's checks for what the alerts say."""
        book = self.of.book(self.now)
        said = [one.joined.summary or one.joined.name for one in list(self.now.alerts.values())[:ALERTS_READ]]
        texts = [self.now.declared.title, *said]
        return fitting(texts, book, scenario=self.now.declared.scenario) if book else ()

    @property
    def links(self) -> tuple[Link, ...]:
        """Into other tools, with the service and the window of time."""
        declared = self.now.declared
        return links(self.of.links, declared.service, declared.detected_at, self.now.ended_at or self.at)

    @property
    def providers(self) -> tuple[Provider, ...]:
        """How those are whom nobody here can repair."""
        return self.of.feeds.providers()

    def _facts(self) -> Facts:
        declared = self.now.declared
        service, began = declared.service or "", declared.detected_at
        alerts = [one.joined for one in list(self.now.alerts.values())[:ALERTS_READ]]
        runs = [(run.finished, run.started.run) for run in self.now.runs.values() if run.finished]
        said = [(one.summary or one.name, "") for one in alerts]
        said += [("\n".join([*done.findings, done.summary]), name) for done, name in runs]
        depends = {name.casefold(): them for name, them in self.of.dependencies.items()}
        return Facts(
            began=began,
            service=service,
            about=" ".join([declared.title, declared.scenario or "", *(text for text, _ in said[:ALERTS_READ])]),
            changes=self.of.deploys.lately(began, service),
            moved=tuple(found for one in self.series if (found := moved(one, began))),
            clues=cause.clues(said),
            failing=tuple(self._failing()),
            depends_on=depends.get(service.casefold(), ()),
        )

    def _failing(self) -> list[Failing]:
        """What else is unwell while it runs; afterwards nobody knows any more, but for what the log says."""
        if self.now.resolved:
            return []
        found: dict[str, Failing] = {}
        for one in self.of.alerts.firing():
            name = one.service or one.labels.get("feed", "")
            known = found.get(name)
            if name and not one.no_data and (known is None or one.starts_at < known.since):
                says = one.annotations.get("summary") or f"{one.name} fires for {name}."
                found[name] = Failing(name, says, one.starts_at, provider=one.source == FEED)
        return list(found.values())


def investigate(
    settings: Settings,
    *,
    ledger: Ledger,
    library: Library,
    evidence: EvidenceStore,
    deploys: Deploys,
    alerts: AlertStore,
    feeds: Feeds,
    now: Callable[[], datetime],
) -> Investigate:
    """Put it together, as the settings say."""
    return Investigate(
        ledger=ledger,
        library=library,
        deploys=deploys,
        alerts=alerts,
        signals=Signals(
            ledger=ledger,
            library=library,
            evidence=evidence,
            probes=settings.probes,
            prometheus=settings.prometheus,
            on=settings.runbooks.pulse,
            now=now,
        ),
        past=PastIncidents(ledger, now),
        commits=Commits(settings.repositories, deploys, now),
        feeds=feeds,
        links=settings.links,
        dependencies=settings.dependencies,
        now=now,
    )
