"""Play: a drill from the fault to the review, told as it happens.

The people of the drill act through the same API as everybody. In `auto` they do it by themselves, as the
acceptance test wants it; otherwise the drill tells what waits and a person does it on the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fireline import clock
from fireline.core.refusal import Refused
from fireline.drills.scenario import Drill
from fireline.drills.stage import Stage
from fireline.drills.world import World, wait_until

Say = Callable[[str], None]
CAUSE = "The service was killed under load (a drill's fault)"  # what whoever broke it knows

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
    trouble: str = ""

    def run(self) -> dict[str, Any]:
        """Break the service and follow the incident to its end. Answers the incident as the API shows it."""
        self.say(f"Breaking {self.world.service} for real ({self.drill.fault}) …")
        self.world.break_it(self.drill.fault)
        patience = PATIENCE_AUTO if self.auto else PATIENCE_PERSON
        if not wait_until(self._over, patience):
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

    def _over(self) -> bool:
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
            self.say(f"{entry['at'][11:19]}  {entry['sentence']}")

    def _act(self, found: dict[str, Any]) -> None:
        """Do what people do: acknowledge, approve, vouch, name the cause, resolve. A refusal means not yet."""
        first, second = self.drill.people.on_call, self.drill.people.second
        path = f"/incidents/{self.number}"
        woken = not self.stage.pagerduty or any(one["state"] == "made" for one in found["deliveries"])
        if woken and not found["acknowledged_by"]:
            self._try(first, f"{path}/acknowledgement", {})
        for ask in found["approvals"]:
            if ask["state"] == "waiting":
                self._try(second, f"{path}/approvals/{ask['number']}/yes", {"shown": ask["digest"]})
        if found["status"] != "Monitoring":
            return
        for gate in found["gates"]:
            if not gate["open"] and gate["kind"] == "by hand":
                self._try(first, f"{path}/gates/{gate['key']}/tick", {})
            if not gate["open"] and gate["kind"] == "root cause":
                self._try(first, f"{path}/root-cause", {"text": CAUSE})
        if self.green and all(gate["open"] for gate in found["gates"]):
            self._try(first, f"{path}/resolution", {})

    def _try(self, person: str, path: str, body: dict[str, Any]) -> None:
        try:
            self.stage.ask(person, "POST", path, body)
        except Refused as refused:  # the state moved on between the look and the deed
            if refused.status not in {403, 409}:
                raise

    def _hint(self, found: dict[str, Any]) -> None:
        """Say once what waits for a person."""
        page = f"{self.stage.url}/incidents/{self.number}"
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
        alerts_to=f"{stage.url}/hooks/alertmanager",
        token=stage.hook_token,
        now=clock.now(),
        kind=drill.world,
    )
    with world, stage:
        stage.configure(world)
        stage.start()
        yield Play(drill, stage, world, say, auto)


def verdict(drill: Drill, found: dict[str, Any]) -> list[str]:
    """What did not go as the drill expects; empty when all went well."""
    wrong = []
    if found["scenario"] != drill.scenario:
        wrong.append(f"The scenario was {found['scenario']}, not {drill.scenario}.")
    if found["severity"] != drill.expect.severity:
        wrong.append(f"The severity was {found['severity']}, not {drill.expect.severity}.")
    if found["status"] != drill.expect.status:
        wrong.append(f"The status is {found['status']}, not {drill.expect.status}.")
    verified = [run for run in found["runs"] if run["purpose"] == "verification" and run["state"] == "ok"]
    if not verified:
        wrong.append("No verification passed.")
    return wrong
