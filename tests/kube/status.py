"""The states pods get into, as a cluster writes them down: for stories to put on, and for controllers to count."""

from __future__ import annotations

from datetime import datetime
from typing import Any

Thing = dict[str, Any]


def written(at: datetime) -> str:
    """A time as the server writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def is_ready(pod: Thing) -> bool:
    """Whether the pod takes traffic."""
    return any((one["type"], one["status"]) == ("Ready", "True") for one in pod["status"].get("conditions", ()))


def running(pod: Thing, at: datetime, *, restarts: int = 0) -> Thing:
    """All containers run and are ready."""
    started = {"running": {"startedAt": written(at)}}
    containers = [_container(one, started, ready=True, restarts=restarts) for one in pod["spec"]["containers"]]
    return _status("Running", containers, at, ready=True)


def waiting(pod: Thing, reason: str, at: datetime, *, message: str = "", restarts: int = 0) -> Thing:
    """The first container waits: ImagePullBackOff, ContainerCreating, CreateContainerConfigError, ..."""
    if reason == "CrashLoopBackOff":
        return crashing(pod, at, restarts=restarts or 5)
    waits = {"waiting": {"reason": reason, "message": message} if message else {"reason": reason}}
    containers = [_container(one, waits, ready=False, restarts=restarts) for one in pod["spec"]["containers"]]
    return _status("Pending", containers, at, ready=False)


def crashing(pod: Thing, at: datetime, *, reason: str = "Error", exit_code: int = 1, restarts: int = 7) -> Thing:
    """The first container ends again and again; OOMKilled ends with 137."""
    name = pod["spec"]["containers"][0]["name"]
    back_off = f"back-off 5m0s restarting failed container={name} pod={pod['metadata']['name']}"
    waits = {"waiting": {"reason": "CrashLoopBackOff", "message": back_off}}
    ended = {"reason": reason, "exitCode": exit_code, "startedAt": written(at), "finishedAt": written(at)}
    first, *others = pod["spec"]["containers"]
    bad = _container(first, waits, ready=False, restarts=restarts) | {"lastState": {"terminated": ended}}
    well = [_container(one, {"running": {"startedAt": written(at)}}, ready=True) for one in others]
    return _status("Running", [bad, *well], at, ready=False)


def unschedulable(message: str, at: datetime) -> Thing:
    """No node will have it; the message is the scheduler's."""
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return {"phase": "Pending", "conditions": [condition], "containerStatuses": [], "startTime": None}


def deployment(wanted: Thing, pods: list[Thing], fresh: list[Thing], stamp: str) -> Thing:
    """What a deployment says of itself, given its pods and those of its newest revision."""
    goal = wanted["spec"]["replicas"]
    ready = sum(map(is_ready, pods))
    done = len(fresh) == goal == len(pods) and ready == goal
    available = ready >= goal - goal // 4
    old = {one["type"]: one for one in wanted.get("status", {}).get("conditions", ())}.get("Progressing", {})
    reason = "NewReplicaSetAvailable" if done else old.get("reason", "ReplicaSetUpdated")
    if not done and reason == "NewReplicaSetAvailable":
        reason = "ReplicaSetUpdated"
    progress = {"type": "Progressing", "status": "True", "reason": reason, "lastUpdateTime": stamp}
    enough = "MinimumReplicasAvailable" if available else "MinimumReplicasUnavailable"
    return {
        "observedGeneration": wanted["metadata"]["generation"],
        "replicas": len(pods),
        "updatedReplicas": len(fresh),
        "readyReplicas": ready,
        "availableReplicas": ready,
        "unavailableReplicas": max(0, goal - ready),
        "conditions": [
            {"type": "Available", "status": str(available), "reason": enough, "lastTransitionTime": stamp},
            progress | {"lastTransitionTime": stamp, "message": ""},
        ],
    }


def _container(one: Thing, state: Thing, *, ready: bool, restarts: int = 0) -> Thing:
    about = {"name": one["name"], "image": one["image"], "imageID": "", "ready": ready, "started": ready}
    return about | {"restartCount": restarts, "state": state, "lastState": {}}


def _status(phase: str, containers: list[Thing], at: datetime, *, ready: bool) -> Thing:
    kinds = {"PodScheduled": True, "Initialized": True, "ContainersReady": ready, "Ready": ready}
    conditions = [
        {"type": kind, "status": str(well), "lastTransitionTime": written(at)} for kind, well in kinds.items()
    ]
    about = {
        "phase": phase,
        "startTime": written(at),
        "podIP": "10.0.0.9",
        "hostIP": "10.0.0.1",
        "qosClass": "Burstable",
    }
    return about | {"conditions": conditions, "containerStatuses": containers}
