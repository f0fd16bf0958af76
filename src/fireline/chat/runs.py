"""Runs: asking for a command from Slack. It is judged first, and shown as it would run."""

from __future__ import annotations

from dataclasses import dataclass

from fireline.chat import forms, words
from fireline.chat.forms import Asking
from fireline.chat.parts import Answer, Parts
from fireline.core import approval
from fireline.core.approval import Ask
from fireline.core.events import Log
from fireline.core.guard import Verdict
from fireline.core.incident import Incident
from fireline.core.plan import plan
from fireline.core.refusal import Refused
from fireline.core.runbook import Command
from fireline.core.runbook.fill import blanks, missing, value_of
from fireline.workflows.inform import blocks
from fireline.workflows.library import stand_for

READS = "asked for in Slack"  # the reason of what only reads, which nobody has to decide about
KEPT_MAX = 3000  # characters of a modal's private_metadata


@dataclass(frozen=True, slots=True)
class Runs:
    """Asks for commands in people's names."""

    parts: Parts

    def text(self, number: int, typed: str, *, by: str, key: str, trigger: str, channel: str) -> Answer:
        """A command in one's own words. What only reads runs at once; for anything else a modal asks why."""
        text = words.command(typed)
        if step := self._step(number, text):
            return self._open(number, step, trigger, channel)
        try:
            self.parts.house.propose.text(number, text, reason="", by=by, key=key)
        except Refused as no:
            if no.field != "reason":
                raise
            verdict = self.parts.house.library.judge_text(text)
            asking = Asking(incident=number, command=text, channel=channel)
            title = "This changes something, so somebody else has to say yes."
            return self._show(asking, trigger, title, verdict.rewritten or text, said=_said(verdict))
        return self.asked(number, text, by)

    def next(self, number: int, *, trigger: str, channel: str) -> Answer:
        """The runbook's next command that nobody has asked for yet, in a modal."""
        now, log = self.parts.read(number)
        found = self._next(now, log)
        if found is None:
            raise Refused("The runbook has no further command for this. Type one, as in `/incident run COMMAND`.")
        return self._open(number, found, trigger, channel)

    def submit(self, asking: Asking, *, reason: str, values: dict[str, str], by: str, key: str) -> Answer:
        """What the modal asks for."""
        propose, number = self.parts.house.propose, asking.incident
        if asking.step:
            reason = reason or READS
            propose.step(number, asking.step, reason=reason, by=by, values=values, key=key)
        else:
            propose.text(number, asking.command, reason=reason, by=by, key=key)
        return self.asked(number, asking.step or asking.command, by)

    def asked(self, number: int, what: str, by: str) -> Answer:
        """The ask that was just made. What waits for a yes is shown once, in the incident's own channel."""
        asks = approval.asks(self.parts.house.ledger.log(number))
        mine = [one for one in asks if one.asked.by == by]
        one = next((one for one in reversed(mine) if what in {one.asked.step, one.asked.command}), mine[-1])
        if self.parts.rooms.has(number):
            does = "Asked. It waits for a yes" if one.asked.yes_needed else "It only reads, so it runs. It stands"
            return Answer(f"{does} in the incident's channel, and at {self.parts.page(number)}.")
        return self.shown(number, one)

    def shown(self, number: int, one: Ask, *, replace: bool = False) -> Answer:
        """An ask, with its buttons or its outcome; of a private incident for the asker alone."""
        url = self.parts.page(number, f"/approvals/{one.number}")
        at, private = self.parts.now(), self.parts.house.ledger.read(number).private
        found = blocks.approval(number, one, at, names=self.parts.name, url=url)
        text = f"INC-{number}: {one.asked.title}. {blocks.outcome(one, at, self.parts.name)}"
        return Answer(text, found, everybody=not private, replace=replace)

    def _open(self, number: int, one: Command, trigger: str, channel: str) -> Answer:
        now, _ = self.parts.read(number)
        house = self.parts.house
        values = stand_for(alert=now.declared.values, site=house.settings.values)
        if missing(one, values):
            text, verdict = one.text, house.library.judge(one)
        else:
            filled = house.library.prepare(one, values)
            text, verdict = filled.to_run, filled.verdict
        fields = tuple((blank.name, value_of(blank, values)) for blank in blanks(one))
        title = one.title or "The next step of the runbook."
        return self._show(
            Asking(incident=number, step=one.key, channel=channel),
            trigger,
            title,
            text,
            said=_said(verdict),
            fields=fields,
        )

    def _show(
        self,
        asking: Asking,
        trigger: str,
        title: str,
        text: str,
        *,
        said: str,
        fields: tuple[tuple[str, str], ...] = (),
    ) -> Answer:
        view = forms.ask_for(asking, title, text, said, fields)
        if not blocks.shows(text, inline=False) or len(view["private_metadata"]) > KEPT_MAX:
            page = self.parts.page(asking.incident)
            raise Refused(f"Slack cannot show this command whole and as it is. Ask for it on the page: {page}")
        self.parts.desk.open_view(trigger, view)
        return Answer()

    def _next(self, now: Incident, log: Log) -> Command | None:
        ref = now.declared.runbook
        if ref is None:
            return None
        asked = {one.asked.step for one in approval.asks(log)} | {run.started.step for run in now.runs.values()}
        ways = plan(self.parts.house.library.at(ref), now.declared.scenario).ways
        return next((one for way in ways for one in way.commands if one.key not in asked), None)

    def _step(self, number: int, text: str) -> Command | None:
        """The runbook's command of this key, where the text is one, such as c42."""
        ref = self.parts.house.ledger.read(number).declared.runbook
        book = self.parts.house.library.at(ref) if ref else None
        return next((one for one in book.commands if one.key == text), None) if book else None


def _said(verdict: Verdict) -> str:
    return (
        f"{blocks.DOES.get(verdict.effect, blocks.COUNTS)} {verdict.why} (effect {verdict.effect}, rule {verdict.rule})"
    )
