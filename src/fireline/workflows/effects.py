"""Effects: which part of the house does what follows from an event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from fireline.core import incident
from fireline.core.events import HOUSE
from fireline.core.follow import Effect
from fireline.store.ledger import Ledger
from fireline.workflows.afterwards import Afterwards
from fireline.workflows.inform import Inform
from fireline.workflows.merge import Merge
from fireline.workflows.runs import Runs

Does = Callable[[Effect], object]


@dataclass(frozen=True, slots=True)
class Effects:
    """Does an effect; what no part of the house does by itself is told to a vendor."""

    ledger: Ledger
    runs: Runs
    assess: Does
    afterwards: Afterwards
    merges: Merge
    review: Does
    inform: Inform

    def __call__(self, one: Effect) -> None:
        """Do it. Raises what makes the engine try it again."""
        match one.kind:
            case "assess":
                self.assess(one)
            case "run":
                self.afterwards.run(one)
            case "measure":
                self.afterwards.measure(one)
            case "revert":
                self.afterwards.revert(one)
            case "leases":
                self.afterwards.tunnels.end_all(one.incident, "the incident is over")
            case "cancel":
                self.runs.cancel(one)
            case "merge" | "split":
                self.merges(one)
            case "review":
                self.review(one)
            case _:
                self.inform(one)

    def gave_up(self, one: Effect, why: str) -> None:
        """Every try has failed: people are told what to do by hand."""
        if "verb" in one.data:
            self.inform.lost(one, why)
            return
        text = f"fireline could not do this ({one.kind} {one.key}): {why}. Do it by hand; its log says more."
        self.ledger.act(one.incident, partial(incident.note, text=text, by=HOUSE), key=f"gave up:{one.key}")
