"""Afterwards: what the house does around a change that people said yes to. Look, let it run, look again, remember.

Right before the command starts its checks are read, briefly, because somebody waits for it. Once it has settled they
are read again, until two readings say the same, and compared. What changed something only for the time being is
listed as a stopgap, with its undo; what was agreed to revert by itself does so when its time is over.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from fireline.connectors import prometheus
from fireline.connectors.http import ConnectorError, Http
from fireline.connectors.probes import Verdict, check_all
from fireline.core import approval, debt, helped, incident, lease, undo
from fireline.core.events import HOUSE, ApprovalAsked, Reading
from fireline.core.follow import Effect
from fireline.core.guard.policy import decide
from fireline.core.helped import ATTEMPTS, Wanted
from fireline.core.incident import Incident
from fireline.core.refusal import Refused
from fireline.core.runbook import Command, Runbook
from fireline.core.runbook.health import place_of
from fireline.settings import AfterSettings, Settings
from fireline.store.ledger import Ledger
from fireline.workflows.library import Library, stand_for
from fireline.workflows.probes import addresses
from fireline.workflows.tunnels import Tunnels
from fireline.workflows.walk import Walk

AT_ONCE = 8  # checks side by side, as in a diagnosis
ADDRESSES_MAX = 20  # health addresses read around a change
NUMBERS_MAX = 5  # queries of Prometheus


@dataclass(frozen=True, slots=True)
class Afterwards:
    """Everything that surrounds a change."""

    walk: Walk
    house: Settings
    now: Callable[[], datetime]

    @property
    def tunnels(self) -> Tunnels:
        """What holds port-forwards open."""
        return Tunnels(self.walk, self.settings.lease_minutes)

    @property
    def ledger(self) -> Ledger:
        """Where everything is written."""
        return self.walk.ledger

    @property
    def library(self) -> Library:
        """The runbooks."""
        return self.walk.library

    @property
    def settings(self) -> AfterSettings:
        """How long to wait for what."""
        return self.house.afterwards

    def run(self, effect: Effect) -> None:
        """Run what people said yes to, once, with its checks before and what is to be remembered after."""
        number, ask = effect.incident, int(effect.data["ask"])
        run = f"{number}.ask{ask}"
        asked = approval.find(self.ledger.log(number), ask).asked
        if lease.is_tunnel(asked.command):
            self.tunnels.open(number, ask)
            return
        changes = asked.effect != "read"
        if changes and run not in self.ledger.read(number).runs:
            self._before(number, run, asked.step)
        self.walk.run_approved(effect)
        if changes:
            self._remember(number, run)

    def measure(self, effect: Effect) -> None:
        """Read the checks once more; when that is enough, say whether the change helped."""
        number, run, attempt = effect.incident, str(effect.data["run"]), int(effect.data["attempt"])
        log = self.ledger.log(number)
        if helped.measured(log, run):
            return
        first = helped.read(log, run)[0]
        if not any(one.attempt >= attempt for one in helped.read(log, run)):
            step = self.ledger.read(number).runs[run].started.step
            seen = self._read(number, run, step, attempt, self.walk)
            deed = partial(helped.note, run=run, attempt=attempt, readings=seen, settle=first.settle_seconds, by=HOUSE)
            self.ledger.offer(number, deed, key=f"checks:{run}:{attempt}")
        if attempt >= ATTEMPTS or helped.settled(self.ledger.log(number), run):
            self.ledger.offer(number, partial(helped.measure, run=run, by=HOUSE), key=f"measured:{run}")

    def revert(self, effect: Effect) -> None:
        """A stopgap's time is over: take it back where the yes covered that, else ask for a yes."""
        self._take_back(effect.incident, int(effect.data["debt"]), by=HOUSE, key=f"revert:{effect.key}")

    def take_back(self, number: int, owed: int, *, by: str, key: str | None = None) -> Incident:
        """A person wants a stopgap undone now: its command waits for a yes like any other."""
        return self.ledger.act(number, self._undo(number, owed, by), key=key)

    def _take_back(self, number: int, owed: int, *, by: str, key: str) -> None:
        try:
            deed = self._undo(number, owed, by)
        except Refused:  # it was settled meanwhile
            return
        if not self.ledger.offer(number, deed, key=key) and debt.find(self.ledger.log(number), owed).blocks:
            text = f"Stopgap {owed} could not be taken back by itself. Take it back by hand."
            self.ledger.offer(number, partial(incident.note, text=text, by=HOUSE), key=f"not reverted:{key}")

    def _undo(self, number: int, owed: int, by: str) -> Callable[..., ApprovalAsked]:
        now = self.ledger.read(number)
        verdict = self.library.judge_text(debt.find(self.ledger.log(number), owed).taken.undo)
        rule = decide(verdict.effect, severity=now.severity, asked_by_house=by == HOUSE, tags=verdict.tags)
        return partial(
            debt.take_back, debt=owed, effect=str(verdict.effect), rule=verdict.rule, why=verdict.why,
            yes_needed=rule.yes_needed, by=by,
        )  # fmt: skip

    def _before(self, number: int, run: str, step: str) -> None:
        hurried = replace(self.walk, runs=self.walk.runs.within(self.settings.before_seconds))
        seen = self._read(number, run, step, 0, hurried)
        if seen:
            speed = self.ledger.read(number).declared.watch_speed
            deed = partial(
                helped.note, run=run, attempt=0, readings=seen, settle=self.settings.settle_seconds / speed, by=HOUSE
            )
            self.ledger.offer(number, deed, key=f"checks:{run}:0")

    def _remember(self, number: int, run: str) -> None:
        """Settle the stopgap that this run took back, or list the one that it is."""
        log = self.ledger.log(number)
        this = self.ledger.read(number).runs.get(run)
        if this is None or this.state != "ok":
            return
        started = this.started
        if owed := debt.undone_by(log, started.command):
            deed = partial(debt.settle, debt=owed.number, run=run, by=HOUSE)
            self.ledger.offer(number, deed, key=f"settled:{run}")
            return
        ask = approval.find(log, started.ask) if started.ask else None
        revert = (ask.asked.revert or None) if ask else None
        kept = undo.of_run(log, run)
        back = revert.command if revert else kept.command if kept else ""
        found = debt.temporary(started.command) or (("other", started.title) if back else None)
        if ask is None or found is None or ask.asked.step == debt.UNDO:
            return
        kind, what = found
        people = [one for one in (ask.asked.by, *ask.yes, ask.glass.by if ask.glass else "") if one not in {"", HOUSE}]
        listed = partial(
            debt.take,
            what=what,
            kind=kind,
            owner=people[0] if people else "",
            undo=back,
            minutes=revert.minutes if revert else self.settings.remind_minutes,
            revert=revert is not None,
            ask=ask.number,
            run=run,
            by=HOUSE,
        )
        self.ledger.offer(number, listed, key=f"debt:{run}")

    def _read(self, number: int, run: str, step: str, attempt: int, walk: Walk) -> tuple[Reading, ...]:
        """Every check at once: the runbook's commands, health addresses, what Prometheus measures."""
        now = self.ledger.read(number)
        ref = now.declared.runbook
        book = self.library.at(ref) if ref else None
        urls = [one.url for one in addresses(self.house.probes, [book] if book else [])][:ADDRESSES_MAX]
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="checks") as pool:
            asked = pool.submit(self._numbers, book)
            seen = pool.submit(check_all, urls, timeout=self.settings.before_seconds)
            proves = helped.proves(walk.todo(number), step)
            look = partial(self._look, now, f"{run}.{attempt}", walk, proves=proves)
            commands = list(pool.map(look, self._checks(now, walk, step)))
        probed = tuple(
            Reading(check=place_of(one.url), title=place_of(one.url), source="address",
                    good=one.verdict == Verdict.UP, said=one.detail)
            for one in seen.result()
        )  # fmt: skip
        return (*commands, *probed, *asked.result())

    def _checks(self, now: Incident, walk: Walk, step: str) -> tuple[Command, ...]:
        """The checks of this step that run by themselves with what is known."""
        values = stand_for(alert=now.declared.values, site=walk.values)
        found = []
        for one in helped.checks(walk.todo(now.number), step):
            try:
                if self.library.prepare(one, values).verdict.unattended:
                    found.append(one)
            except Refused:  # a value is missing
                continue
        return tuple(found)

    def _look(self, now: Incident, run: str, walk: Walk, one: Command, *, proves: bool) -> Reading:
        """Read one command. Before the change a verification is a look like any other, and proves nothing."""
        name = f"{run}.{one.key}"
        before = run.endswith(".0")
        walk.look(now.number, one, "capture" if before else "verification" if proves else "diagnosis", name)
        this = self.ledger.read(now.number).run(name)
        output = self.walk.runs.evidence.read(this.finished.evidence) if this and this.finished else ""
        return helped.reading(one, this, output, verification=proves, symptoms=now.declared.scenario or "")

    def _numbers(self, book: Runbook | None) -> tuple[Reading, ...]:
        """What Prometheus measures of the limits that the settings have a query for."""
        if self.house.prometheus is None:
            return ()
        wanted: dict[str, Wanted] = (
            {one.metric: "low" if one.operator.startswith("<") else "high" for one in book.thresholds} if book else {}
        )
        units = {one.metric: one.unit for one in book.thresholds} if book else {}
        found = []
        with Http(timeout=prometheus.PATIENCE) as http:
            for name, query in list(self.house.prometheus.queries.items())[:NUMBERS_MAX]:
                want = wanted.get(name) or helped.wanted_of(name)
                try:
                    told = prometheus.numbers(http, self.house.prometheus.url, query)
                except ConnectorError as trouble:
                    found.append(Reading(check=name, title=name, source="number", said=trouble.reason))
                    continue
                worst = (max if want == "low" else min)(told) if told else None
                found.append(
                    Reading(check=name, title=name, source="number", value=worst, unit=units.get(name, ""),
                            wanted=want, said="" if told else "no data")
                )  # fmt: skip
        return tuple(found)
