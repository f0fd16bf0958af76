"""A container's lines: the last so many, those since, those of the container before; followed for a little while."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from fireline.connectors.kubernetes.cluster import Asking, ClusterError
from fireline.connectors.kubernetes.rollouts import selector, workload
from fireline.connectors.kubernetes.tables import Said
from fireline.core.question import cluster
from fireline.core.question.columns import when
from fireline.core.question.kinds import POD
from fireline.core.question.kubectl import Logs

FOLLOWED = 10.0  # seconds; whoever wants to see more asks again, or opens a terminal
DEFAULT = "kubectl.kubernetes.io/default-container"
TROUBLE = re.compile(r"\b(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC|panic|Traceback|[A-Z]\w*(?:Exception|Error))\b|\"error\"")


def logs(asking: Asking, question: Logs, now: datetime) -> Said:
    """`kubectl logs`. Of a workload one pod is taken, by kubectl's rules, and the others are told of."""
    namespace = question.where.namespace or asking.cluster.namespace
    try:
        pod, notes, others = _pod(asking, question, namespace)
    except ClusterError as no:
        if no.status != 404:
            raise
        missing = f'{question.kind.named} "{question.name}" not found in namespace "{namespace}"'
        return Said(f"error: error from server (NotFound): {missing}\n", 1, (no.reason,))
    name, container = pod["metadata"]["name"], question.container
    if not container:
        container, note = _container(pod)
        notes += note
    asked = {
        "container": container,
        "tailLines": question.tail,
        "sinceSeconds": question.since,
        "previous": "true" if question.previous else "",
        "follow": "true" if question.follow else "",
        "timestamps": "true" if question.timestamps else "",
    }
    path = f"{POD.path(namespace, name)}/log"
    findings = _state(pod, others, container, now, previous=question.previous)
    try:
        if question.follow:
            lines = list(asking.lines(path, asked, FOLLOWED))
            findings += (f"Followed for {FOLLOWED:g} s at most: ask again for what came since.",)
        else:
            lines = asking.text(path, asked).decode(errors="replace").splitlines()
    except ClusterError as no:
        if no.status not in {400, 404}:
            raise
        return Said(notes + no.output, 1, (no.reason, *findings))
    return Said(notes + "".join(f"{line}\n" for line in lines), 0, _errors(lines) + findings)


def _pod(asking: Asking, question: Logs, namespace: str) -> tuple[dict[str, Any], str, list[dict[str, Any]]]:
    """The pod to read, what kubectl says about the choice, and the other pods of the workload."""
    if question.kind is POD:
        return workload(asking, POD, namespace, question.name), "", []
    owner = workload(asking, question.kind, namespace, question.name)
    pods = asking.listed(POD.path(namespace), {"labelSelector": selector(owner)})
    if not pods:
        said = f"timed out waiting for the condition: {question.kind.typed}/{question.name} has no pods"
        raise ClusterError(f"error: {said}\n", f"{question.name} has no pods, so there are no logs: is it scaled to 0?")
    first, *others = sorted(pods, key=_by_logging)
    found = f"Found {len(pods)} pods, using pod/{first['metadata']['name']}\n" if others else ""
    return first, found, others


def _by_logging(pod: dict[str, Any]) -> tuple[Any, ...]:
    """Which pod kubectl reads: on a node, running, ready, ready for longest, restarted most often, oldest."""
    status = pod.get("status", {})
    ready = [one for one in status.get("conditions") or () if one["type"] == "Ready" and one["status"] == "True"]
    phases = {"Running": 0, "Unknown": 1, "Pending": 2}
    return (
        not pod["spec"].get("nodeName"),
        phases.get(status.get("phase", ""), 3),
        not ready,
        ready[0].get("lastTransitionTime") or "" if ready else "",
        -max((one.get("restartCount", 0) for one in status.get("containerStatuses") or ()), default=0),
        pod["metadata"].get("creationTimestamp") or "",
    )


def _container(pod: dict[str, Any]) -> tuple[str, str]:
    """The container kubectl takes when none is named, and what it says about that."""
    containers = [one["name"] for one in pod["spec"]["containers"]]
    first = (pod["metadata"].get("annotations") or {}).get(DEFAULT)
    if first in containers:
        return str(first), ""
    every = containers + [f"{one['name']} (init)" for one in pod["spec"].get("initContainers") or ()]
    if len(every) == 1:
        return containers[0], ""
    return containers[0], f'Defaulted container "{containers[0]}" out of: {", ".join(every)}\n'


def _errors(lines: list[str]) -> tuple[str, ...]:
    bad = [line for line in lines if TROUBLE.search(line)]
    if not bad:
        return ()
    last = bad[-1].strip()
    last = f"{last[: cluster.LONGEST]}…" if len(last) > cluster.LONGEST else last
    return (f"{len(bad)} of {len(lines)} lines speak of errors, the last one: {last}",)


def _state(
    pod: dict[str, Any], others: list[dict[str, Any]], container: str, now: datetime, *, previous: bool
) -> tuple[str, ...]:
    """What the lines cannot tell: that the pod, or one of its fellows, is unwell; where lines before a restart are."""
    name = pod["metadata"]["name"]
    said = [] if cluster.ready(pod) else [f"{name}: {cluster.why(pod, now)[1]}"]
    bad = [one["metadata"]["name"] for one in others if not cluster.ready(one)]
    if bad:
        said.append(f"These are the lines of {name}; not ready are: {', '.join(bad[: cluster.MOST])}.")
    for one in pod.get("status", {}).get("containerStatuses") or ():
        ended = when((one.get("lastState", {}).get("terminated") or {}).get("finishedAt"))
        if one["name"] == container and ended and not previous:
            said.append(f"Container {container} was restarted: --previous shows the lines before that.")
    return tuple(said)
