"""Prepare: what is found out before anything changes.

Before a command is asked for, its object is looked at: does it exist, is it in the incident's own environment, what
would become of it, who notices, how is it taken back. Right before it runs the state to go back to is read
once more. All looks are commands that only read; they are judged like any other and run through the walk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Literal, Protocol

from fireline.core import approval, command, place, undo
from fireline.core.about import About, about
from fireline.core.approval import Ask
from fireline.core.change import Change, Seen, Told, last_resort, understand
from fireline.core.events import HOUSE
from fireline.core.guard import Verdict
from fireline.core.incident import Incident
from fireline.core.place import Environment, Place
from fireline.shell import parse
from fireline.store.evidence import EvidenceStore
from fireline.store.ledger import Deed, Ledger
from fireline.workflows.library import Library

SECONDS = 8.0  # a look that takes longer is left: people wait for the ask
AT_ONCE = 6

Run = Callable[[int, Deed, str], str]  # the walk's own way of running a command: incident, its start, its name


class Look(Protocol):
    """Runs one look, by a name for it, and gives what it said."""

    def __call__(self, key: str, text: str, lane: Literal["read", "write"] = "read") -> Seen:
        """Run it in this lane."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A command as it is asked for: perhaps for another object than was written, never without saying so."""

    text: str
    verdict: Verdict
    about: About


@dataclass(frozen=True, slots=True)
class Kept:
    """What the last look before the run told: why it must not run, or the way back."""

    refused: str = ""
    undo: str = ""
    undone: str = ""


@dataclass(frozen=True, slots=True)
class Prepare:
    """Looks before anything changes."""

    ledger: Ledger
    library: Library
    evidence: EvidenceStore
    environments: tuple[Environment, ...]
    site: Mapping[str, str]  # what placeholders stand for here; `environment` says where incidents are by default

    def ask(self, now: Incident, text: str, verdict: Verdict, words: tuple[str, ...], run: Run) -> Prepared:
        """Everything to show of a command before it is asked for. `words` are the runbook's own about it.

        A place that is not the incident's is refused before anything is looked at there.
        """
        change, name = understand(text, parse), f"{now.seq}.{sha256(text.encode()).hexdigest()[:8]}"
        look = partial(self._look, now.number, name, "preview", run)
        if (pinned := place.pin(text, parse, self._fitting(now))) != text:
            return self._corrected(now, text, pinned, words, run)
        at, trouble = self._place(now, text, look)
        told = Told() if trouble else self._told(change, tuple(change.looks), look)
        trouble = trouble or told.refused or self._by_file(now, text, told)
        if told.instead and not trouble:
            return self._corrected(now, text, told.instead, words, run)
        ref = now.declared.runbook
        found = about(
            change,
            told,
            where=str(at) if at else "",
            runbook=ref.digest if ref else "",
            last_resort=last_resort(change, *words),
            refused=trouble,
        )
        return Prepared(text, verdict, found)

    def still_fits(self, number: int, ask: int, name: str, run: Run) -> bool:
        """Look once more, right before what people said yes to runs, and keep the way back.

        False: it fits no longer; the yes is void and the timeline says why. Nothing has run then.
        """
        now, one = self.ledger.read(number), approval.find(self.ledger.log(number), ask)
        if name in now.runs or one.void or one.asked.effect == "read" or not one.granted:
            return one.void is None
        kept = self._keep(now, one, partial(self._look, number, f"ask{ask}", "capture", run))
        if kept.refused:
            void = partial(approval.void, number=ask, why=kept.refused, by=HOUSE)
            self.ledger.offer(number, void, key=f"void:{name}")
            return False
        if kept.undone:
            way = partial(undo.keep, run=name, command=kept.undo, what=kept.undone, by=HOUSE)
            self.ledger.offer(number, way, key=f"undo:{name}")
        return True

    def _keep(self, now: Incident, ask: Ask, look: Look) -> Kept:
        """What the last look tells. Nothing may run that fits no longer."""
        text, change = ask.asked.command, understand(ask.asked.command, parse)
        _, trouble = self._place(now, text, look) if self.environments else (None, "")
        if trouble:
            return Kept(refused=trouble)
        told = self._told(change, change.captures, look)
        refused = told.refused or self._by_file(now, text, told)
        if ask.asked.written and told.written != ask.asked.written:
            refused = refused or told.trouble or "Its file is no longer what it was when people said yes."
        if ask.asked.undo and not told.undo:
            refused = refused or f"The way back that was shown is no longer there. {told.undone}"
        return Kept(refused, told.undo, told.undone)

    def strays(self, now: Incident, text: str) -> str:
        """Why a command that only reads must not run: it says in so many words that it looks at another place."""
        contexts = {one.context for one in self._fitting(now)} - {""}
        named = {one.value("--context") for one in place.calls(text, parse).known} - {""}
        strange = sorted(named - contexts) if contexts else []
        return f"It looks at the context {strange[0]}, and this incident is in {min(contexts)}." if strange else ""

    def _corrected(self, now: Incident, text: str, instead: str, words: tuple[str, ...], run: Run) -> Prepared:
        """The same for the object that is really there; the ask says what was written and why it is another."""
        verdict = self.library.judge_text(instead)
        found = self.ask(now, instead, verdict, words, run)
        return replace(found, about=replace(found.about, asked_as=text))

    def _look(  # noqa: PLR0917  # all but the last three are bound once
        self, number: int, name: str, purpose: Literal["preview", "capture"], run: Run, key: str, text: str,
        lane: Literal["read", "write"] = "read",
    ) -> Seen:  # fmt: skip
        """Run one look, judged like every command; the write lane is to see where it leads, and for the dry runs."""
        verdict = self.library.judge_text(text)
        if not verdict.unattended:
            return Seen(None, f"it was not run: {verdict.why}")
        named = f"{number}.{name}.{key}"
        deed = partial(
            command.start_read,
            run=named,
            step=purpose,
            title=f"Look before the change ({key})",
            command=verdict.rewritten or text,
            effect=str(verdict.effect),
            rule=verdict.rule,
            unattended=True,
            purpose=purpose,
            by=HOUSE,
            lane=lane,
        )
        run(number, deed, named)
        this = self.ledger.read(number).run(named)
        ended = this.finished if this else None
        if ended is None:
            return Seen(None, "it did not end")
        code = ended.exit_code if ended.ending in {"ok", "failed"} else None
        said = self.evidence.read(ended.evidence)
        return Seen(code, f"{said}\nit was {ended.ending}" if code is None else said, ended.masked)

    def _told(self, change: Change, names: tuple[str, ...], look: Look) -> Told:
        """What the looks of these names tell, run side by side."""
        if not names:
            return change.tell({})
        with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="preview") as pool:
            lanes: list[Literal["read", "write"]] = ["write" if key in change.rehearsals else "read" for key in names]
            seen = pool.map(look, names, [change.looks[key] for key in names], lanes)
            return change.tell(dict(zip(names, seen, strict=True)))

    def _place(self, now: Incident, text: str, look: Look) -> tuple[Place | None, str]:
        """Where its kubectl commands go, and why not there. Without pinned environments only the target is told."""
        calls = place.calls(text, parse)
        if calls.hidden:
            return None, calls.hidden if self.environments else ""
        fitting = self._fitting(now)
        first, configs = None, dict[str, Seen]()
        for argo in calls.argocd:
            first = first or Place(server=argo.server)
            if self.environments and (trouble := place.astray(argo, fitting)):
                return first, trouble
        for one in calls.known:
            question = place.look(one)
            if question not in configs:
                configs[question] = look(f"place{len(configs)}", question, lane="write")
            at = place.place(one, configs[question])
            first = first or at
            if self.environments and (trouble := place.wrong(one, at, fitting)):
                return at, trouble
        return first, ""

    def _fitting(self, now: Incident) -> tuple[Environment, ...]:
        """The environments that the incident may be in."""
        return place.chosen(self.environments, {**self.site, **now.declared.values})

    def _by_file(self, now: Incident, text: str, told: Told) -> str:
        """A file may name another namespace than the one that was checked: kubectl would follow it."""
        pinned = [one for one in self._fitting(now) if one.namespaces]
        if not pinned or not any(place.named_by_file(one) for one in place.calls(text, parse).known):
            return ""
        allowed = {name for one in pinned for name in one.namespaces}
        strangers = [name for name in told.namespaces if name not in allowed]
        if strangers:
            return f"Its file names the namespace {strangers[0]}, which is not the incident's."
        return "" if told.namespaces else "Say the namespace with -n: a file may name another one."
