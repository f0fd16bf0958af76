"""Runs: carry out one command, once: write that it starts, run it, keep what it said, write how it ended.

The only module that calls the executor, and nothing reaches it that has no `CommandStarted` in the log. What only
reads is asked over an open connection where one understands it, what belongs into another network is handed to its
runner, and everything else runs here under a keeper.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from fireline.core import access_log, approval, cancellation, command, smoke
from fireline.core.events import HOUSE, CommandStarted, Ending
from fireline.core.evidence import summary
from fireline.core.follow import Effect
from fireline.core.incident import Incident
from fireline.core.question import Answer, denied, slots
from fireline.core.redaction import mask, secret_values
from fireline.core.refusal import AWAY, Refused
from fireline.executor import Executor, Lane, Outcome, answered
from fireline.executor.elsewhere import arrived
from fireline.store.evidence import EvidenceStore, Kept
from fireline.store.ledger import Deed, Ledger
from fireline.workflows.errands import Errands
from fireline.workflows.prepare import SECONDS as LOOK_SECONDS
from fireline.workflows.warm import Warm


@dataclass(frozen=True, slots=True)
class Asked:
    """What was really asked, where that was no process, and what to read first of the answer."""

    ran: str = ""
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Runs:
    """Carries out runs."""

    ledger: Ledger
    evidence: EvidenceStore
    executor: Executor
    warm: Warm
    lanes: dict[str, Lane]
    errands: Errands  # what runners carry out, in networks that this house does not reach
    now: Callable[[], datetime]

    def __call__(self, number: int, deed: Deed, run: str) -> Ending:
        """Write that it starts, run it, keep what it said. Called again after a crash it finds the first run."""
        now = self.ledger.act(number, deed, key=f"start:{run}")
        this = now.run(run)
        assert this is not None
        if this.finished:
            return this.finished.ending
        found = self._too_late(number, run) or self._brought(now, this.started)
        outcome, output, asked = found or self._execute(run, this.started, now.declared.detected_at)
        ending, log = _ending(outcome), self.ledger.log(number)
        if ending == "cancelled" or (outcome is None and cancellation.asked(log, run)):
            first, ending = cancellation.told(log, this.started, began=outcome is not None), "cancelled"
            asked = replace(asked, findings=(*first, *asked.findings))
        kept = self._keep(run, output, outcome)
        deed = partial(
            command.finish, run=run, ending=ending, exit_code=outcome.exit_code if outcome else None,
            seconds=outcome.seconds if outcome else 0.0, evidence=kept.digest, size=kept.size,
            cut=outcome.bytes_cut if outcome else 0, masked=outcome.masked if outcome else 0,
            summary=summary(output, asked.findings, changed=ending == "ok" and this.started.lane == "write"),
            ran=asked.ran, findings=asked.findings, by=HOUSE,
        )  # fmt: skip
        self.ledger.act(number, deed, key=f"finish:{run}")
        self.executor.forget(run)
        self.errands.close(run)
        return ending

    def cancel(self, effect: Effect) -> None:
        """End a command that somebody cancelled: here by its keeper, elsewhere by its runner.

        Refused, and so tried again, while there is nothing to stop yet; what has ended by itself needs no more.
        """
        run = str(effect.data["run"])
        this = self.ledger.read(effect.incident).run(run)
        if this is None or this.finished or self.executor.cancel(run) or self.errands.cancel(run):
            return
        raise Refused(f"Run {run} is about to start, or is asked by a warm client that ends by itself.", status=AWAY)

    def hold(self, number: int, deed: Deed, run: str, seconds: float, ended: Callable[[str, str, str], None]) -> bool:
        """Write that a tunnel starts, and open it; True when it stays open."""
        started = self.ledger.act(number, deed, key=f"start:{run}").runs[run].started
        lane, leases = self.lanes[started.lane], self.executor.leases
        leases.begin(
            run, started.command, environment=lane.environment, directory=lane.directory, seconds=seconds, ended=ended
        )
        return leases.settled(run)

    def let_go(self, run: str | None = None) -> None:
        """Close the tunnel of this run; without one, all of them. What is not open is no trouble."""
        if run is None:
            self.executor.leases.close()
        else:
            self.executor.leases.end(run)

    def within(self, seconds: float) -> Runs:
        """The same for commands that have only so long."""
        return replace(
            self, lanes={name: replace(lane, seconds=min(lane.seconds, seconds)) for name, lane in self.lanes.items()}
        )

    def _keep(self, run: str, output: str, outcome: Outcome | None) -> Kept:
        """The whole of what it said, streamed out of the spool where a process said it, or brought by a runner."""
        if outcome and outcome.whole:
            return self.evidence.known(outcome.whole)
        whole = self.executor.output(run) if self.executor.told(run) else iter([output.encode()])
        return self.evidence.keep_stream(whole, self.now())

    def _brought(self, now: Incident, started: CommandStarted) -> tuple[Outcome | None, str, Asked] | None:
        """The same from a runner in another network; None where it is to run here."""
        try:
            found = None if self.executor.known(started.run) else self.errands(now, started)
        except Refused as refused:
            if refused.status == AWAY:  # it may be running there: the next try goes on waiting
                raise
            return None, f"It did not run. {refused.sentence}\n", Asked()
        if found is None:
            return None
        outcome = arrived(started.run, found.told, started.at)
        return outcome, outcome.output, Asked(findings=(*found.findings, *_findings(outcome.output)))

    def _too_late(self, number: int, run: str) -> tuple[None, str, Asked] | None:
        """It was cancelled between its start in the log and its start on a machine; None when it was not."""
        begun = self.executor.known(run) or self.errands.rows.find(run)
        if begun or not cancellation.asked(self.ledger.log(number), run):
            return None
        return None, "It was cancelled before it began, and did not run.\n", Asked()

    def _execute(self, run: str, started: CommandStarted, onset: datetime) -> tuple[Outcome | None, str, Asked]:
        """The outcome, its words, and what was asked; without an outcome nothing has run, and the words say why."""
        if self.now() - started.at > approval.GOOD_FOR and not self.executor.known(run):
            # the yes is from another hour: starting it now would surprise everybody
            return None, "fireline was down when this should have started. It did not run; ask again.\n", Asked()
        lane = self.lanes[started.lane]
        if started.purpose in {"preview", "capture"}:
            lane = replace(lane, seconds=min(lane.seconds, LOOK_SECONDS))
        fresh = started.lane == "read" and not self.executor.known(run)
        if fresh and (found := self._asked(run, started, lane, onset)):
            return found
        try:
            outcome = self.executor.run(run, started.command, lane)
        except Refused as refused:
            return None, f"It did not run. {refused.sentence}\n", Asked()
        beside = self._beside(started, lane, onset) if fresh and outcome.exit_code is not None else Asked()
        return outcome, outcome.output, replace(beside, findings=(*beside.findings, *_findings(outcome.output)))

    def _beside(self, started: CommandStarted, lane: Lane, onset: datetime) -> Asked:
        """What to read first in what a process printed in a form of its own, and what was asked to know it."""
        answer = self.warm.beside(started.command, lane.environment, min(lane.seconds, LOOK_SECONDS), onset=onset)
        if answer is None:
            return Asked()
        found = self._told(answer, lane)
        return replace(found, ran=f"the command itself, and for what was found: {found.ran}")

    def _told(self, answer: Answer, lane: Lane) -> Asked:
        hidden = (*secret_values(lane.environment), *self.warm.secrets)
        return Asked(mask(answer.ran, hidden).text, tuple(mask(one, hidden).text for one in answer.findings))

    def _asked(
        self, run: str, started: CommandStarted, lane: Lane, onset: datetime
    ) -> tuple[Outcome, str, Asked] | None:
        """The same from a warm client; None: start a process. Lost half-way it is asked again, as it only reads."""
        begun = self.now()
        answer = self.warm.answer(started.command, lane.environment, lane.seconds, onset=onset)
        if answer is None:
            return None
        outcome = answered(
            run, answer.output, answer.exit_code, lane, started_at=begun,
            seconds=(self.now() - begun).total_seconds(), known=self.warm.secrets,
        )  # fmt: skip
        return outcome, outcome.output, self._told(answer, lane)


def _findings(said: str) -> tuple[str, ...]:
    return (*slots.full(said), *denied.of_output(said), *access_log.of_output(said), *smoke.of_output(said))


def _ending(outcome: Outcome | None) -> Ending:
    if outcome is None or outcome.interrupted:
        return "interrupted"
    if outcome.cancelled:
        return "cancelled"
    if outcome.timed_out:
        return "timed out"
    return "ok" if outcome.ok else "failed"
