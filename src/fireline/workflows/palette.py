"""The palette of an incident: which commands its runbook has at hand, filled in from what is known, ready to choose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from fireline.core import earlier, palette
from fireline.core.errand import Route
from fireline.core.events import TerminalHandedOut
from fireline.core.incident import Incident
from fireline.core.palette import Action
from fireline.core.question import simple
from fireline.core.refusal import Refused
from fireline.core.runbook import Command, Placeholder, Runbook
from fireline.core.runbook.fill import blanks, value_of
from fireline.core.runbook.sources import sources
from fireline.shell import parse
from fireline.store.evidence import EvidenceStore
from fireline.store.ledger import Ledger
from fireline.workflows.library import Library, stand_for
from fireline.workflows.pick import Choices, Earlier, Pick


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """An action as it stands with the values that are known.

    `text` is what would run, "" while a blank is open or does not fit, and `why` says which; `argv` are its words
    where it is one program. `offered` are the choices for each blank.
    """

    action: Action
    command: Command
    values: Mapping[str, str]
    text: str
    argv: tuple[str, ...]
    why: str
    offered: Mapping[str, Choices]


@dataclass(frozen=True, slots=True)
class Palette:
    """Finds, fills in and hands out."""

    ledger: Ledger
    library: Library
    evidence: EvidenceStore
    pick: Pick
    site: Mapping[str, str]
    route: Callable[[Incident, str], Route]  # to a runner in another network, where nobody here can look

    def actions(self, now: Incident, text: str = "") -> tuple[Action, ...]:
        """What its runbook offers, as far as it has the words that were typed; nothing without a runbook."""
        ref = now.declared.runbook
        found = palette.actions(self.library.at(ref), self.library.judge, now.declared.scenario) if ref else ()
        return palette.fitting(found, text)

    def ready(self, now: Incident, action: Action) -> bool:
        """Whether nothing has to be chosen any more: every blank has a value."""
        known = stand_for(alert=now.declared.values, site=self.site)
        return all(value_of(blank, known) for blank in action.blanks)

    def form(self, now: Incident, step: str, given: Mapping[str, str]) -> Form:
        """One action, filled in as far as it can be, with choices for its blanks. `given` are a person's words."""
        book, command = self._command(now, step)
        values = stand_for(alert=now.declared.values, site=self.site, person=given)
        text, why = "", ""
        try:
            text = self.library.prepare(command, values).to_run
        except Refused as refused:
            why = refused.sentence
        seen = partial(self._printed, now, book, command)
        known = {blank.name: value_of(blank, values) for blank in blanks(command)}
        return Form(
            action=palette.action_of(command, self.library.judge(command)),
            command=command,
            values=known,
            text=text,
            argv=(simple(parse(text)) or ()) if text else (),
            why=why,
            offered=self._offers(now, command, {**values, **known}, seen),
        )

    def hand_out(
        self, number: int, step: str, *, values: Mapping[str, str], by: str, key: str | None = None
    ) -> TerminalHandedOut:
        """Give out the command that opens a terminal. Raises `Refused` for a blank, or when it is no such command.

        It keeps its `-it`, which the runs of the house take off: a person types in it.
        """
        now = self.ledger.read(number)
        _, command = self._command(now, step)
        filled = self.library.prepare(command, stand_for(alert=now.declared.values, site=self.site, person=values))
        if palette.way_of(command, filled.verdict) != "terminal":
            raise Refused("This opens no terminal: ask for it, and it runs here.", field="step")
        title = command.title or command.text.splitlines()[0]
        deed = partial(palette.hand_out, step=step, title=title, command=filled.text, by=by)
        self.ledger.act(number, deed, key=key)
        return next(one for one in reversed(palette.terminals(self.ledger.log(number))) if one.command == filled.text)

    def _offers(
        self, now: Incident, command: Command, values: Mapping[str, str], seen: Earlier
    ) -> Mapping[str, Choices]:
        """From the live system where that is reached from here: another cluster's names would only mislead."""
        try:
            runner = self.route(now, "read").runner
        except Refused as refused:
            away = refused.sentence
        else:
            if not runner:
                return self.pick.offers(command, values, seen)
            away = f"Its commands run by the runner {runner}, in a network where nobody is asked for names from here."
        found = {blank.name: seen(blank) for blank in blanks(command)}
        return {name: one if one.names else Choices(why=away) for name, one in found.items()}

    def _printed(self, now: Incident, book: Runbook, command: Command, blank: Placeholder) -> Choices:
        """What the newest run of the step that lists such things has printed."""
        here = replace(command, scenario=command.scenario or now.declared.scenario)  # the appendix is read in the night
        source = next((one for one in sources(blank, here, book) if one.kind == "step"), None)
        if source is None or blank.thing is None:
            return Choices()
        keys = {one.key for one in book.commands if one.text == source.command}
        for run in reversed(now.runs.values()):
            if run.started.step in keys and run.finished and run.finished.ending == "ok":
                rows = earlier.values(self.evidence.read(run.finished.evidence), blank.thing)
                said = f"as line {source.line} printed it at {run.finished.at:%H:%M} UTC"
                return Choices(tuple(name for name, _ in rows), "", tuple(about for _, about in rows), said)
        return Choices()

    def _command(self, now: Incident, step: str) -> tuple[Runbook, Command]:
        ref = now.declared.runbook
        book = self.library.at(ref) if ref else None
        command = next((one for one in book.commands if one.key == step), None) if book else None
        if book is None or command is None or now.resolved:
            raise Refused("The runbook has no such step that could still be asked for.", status=404, field="step")
        return book, command
