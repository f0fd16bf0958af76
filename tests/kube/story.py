"""What stands in a stand-in cluster: made in the words a test tells its story with."""

from __future__ import annotations

import copy
from typing import Any

from kube.cluster import CAUSE, Cluster

Thing = dict[str, Any]


def furnish(cluster: Cluster) -> None:
    """Two namespaces, a node, and checkout: two replicas of two containers, at its second revision."""
    for name in ("default", "prod"):
        namespace(cluster, name)
    capacity = {"cpu": "4", "memory": "16Gi", "pods": "110"}
    cluster.put(
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": "n1"},
            "spec": {},
            "status": {
                "capacity": capacity,
                "allocatable": capacity,
                "conditions": [{"type": "Ready", "status": "True"}],
                "nodeInfo": _node_info(),
            },
        }
    )
    cluster.inside["date"] = lambda _: (0, f"{cluster.now():%a %b %d %H:%M:%S UTC %Y}\n")
    cluster.usage["n1"] = ("1200m", "4Gi")
    deployment(cluster, "checkout", "prod", "checkout:v1", containers={"sidecar": "envoy:1"}, env={"A": "1"})
    release(cluster, "checkout", "prod", "checkout:v2")


def namespace(cluster: Cluster, name: str) -> Thing:
    """Have a namespace."""
    about = {"name": name, "labels": {"kubernetes.io/metadata.name": name}}
    return cluster.put(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": about,
            "status": {"phase": "Active"},
        }
    )


def deployment(
    cluster: Cluster,
    name: str,
    where: str,
    image: str,
    *,
    replicas: int = 2,
    kind: str = "Deployment",
    containers: dict[str, str] | None = None,
    env: dict[str, str] | None = None,
    cause: str = "",
) -> Thing:
    """Have a deployment (or stateful set) whose container `app` runs this image; `containers`: more of them."""
    app = {
        "name": "app",
        "image": image,
        "env": [{"name": key, "value": value} for key, value in (env or {}).items()],
        "resources": {"limits": {"memory": "128Mi"}},
    }
    more = [{"name": one, "image": its} for one, its in (containers or {}).items()]
    spec: Thing = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [app, *more]}},
    }
    about: Thing = {"name": name, "namespace": where, "labels": {"app": name}}
    if cause:
        about["annotations"] = {CAUSE: cause}
    if kind == "Deployment":
        spec["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    else:
        spec |= {"serviceName": name, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}}
    return cluster.put({"apiVersion": "apps/v1", "kind": kind, "metadata": about, "spec": spec})


def release(cluster: Cluster, name: str, where: str, image: str, *, cause: str = "") -> Thing:
    """Roll out another image of a deployment's container `app`."""
    made = copy.deepcopy(cluster.get("deployments", where, name))
    made["spec"]["template"]["spec"]["containers"][0]["image"] = image
    notes = made["metadata"]["annotations"]
    notes.pop(CAUSE, None)
    if cause:
        notes[CAUSE] = cause
    return cluster.put(made)


def pods(cluster: Cluster, name: str, where: str) -> list[Thing]:
    """Give the pods of a deployment or stateful set, by name."""
    return [one for one in cluster.all("pods", where) if one["metadata"]["labels"].get("app") == name]


def _node_info() -> dict[str, str]:
    """Everything the document requires of it; only the version means something here."""
    names = (
        "machineID systemUUID bootID kernelVersion osImage containerRuntimeVersion kubeProxyVersion"
        " operatingSystem architecture"
    )
    return dict.fromkeys(names.split(), "") | {"kubeletVersion": "v1.36.2"}
