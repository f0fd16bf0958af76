"""The walk: a runbook, told top to bottom, with people where the world would change.

diagnose (everything that only reads, at once) → propose a way out → wait for a yes → the command runs →
verify → Monitoring. If a way does not work, the next one is proposed. The walk is one durable workflow: it
goes on where it stood after a restart, and while it waits it holds nothing. What it runs, `runs` carries out.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from fireline.core import approval, branch, command, helped, incident
from fireline.core.aftermath import VERDICTS
from fireline.core.events import HOUSE, MitigationMeasured, Purpose
from fireline.core.follow import Effect
from fireline.core.guard import Verdict
from fireline.core.guard.policy import decide
from fireline.core.incident import Incident
from fireline.core.plan import Plan, Way, plan
from fireline.core.refusal import AWAY, Refused
from fireline.core.runbook import Command
from fireline.durable import step, wait
from fireline.store.ledger import Ledger
from fireline.workflows.library import Filled, Library, stand_for
from fireline.workflows.prepare import Prepare, Prepared
from fireline.workflows.runs import Runs

AT_ONCE = 8  # commands side by side: more would only queue on the machine they look at
ASK_TIMES = 4  # an unanswered ask is asked again: an hour in all
MEASURED_WITHIN = 600.0  # seconds for the looks after a change; without their word the walk looks by itself
SLACK_SECONDS = 5.0  # the wait outlives the ask a little, so that a yes in the last second is heard


@dataclass(frozen=True, slots=True)
class Walk:
    """Everything a walk needs."""

    ledger: Ledger
    library: Library
    runs: Runs
    values: dict[str, str]  # of this site
    prepare: Prepare
    choose: Callable[[int], None]  # which way comes first, by what the diagnosis showed

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
        if topic := await step(self.measured_as, number, way):
            await wait(topic, MEASURED_WITHIN)
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
        self.choose(number)
        return len(self.todo(number).ways)

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
        reason = self._way(number, way).text
        ready = self.before(now, filled.to_run, verdict, (_title(one), one.condition or "", reason))
        if ready.about.refused:
            self._skip(number, one, "mitigation", ready.about.refused)
            return "skipped"
        verdict = ready.verdict
        rule = decide(verdict.effect, severity=now.severity, asked_by_house=True, tags=verdict.tags)
        deed = partial(
            approval.ask,
            step=one.key,
            title=_title(one),
            command=ready.text,
            effect=str(verdict.effect),
            rule=verdict.rule,
            reason=reason,
            yes_needed=rule.yes_needed,
            by=HOUSE,
            why=verdict.why,
            about=ready.about,
        )
        key = f"ask:{number}:{way}:{index}:{times}"
        if not self.ledger.offer(number, deed, key=key):
            return "over"  # somebody asked for these bytes already; theirs has to be answered first
        asked = [ask.asked for ask in approval.asks(self.ledger.log(number)) if ask.asked.step == one.key]
        return f"ask:{asked[-1].ask}"

    def verify(self, number: int, way: int) -> bool:
        """Look whether it worked; then the status is Monitoring. Without a verification people decide."""
        now, topic = self.ledger.read(number), self.measured_as(number, way)
        checks = self._way(number, way).verification
        tries = len([run for run in now.runs.values() if run.started.purpose == "mitigation"])
        measured = now.measured if now.measured and f"measured:{now.measured.run}" == topic else None
        if measured:
            good = [one.good is True for one in measured.after if one.source == "verification"]
        else:
            good = [self._look(now, one, "verification", f"{number}.{one.key}.{tries}") for one in checks]
        if not checks:
            self.end(number, f"{_told(measured)} The runbook has no verification for it: look, then set the status.")
            return True
        if len(good) < len(checks) or not all(good):
            return False
        if measured and measured.verdict == "worse":
            self.end(number, f"The verification passed, but something else got worse ({helped.said(measured)}): look.")
            return True
        deed = partial(incident.change_status, status="Monitoring", by=HOUSE, why="the verification passed")
        self.ledger.offer(number, deed, key=f"monitoring:{number}:{way}")
        return True

    def measured_as(self, number: int, way: int) -> str:
        """The topic under which the last change of this way is measured; "" when none is."""
        keys, log = {one.key for one in self._way(number, way).commands}, self.ledger.log(number)
        mine = [run for run in self.ledger.read(number).runs.values() if run.started.step in keys]
        changes = [run.started.run for run in mine if run.started.lane == "write"]
        return f"measured:{changes[-1]}" if changes and helped.read(log, changes[-1]) else ""

    def todo(self, number: int) -> Plan:
        """What the incident's runbook says to do."""
        return self._plan(self.ledger.read(number))

    def look(self, number: int, one: Command, purpose: Purpose, run: str) -> bool:
        """Run one command that only reads, for whoever has to know how things are; True when it ended well."""
        return self._look(self.ledger.read(number), one, purpose, run)

    def end(self, number: int, why: str) -> None:
        """Say on the timeline that the house has done what it can."""
        self.ledger.offer(number, partial(incident.end_walk, why=why, by=HOUSE), key=f"end:{number}")

    def run_approved(self, effect: Effect) -> None:
        """Run what people said yes to, once; right before it, see whether it still fits, and keep the way back."""
        number, ask = effect.incident, int(effect.data["ask"])
        run = f"{number}.ask{ask}"
        if not self.prepare.still_fits(number, ask, run, self.runs):
            return
        try:
            self.runs(number, partial(command.start_approved, run=run, number=ask, by=HOUSE), run)
        except Refused as refused:  # stale, or used up: say so where people look
            if refused.status == AWAY:  # it may have run: the next try finds out
                raise
            text = f"Approval {ask} was not used: {refused.sentence}"
            self.ledger.offer(number, partial(incident.note, text=text, by=HOUSE), key=f"unused:{run}")

    def hold(self, number: int, ask: int, seconds: float, ended: Callable[[str, str, str], None]) -> bool:
        """Open the tunnel that people said yes to; True when it stays open. `ended` is told what became of it."""
        run = f"{number}.ask{ask}"
        if not self.prepare.still_fits(number, ask, run, self.runs):
            return False
        return self.runs.hold(
            number, partial(command.start_approved, run=run, number=ask, by=HOUSE), run, seconds, ended
        )

    def before(self, now: Incident, text: str, verdict: Verdict, words: tuple[str, ...]) -> Prepared:
        """Look at what a command would change, before it is asked for."""
        return self.prepare.ask(now, text, verdict, words, self.runs)

    def _look(self, now: Incident, one: Command, purpose: Purpose, run: str) -> bool:
        """Run a command that only reads; True when it ended well. Anything else is skipped with its reason."""
        filled = self._fill(now, one, purpose)
        if filled is None:
            return False
        verdict = filled.verdict
        strays = self.prepare.strays(now, filled.to_run)
        if strays or not verdict.unattended:
            self._skip(now.number, one, purpose, strays or f"It does not run by itself: {verdict.why}")
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
        return self.runs(now.number, deed, run) == "ok"

    def _fill(self, now: Incident, one: Command, purpose: Purpose) -> Filled | None:
        try:
            return self.library.prepare(one, stand_for(alert=now.declared.values, site=self.values))
        except Refused as refused:
            self._skip(now.number, one, purpose, refused.sentence)
            return None

    def _skip(self, number: int, one: Command, purpose: Purpose, reason: str) -> None:
        deed = partial(
            command.skip, step=one.key, title=_title(one), command=one.text, reason=reason, purpose=purpose, by=HOUSE
        )
        self.ledger.offer(number, deed, key=f"skip:{number}:{one.key}:{purpose}")

    def _plan(self, now: Incident) -> Plan:
        if now.declared.runbook is None:
            return Plan()
        first = branch.first(self.ledger.log(now.number))
        return plan(self.library.at(now.declared.runbook), now.declared.scenario, first)

    def _way(self, number: int, way: int) -> Way:
        return self._plan(self.ledger.read(number)).ways[way]


def _told(measured: MitigationMeasured | None) -> str:
    if measured is None:
        return "The command ran."
    return f"The command ran, and {VERDICTS[measured.verdict][0]} ({helped.said(measured)})."


def _title(one: Command) -> str:
    return one.title or one.text.splitlines()[0]
