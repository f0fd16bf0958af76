"""Pick: what a blank of a command can be, asked of the live system while somebody fills it in.

Nobody types the name of a pod by heart, nor the number of a session. It is asked with the read lane's credentials,
for two seconds at most; where nobody can say, what an earlier step printed is offered, or the field stays a field
and the page says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fireline.connectors.http import ConnectorError
from fireline.connectors.kubernetes import Kubernetes
from fireline.core.change import argv
from fireline.core.change.sessions import psql
from fireline.core.palette import named_by
from fireline.core.place import calls
from fireline.core.question import Unusable
from fireline.core.question.kinds import KINDS, Kind, kind
from fireline.core.question.kubectl import Where
from fireline.core.runbook import Command, Placeholder
from fireline.core.runbook.fill import blanks
from fireline.shell import parse
from fireline.workflows.warm import Warm

PATIENCE = 2.0  # seconds: somebody waits for the page
MOST = 200  # names in one field
OPEN = "x"  # what stands for a blank that nobody has filled in, see Command.judged
# Sessions of clients, the longest at it first. Their statements stay where they are: they may hold what is secret.
# https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
SESSIONS = (
    "SELECT pid, concat_ws(' · ', nullif(application_name, ''), usename, state,"
    " extract(epoch FROM now() - coalesce(query_start, backend_start))::int || ' s') FROM pg_stat_activity"
    " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name NOT LIKE 'fireline%'"
    " ORDER BY state <> 'active', query_start LIMIT 200"
)


@dataclass(frozen=True, slots=True)
class Choices:
    """The names to choose from, the likeliest first; without any, `why` there are none.

    `about` says something of each, where there is something to say; `source` who knew them, "" for the live system.
    """

    names: tuple[str, ...] = ()
    why: str = ""
    about: tuple[str, ...] = ()
    source: str = ""

    @property
    def offered(self) -> tuple[tuple[str, str], ...]:
        """Each name with what there is to say of it."""
        return tuple(zip(self.names, self.about or ("",) * len(self.names), strict=True))


Earlier = Callable[[Placeholder], Choices]


@dataclass(frozen=True, slots=True)
class Pick:
    """Asks the cluster and the databases of the read lane."""

    warm: Warm
    environment: Mapping[str, str]  # of the read lane

    def offers(
        self, command: Command, values: Mapping[str, str], earlier: Earlier = lambda _: Choices()
    ) -> dict[str, Choices]:
        """The choices for each blank of a command; `values` are those of the alert, the site and the person so far.

        Pods that are not ready come first. Nothing to choose from and no reason: it is nothing anybody here knows.
        A cluster that did not answer once is not asked again. `earlier` gives what an earlier step printed.
        """
        program = self.warm.programs.get("kubectl")
        client = program.client if program and isinstance(program.client, Kubernetes) else None
        where, trouble = self._where(command, values), ""
        of, offers = named_by(command), dict[str, Choices]()
        for blank in blanks(command):
            what = _kind(blank, of, values)
            found = Choices()
            if blank.name in of.values():
                found = Choices(tuple(one.name.lower() for one in KINDS))
            elif blank.thing == "pid":
                found = self._sessions(command)
            elif what is not None and client is not None:
                found, trouble = _asked(client, what, where, trouble)
            elif blank.name in of and not values.get(of[blank.name]):
                found = Choices(why=f"Say first which {of[blank.name].replace('_', ' ')} it is.")
            printed = Choices() if found.names else earlier(blank)
            offers[blank.name] = printed if printed.names else found
        return offers

    def _sessions(self, command: Command) -> Choices:
        """The sessions of the database that the command goes to, where it is asked without a process."""
        words = argv(command.judged, parse)
        taken = psql(words) if words else None
        answer = self.warm.answer(taken.ask(SESSIONS), self.environment, PATIENCE) if taken else None
        if answer is None:
            return Choices()
        if answer.exit_code:
            return Choices(why=" ".join(answer.findings or (answer.output.strip(),)))
        rows = [line.partition("|") for line in answer.output.splitlines() if line]
        if not rows:
            return Choices(why="The database has no session of a client.")
        return Choices(tuple(pid for pid, _, _ in rows), about=tuple(about for _, _, about in rows))

    def _where(self, command: Command, values: Mapping[str, str]) -> Where:
        """Where the command goes; a namespace that is a blank itself is the alert's."""
        place = next(iter(calls(command.judged, parse).known), None)
        namespace = place.value("--namespace") if place else ""
        namespace = values.get("namespace", "") if namespace == OPEN else namespace
        return Where(
            kubeconfig=self.environment.get("KUBECONFIG", ""),
            home=self.environment.get("HOME", ""),
            context=(place.value("--context") if place else "") or None,
            namespace=namespace or None,
        )


def _kind(blank: Placeholder, of: Mapping[str, str], values: Mapping[str, str]) -> Kind | None:
    """What kind of thing of a cluster a blank names, by itself or by the blank before it."""
    word = blank.thing or (values.get(of[blank.name], "") if blank.name in of else "")
    return kind(word) if word else None


def _asked(client: Kubernetes, what: Kind, where: Where, trouble: str) -> tuple[Choices, str]:
    """What the cluster has of a kind, and the trouble it is in; it is not asked while there is some."""
    names: tuple[str, ...] = ()
    try:
        names = client.names(what, where, seconds=PATIENCE) if not trouble else ()
    except Unusable as why:
        trouble = f"The cluster cannot be asked from here: {why}."
    except ConnectorError as no:
        trouble = no.reason
    return Choices(names[:MOST], "" if names else trouble or f"The cluster has no {what.plural} there."), trouble
