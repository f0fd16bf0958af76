"""Errands: a run that is carried out by a runner inside another network, and waited for here.

It is offered only after `CommandStarted` is in the log. The wait has an end: nobody takes it, and it did not run; a
runner falls silent, and what only reads goes to the next one while a change ends as *interrupted*, with the words
"unknown outcome: look". What a lost runner says when it is back is evidence, and runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

from fireline.core import approval, errand
from fireline.core.errand import Errand, Handed, Poll, Route, Taken, Told
from fireline.core.events import HOUSE, CommandStarted
from fireline.core.evidence import PIECE, summary
from fireline.core.incident import Incident
from fireline.core.place import Environment
from fireline.core.refusal import AWAY, Refused
from fireline.store import eyes
from fireline.store.errands import Errands as Rows
from fireline.store.errands import Known, Standing
from fireline.store.evidence import EvidenceStore
from fireline.store.ledger import Ledger
from fireline.workflows.prepare import SECONDS as LOOK_SECONDS

LOOK_AGAIN = 1.0  # seconds; word of another replica comes by no other way
STARTING = timedelta(seconds=15)  # from our being built until every runner has found that we are back
PIECES_MOST = 4096  # 1 GiB of one output
LONGEST = 24 * 3600.0  # seconds that a runner may ask for
NOT_KNOWN = "It was started, and nobody knows how it ended.\n"


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of a run elsewhere, and sentences to read first."""

    told: Told
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Errands:
    """Hands runs to runners, and waits for them."""

    ledger: Ledger
    rows: Rows
    evidence: EvidenceStore
    environments: tuple[Environment, ...]
    lanes: Mapping[str, str]  # the runner of each lane, "" for none
    site: Mapping[str, str]
    take_seconds: float
    now: Callable[[], datetime]
    up_since: datetime  # a lease that ended while we were away is no sign that the runner was

    def __call__(self, now: Incident, started: CommandStarted) -> Brought | None:
        """Have the run carried out and wait for its end; None when no runner is to. Raises `Refused`: it did not run.

        Asked again after a restart it goes on waiting for the same one.
        """
        found = self.rows.find(started.run)
        if found is None:
            way = self.route(now, started.lane)
            if not way.runner:
                return None
            if self.now() - started.at > approval.GOOD_FOR:
                raise Refused("fireline was down when this should have started. Ask again.")
            self._offer(now, started, way)
        return self._wait(started)

    def route(self, now: Incident, lane: str) -> Route:
        """Which runner a run in this lane goes to."""
        return errand.route(self.environments, {**self.site, **now.declared.values}, self.lanes.get(lane, ""))

    def close(self, run: str) -> None:
        """The log has the outcome."""
        self.rows.close(run)

    def cancel(self, run: str) -> bool:
        """Tell the runner to stop it; False when no runner has it."""
        return self.rows.cancel(run)

    def ask(self, poll: Poll) -> Handed:
        """A runner speaks: its leases go on, and it is given what it began before it was started anew."""
        at = self.now()
        self.rows.seen(poll, at)
        return Handed(
            errands=self.rows.back(poll, at),
            cancelled=self.rows.cancelled(poll),
            lease_seconds=self.rows.lease.total_seconds(),
        )

    def offered(self, poll: Poll) -> tuple[Errand, ...]:
        """What waits for a runner of this name, offered to it."""
        return self.rows.take(poll, self.now())

    def begin(self, run: str, runner: str, instance: str, seconds: float) -> None:
        """Raise `Refused` when this run is not leased to this runner: it must not start it."""
        if not self.rows.begin(run, runner, instance, self.now(), min(max(seconds, 0.0), LONGEST)):
            raise Refused(f"Run {run} is not leased to this runner. Do not start it.")

    def take(  # noqa: PLR0917
        self, run: str, runner: str, instance: str, number: int, body: bytes, digest: str
    ) -> Taken:
        """A piece of an output that is too long to stand in the outcome; again is no harm.

        Raises `Refused`: 409 when the run is not leased to this runner, 413 when it is too much, 503 to send it again.
        """
        held = self.rows.holds(run, runner, instance, self.now())
        if not held:
            raise Refused(f"Run {run} is not leased to this runner.")
        if len(body) > PIECE or number >= PIECES_MOST:
            raise Refused(f"An output is at most {PIECES_MOST} pieces of {PIECE} bytes.", status=413)
        if sha256(body).hexdigest() != digest:
            raise Refused("The piece was changed on its way. Send it again.", status=AWAY)
        if held == "cancelled":
            return Taken(next=number, cancelled=True)
        return Taken(next=self.evidence.take(_key(run, instance), number, body, self.now()))

    def told(self, run: str, runner: str, told: Told) -> None:
        """A runner says what became of a run. Late word of a change is kept as evidence; of a read nobody needs it."""
        if told.whole and self.evidence.whole(_key(run, told.instance), told.whole) is None:
            told = errand.ends_only(told)
        match self.rows.settle(run, runner, told):
            case "lost":
                with eyes.of_the_house():  # a runner may tell of what it is not shown
                    self._late(run, runner, told)
            case "":
                raise Refused(f"Run {run} is not leased to this runner.")
            case _:
                pass

    def runners(self) -> tuple[Known, ...]:
        """Every runner that the settings name or that was heard of."""
        return known(self.rows, self.environments, self.lanes, self.now())

    def _offer(self, now: Incident, started: CommandStarted, way: Route) -> None:
        one = Errand(
            run=started.run, incident=now.number, lane=started.lane, effect=started.effect, command=started.command,
            digest=approval.digest(started.command), environment=way.environment,
            seconds=LOOK_SECONDS if started.purpose in {"preview", "capture"} else 0.0,
        )  # fmt: skip
        self.rows.offer(one, way.runner, self.now())

    def _wait(self, started: CommandStarted) -> Brought:
        patience = LOOK_SECONDS if started.purpose in {"preview", "capture"} else self.take_seconds
        while not self.rows.stopped:
            news = self.rows.news
            one, at = self.rows.find(started.run), self.now()
            if one is None:
                raise Refused("What the runner was to do is gone from the database. Look before you ask again.")
            match one.state:
                case "done" if one.outcome:
                    if one.outcome.refused:
                        raise Refused(f"The runner {one.runner} would not run it: {one.outcome.refused}")
                    said = one.outcome
                    return self._lost(one, said, "cannot say how this ended") if said.interrupted else Brought(said)
                case "lost" | "done":  # done without words: heard of late, after we were away
                    said = Told(instance="", interrupted=True, started_at=one.begun_at)
                    return self._lost(one, said, "was lost while it ran this")
                case "withdrawn":
                    raise Refused(f"No runner {one.runner} took it in {patience:g} s: is `fireline runner` up there?")
                case "cancelled":
                    raise Refused("It was cancelled before a runner began it.")
                case "waiting" | "offered" if at - max(one.offered_at, self.up_since) > timedelta(seconds=patience):
                    self.rows.withdraw(one.run)
                    continue
                case _:
                    pass
            if at - self.up_since > self.rows.lease + STARTING:
                self.rows.expire(one.run, at)
            self.rows.wait(news, LOOK_AGAIN)
        raise Refused("fireline stops; the next start goes on waiting.", status=AWAY)

    def _lost(self, one: Standing, said: Told, how: str) -> Brought:
        begun = one.begun_at or self.now()
        return Brought(said, errand.unknown(self.ledger.log(one.incident), one.run, one.runner, how, begun))

    def _late(self, run: str, runner: str, told: Told) -> None:
        one = self.rows.find(run)
        assert one is not None
        output = told.output or told.refused or (NOT_KNOWN if told.interrupted else "")
        kept = told.whole or self.evidence.keep(output)
        deed = partial(
            errand.hear, run=run, runner=runner, told=told, evidence=kept,
            summary=summary(output, changed=told.ending == "ok"), by=HOUSE,
        )  # fmt: skip
        self.ledger.act(one.incident, deed, key=f"heard:{run}")
        self.rows.heard(run)


def _key(run: str, instance: str) -> str:
    """What the pieces of one try lie under until they are whole; as long as any other key."""
    return sha256(f"{run} {instance}".encode()).hexdigest()[:32]


def known(
    rows: Rows, environments: tuple[Environment, ...], lanes: Mapping[str, str], at: datetime
) -> tuple[Known, ...]:
    """Every runner that the settings name or that was heard of."""
    heard = rows.runners(at)
    wanted = {one.runner for one in environments} | set(lanes.values())
    missing = sorted(wanted - {one.name for one in heard} - {""})
    return (*heard, *(Known(name=name) for name in missing))
