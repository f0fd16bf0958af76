"""Close: what is left to do when it is over. Now: the review's first draft, written from the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from fireline.core import review
from fireline.core.events import HOUSE
from fireline.core.follow import Effect
from fireline.core.plan import plan
from fireline.store.evidence import EvidenceStore
from fireline.store.ledger import Ledger
from fireline.workflows.library import Library

REVIEW_WITHIN = timedelta(hours=48)  # the runbooks' usual promise, counted from the resolution


@dataclass(frozen=True, slots=True)
class Close:
    """Writes the draft."""

    ledger: Ledger
    evidence: EvidenceStore
    library: Library
    now: Callable[[], datetime]

    def __call__(self, effect: Effect) -> None:
        """Draft the review once per resolution."""
        log = self.ledger.log(effect.incident)
        resolved_at = log[effect.seq - 1].at
        digest = self.evidence.keep(self.draft(effect.incident))
        deed = partial(review.drafted, evidence=digest, due_at=resolved_at + REVIEW_WITHIN, by=HOUSE)
        self.ledger.offer(effect.incident, deed, key=f"review:{effect.incident}:{effect.seq}")

    def draft(self, number: int) -> str:
        """The review as Markdown, from what the log says now."""
        log = self.ledger.log(number)
        return review.draft(self.template(number), number, log, self._later(number))

    def _later(self, number: int) -> tuple[str, ...]:
        """What the scenario's runbook leaves for afterwards."""
        declared = self.ledger.read(number).declared
        return plan(self.library.at(declared.runbook), declared.scenario).later if declared.runbook else ()

    def template(self, number: int) -> str:
        """The runbook's own review template; the house's where it has none."""
        ref = self.ledger.read(number).declared.runbook
        books = [self.library.at(ref)] if ref else []
        books += [self.library.main] if self.library.main else []
        return next((one.text for book in books for one in book.templates if one.kind == "review"), review.TEMPLATE)
