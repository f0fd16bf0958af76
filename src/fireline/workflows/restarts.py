"""Restarts: pods one by one, as one ask, after looking how many are ready."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from fireline.core import rolling
from fireline.core.change.model import answer
from fireline.core.incident import Incident
from fireline.core.refusal import Refused
from fireline.core.runbook import Command
from fireline.workflows.propose import Propose
from fireline.workflows.walk import Walk


@dataclass(frozen=True, slots=True)
class Restarts:
    """Asks for a restart that keeps the service up."""

    walk: Walk
    propose: Propose

    def __call__(
        self, number: int, *, workload: str, namespace: str, pods: tuple[str, ...], minimum: int, reason: str, by: str,
        key: str | None = None,
    ) -> Incident:  # fmt: skip
        """Look how many are ready, and ask for the whole sequence. Raises `Refused` where too few would be left."""
        seconds = self.walk.runs.lanes["write"].seconds
        rolling.one_by_one(
            workload, pods, namespace=namespace, ready=len(pods) + minimum, minimum=minimum, seconds=seconds
        )
        text = rolling.one_by_one(
            workload, pods, namespace=namespace, ready=self._ready(number, workload, namespace), minimum=minimum,
            seconds=seconds,
        )  # fmt: skip
        title = f"Restart {len(pods)} pods of {workload} one by one"
        return self.propose.text(number, text, title=title, reason=reason, by=by, key=key)

    def _ready(self, number: int, workload: str, namespace: str) -> int:
        """How many are ready now. The names were looked at before they came into this command."""
        text = f"kubectl get {workload} -n {namespace} -o jsonpath={{.status.readyReplicas}}"
        look = Command(key="ready", text=text, line=0, column=0, block=0, title=f"Count the ready pods of {workload}")
        run = f"{number}.ready.{uuid4().hex[:8]}"
        if not self.walk.look(number, look, "preview", run):
            raise Refused(f"Nobody can tell how many of {workload} are ready, so none is restarted.")
        this = self.walk.ledger.read(number).run(run)
        ended = this.finished if this else None
        said = answer(self.walk.runs.evidence.read(ended.evidence)) if ended else ""
        return int(said) if said.isdecimal() else 0
