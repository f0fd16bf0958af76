"""Rolling: restart pods one by one, so that the service keeps answering.

One ask, with every command of it to be read: delete one pod, wait until the workload is whole again, then the next.
The commands are joined so that the first one that fails ends it: a pod that does not come back stays the only one.
"""

from __future__ import annotations

import re
import shlex

from fireline.core.refusal import Refused

PODS_MAX = 20  # more is a rollout: `kubectl rollout restart` does that better
LEAST_SECONDS = 15  # for one pod: less is no time to start anything
NAME = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?")  # RFC 1123, as Kubernetes names its objects
WORKLOAD = re.compile(r"(?:deployment|statefulset)/([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)")


def one_by_one(
    workload: str, pods: tuple[str, ...], *, namespace: str, ready: int, minimum: int = 1, seconds: float
) -> str:
    """The whole sequence as one text. `ready` pods are ready now, `minimum` stay so; all of it fits into `seconds`.

    Raises `Refused` where a name is none, a pod is not the workload's, or too few would be left.
    """
    named = WORKLOAD.fullmatch(workload)
    if named is None:
        raise Refused("Name the workload as deployment/NAME or statefulset/NAME.", status=400, field="workload")
    if not NAME.fullmatch(namespace):
        raise Refused("Name the namespace.", status=400, field="namespace")
    if not 1 <= len(pods) <= PODS_MAX or len(set(pods)) != len(pods):
        raise Refused(f"Name 1 to {PODS_MAX} pods, each once.", status=400, field="pods")
    for pod in pods:
        if not NAME.fullmatch(pod) or not pod.startswith(f"{named[1]}-"):
            raise Refused(f"{pod} is no pod of {workload}.", status=400, field="pods")
    if minimum < 1 or ready - 1 < minimum:
        raise Refused(
            f"{ready} ready in {workload}: one less leaves fewer than {max(minimum, 1)}. Scale up first, then restart."
        )
    each = int(seconds / (2 * len(pods)))  # half for the old one to go, half for the new one to come
    if each < LEAST_SECONDS:
        raise Refused(f"{len(pods)} pods do not fit into the write lane's {seconds:g} s. Restart fewer at a time.")
    where = f"-n {shlex.quote(namespace)}"
    lines = [
        line
        for pod in pods
        for line in (
            f"kubectl delete pod {pod} {where} --wait=true --timeout={each}s",
            f"kubectl rollout status {workload} {where} --timeout={each}s",
        )
    ]
    return " &&\n".join(lines)
