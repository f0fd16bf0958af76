"""Play: a drill from the fault to the review, told as it happens.

The people of the drill act through the same API as everybody. In `auto` they do it by themselves, as the
acceptance test wants it; otherwise the drill tells what waits and a person does it on the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from fireline import clock
from fireline.core.refusal import Refused
from fireline.drills.scenario import Asking, Drill
from fireline.drills.stage import Stage
from fireline.drills.world import World, wait_until
from fireline.workflows.library import read

Say = Callable[[str], None]
OWN_DAYS = 7  # within which ana makes a stopgap permanent, or takes it back
FIRST = re.compile(r"^.*?“(?P<words>[^”]+)” first, because ")

PATIENCE_AUTO = 150.0  # seconds for the whole story when nobody has to be waited for
PATIENCE_PERSON = 3600.0


@dataclass(slots=True)
class Play:
    """One performance. `finished` tells how it ended."""

    drill: Drill
    stage: Stage
    world: World
    say: Say
    auto: bool
    number: int | None = None
    told: int = 0  # timeline entries said so far
    hinted: set[str] = field(default_factory=set)
    green: bool = False  # the house has said that the green window passed
    first: str = ""  # the way out that the evidence pointed to
    left: bool = False  # the house has done what it can, people go on
    asked: bool = False  # the person on call has asked for the repair
    trouble: str = ""

    def run(self) -> dict[str, Any]:
        """Break the service and follow the incident to its end. Answers the incident as the API shows it."""
        self.say(f"Breaking {self.world.service} for real ({self.drill.fault}) …")
        self.world.break_it(self.drill.fault)
        patience = PATIENCE_AUTO if self.auto else PATIENCE_PERSON
        if not wait_until(self.over, patience):
            raise Refused(f"The drill did not end within {patience:.0f} s. {self.trouble}", status=503)
        return self.incident()

    def incident(self) -> dict[str, Any]:
        """What is true now."""
        found: dict[str, Any] = self.stage.ask(self.drill.people.on_call, "GET", f"/incidents/{self.number}")
        return found

    def review(self) -> str:
        """The draft of the post-mortem."""
        text: str = self.stage.ask(self.drill.people.on_call, "GET", f"/incidents/{self.number}/review")
        return text

    def over(self) -> bool:
        """One look: tell what is new, let people act, see whether it is over. An absent server is waited for."""
        try:
            if self.number is None:
                self.number = self._find()
                return False
            self._tell()
            found = self.incident()
            if found["status"] == "Resolved" and found["review"]:
                self._tell()
                return True
            (self._act if self.auto else self._hint)(found)
        except Refused as refused:
            if refused.status != 503:
                raise
            self.trouble = refused.sentence
        return False

    def _find(self) -> int | None:
        found = self.stage.ask(self.drill.people.on_call, "GET", "/incidents?state=open")["incidents"]
        return found[0]["number"] if found else None

    def _tell(self) -> None:
        path = f"/incidents/{self.number}/timeline?after={self.told}"
        news = self.stage.ask(self.drill.people.on_call, "GET", path)
        self.told = news["head"]
        for entry in news["entries"]:
            self.green |= entry["sentence"].endswith("of green passed")
            self.left |= "People go on from here" in entry["sentence"]
            if chosen := FIRST.match(entry["sentence"]):
                self.first = chosen["words"]
            self.say(f"{entry['at'][11:19]}  {entry['sentence']}")

    def _act(self, found: dict[str, Any]) -> None:
        """Do what people do: acknowledge, ask, approve, own, vouch, name the cause, resolve; a no means not yet."""
        first, second = self.drill.people.on_call, self.drill.people.second
        path = f"/incidents/{self.number}"
        woken = not self.stage.pagerduty or any(one["state"] == "made" for one in found["deliveries"])
        if woken and not found["acknowledged_by"]:
            self._try(first, f"{path}/acknowledgement", {})
        if self.left and self.drill.asking and not self.asked:
            self.asked = self._try(first, f"{path}/approvals", self._wish(self.drill.asking))
        for ask in found["approvals"]:
            for person in (second, first)[: ask["yes_needed"]] if ask["state"] == "waiting" else ():
                if person not in (*ask["yes"], ask["asked_by"]):
                    self._try(person, f"{path}/approvals/{ask['number']}/yes", {"shown": ask["digest"]})
        if self.asked and found["status"] == "Investigating" and _verified(found):
            self._try(first, f"{path}/status", {"status": "Monitoring", "why": "readers are served again"})
        if found["status"] != "Monitoring":
            return
        for one in found["debts"]:
            if one["state"] in {"open", "due"} and not one["revert"]:
                due = (clock.now() + timedelta(days=OWN_DAYS)).isoformat()
                self._try(first, f"{path}/debts/{one['number']}/owner", {"owner": first, "due_at": due})
        for gate in found["gates"]:
            if not gate["open"] and gate["kind"] == "by hand":
                self._try(first, f"{path}/gates/{gate['key']}/tick", {})
            if not gate["open"] and gate["kind"] == "root cause":
                text = f"{self.drill.title}: the fault of this drill ({self.drill.fault})"  # who broke it knows
                self._try(first, f"{path}/root-cause", {"text": text})
        if self.green and all(gate["open"] for gate in found["gates"]):
            self._try(first, f"{path}/resolution", {})

    def step(self, text: str) -> str:
        """The key of the runbook's command that stands there so."""
        return next(one.key for one in read(self.drill.runbook).commands if one.text == text)

    def _wish(self, asking: Asking) -> dict[str, Any]:
        """The repair as the person on call asks for it: the runbook's step, its blanks, and the way back."""
        wish: dict[str, Any] = {
            "step": self.step(self.drill.repair),
            "values": asking.values,
            "reason": self.first or self.drill.title,
        }
        if asking.revert_minutes is not None:
            wish |= {"revert": asking.revert, "revert_minutes": asking.revert_minutes}
        return wish

    def _try(self, person: str, path: str, body: dict[str, Any]) -> bool:
        try:
            self.stage.ask(person, "POST", path, body)
        except Refused as refused:  # the state moved on between the look and the deed
            if refused.status not in {403, 409}:
                raise
            return False
        return True

    def _hint(self, found: dict[str, Any]) -> None:
        """Say once what waits for a person."""
        page = f"{self.stage.url}/incidents/{self.number}"
        if self.left and found["status"] == "Investigating" and not found["approvals"]:
            self._once(f"→ The ways out have blanks that only people can fill. Choose one and ask for it: {page}")
        if any(ask["state"] == "waiting" for ask in found["approvals"]):
            self._once(f"→ A command waits for a yes. Read it and decide: {page}")
        shut = [gate for gate in found["gates"] if not gate["open"]]
        if found["status"] == "Monitoring" and shut and all(gate["kind"] in {"by hand", "root cause"} for gate in shut):
            self._once(f"→ What is measured is green. State the root cause and tick what only people know: {page}")
        if found["gates"] and not shut:
            self._once(f"→ Every gate is open. Resolve it: {page}")

    def _once(self, sentence: str) -> None:
        if sentence not in self.hinted:
            self.hinted.add(sentence)
            self.say(sentence)


@contextmanager
def staged(drill: Drill, folder: Path, *, port: int, say: Say, auto: bool, **more: Any) -> Iterator[Play]:
    """A play, ready to run: people, world and server are there, and all of it is gone afterwards.

    `more` goes to `Stage`: another database, a pager.
    """
    stage = Stage(folder / "fireline", drill, port, **more)
    stage.prepare()
    world = World(
        folder / "world",
        drill.world,
        alerts_to=f"{stage.url}/hooks/alertmanager",
        token=stage.hook_token,
        now=clock.now(),
    )
    with world, stage:
        stage.configure(world)
        stage.start()
        yield Play(drill, stage, world, say, auto)


def _verified(found: dict[str, Any]) -> bool:
    """Whether a change has run, and a check went well after it."""
    return any(run["purpose"] == "verification" and run["state"] == "ok" for run in found["runs"])


def verdict(drill: Drill, found: dict[str, Any], first: str = "") -> list[str]:
    """What did not go as the drill expects; empty when all went well. `first` is the way the evidence pointed to."""
    wrong = []
    if drill.expect.first and first != drill.expect.first:
        wrong.append(f"The evidence pointed to “{first or 'nothing'}”, not to “{drill.expect.first}”.")
    if found["scenario"] != drill.scenario:
        wrong.append(f"The scenario was {found['scenario']}, not {drill.scenario}.")
    if found["severity"] != drill.expect.severity:
        wrong.append(f"The severity was {found['severity']}, not {drill.expect.severity}.")
    if found["status"] != drill.expect.status:
        wrong.append(f"The status is {found['status']}, not {drill.expect.status}.")
    if not _verified(found):
        wrong.append("No verification passed.")
    return wrong
