"""Where the mitigations are tried: a house, a cluster with a database in it, and one of two runbooks.

The seed's runbook is read as it stands, only its public addresses are turned into ones that nobody has, so that no test
leaves this machine. Its shop is a deployment in the stand-in cluster; its database is a real PostgreSQL, which
`kubectl exec … -- psql` reaches through the stand-in as it would through a container's own shell.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from fireline import clock
from fireline.core import approval, debt, gate, helped, timeline
from fireline.core.approval import Ask
from fireline.core.debt import Debt
from fireline.core.events import HOUSE, MitigationMeasured, UndoKept
from fireline.core.incident import Incident
from fireline.core.runbook import Command
from fireline.house import House, build
from fireline.settings import (
    AfterSettings,
    DatabaseSettings,
    EnvironmentSettings,
    Lanes,
    LaneSettings,
    Runbooks,
    Settings,
    Store,
)
from kiosk import until
from kube import Kube, story
from kube.cluster import Cluster

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PUBLIC = re.compile(r"\b(?:[\w-]+\.)*(?:akaind\.ca|stripe\.com|sendgrid\.com|statuspage\.io)\b")
PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class Book:
    """One runbook and the words in which it says the same as the other one. `steps` are its commands by our names."""

    text: str
    trouble: str  # said so, its scenario is found
    namespace: str
    workload: str
    database: str  # the stateful set
    steps: Mapping[str, str]
    provider: tuple[str, str]  # what pays at first, and the other one
    values: Mapping[str, str] = field(default_factory=dict)


def seed(shared: Path) -> Book:
    """The runbook that fireline was built for."""
    text = (shared / "seed" / "incident-response-runbook.md").read_text("utf-8")
    return Book(
        text=PUBLIC.sub(lambda found: found[0].rpartition(".")[0] + ".invalid", text),
        trouble="Marketing site down",
        namespace="akaind-platform",
        workload="marketing",
        database="postgres",
        steps={
            "roll back": "Rollback to previous version",
            "scale": "Scale up pods",
            "limit": "Enable rate limiting",
            "list queries": "Check slow queries",
            "end query": "Kill long-running queries",
            "restart database": "Restart database (last resort)",
            "delete pod": "Restart affected pods",
            "profile": "Enable heap profiling for next occurrence",
            "breaker": "Enable circuit breaker",
            "provider": "Switch to backup provider",
        },
        provider=("main", "backup"),
    )


def ours() -> Book:
    """The runbook that we ship, which says the same in its own words."""
    return Book(
        text=(EXAMPLES / "runbooks" / "incident-response.md").read_text("utf-8"),
        trouble="Checkout errors after deploy",
        namespace="lantern",
        workload="checkout",
        database="orders",
        steps={
            "roll back": "Go back to the release before",
            "scale": "Add checkouts",
            "limit": "Limit how often one reader may ask",
            "list queries": "See what has run for more than a minute",
            "cancel query": "Ask one query to stop",
            "end query": "End the session of one query",
            "restart database": "Restart the database (last resort)",
            "delete pod": "Restart one checkout",
            "profile": "Keep a heap profile for the next time",
            "breaker": "Answer at once instead of waiting for the provider",
            "provider": "Take payments through the second provider",
        },
        provider=("first", "second"),
        values={"replicas": "10"},
    )


@dataclass(slots=True)
class Scene:
    """A house that is open, what it can reach, and the one incident in it."""

    book: Book
    house: House
    kube: Kube
    street: Path

    @property
    def cluster(self) -> Cluster:
        """The cluster that the incident is in."""
        return self.kube.production.cluster

    def declared(self) -> Incident:
        """Ana says what is wrong; nothing of the runbook's diagnosis runs, because a person declared it."""
        return self.house.declare.by_person(self.book.trouble, by="ana", severity="P1", service=self.book.workload)

    def propose(self, what: str, **values: str) -> Ask:
        """Ana asks for a command of the runbook by our name for it, and sees what there is to see."""
        if not self.house.ledger.head(1):
            self.declared()
        self.house.propose.step(
            1, self.command(what).key, reason="nobody can buy", by="ana", values={**self.book.values, **values}
        )
        return self.asks("ana")[-1]

    def offered(self) -> Ask:
        """What the house asks for by itself, of the runbook's way out, when it has looked."""
        self.declared()
        until(lambda: self.asks(HOUSE), seconds=60)
        return self.asks(HOUSE)[0]

    def asks(self, by: str) -> list[Ask]:
        """Everything that somebody has asked for."""
        return [one for one in approval.asks(self.house.ledger.log(1)) if one.asked.by == by]

    def type(self, text: str) -> Ask:
        """Ana asks for a command in her own words."""
        if not self.house.ledger.head(1):
            self.declared()
        self.house.propose.text(1, text, reason="nobody can buy", by="ana")
        return self.asks("ana")[-1]

    def blank(self, what: str, like: str) -> str:
        """What a command's blank is called that a responder fills."""
        return next(one.name for one in self.command(what).placeholders if one.name.lower().startswith(like))

    def command(self, what: str) -> Command:
        """The runbook's own command, by our name for it."""
        (book,) = self.house.library.runbooks
        return next(one for one in book.commands if one.title == self.book.steps[what] and one.condition)

    def agree(self, one: Ask, *people: str) -> str:
        """As many other people as it takes say yes to what they were shown; how the run ended, or why it was void."""
        for person in people or ("ben", "cleo")[: one.asked.yes_needed]:
            deed = partial(approval.give, number=one.number, shown=one.digest, by=person, typed=one.asked.name or "")
            self.house.ledger.act(1, deed)
        return self.ended(one)

    def ended(self, one: Ask) -> str:
        """How it ended: the state of its run, or why its yes was void."""

        def over() -> str:
            now = approval.find(self.house.ledger.log(1), one.number)
            if now.void:
                return f"void: {now.void.why}"
            run = self.house.ledger.read(1).runs.get(f"1.ask{one.number}")
            return run.state if run and run.finished else ""

        until(over, seconds=60)
        return over()

    def said(self, one: Ask) -> str:
        """What the run of this ask said."""
        run = self.house.ledger.read(1).runs[f"1.ask{one.number}"]
        assert run.finished
        return self.house.evidence.read(run.finished.evidence)

    def measured(self, one: Ask) -> MitigationMeasured:
        """What was found about whether it helped."""
        run = f"1.ask{one.number}"
        until(lambda: helped.measured(self.house.ledger.log(1), run), seconds=60)
        found = helped.measured(self.house.ledger.log(1), run)
        assert found
        return found

    def kept(self, one: Ask) -> UndoKept:
        """The way back that was kept right before the run of this ask."""
        log = self.house.ledger.log(1)
        return next(each for each in log if isinstance(each, UndoKept) and each.run == f"1.ask{one.number}")

    def owes(self, count: int = 1) -> Debt:
        """The newest stopgap, when there are so many; the incident does not close over it."""
        until(lambda: len(debt.debts(self.house.ledger.log(1))) == count)
        return debt.debts(self.house.ledger.log(1))[-1]

    def taken_back(self, owed: Debt) -> str:
        """Ana has a stopgap undone, another person agrees; what became of it."""
        self.house.afterwards.take_back(1, owed.number, by="ana")
        assert self.agree(self.asks("ana")[-1]) == "ok"
        until(lambda: debt.debts(self.house.ledger.log(1))[owed.number - 1].settled)
        return debt.debts(self.house.ledger.log(1))[owed.number - 1].state

    def gate_of_debts(self) -> bool:
        """Whether the incident may close as far as stopgaps go."""
        standings = gate.standings(self.house.ledger.log(1), clock.now())
        return next(one for one in standings if one.spec.key == "debts").open

    def told(self) -> list[str]:
        """The timeline's sentences."""
        return [one.sentence for one in timeline.entries(self.house.ledger.log(1))]

    def spec(self) -> dict[str, Any]:
        """What is wanted of the shop's deployment."""
        found: dict[str, Any] = self.cluster.get("deployments", self.book.namespace, self.book.workload)["spec"]
        return found

    def container(self) -> dict[str, Any]:
        """The one container of it."""
        found: dict[str, Any] = self.spec()["template"]["spec"]["containers"][0]
        return found

    def env(self) -> dict[str, str]:
        """Its environment."""
        return {one["name"]: one["value"] for one in self.container().get("env") or ()}


def furnish(kube: Kube, book: Book) -> None:
    """The runbook's shop at its second release, and its database, in the production cluster; another in staging."""
    for server in (kube.production, kube.staging):
        cluster = server.cluster
        story.namespace(cluster, book.namespace)
        env = {"PAYMENT_PROVIDER": book.provider[0]}
        story.deployment(cluster, book.workload, book.namespace, "shop:v1", replicas=3, env=env)
        story.release(cluster, book.workload, book.namespace, "shop:v2")
        story.deployment(cluster, book.database, book.namespace, "postgres:15", replicas=1, kind="StatefulSet")


def psql_at(url: str, *, port: str, user: str) -> Callable[[list[str]], tuple[int, str]]:
    """The psql of the database's container: the real one, on the real server, as the superuser of its image."""
    program = shutil.which("psql")
    assert program, url

    def run(args: list[str]) -> tuple[int, str]:
        environment = {"PGHOST": "127.0.0.1", "PGPORT": port, "PGUSER": user, "PGDATABASE": "postgres", "PATH": PATH}
        words = [program, *args]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=30, check=False)
        return done.returncode, done.stdout + done.stderr

    return run


def opened(tmp_path: Path, kube: Kube, book: Book, **more: Any) -> Scene:
    """Open a house whose lanes lead into the stand-in's production cluster, pinned to it and to the namespace."""
    street = tmp_path / "street"
    street.mkdir(exist_ok=True)
    for config in (kube.read, kube.write):
        config.write_text(config.read_text().replace("namespace: prod\n", f"namespace: {book.namespace}\n"))
    (tmp_path / "book.md").write_text(more.pop("text", book.text))
    seconds, environment = more.pop("seconds", 20.0), more.pop("environment", dict[str, str]())
    usual = {
        name: LaneSettings(
            directory=str(street), path=PATH, environment=kube.environment(name) | environment, seconds=seconds
        )
        for name in ("read", "write")
    }
    pinned = {"production": EnvironmentSettings(context="production", namespaces=(book.namespace,))}
    settings = Settings(
        store=Store(url=f"sqlite:///{tmp_path / 'fireline.db'}", spool=str(tmp_path / "spool")),
        runbooks=Runbooks(paths=(str(tmp_path / "book.md"),)),
        lanes=more.pop("lanes", Lanes(**usual)),
        environments=more.pop("environments", pinned),
        afterwards=more.pop("afterwards", AfterSettings(settle_seconds=0.2)),
        values={**book.values, **more.pop("values", {})},
        databases=more.pop("databases", dict[str, DatabaseSettings]()),
        **more,
    )
    house = build(settings)
    house.open()
    return Scene(book, house, kube, street)
