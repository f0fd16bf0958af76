"""How long a declaration takes while every vendor is away, and how much sooner all are told side by side.

    python bench/declare.py              # on SQLite: five declarations each way, seven rounds of three slow vendors
    python bench/declare.py --gate

Every vendor is a black hole on loopback: a port whose queue is full, so that the kernel drops whoever knocks and a
connection is never refused. `fireline declare "site down"` is timed from before its process starts until it has
ended, once with a server running and once without; then every delivery has to be shown as waiting.

The fan-out is timed through the same ledger, engine and `Inform`, against three local sinks that each take 150 ms for
an answer: once as three vendors, and once as one vendor told three things, which is what one after another means.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import statistics
import subprocess  # noqa: TID251  # starts what is measured
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import sqlalchemy as sa

from fireline import clock
from fireline.connectors.http import Http
from fireline.core import incident
from fireline.core.delivery import Data
from fireline.core.events import DeliveryMade, Log
from fireline.core.incident import Incident
from fireline.core.work import Effect, Work
from fireline.durable import Durable, Handlers, Rung
from fireline.store.database import Database
from fireline.store.ledger import Ledger
from fireline.workflows.inform import ByHand, Inform, Sent

LIMITS = {"declare_s": 2.0, "ratio": 2.8}  # docs/performance.md; a ratio below its limit is wrong
DECLARATIONS = 5
ROUNDS = 7
ANSWER = 0.150  # seconds a vendor takes
VENDORS = ("one", "two", "three")
RUNBOOK = "# Shop runbook\n\n## Contacts\n\n| Role | Phone |\n|---|---|\n| On-call | +49 30 901820 |\n"
SETTINGS = """
[server]
port = {port}
[runbooks]
paths = ["runbook.md"]
[pagerduty]
routing_key = "{key}"
url = "{hole}/v2/enqueue"
api_token = "0000-0000"
from = "ana@example.com"
service = "shop"
api_url = "{hole}"
"""


@contextmanager
def black_hole() -> Iterator[str]:
    """An address that neither answers nor refuses."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(0)
        knocks = []
        for _ in range(4):  # the queue of an unserved port holds one or two
            knock = socket.socket()
            knock.setblocking(False)
            knock.connect_ex(door.getsockname())
            knocks.append(knock)
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            for knock in knocks:
                knock.close()


def declarations(times: int) -> dict[str, Any]:
    """Declare with and without a server, every vendor a black hole: seconds each, and how deliveries stand."""
    with tempfile.TemporaryDirectory() as folder, black_hole() as hole:
        home, port = Path(folder), _free_port()
        (home / "runbook.md").write_text(RUNBOOK)
        (home / "fireline.toml").write_text(SETTINGS.format(port=port, key="0" * 32, hole=hole))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FIRELINE_")}
        run = partial(_fireline, home, environment)
        run("people", "add", "ana", "Ana Duarte", "--role", "admin")
        token = run("token", "add", "--scope", "api", "--person", "ana").split()[-1]
        alone = [_timed(run, "declare", "site", "down", "--as", "ana", "--severity", "P0") for _ in range(times)]
        server = subprocess.Popen(
            [sys.executable, "-m", "fireline", "serve"],
            cwd=home,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _until_served(port)
            environment["FIRELINE_TOKEN"] = token
            served = [_timed(run, "declare", "site", "down", "--severity", "P0") for _ in range(times)]
            states = [_states(port, token, number) for number in range(times + 1, 2 * times + 1)]
        finally:
            server.kill()
            server.wait()
    return {
        "alone_s": [wall for wall, _ in alone],
        "alone_processor_s": [processor for _, processor in alone],
        "served_s": [wall for wall, _ in served],
        "served_processor_s": [processor for _, processor in served],
        "deliveries": states,
        "load": os.getloadavg()[0],
    }


def _fireline(home: Path, environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(  # noqa: S603  # our own
        [sys.executable, "-m", "fireline", *words],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"fireline {' '.join(words)}: {done.stderr or done.stdout}")
    return done.stdout


def _timed(run: Any, *words: str) -> tuple[float, float]:
    """Seconds on the wall, and of processor: on a busy machine only the second tells what a declaration costs."""
    began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    run(*words)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - began, spent.ru_utime + spent.ru_stime - used.ru_utime - used.ru_stime


def _states(port: int, token: str, number: int) -> list[str]:
    """How the deliveries of an incident stand, the ones nobody tried yet included."""
    asked = Request(
        f"http://127.0.0.1:{port}/api/v1/incidents/{number}/deliveries", headers={"Authorization": f"Bearer {token}"}
    )
    with urlopen(asked, timeout=10) as answer:  # noqa: S310
        return [str(one["state"]) for one in json.load(answer)["deliveries"]]


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


def _until_served(port: int) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("fireline did not answer within a minute")


class Told:
    """When the slow vendors had answered, one after the other."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._more = threading.Condition()

    def note(self) -> None:
        """One has it now."""
        with self._more:
            self._times.append(time.perf_counter())
            self._more.notify_all()

    def last(self, count: int) -> float:
        """When the last of so many had it; then begins anew."""
        with self._more:
            if not self._more.wait_for(lambda: len(self._times) >= count, timeout=60):
                raise SystemExit("a slow vendor was not told within a minute")
            last, self._times = self._times[-1], []
        return last


class _Slow(BaseHTTPRequestHandler):
    def __init__(self, told: Told, *args: Any) -> None:
        self.told = told
        super().__init__(*args)

    def do_POST(self) -> None:
        """Take it, after a while."""
        self.rfile.read(int(self.headers["Content-Length"]))
        threading.Event().wait(ANSWER)
        self.told.note()
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class Sink:
    """A messenger to a slow vendor."""

    http: Http
    url: str

    def send(self, verb: str, now: Incident, log: Log, data: Data) -> Sent:  # noqa: ARG002
        """Tell it."""
        self.http.post(self.url, {"verb": verb, "incident": now.number})
        return Sent()

    def by_hand(self, verb: str, now: Incident, log: Log) -> ByHand:  # noqa: ARG002
        """Nobody has to."""
        return ByHand(verb)


class FanOut:
    """A ledger and an engine on SQLite whose declarations tell three things to slow vendors."""

    def __init__(self, url: str, sinks: Sequence[str], told: Told) -> None:
        self.told = told
        self.database = Database(url)
        self.database.migrate()
        self.durable = Durable(self.database)
        self.kinds: tuple[str, ...] = ()
        self.ledger = Ledger(self.database, now=clock.now, enqueue=self._enqueue)
        self.durable.launch(
            Handlers(
                effect=Inform(self.ledger, {name: Sink(Http(), url) for name, url in zip(VENDORS, sinks, strict=True)}),
                clock=lambda _limit, _aside: Rung(0),
                intake=lambda _names: None,
                walk=_no_walk,
                gave_up=_gave_up,
            )
        )

    def round(self, kinds: tuple[str, ...]) -> float:
        """Seconds from a declaration until the last of three things was told."""
        self.kinds = kinds
        began = time.perf_counter()
        number = self.ledger.open(
            partial(
                incident.declare,
                title="site down",
                severity="P0",
                severity_name="",
                severity_why="",
                response_minutes=5,
                by="ana",
            )
        ).number
        took = self.told.last(len(kinds)) - began
        while sum(isinstance(event, DeliveryMade) for event in self.ledger.log(number)) < len(kinds):
            time.sleep(0.01)
        return took

    def close(self) -> None:
        """Stop."""
        self.durable.close(grace=0)
        self.database.close()

    def _enqueue(self, connection: sa.Connection, work: Sequence[Work]) -> None:
        effects = [one for one in work if isinstance(one, Effect)]
        if not effects and any(not isinstance(one, Effect) for one in work):  # the declaration, with its clock
            number, seq = work[0].incident, work[0].seq
            effects = [
                Effect(
                    kind=kind,
                    key=f"{number}:{seq}:{kind}:{n}",
                    incident=number,
                    seq=seq,
                    data={"verb": f"tell{n}", "attempt": 1, "delivery": f"{kind}/{seq}/tell{n}"},
                )
                for n, kind in enumerate(self.kinds)
            ]
        self.durable.enqueue(connection, effects)


def _gave_up(effect: Effect, why: str) -> None:
    raise SystemExit(f"{effect.key}: {why}")


async def _no_walk(_: Effect) -> None:
    return None


def fan_out(rounds: int) -> dict[str, float]:
    """Medians of telling three vendors side by side and one after another, and how many times sooner that is."""
    told = Told()
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), partial(_Slow, told)) for _ in VENDORS]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        house = FanOut(
            f"sqlite:///{folder}/fireline.db", [f"http://127.0.0.1:{one.server_port}/" for one in servers], told
        )
        try:
            house.round(VENDORS)  # the first one opens files and connections
            pairs = [(house.round(VENDORS), house.round(VENDORS[:1] * 3)) for _ in range(rounds)]
        finally:
            house.close()
    for server in servers:
        server.shutdown()
        server.server_close()
    beside, after = (statistics.median(times) for times in zip(*pairs, strict=True))
    return {"side_by_side_s": beside, "one_after_another_s": after, "ratio": after / beside}


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print JSON; with --gate end with 1 when something is past its limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--declarations", type=int, default=DECLARATIONS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--gate", action="store_true")
    asked = parser.parse_args(words)
    found: dict[str, Any] = {"declare": declarations(asked.declarations), "fan_out": fan_out(asked.rounds)}
    wrong = faults(found)
    sys.stdout.write(json.dumps({**found, "wrong": wrong}, indent=2) + "\n")
    return 1 if wrong and asked.gate else 0


def faults(found: dict[str, Any]) -> list[str]:
    """What is past its limit, in words."""
    declared, wrong = found["declare"], []
    # with more to do than processors, the wall tells how long we waited for one
    seconds = "processor_s" if declared["load"] > (os.cpu_count() or 1) else "s"
    slowest = max(*declared[f"alone_{seconds}"], *declared[f"served_{seconds}"])
    if slowest > LIMITS["declare_s"]:
        wrong.append(f"a declaration took {slowest:.2f} s")
    if any(not states or set(states) != {"waiting"} for states in declared["deliveries"]):
        wrong.append("a delivery to a black hole is not shown as waiting")
    if found["fan_out"]["ratio"] < LIMITS["ratio"]:
        wrong.append(f"side by side is only {found['fan_out']['ratio']:.2f} times sooner")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
