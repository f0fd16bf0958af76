"""Warm clients: what only reads is asked over connections that are open already, where the question is understood.

A process takes its start-up time and a connection of its own; twenty of them at once are a load on a system that
is unwell. What a warm client does not understand, or cannot ask with the lane's credentials, runs as a process.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import structlog

from fireline.connectors.kubernetes import Kubernetes
from fireline.connectors.pages import Pages
from fireline.connectors.ports import Ports
from fireline.connectors.postgres import Postgres
from fireline.connectors.redis import Redis
from fireline.core.question import Answer, Unusable, curl, kubectl, nc, psql, redis_cli, simple
from fireline.core.question.beneath import beneath
from fireline.core.question.inside import Inside, named, taken_apart
from fireline.core.redaction import secret_values
from fireline.settings import Settings
from fireline.shell import parse
from fireline.workflows.beat import Beat

# Where packages put programs. One that stands elsewhere on the lane's PATH is the site's own: it may do anything.
USUAL = frozenset(map(Path, ("/bin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/snap/bin")))

HELD_SECONDS = 15.0  # between two looks whether the connections held ready are alive

log = structlog.get_logger(__name__)


class Client(Protocol):
    """A connector that answers. Its connections stay open between questions and are given back by `close`."""

    def answer(self, question: Any, seconds: float, /) -> Answer:
        """Ask, for at most `seconds`. Trouble with the system is an Answer; `Unusable` when it could not be asked."""

    def close(self) -> None:
        """Give back the connections."""


@dataclass(frozen=True, slots=True)
class Program:
    """How the words of a program are understood, and who is asked instead of it."""

    understand: Callable[[Sequence[str], Mapping[str, str]], Any]
    client: Client
    onset: bool = False  # the client is told when the incident began, to hold changes against it


@dataclass(frozen=True, slots=True)
class Direct:
    """A database that a runbook reaches through `kubectl exec`, and how it is asked without that."""

    name: str  # in the settings
    inside: Inside
    program: str
    url: str
    client: Client


@dataclass(frozen=True, slots=True)
class Warm:
    """The warm clients of a house, by program; and the databases it reaches directly."""

    programs: Mapping[str, Program] = field(default_factory=dict)
    direct: tuple[Direct, ...] = ()
    secrets: tuple[str, ...] = ()  # that clients were given beside the lane's, to be masked in what is kept
    beats: tuple[Beat, ...] = ()  # which look after the connections that are held ready

    def answer(
        self, command: str, environment: Mapping[str, str], seconds: float, *, onset: datetime | None = None
    ) -> Answer | None:
        """Ask what `command` asks, with the read lane's `environment`. None when it has to run as a process.

        `onset` is when the incident began.
        """
        argv = simple(parse(command))
        return self._tried(argv, environment, seconds, onset) if argv else None

    def beside(
        self, command: str, environment: Mapping[str, str], seconds: float, *, onset: datetime | None = None
    ) -> Answer | None:
        """What `command` looks at, asked for its findings alone: it has run as a process, in a form of its own.

        None where it is no such command, or cannot be asked.
        """
        argv = beneath(parse(command))
        return self._tried(argv, environment, seconds, onset) if argv else None

    def _tried(
        self, argv: Sequence[str], environment: Mapping[str, str], seconds: float, onset: datetime | None
    ) -> Answer | None:
        if _of_the_site(argv[0], environment):
            return None
        try:
            return self._directly(argv, seconds) or self._ask(argv, environment, seconds, onset)
        except Unusable as why:
            log.info("question.process", program=argv[0], why=str(why))
        except Exception:  # the program can still be asked, and a diagnosis must not end with our mistake
            log.exception("question.failed", program=argv[0])
        return None

    def close(self) -> None:
        """Give back every connection. Trouble with one client keeps no other open."""
        with ExitStack() as parts:
            for client in [one.client for one in self.programs.values()] + [one.client for one in self.direct]:
                parts.callback(client.close)  # of one that is there twice the second call finds nothing left

    def _ask(
        self, argv: Sequence[str], environment: Mapping[str, str], seconds: float, onset: datetime | None
    ) -> Answer | None:
        program = self.programs.get(argv[0])
        question = program and program.understand(argv, environment)
        if program is None or question is None:
            return None
        return program.client.answer(question, seconds, *((onset,) if program.onset else ()))

    def _directly(self, argv: Sequence[str], seconds: float) -> Answer | None:
        """The answer of a database that the settings name for this `kubectl exec`. None when it is no such command."""
        apart = taken_apart(argv)
        if apart is None:
            return None
        inside, words = apart
        for one in self.direct:
            if one.inside.same(inside) and one.program == words[0] and (question := _understood(one, words)):
                answer = one.client.answer(question, seconds)
                return replace(answer, ran=f"{answer.ran}, which [databases.{one.name}] names for {inside.target}")
        return None


def clients(settings: Settings) -> Warm:
    """The warm clients that the settings ask for. Nothing is connected to before the first question, or `tend`."""
    lane, urls = settings.lanes.read, [one.url for one in settings.databases.values() if one.url]
    kept = tuple(url for url in urls if url.startswith("postgres"))
    postgres = Postgres(kept, seconds=lane.seconds, slow_seconds=settings.warm.slow_query_seconds)
    redis = Redis()
    known = {
        "psql": Program(psql.understand, postgres),
        "redis-cli": Program(redis_cli.understand, redis),
        "curl": Program(curl.understand, Pages()),
        "nc": Program(nc.understand, Ports()),
        "kubectl": Program(kubectl.understand, Kubernetes(), onset=True),
    }
    direct = []
    for name, one in settings.databases.items():
        inside = named(one.inside)
        if one.url and inside:
            sql = one.url in kept
            direct.append(Direct(name, inside, "psql" if sql else "redis-cli", one.url, postgres if sql else redis))
    return Warm(
        programs={name: known[name] for name in settings.warm.programs if name in known},
        direct=tuple(one for one in direct if one.program in settings.warm.programs),
        secrets=secret_values({f"DATABASE_{n}": url for n, url in enumerate(urls)}),
        beats=(Beat("databases", postgres.tend, every=HELD_SECONDS),),
    )


def _understood(one: Direct, words: Sequence[str]) -> Any:
    """The question for the database itself. The pod's own settings are not known here, and not needed."""
    if one.program == "psql":
        return (asked := psql.understand(words, {})) and psql.directly(asked, one.url)
    return (told := redis_cli.understand(words, {})) and redis_cli.directly(told, one.url)


def _of_the_site(program: str, environment: Mapping[str, str]) -> bool:
    found = shutil.which(program, path=environment.get("PATH", ""))
    return found is not None and Path(found).parent not in USUAL
