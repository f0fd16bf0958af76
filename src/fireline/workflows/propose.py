"""Propose: a person wants a command to run, of the runbook or in their own words.

It is judged like every other. What only reads runs at once in the read lane; anything else waits for as many
other people as its effect wants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from fireline.core import approval
from fireline.core.guard import Verdict
from fireline.core.guard.policy import decide
from fireline.core.incident import Incident
from fireline.core.refusal import Refused
from fireline.core.runbook import Command
from fireline.store.ledger import Ledger
from fireline.workflows.library import Library, stand_for

OWN_WORDS = "own words"  # the step of a command that no runbook has
TITLE_MAX_CHARS = 200
COMMAND_MAX_CHARS = 20_000  # the longest command in public runbooks has about 2,000


@dataclass(frozen=True, slots=True)
class Propose:
    """Asks for commands in people's names."""

    ledger: Ledger
    library: Library
    site: Mapping[str, str]  # what placeholders stand for here

    def step(
        self, number: int, step: str, *, reason: str, by: str, values: Mapping[str, str], key: str | None = None
    ) -> Incident:
        """Ask for the runbook's command with this key. Raises `Refused` naming a value that is missing."""
        incident = self.ledger.read(number)
        one = self._command(incident, step)
        filled = self.library.prepare(one, stand_for(alert=incident.declared.values, site=self.site, person=values))
        title = one.title or one.text.splitlines()[0]
        return self._ask(incident, step, title, filled.to_run, filled.verdict, reason=reason, by=by, key=key)

    def text(
        self, number: int, text: str, *, reason: str, by: str, title: str = "", key: str | None = None
    ) -> Incident:
        """Ask for a command in one's own words."""
        text = text.strip()
        if not text or len(text) > COMMAND_MAX_CHARS:
            raise Refused(f"Give a command of 1 to {COMMAND_MAX_CHARS} characters.", status=400, field="command")
        verdict = self.library.judge_text(text)
        title, text = title or text.splitlines()[0], verdict.rewritten or text
        return self._ask(self.ledger.read(number), OWN_WORDS, title, text, verdict, reason=reason, by=by, key=key)

    def _ask(
        self,
        incident: Incident,
        step: str,
        title: str,
        text: str,
        verdict: Verdict,
        *,
        reason: str,
        by: str,
        key: str | None,
    ) -> Incident:
        rule = decide(verdict.effect, severity=incident.severity, asked_by_house=False, tags=verdict.tags)
        alone = rule.do == "run" and verdict.unattended
        deed = partial(
            approval.ask,
            step=step,
            title=title[:TITLE_MAX_CHARS],
            command=text,
            effect=str(verdict.effect),
            rule=verdict.rule,
            reason=reason,
            yes_needed=0 if alone else max(1, rule.yes_needed),
            by=by,
            why=verdict.why,
            purpose="diagnosis" if alone else "mitigation",
        )
        return self.ledger.act(incident.number, deed, key=key)

    def _command(self, incident: Incident, step: str) -> Command:
        ref = incident.declared.runbook
        for one in self.library.at(ref).commands if ref else ():
            if one.key == step:
                return one
        raise Refused(f"The runbook of {incident.name} has no command {step}.", status=404, field="step")
