"""What a responder should read first of a cluster's answers: which pods are unwell and why, what it warns of.

Takes objects as the Kubernetes API gives them (JSON) and gives whole sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fireline.core.question.columns import age, when

Thing = dict[str, Any]

MOST = 8  # sentences: whoever reads more than that reads the table
LONGEST = 240  # characters of what the cluster itself says about it
KILLED = 137  # 128 + SIGKILL: what a container ends with that the kernel ran out of memory for
# Reasons of a waiting container, in the responder's words. https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
WAITS = {
    "ImagePullBackOff": "cannot pull its image",
    "ErrImagePull": "cannot pull its image",
    "InvalidImageName": "has an image name that is none",
    "CreateContainerConfigError": "refers to a ConfigMap or Secret that is not there",
    "CreateContainerError": "cannot be created",
    "ContainerCreating": "is being created",
    "PodInitializing": "waits for its init containers",
}


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of a cluster. `at` is when it was last seen, `count` how often since `since`."""

    at: datetime
    since: datetime
    kind: str  # of what it is about: "Pod"
    name: str
    namespace: str
    reason: str  # "BackOff"
    message: str
    count: int = 1
    warning: bool = False


def ready(pod: Thing) -> bool:
    """Whether a pod takes traffic, or has done its work."""
    status = pod.get("status", {})
    if status.get("phase") == "Succeeded":
        return True
    if pod["metadata"].get("deletionTimestamp"):
        return False
    return any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions") or ())


def unready(pods: Sequence[Thing], now: datetime) -> tuple[str, ...]:
    """The pods that are not ready, the worst first, each with its reason; how many of all stands in front."""
    bad = [pod for pod in pods if not ready(pod)]
    said = [(worst, f"{pod['metadata']['name']}: {text}") for pod in bad for worst, text in [why(pod, now)]]
    sentences = [text for _, text in sorted(said)]
    if not sentences:
        killed = [f"{pod['metadata']['name']}: {text}" for pod in pods for text in _killed(pod, now)]
        return tuple(killed[:MOST])
    more = (f"And {len(sentences) - MOST} more pods are not ready.",) if len(sentences) > MOST else ()
    if len(pods) == 1:
        return tuple(sentences)
    verb = "is" if len(bad) == 1 else "are"
    return (f"{len(bad)} of {len(pods)} pods {verb} not ready.", *sentences[:MOST], *more)


def why(pod: Thing, now: datetime) -> tuple[int, str]:
    """How bad it is (0 is worst), and one sentence why a pod is not ready."""
    status = pod.get("status", {})
    if pod["metadata"].get("deletionTimestamp"):
        return 5, "it is being stopped."
    containers = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    for one in containers:
        waits = one.get("state", {}).get("waiting", {})
        last = one.get("lastState", {}).get("terminated") or one.get("state", {}).get("terminated")
        if waits.get("reason") == "CrashLoopBackOff" or (last and not one.get("ready") and _failed(last)):
            again = f"restarted {one.get('restartCount', 0)} times" if one.get("restartCount") else "not restarted"
            return 0, f"{waits.get('reason') or 'Error'}: container {one['name']} {_ended(last, now)}, {again}."
        if reason := waits.get("reason"):
            words = f"container {one['name']} {WAITS.get(reason, 'waits')}"
            place = 3 if reason in {"ContainerCreating", "PodInitializing"} else 1
            image = f" {one.get('image', '')}" if "image" in words else ""
            return place, _sentence(f"{reason}: {words}{image}", waits.get("message"))
    if reason := status.get("reason"):  # Evicted, NodeLost, ...
        return 1, _sentence(reason, status.get("message"))
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return 2, _sentence("Pending: no node takes it", condition.get("message"))
    idle = [one["name"] for one in status.get("containerStatuses") or () if not one.get("ready")]
    if status.get("phase") == "Running" and idle:
        return 4, f"it runs, and container {', '.join(idle)} does not pass its readiness probe."
    return 4, f"its phase is {status.get('phase', 'unknown')}."


def _killed(pod: Thing, now: datetime) -> Iterator[str]:
    """What is ready again and was killed for its memory: the next time is a matter of time."""
    for one in pod.get("status", {}).get("containerStatuses") or ():
        last = one.get("lastState", {}).get("terminated")
        if last and (last.get("reason") == "OOMKilled" or last.get("exitCode") == KILLED):
            yield f"ready, but container {one['name']} {_ended(last, now)}, restarted {one['restartCount']} times."


def _failed(ended: Thing) -> bool:
    return bool(ended.get("exitCode"))


def _ended(ended: Thing | None, now: datetime) -> str:
    if not ended:
        return "ends again and again"
    code, reason = ended.get("exitCode"), ended.get("reason", "")
    finished = when(ended.get("finishedAt"))
    ago = f" {age((now - finished).total_seconds())} ago" if finished else ""
    if reason == "OOMKilled":
        return f"was OOMKilled (exit {code}: more memory than its limit){ago}"
    if code == KILLED:
        return f"was killed (exit {KILLED}: out of memory, or a liveness probe that failed){ago}"
    return f"ended with exit {code}{f' ({reason})' if reason not in {'', 'Error'} else ''}{ago}"


def _sentence(head: str, message: str | None) -> str:
    text = " ".join((message or "").split())
    text = f"{text[:LONGEST]}…" if len(text) > LONGEST else text
    return f"{head}: {text}" if text else f"{head}."


def short_of(workloads: Iterable[Thing]) -> tuple[str, ...]:
    """The workloads that have fewer ready pods than they want."""
    said = []
    for one in workloads:
        status = one.get("status", {})
        wanted = one.get("spec", {}).get("replicas", status.get("desiredNumberScheduled", 0))
        have = status.get("readyReplicas", status.get("numberReady", 0)) or 0
        if have < wanted:
            said.append(f"{one['metadata']['name']}: {have} of {wanted} pods are ready.")
        elif not wanted:
            said.append(f"{one['metadata']['name']} is scaled to 0.")
    return tuple(said[:MOST])


def nodes_unwell(nodes: Iterable[Thing]) -> tuple[str, ...]:
    """The nodes that are not ready, are under pressure, or take no new pods."""
    said = []
    for node in nodes:
        conditions = {one["type"]: one for one in node.get("status", {}).get("conditions") or ()}
        state = conditions.get("Ready", {})
        if state.get("status") != "True":
            said.append(_sentence(f"Node {node['metadata']['name']} is not ready", state.get("message")))
        for name, one in conditions.items():
            if name.endswith("Pressure") and one["status"] == "True":
                said.append(
                    f"Node {node['metadata']['name']} is under {name.removesuffix('Pressure').lower()} pressure."
                )
        if node.get("spec", {}).get("unschedulable"):
            said.append(f"Node {node['metadata']['name']} is cordoned: no new pods go there.")
    return tuple(said[:MOST])


def happened(event: Thing) -> Happened | None:
    """An event as data; None for one without any time."""
    series = event.get("series") or {}
    last = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    seen = when(last or event["metadata"].get("creationTimestamp"))
    if seen is None:
        return None
    about = event.get("involvedObject", {})
    return Happened(
        at=seen,
        since=when(event.get("firstTimestamp")) or seen,
        kind=about.get("kind", ""),
        name=about.get("name", ""),
        namespace=event["metadata"].get("namespace", ""),
        reason=event.get("reason", ""),
        message=" ".join((event.get("message") or "").split()),
        count=series.get("count") or event.get("count") or 1,
        warning=event.get("type") == "Warning",
    )


def warnings(events: Iterable[Happened], now: datetime) -> tuple[str, ...]:
    """The warnings, the newest first; one sentence for each reason of each thing."""
    said: dict[tuple[str, str, str], str] = {}
    for one in sorted((one for one in events if one.warning), key=lambda one: one.at, reverse=True):
        times = f", {one.count} times in {age((one.at - one.since).total_seconds())}" if one.count > 1 else ""
        text = _sentence(f"{one.reason} on {one.kind.lower()} {one.name}", one.message).removesuffix(".")
        said.setdefault((one.kind, one.name, one.reason), f"{text} ({age((now - one.at).total_seconds())} ago{times}).")
    return tuple(list(said.values())[:MOST])
