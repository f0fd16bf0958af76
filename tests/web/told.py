"""A real house behind a real server on loopback, told stories through its ledger; nothing runs by itself in it.

Ana and Ben respond; Vera may only look. The house's engine runs, but with hands that do nothing, so that a
page shows exactly what a test has written.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import uvicorn

from fireline import clock
from fireline.access import COOKIE
from fireline.app import asgi
from fireline.core import alert, approval, command, delivery, gate, incident
from fireline.core.alert import Alert
from fireline.core.events import HOUSE, Purpose
from fireline.core.follow import Effect
from fireline.core.runbook import Scenario
from fireline.core.runbook.match import Facts
from fireline.durable import Handlers, Rung
from fireline.house import House, build
from fireline.settings import Drill, Runbooks, Server, Settings, Store
from fireline.store.ledger import Deed
from fireline.workflows.propose import OWN_WORDS

RUNBOOKS = Path(__file__).resolve().parents[2] / "examples" / "runbooks"
PING = "redis-cli -h 127.0.0.1 -p 6390 ping"
RESTART = "supervisorctl -c /srv/lantern/supervisord.conf --serverurl unix:///srv/lantern/supervisor.sock restart redis"


@dataclass
class Times:
    """The house's clock: the real one, moved back while a test tells what happened before."""

    back: timedelta = timedelta()

    def __call__(self) -> datetime:
        return clock.now() - self.back


@dataclass
class Told:
    """A served house, and what tests say to it."""

    house: House
    times: Times
    url: str
    sessions: dict[str, str] = field(default_factory=dict)

    def browser(self, who: str | None = "ana", **headers: str) -> httpx2.Client:
        """A browser without scripts, with this person's session; its forms come from our own pages."""
        cookies = {COOKIE: self.session(who)} if who else {}
        own = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"} | headers
        return httpx2.Client(base_url=self.url, cookies=cookies, headers=own, follow_redirects=False, timeout=20)

    def session(self, who: str) -> str:
        if who not in self.sessions:
            at = clock.now()
            self.sessions[who] = self.house.accounts.sign_in(self.house.accounts.link(who, at), at)
        return self.sessions[who]

    @property
    def redis(self) -> Scenario:
        """The runbook's first scenario, Redis Down."""
        assert self.house.library.main
        return self.house.library.main.scenarios[0]

    def act(self, number: int, deed: Deed) -> None:
        self.house.ledger.act(number, deed)

    def declare(self, title: str = "Redis is down", *, severity: str = "P1", by: str = "ana") -> int:
        return self.house.declare.by_person(title, by=by, severity=severity).number

    def ask(
        self,
        number: int,
        *,
        by: str = HOUSE,
        text: str = RESTART,
        yes_needed: int = 1,
        title: str = "Restart Redis",
        step: str = OWN_WORDS,
    ) -> int:
        deed = partial(
            approval.ask,
            step=step,
            title=title,
            command=text,
            effect="write",
            rule="supervisorctl.restart",
            reason="Restart Redis if it does not answer",
            yes_needed=yes_needed,
            by=by,
            why="Stops the program and starts it again.",
        )
        self.act(number, deed)
        return approval.asks(self.house.ledger.log(number))[-1].number

    def run(
        self,
        number: int,
        run: str,
        title: str,
        text: str,
        output: str,
        *,
        purpose: Purpose = "diagnosis",
        exit_code: int = 0,
        step: str = "",
        asked_as: str | None = None,
        masked: int = 0,
    ) -> str:
        """A command that only reads, from its start to its end; the digest of its evidence."""
        digest = self.house.evidence.keep(output)
        self.act(
            number,
            partial(
                command.start_read,
                run=run,
                step=step or run,
                title=title,
                command=text,
                effect="read",
                rule="redis-cli.ping",
                unattended=True,
                purpose=purpose,
                by=HOUSE,
                asked_as=asked_as,
            ),
        )
        self.act(
            number,
            partial(
                command.finish,
                run=run,
                ending="ok" if exit_code == 0 else "failed",
                exit_code=exit_code,
                seconds=0.4,
                evidence=digest,
                size=len(output.encode()),
                masked=masked,
                summary=output.splitlines()[0],
                by=HOUSE,
            ),
        )
        return digest

    def night(self, *, back: timedelta = timedelta(minutes=7)) -> int:
        """Redis went down; fireline looked around, asks to restart it, and PagerDuty does not answer."""
        self.times.back = back
        fired = Alert(
            source="alertmanager",
            labels={"alertname": "RedisDown", "service": "sessions", "severity": "critical"},
            annotations={"summary": "Redis on 127.0.0.1:6390 does not answer for more than a minute"},
            starts_at=self.times() - timedelta(seconds=40),
        )
        found = self.house.declare.library.find(
            Facts(name=fired.name, labels=fired.labels, annotations=fired.annotations)
        )
        deed = self.house.declare.deed(
            title=fired.summary,
            text=fired.text,
            found=found,
            by=HOUSE,
            source=fired.source,
            service=fired.service,
            detected_at=fired.starts_at,
            values={"redis_host": "127.0.0.1", "redis_port": "6390"},
        )
        number = self.house.ledger.open(deed).number
        self.act(
            number,
            partial(
                alert.join, alert=fired, why="service sessions, and RedisDown is listed under “Redis Down”", by=HOUSE
            ),
        )
        self.act(
            number,
            partial(
                delivery.delayed,
                key="pagerduty/1/trigger",
                vendor="pagerduty",
                what="Page the on-call",
                by=HOUSE,
                attempt=1,
                reason="PagerDuty answered 503.",
            ),
        )
        steps = self.redis.diagnosis
        self.run(
            number,
            f"{number}.ping",
            "Ask Redis whether it is there",
            PING,
            "Could not connect to Redis at 127.0.0.1:6390: Connection refused\n",
            exit_code=1,
            step=steps[0].key,
        )
        self.run(
            number,
            f"{number}.status",
            "See whether its process runs",
            "supervisorctl status redis",
            "redis                FATAL     Exited too quickly (process log may have details)\n",
            step=steps[2].key,
            asked_as="watch supervisorctl status redis",
            masked=1,
        )
        self.act(
            number,
            partial(
                command.skip,
                step=steps[4].key,
                title="See how long Prometheus has called it down",
                command=steps[4].text,
                reason="Say what <prometheus> is (a host name or address).",
                by=HOUSE,
            ),
        )
        self.times.back = back - timedelta(minutes=2)
        self.act(number, partial(incident.acknowledge, by="ana"))
        self.act(
            number,
            partial(
                incident.note,
                text="The disk of the cache node filled up at 03:01. Restarting is the fastest way out.",
                by="ana",
            ),
        )
        self.act(number, partial(incident.change_status, status="Identified", by="ana"))
        assert found
        self.ask(number, step=found.scenario.resolution[0].commands[0].key)
        self.times.back = timedelta()
        return number

    def morning(self) -> int:
        """The same, repaired, watched and resolved."""
        number = self.night(back=timedelta(hours=2))
        self.times.back = timedelta(hours=1, minutes=58)
        ask = approval.asks(self.house.ledger.log(number))[-1]
        self.act(number, partial(approval.give, number=ask.number, shown=ask.digest, by="ben"))
        self.act(number, partial(command.start_approved, run=f"{number}.ask1", number=ask.number, by=HOUSE))
        self.act(
            number,
            partial(
                command.finish,
                run=f"{number}.ask1",
                ending="ok",
                exit_code=0,
                seconds=1.2,
                evidence=self.house.evidence.keep("redis: started\n"),
                size=15,
                summary="redis: started",
                by=HOUSE,
            ),
        )
        self.run(
            number,
            f"{number}.verify",
            "Verify that Redis answers",
            PING,
            "PONG\n",
            purpose="verification",
            step=self.redis.resolution[0].verification[0].key,
        )
        joined = next(iter(incident.fold(number, self.house.ledger.log(number)).alerts.values())).joined
        over = Alert(source=joined.source, labels=joined.labels, starts_at=joined.starts_at, ends_at=self.times())
        self.act(number, partial(alert.clear, alert=over, by=HOUSE))
        self.act(number, partial(incident.change_status, status="Monitoring", by=HOUSE, why="the verification passed"))
        self.times.back = timedelta(hours=1)
        self.act(number, partial(incident.state_root_cause, text="The cache node's disk was full.", by="ana"))
        for one in gate.standings(self.house.ledger.log(number), self.times()):
            if one.spec.kind == "by hand" and not one.open:
                self.act(number, partial(gate.tick, gate=one.spec.key, by="ben"))
        self.act(number, partial(gate.resolve, by="ana"))
        self.times.back = timedelta()
        return number


@contextmanager
def served(folder: Path, runbooks: Path = RUNBOOKS, **more: Any) -> Iterator[Told]:
    """The house in `folder` with these runbooks, served on a free port. `more` are further settings."""
    times = Times()
    settings = Settings(
        server=Server(port=0),
        store=Store(url=f"sqlite:///{folder / 'fireline.db'}", spool=str(folder / "spool")),
        runbooks=Runbooks(paths=(str(runbooks),), pulse=False),
        drill=Drill(),
        **more,
    )
    house = dataclasses.replace(build(settings, now=times), handlers=_idle())
    server = uvicorn.Server(uvicorn.Config(asgi(house), port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        thread.join(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    for handle, name, role in [
        ("ana", "Ana Duarte", "responder"),
        ("ben", "Ben Okoro", "responder"),
        ("vera", "Vera Lind", "viewer"),
    ]:
        house.accounts.add(handle, name, role)
    try:
        yield Told(house, times, f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join(60)
    assert not thread.is_alive(), "the next house would find its engine running"


def _idle() -> Handlers:
    async def walk(_: Effect) -> None:
        return None

    return Handlers(
        effect=lambda _: None,
        clock=lambda _limit, _aside: Rung(0),
        intake=lambda _: None,
        walk=walk,
        gave_up=lambda *_: None,
    )
