"""The runner: fireline's hands inside another network. It reaches out to the server, and nothing reaches in.

It asks for work and waits, says that it begins, runs the command in a lane of its own under a keeper, as the server
would, and tells what became of it, masked. A killed runner that is started anew on the same spool finds what it had
begun. It runs nothing that the server has not leased to it, whose bytes are not those of the digest, that names a
lane or an environment it does not have, or that its own guard does not take for what the server says it is.
"""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fcntl import LOCK_EX, LOCK_NB, flock
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from fireline import __version__, clock
from fireline.connectors.http import ConnectorError, Http, Temporary
from fireline.core import approval, guard
from fireline.core.errand import NAME, Begin, Errand, Handed, Poll, Taken, Told, ends_only
from fireline.core.evidence import SHOWN, even
from fireline.core.guard import Effect
from fireline.core.refusal import Refused
from fireline.executor import Executor, Lane, Outcome
from fireline.executor.elsewhere import told
from fireline.executor.lanes import lane
from fireline.settings import RunnerSettings, Settings
from fireline.shell import parse
from fireline.workflows.tables import SiteTables

WAIT = 20.0  # seconds that the server may let us wait for work
PATIENCE = WAIT + 15.0  # seconds for the answer to that
QUICK = 10.0  # seconds for any other answer
MEMORY = timedelta(days=7)  # how long the spool knows what ran
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0  # seconds between two tries to reach the server
HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})  # which may be spoken to without TLS
NO_TRACE = "The runner is back, and its spool has no trace that this was started.\n"
Tell = Callable[[str, dict[str, Any]], None]  # what happened, and its facts
T = TypeVar("T")


@dataclass
class Runner:
    """One runner of a name, with one spool."""

    settings: RunnerSettings
    lanes: dict[str, Lane]
    executor: Executor
    tables: SiteTables
    tell: Tell
    doing: dict[str, Errand] = field(default_factory=dict)
    lease_seconds: float = 15.0
    instance: str = ""

    def __post_init__(self) -> None:
        """Raise `Refused` for what can never work."""
        url, name = urlsplit(self.settings.url), self.settings.name
        if not NAME.fullmatch(name):
            raise Refused("[runner] name is of small letters, digits, dots, dashes and underscores.", status=400)
        if url.scheme != "https" and url.hostname not in HOSTS:
            raise Refused("[runner] url begins with https://, because the token travels to it.", status=400)
        if not self.settings.token:
            raise Refused(
                f"Set FIRELINE_RUNNER_TOKEN to what `fireline token add --scope runner --label {name}` gave.",
                status=401,
            )
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._patient, self._quick = Http(timeout=PATIENCE), Http(timeout=QUICK)

    def serve(self) -> None:
        """Ask for work and do it until interrupted. Raises `Refused` when the server will not have this runner."""
        with _only_one(self.executor.spool) as self.instance:
            self._meet()
            threading.Thread(target=self._keep_leases, name="leases", daemon=True).start()
            try:
                while True:
                    self._ask_for_work()
            finally:
                self._stop.set()  # what runs goes on under its keepers; started anew on this spool we find it
                self.tell("stops", {"doing": sorted(self.doing)})

    def _meet(self) -> None:
        """The first word: a server that is away is waited for, one that says no ends it."""
        handed = self._insist("polls", self._poll(free=0), Handed, first=True)
        assert handed is not None
        self.tell(
            "serves", {"name": self.settings.name, "lanes": [*self.lanes], "url": self.settings.url,
                       "environments": [*self.settings.environments]},
        )  # fmt: skip
        self._take(handed)

    def _ask_for_work(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self.doing) < self.settings.at_once)
            free = self.settings.at_once - len(self.doing)
        handed = self._insist("polls", self._poll(free=free, wait=WAIT), Handed)
        if handed:
            self._take(handed)

    def _keep_leases(self) -> None:
        """Say that we live, three times as often as a lease needs it, while there is something to lose."""
        while not self._stop.wait(self.lease_seconds / 3):
            if self.doing:
                with suppress(ConnectorError, msgspec.ValidationError):  # the next word may come through
                    self._take(_read(self._post("polls", self._poll(free=0)), Handed))

    def _poll(self, *, free: int, wait: float = 0.0) -> Poll:
        return Poll(
            name=self.settings.name, instance=self.instance, host=socket.gethostname(), version=__version__,
            lanes=tuple(self.lanes), environments=self.settings.environments, doing=tuple(self.doing),
            free=free, wait=wait,
        )  # fmt: skip

    def _take(self, handed: Handed) -> None:
        self.lease_seconds = handed.lease_seconds
        for run in handed.cancelled:
            if self.executor.cancel(run):
                self.tell("cancels", {"run": run})
        for one in handed.errands:
            with self._changed:
                if one.run in self.doing:
                    continue
                self.doing[one.run] = one
            threading.Thread(target=self._work, args=(one,), name=one.run, daemon=True).start()

    def _work(self, one: Errand) -> None:
        """See one errand through, to the server's thanks."""
        try:
            told = self._carry_out(one)
            if told is not None:
                self._insist(f"errands/{one.run}/outcome", told, None)
                self.tell("told", _facts(one) | _of(told))
                if told.size and one.effect == "read":  # the server has it, and the disk of this machine is small
                    self.executor.forget(one.run)
        except Refused as no:
            self.tell("refused", _facts(one) | {"why": no.sentence})
        finally:
            with self._changed:
                self.doing.pop(one.run, None)
                self._changed.notify_all()

    def _carry_out(self, one: Errand) -> Told | None:
        """Run it, or find what became of it; None when it is no longer ours to run."""
        if one.state == "lost":  # to be told, never to be started
            self.tell("back", _facts(one))
            known = self.executor.known(one.run) and one.lane in self.lanes
            return self._run(one) if known else Told(instance=self.instance, interrupted=True, output=NO_TRACE)
        if not self.executor.known(one.run) and (why := self.against(one)):
            self.tell("refuses", _facts(one) | {"why": why})
            return Told(instance=self.instance, refused=why)
        beginning = Begin(instance=self.instance, seconds=self._lane(one).seconds)
        try:
            self._insist(f"errands/{one.run}/start", beginning, None)
        except Refused as no:
            self.tell("leaves", _facts(one) | {"why": no.sentence})
            return None
        self.tell("begins", _facts(one) | {"command": one.command})
        return self._run(one)

    def _lane(self, one: Errand) -> Lane:
        mine = self.lanes[one.lane]
        return replace(mine, seconds=min(mine.seconds, one.seconds)) if one.seconds else mine

    def _run(self, one: Errand) -> Told:
        mine = self._lane(one)
        try:
            outcome = self.executor.run(one.run, one.command, mine)
            if outcome.interrupted and one.effect == "read" and one.state != "lost":
                # the machine went down in the middle of it: what only reads is asked anew
                outcome = self.executor.run(f"{one.run}.{uuid.uuid4().hex[:8]}", one.command, mine)
        except Refused as no:
            return Told(instance=self.instance, refused=no.sentence)
        except OSError:  # the spool broke: it may have run
            return Told(instance=self.instance, interrupted=True)
        return self._bring(one, outcome)

    def _bring(self, one: Errand, outcome: Outcome) -> Told:
        """The outcome, after all of an output that is too long to stand in it has been sent piece by piece.

        Started anew in the middle of it, the server says which piece is the next. Where it wants no more, the first and
        last half MiB have to do.
        """
        size = self.executor.size(outcome.run_id)
        said = msgspec.structs.replace(told(self.instance, outcome), size=size if size > SHOWN else 0)
        if not said.size:
            return said
        hashed, have = sha256(), 0
        for number, piece in enumerate(even(self.executor.output(outcome.run_id))):
            hashed.update(piece)
            if number < have:
                continue
            query = urlencode({"instance": self.instance, "sha256": sha256(piece).hexdigest()})
            try:
                taken = self._insist(f"errands/{one.run}/output/{number}?{query}", piece, Taken)
            except Refused as no:
                self.tell("shortens", _facts(one) | {"why": no.sentence})
                return ends_only(said)
            if taken is None or taken.cancelled or taken.next <= number:
                self.tell("shortens", _facts(one) | {"why": "the server wants no more of it"})
                return ends_only(said)
            have = taken.next
        return msgspec.structs.replace(said, whole=hashed.hexdigest())

    def against(self, one: Errand) -> str:
        """Why this runner does not run it, "" when it does."""
        if approval.digest(one.command) != one.digest:
            return "the command is not the one whose digest came with it: somebody changed it on the way."
        if one.lane not in self.lanes:
            return f"it has no {one.lane} lane."
        if self.settings.environments and one.environment and one.environment not in self.settings.environments:
            return f"it does not serve the environment {one.environment}."
        self.tables.refresh()
        verdict = guard.judge(one.command, parse=parse, tables=self.tables.now)
        if verdict.effect != Effect.READ and "read" in {one.lane, one.effect}:
            return f"its own guard takes it for {verdict.effect} and not for read: {verdict.why}"
        return ""

    def _insist(
        self, path: str, body: msgspec.Struct | bytes, kind: type[T] | None, *, first: bool = False
    ) -> T | None:
        """Send until it is answered. Raises `Refused` for a no, but a token that has ended may be renewed."""
        pause = FIRST_PAUSE
        while True:
            try:
                answer = self._post(path, body)
                return _read(answer, kind) if kind else None
            except (ConnectorError, msgspec.ValidationError) as trouble:
                status = trouble.status if isinstance(trouble, ConnectorError) else None
                reason = str(trouble)
                ours = status is not None and 400 <= status < 500 and not isinstance(trouble, Temporary)
                if ours and (first or status not in {401, 403}):
                    raise Refused(reason, status=status or 400) from trouble
            self.tell("waits", {"why": reason, "seconds": pause})
            self._stop.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _post(self, path: str, body: msgspec.Struct | bytes) -> dict[str, Any] | None:
        url = f"{self.settings.url.rstrip('/')}/api/v1/runner/{path}"
        headers = {"Authorization": f"Bearer {self.settings.token}"}
        if isinstance(body, bytes):
            return self._quick.send(url, body, headers=headers, words=_words)
        http = self._patient if isinstance(body, Poll) and body.wait else self._quick
        return http.post(url, msgspec.to_builtins(body), headers=headers, words=_words)


def by(settings: Settings, tell: Tell) -> Runner:
    """The runner of a settings file. Raises `Refused` with what is missing in it."""
    if settings.runner is None:
        raise Refused("These settings have no [runner]: docs/runner.md shows one.", status=400)
    executor = Executor(Path(settings.store.spool))
    executor.sweep(clock.now() - MEMORY)
    return Runner(
        settings=settings.runner,
        lanes={name: lane(name, getattr(settings.lanes, name)) for name in settings.runner.lanes},
        executor=executor,
        tables=SiteTables(settings.guard.tables),
        tell=tell,
    )


def _read(answer: dict[str, Any] | None, kind: type[T]) -> T:
    return msgspec.convert(answer, kind)


def _words(said: dict[str, Any]) -> str:
    return str(said.get("error", ""))


def _facts(one: Errand) -> dict[str, Any]:
    return {"run": one.run, "incident": one.incident, "lane": one.lane}


def _of(said: Told) -> dict[str, Any]:
    return {
        "ending": "refused" if said.refused else said.ending, "exit_code": said.exit_code, "seconds": said.seconds,
        "masked": said.masked,
    }  # fmt: skip


@contextmanager
def _only_one(spool: Path) -> Iterator[str]:
    """This spool is ours alone; gives the name it has for ever, by which the server knows its memory."""
    try:
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(spool / ".runner", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as trouble:
        raise Refused(f"The spool {spool} cannot be written: {trouble.strerror}. Set [store] spool.") from trouble
    try:
        flock(lock, LOCK_EX | LOCK_NB)
        name = os.pread(lock, 64, 0).decode() or uuid.uuid4().hex
        os.pwrite(lock, name.encode(), 0)
        os.fsync(lock)
        yield name
    except BlockingIOError:
        raise Refused(f"Another runner works in the spool {spool}. Each has its own: set [store] spool.") from None
    finally:
        os.close(lock)
