"""Pick: what a blank of a command can be, asked of the live cluster while somebody fills it in.

Nobody types the name of a pod by heart. It is asked with the read lane's credentials, for two seconds at most; if
the cluster cannot say, the field stays a field and the page says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fireline.connectors.http import ConnectorError
from fireline.connectors.kubernetes import Kubernetes
from fireline.core.place import calls
from fireline.core.question import Unusable
from fireline.core.question.kinds import kind
from fireline.core.question.kubectl import Where
from fireline.core.runbook import Command
from fireline.core.runbook.fill import blanks
from fireline.shell import parse
from fireline.workflows.warm import Warm

PATIENCE = 2.0  # seconds: somebody waits for the page
MOST = 200  # names in one field
OPEN = "x"  # what stands for a blank that nobody has filled in, see Command.judged


@dataclass(frozen=True, slots=True)
class Choices:
    """The names to choose from, the likeliest first; without any, `why` there are none."""

    names: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Pick:
    """Asks the cluster of the read lane."""

    warm: Warm
    environment: Mapping[str, str]  # of the read lane

    def offers(self, command: Command, values: Mapping[str, str]) -> dict[str, Choices]:
        """The choices for each blank of a command; `values` are those of the alert and the site.

        Pods that are not ready come first. Nothing to choose from and no reason: it is nothing a cluster knows.
        A cluster that did not answer once is not asked again.
        """
        program = self.warm.programs.get("kubectl")
        client = program.client if program and isinstance(program.client, Kubernetes) else None
        where, trouble = self._where(command, values), ""
        offers = {}
        for blank in blanks(command):
            what = kind(blank.thing) if blank.thing else None
            names: tuple[str, ...] = ()
            if what is None or client is None:
                offers[blank.name] = Choices()
                continue
            try:
                names = client.names(what, where, seconds=PATIENCE) if not trouble else ()
            except Unusable as why:
                trouble = f"The cluster cannot be asked from here: {why}."
            except ConnectorError as no:
                trouble = no.reason
            nothing = trouble or f"The cluster has no {what.plural} there."
            offers[blank.name] = Choices(names[:MOST], "" if names else nothing)
        return offers

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
