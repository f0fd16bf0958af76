"""Cluster events: what a live cluster says happened around an incident, to be read between the lines of its timeline.

Asked when somebody wants to see it, and kept nowhere: a cluster forgets its events after an hour, and most of them
have nothing to do with it. What matters becomes a note.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from fireline.connectors.http import ConnectorError
from fireline.connectors.kubernetes import Kubernetes
from fireline.core.incident import Incident
from fireline.core.place import calls
from fireline.core.question import Unusable
from fireline.core.question.cluster import Happened
from fireline.core.question.kubectl import Where
from fireline.core.redaction import mask, secret_values
from fireline.core.runbook import Runbook
from fireline.shell import parse
from fireline.workflows.warm import Warm

BEFORE = timedelta(minutes=30)  # a change needs that long to hurt
PATIENCE = 2.0  # seconds for each namespace: somebody waits for the page
MOST = 4  # namespaces that one runbook speaks of


@dataclass(frozen=True, slots=True)
class Around:
    """What happened, the newest first, and `why` some of it is not known."""

    events: tuple[Happened, ...] = ()
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterEvents:
    """Asks the cluster of the read lane."""

    warm: Warm
    environment: Mapping[str, str]  # of the read lane

    def __call__(self, now: Incident, book: Runbook | None) -> Around:
        """The events in the namespaces that the runbook's commands and the alert name, from before it began on."""
        program = self.warm.programs.get("kubectl")
        places = self._places(now, book)
        if program is None or not isinstance(program.client, Kubernetes) or not places:
            return Around()
        since = now.declared.detected_at - BEFORE
        found: set[Happened] = set()
        why: dict[str, None] = {}
        for place in places:
            try:
                found.update(program.client.events(place, since, seconds=PATIENCE))
            except Unusable as no:
                why[f"The cluster cannot be asked from here: {no}."] = None
            except ConnectorError as no:
                why[no.reason] = None
        until = now.ended_at
        hidden = secret_values(self.environment)
        inside = [
            replace(one, message=mask(one.message, hidden).text) for one in found if until is None or one.at <= until
        ]
        return Around(tuple(sorted(inside, key=lambda one: one.at, reverse=True)), tuple(why))

    def _places(self, now: Incident, book: Runbook | None) -> list[Where]:
        named: dict[tuple[str, str], None] = {}
        for command in book.commands if book else ():
            for one in calls(command.judged, parse).known if "kubectl" in command.text else ():
                named[one.value("--context"), one.value("--namespace")] = None
        wanted = now.declared.values.get("namespace", "")
        first = [("", wanted)] if wanted else []
        places = list(dict.fromkeys(first + [place for place in named if place[1] not in {"", "x"}]))
        config, home = self.environment.get("KUBECONFIG", ""), self.environment.get("HOME", "")
        return [
            Where(kubeconfig=config, home=home, context=context or None, namespace=namespace)
            for context, namespace in places[:MOST]
        ]
