"""The walk: a runbook, told top to bottom, with people where the world would change.

diagnose (everything that only reads, at once) → propose a way out → wait for a yes → the command runs →
verify → Monitoring. If a way does not work, the next one is proposed. The walk is one durable workflow: it
goes on where it stood after a restart, and while it waits it holds nothing.

This is the only module that calls the executor, and nothing reaches it that has no `CommandStarted` in the log.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from fireline.core import approval, command, incident
from fireline.core.events import HOUSE, CommandStarted, Ending, Purpose
from fireline.core.evidence import summary
from fireline.core.follow import Effect
from fireline.core.guard.policy import decide
from fireline.core.incident import Incident
from fireline.core.plan import Plan, Way, plan
from fireline.core.refusal import AWAY, Refused
from fireline.core.runbook import Command
from fireline.durable import step, wait
from fireline.executor import Executor, Lane, Outcome
from fireline.store.evidence import EvidenceStore
from fireline.store.ledger import Deed, Ledger
from fireline.workflows.library import Filled, Library, stand_for

AT_ONCE = 8  # commands side by side: more would only queue on the machine they look at
ASK_TIMES = 4  # an unanswered ask is asked again: an hour in all
SLACK_SECONDS = 5.0  # the wait outlives the ask a little, so that a yes in the last second is heard


@dataclass(frozen=True, slots=True)
class Walk:
    """Everything a walk needs."""

    ledger: Ledger
    library: Library
    evidence: EvidenceStore
    executor: Executor
    lanes: dict[str, Lane]
    values: dict[str, str]  # of this site
    now: Callable[[], datetime]

    async def __call__(self, effect: Effect) -> None:
        """Walk the incident's runbook from diagnosis to Monitoring, or until only people can go on."""
        number = effect.incident
        ways = await step(self.diagnose, number)
        for way in range(ways):
            if await self._take(number, way):
                return
        await step(self.end, number, "No further way out in the runbook has commands. People go on from here.")

    async def _take(self, number: int, way: int) -> bool:
        """Propose one way out and see it through; True when the walk is over."""
        for index in range(await step(self.length, number, way)):
            ending = await self._ask_until_answered(number, way, index)
            if ending == "over":
                return True
            if ending != "ok":
                return False
        return await step(self.verify, number, way)

    async def _ask_until_answered(self, number: int, way: int, index: int) -> str:
        for times in range(ASK_TIMES):
            topic = await step(self.propose, number, way, index, times)
            if topic in {"ok", "skipped", "over"}:
                return topic
            answer = await wait(topic, approval.GOOD_FOR.total_seconds() + SLACK_SECONDS)
            if answer is not None:
                return answer
        await step(self.end, number, "Nobody answered the proposed command. Ask for it again when somebody is there.")
        return "over"

    def diagnose(self, number: int) -> int:
        """Run every diagnosis command that only reads, side by side. How many ways out the runbook has."""
        now = self.ledger.read(number)
        todo = self._plan(now)
        with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="diagnosis") as pool:
            list(pool.map(lambda one: self._look(now, one, "diagnosis", f"{number}.{one.key}"), todo.diagnosis))
        return len(todo.ways)

    def length(self, number: int, way: int) -> int:
        """How many commands this way out has."""
        return len(self._way(number, way).commands)

    def propose(self, number: int, way: int, index: int, times: int) -> str:
        """Ask people for one command: the topic to wait on, or `ok`, `skipped`, `over` when there is no need."""
        now = self.ledger.read(number)
        if now.status in {"Monitoring", "Resolved"}:
            return "over"  # people were faster
        one = self._way(number, way).commands[index]
        filled = self._fill(now, one, "mitigation")
        if filled is None:
            return "skipped"
        verdict = filled.verdict
        rule = decide(verdict.effect, severity=now.severity, asked_by_house=True, tags=verdict.tags)
        if rule.do == "run":
            return "ok" if self._look(now, one, "mitigation", f"{number}.{one.key}.{times}") else "failed"
        deed = partial(
            approval.ask,
            step=one.key,
            title=_title(one),
            command=filled.to_run,
            effect=str(verdict.effect),
            rule=verdict.rule,
            reason=self._way(number, way).text,
            yes_needed=rule.yes_needed,
            by=HOUSE,
            why=verdict.why,
        )
        key = f"ask:{number}:{way}:{index}:{times}"
        if not self.ledger.offer(number, deed, key=key):
            return "over"  # somebody asked for these bytes already; theirs has to be answered first
        asked = [ask.asked for ask in approval.asks(self.ledger.log(number)) if ask.asked.step == one.key]
        return f"ask:{asked[-1].ask}"

    def verify(self, number: int, way: int) -> bool:
        """Look whether it worked; then the status is Monitoring. Without a verification people decide."""
        now = self.ledger.read(number)
        checks = self._way(number, way).verification
        tries = len([run for run in now.runs.values() if run.started.purpose == "mitigation"])
        good = [self._look(now, one, "verification", f"{number}.{one.key}.{tries}") for one in checks]
        if not good:
            self.end(number, "The command ran. The runbook has no verification for it: look, then set the status.")
            return True
        if not all(good):
            return False
        deed = partial(incident.change_status, status="Monitoring", by=HOUSE, why="the verification passed")
        self.ledger.offer(number, deed, key=f"monitoring:{number}:{way}")
        return True

    def end(self, number: int, why: str) -> None:
        """Say on the timeline that the house has done what it can."""
        self.ledger.offer(number, partial(incident.end_walk, why=why, by=HOUSE), key=f"end:{number}")

    def run_approved(self, effect: Effect) -> None:
        """Run what people said yes to, once."""
        number, ask = effect.incident, int(effect.data["ask"])
        run = f"{number}.ask{ask}"
        try:
            self._run(number, partial(command.start_approved, run=run, number=ask, by=HOUSE), run)
        except Refused as refused:  # stale, or used up: say so where people look
            if refused.status == AWAY:  # it may have run: the next try finds out
                raise
            text = f"Approval {ask} was not used: {refused.sentence}"
            self.ledger.offer(number, partial(incident.note, text=text, by=HOUSE), key=f"unused:{run}")

    def _look(self, now: Incident, one: Command, purpose: Purpose, run: str) -> bool:
        """Run a command that only reads; True when it ended well. Anything else is skipped with its reason."""
        filled = self._fill(now, one, purpose)
        if filled is None:
            return False
        verdict = filled.verdict
        if not verdict.unattended:
            self._skip(now.number, one, purpose, f"It does not run by itself: {verdict.why}")
            return False
        deed = partial(
            command.start_read,
            run=run,
            step=one.key,
            title=_title(one),
            command=filled.to_run,
            effect=str(verdict.effect),
            rule=verdict.rule,
            unattended=True,
            purpose=purpose,
            by=HOUSE,
            asked_as=filled.text if verdict.rewritten else None,
        )
        return self._run(now.number, deed, run) == "ok"

    def _run(self, number: int, deed: Deed, run: str) -> Ending:
        """Write that it starts, run it, keep what it said. Called again after a crash it finds the first run."""
        this = self.ledger.act(number, deed, key=f"start:{run}").runs[run]
        if this.finished:
            return this.finished.ending
        outcome, output = self._execute(run, this.started)
        ending = _ending(outcome)
        deed = partial(
            command.finish,
            run=run,
            ending=ending,
            exit_code=outcome.exit_code if outcome else None,
            seconds=outcome.seconds if outcome else 0.0,
            evidence=self.evidence.keep(output),
            size=len(output.encode()),
            cut=outcome.bytes_cut if outcome else 0,
            masked=outcome.masked if outcome else 0,
            summary=summary(output, changed=ending == "ok" and this.started.lane == "write"),
            by=HOUSE,
        )
        self.ledger.act(number, deed, key=f"finish:{run}")
        self.executor.forget(run)
        return ending

    def _execute(self, run: str, started: CommandStarted) -> tuple[Outcome | None, str]:
        """The outcome and its words; without an outcome nothing has run, and the words say why."""
        if self.now() - started.at > approval.GOOD_FOR and not self.executor.known(run):
            # the yes is from another hour: starting it now would surprise everybody
            return None, "fireline was down when this should have started. It did not run; ask again.\n"
        try:
            outcome = self.executor.run(run, started.command, self.lanes[started.lane])
        except Refused as refused:
            return None, f"It did not run. {refused.sentence}\n"
        return outcome, outcome.output

    def _fill(self, now: Incident, one: Command, purpose: Purpose) -> Filled | None:
        try:
            return self.library.prepare(one, stand_for(alert=now.declared.values, site=self.values))
        except Refused as refused:
            self._skip(now.number, one, purpose, refused.sentence)
            return None

    def _skip(self, number: int, one: Command, purpose: Purpose, reason: str) -> None:
        deed = partial(
            command.skip,
            step=one.key,
            title=_title(one),
            command=one.text,
            reason=reason,
            purpose=purpose,
            by=HOUSE,
        )
        self.ledger.offer(number, deed, key=f"skip:{number}:{one.key}:{purpose}")

    def _plan(self, now: Incident) -> Plan:
        return plan(self.library.at(now.declared.runbook), now.declared.scenario) if now.declared.runbook else Plan()

    def _way(self, number: int, way: int) -> Way:
        return self._plan(self.ledger.read(number)).ways[way]


def _title(one: Command) -> str:
    return one.title or one.text.splitlines()[0]


def _ending(outcome: Outcome | None) -> Ending:
    if outcome is None or outcome.interrupted:
        return "interrupted"
    if outcome.timed_out:
        return "timed out"
    return "ok" if outcome.ok else "failed"
