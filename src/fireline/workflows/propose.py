"""Propose: a person wants a command to run, of the runbook or in their own words.

It is judged like every other. What only reads runs at once in the read lane; anything else waits for as many
other people as its effect wants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from fireline.core import approval, debt, lease
from fireline.core.events import Revert
from fireline.core.guard import Verdict
from fireline.core.guard.policy import decide
from fireline.core.incident import Incident
from fireline.core.refusal import Refused
from fireline.core.runbook import Command
from fireline.store.ledger import Ledger
from fireline.workflows.library import Library, stand_for
from fireline.workflows.prepare import Prepared

OWN_WORDS = "own words"  # the step of a command that no runbook has
TITLE_MAX_CHARS = 200
Before = Callable[[Incident, str, Verdict, tuple[str, ...]], Prepared]
COMMAND_MAX_CHARS = 20_000  # the longest command in public runbooks has about 2,000


@dataclass(frozen=True, slots=True)
class Back:
    """It is to revert by itself: after so many minutes, by this command or the undo that was found."""

    minutes: float
    command: str = ""


@dataclass(frozen=True, slots=True)
class Propose:
    """Asks for commands in people's names."""

    ledger: Ledger
    library: Library
    site: Mapping[str, str]  # what placeholders stand for here
    before: Before  # looks at what a command would change
    strays: Callable[[Incident, str], str]  # why a command that only reads must not run here

    def step(
        self, number: int, step: str, *, reason: str, by: str, values: Mapping[str, str], key: str | None = None,
        back: Back | None = None,
    ) -> Incident:  # fmt: skip
        """Ask for the runbook's command with this key. Raises `Refused` naming a value that is missing."""
        incident = self.ledger.read(number)
        one = self._command(incident, step)
        filled = self.library.prepare(one, stand_for(alert=incident.declared.values, site=self.site, person=values))
        title = one.title or one.text.splitlines()[0]
        words = (title, one.condition or "", one.text)
        return self._ask(
            incident, step, title, filled.to_run, filled.verdict, words=words, reason=reason, by=by, key=key, back=back
        )

    def text(
        self, number: int, text: str, *, reason: str, by: str, title: str = "", key: str | None = None,
        back: Back | None = None,
    ) -> Incident:  # fmt: skip
        """Ask for a command in one's own words."""
        text = text.strip()
        if not text or len(text) > COMMAND_MAX_CHARS:
            raise Refused(f"Give a command of 1 to {COMMAND_MAX_CHARS} characters.", status=400, field="command")
        verdict = self.library.judge_text(text)
        title, text = title or text.splitlines()[0], verdict.rewritten or text
        now = self.ledger.read(number)
        return self._ask(now, OWN_WORDS, title, text, verdict, reason=reason, by=by, key=key, back=back)

    def _ask(
        self,
        incident: Incident,
        step: str,
        title: str,
        text: str,
        verdict: Verdict,
        *,
        words: tuple[str, ...] = (),
        reason: str,
        by: str,
        key: str | None,
        back: Back | None = None,
    ) -> Incident:
        rule = decide(verdict.effect, severity=incident.severity, asked_by_house=False, tags=verdict.tags)
        alone = rule.do == "run" and verdict.unattended
        if lease.wants_terminal(text):
            raise Refused(f"This opens a terminal, which is yours to type in. Copy it: {text}", field="command")
        about = None
        if alone and (strays := self.strays(incident, text)):
            raise Refused(strays, field="command")
        if not alone and self.ledger.done(key) is None:
            approval.may_ask(self.ledger.log(incident.number), reason=reason, effect=str(verdict.effect))
            ready = self.before(incident, text, verdict, words)
            text, verdict, about = ready.text, ready.verdict, ready.about
            rule = decide(verdict.effect, severity=incident.severity, asked_by_house=False, tags=verdict.tags)
        revert, again = self._revert(incident, back, (about.undo if about else "")) if back else (None, 0)
        deed = partial(
            approval.ask,
            step=step,
            title=title[:TITLE_MAX_CHARS],
            command=text,
            effect=str(verdict.effect),
            rule=verdict.rule,
            reason=reason,
            yes_needed=0 if alone else max(1, rule.yes_needed, again),
            by=by,
            why=verdict.why,
            purpose="diagnosis" if alone else "mitigation",
            about=about,
            revert=None if alone else revert,
        )
        return self.ledger.act(incident.number, deed, key=key)

    def _revert(self, incident: Incident, back: Back, undo: str) -> tuple[Revert, int]:
        """What takes it back by itself, judged like every command; how many people it takes to agree to that."""
        command = back.command.strip() or undo
        if not command:
            raise Refused("Nobody knows what takes this back: give the command.", status=400, field="revert")
        if not 0 < back.minutes <= debt.MINUTES_MAX:
            raise Refused(f"It reverts after 1 to {debt.MINUTES_MAX} minutes.", status=400, field="revert_minutes")
        verdict = self.library.judge_text(command)
        rule = decide(verdict.effect, severity=incident.severity, asked_by_house=False, tags=verdict.tags)
        return Revert(command=command, minutes=back.minutes), rule.yes_needed

    def _command(self, incident: Incident, step: str) -> Command:
        ref = incident.declared.runbook
        for one in self.library.at(ref).commands if ref else ():
            if one.key == step:
                return one
        raise Refused(f"The runbook of {incident.name} has no command {step}.", status=404, field="step")
