"""Branches: gathers what points to one of the runbook's ways out, and keeps which comes first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from fireline.core import branch
from fireline.core.branch import Evidence, Saw
from fireline.core.events import HOUSE
from fireline.core.incident import Incident
from fireline.store.deploys import Deploys
from fireline.store.evidence import EvidenceStore
from fireline.store.ledger import Ledger
from fireline.workflows.library import Library

OUTPUT_CHARS = 100_000  # of each output that is read for signs


@dataclass(frozen=True, slots=True)
class Branches:
    """Chooses among the ways out of an incident's scenario and the conditions of its runbook."""

    ledger: Ledger
    library: Library
    evidence: EvidenceStore
    deploys: Deploys

    def __call__(self, number: int) -> None:
        """Choose once, after the diagnosis. Where nothing points anywhere, nothing is said."""
        now = self.ledger.read(number)
        if now.declared.runbook is None:
            return
        book = self.library.at(now.declared.runbook)
        ours = (one.resolution for one in book.scenarios if one.title == now.declared.scenario)
        found = branch.branches(book.mitigations, self._evidence(now), next(ours, ()))
        self.ledger.offer(number, partial(branch.propose, found=found, by=HOUSE), key=f"branch:{number}")

    def _evidence(self, now: Incident) -> Evidence:
        """Alerts, what the diagnosis showed, and what changed before it began."""
        began = min([now.declared.detected_at, *(one.joined.starts_at for one in now.alerts.values())])
        saw = [Saw(one.joined.name, f"{one.joined.name} {one.joined.summary}") for one in now.alerts.values()]
        for run in now.runs.values():
            if run.finished:
                text = self.evidence.read(run.finished.evidence)[:OUTPUT_CHARS]
                saw.append(Saw(run.started.title, "\n".join([*run.finished.findings, text])))
        changes = self.deploys.before(began, now.declared.service)
        return Evidence(began, now.declared.service, (*changes.mine, *changes.others), tuple(saw))
