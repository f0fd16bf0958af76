"""The kinds the stand-in cluster knows, and how it tells a client about them (discovery)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LOOK = ("get", "list", "watch")
ALL = (*LOOK, "create", "delete", "deletecollection", "patch", "update")


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind: where its objects live and what kubectl may call it."""

    version: str  # "v1" or "apps/v1"
    plural: str
    kind: str
    short: tuple[str, ...] = ()
    namespaced: bool = True
    verbs: tuple[str, ...] = ALL
    sub: tuple[str, ...] = ()  # subresources

    @property
    def group(self) -> str:
        """The API group; empty for the core."""
        return self.version.rpartition("/")[0]

    @property
    def prefix(self) -> str:
        """The first part of its path."""
        return f"apis/{self.version}" if self.group else f"api/{self.version}"

    @property
    def named(self) -> str:
        """How the server calls it in messages: `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


POD_SUB = ("log", "exec", "portforward", "eviction", "status")
RESOURCES = (
    Resource("v1", "pods", "Pod", ("po",), sub=POD_SUB),
    Resource("v1", "services", "Service", ("svc",)),
    Resource("v1", "namespaces", "Namespace", ("ns",), namespaced=False),
    Resource("v1", "nodes", "Node", ("no",), namespaced=False),
    Resource("v1", "configmaps", "ConfigMap", ("cm",)),
    Resource("v1", "secrets", "Secret"),
    Resource("v1", "events", "Event", ("ev",)),
    Resource("v1", "endpoints", "Endpoints", ("ep",)),
    Resource("v1", "persistentvolumeclaims", "PersistentVolumeClaim", ("pvc",)),
    Resource("v1", "serviceaccounts", "ServiceAccount", ("sa",)),
    Resource("apps/v1", "deployments", "Deployment", ("deploy",), sub=("scale", "status")),
    Resource("apps/v1", "replicasets", "ReplicaSet", ("rs",), sub=("scale", "status")),
    Resource("apps/v1", "statefulsets", "StatefulSet", ("sts",), sub=("scale", "status")),
    Resource("apps/v1", "daemonsets", "DaemonSet", ("ds",)),
    Resource("apps/v1", "controllerrevisions", "ControllerRevision"),
    Resource("batch/v1", "jobs", "Job"),
    Resource("batch/v1", "cronjobs", "CronJob", ("cj",)),
    Resource("autoscaling/v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", ("hpa",)),
    Resource("policy/v1", "poddisruptionbudgets", "PodDisruptionBudget", ("pdb",)),
    Resource("networking.k8s.io/v1", "ingresses", "Ingress", ("ing",)),
    Resource("authorization.k8s.io/v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", (), False, ("create",)),
)
METRICS = (
    Resource("metrics.k8s.io/v1beta1", "pods", "PodMetrics", verbs=LOOK),
    Resource("metrics.k8s.io/v1beta1", "nodes", "NodeMetrics", namespaced=False, verbs=LOOK),
)


def find(prefix: str, plural: str) -> Resource | None:
    """Give the kind that lives at this path."""
    return next((one for one in (*RESOURCES, *METRICS) if (one.prefix, one.plural) == (prefix, plural)), None)


def by_plural(plural: str) -> Resource:
    """Give the kind of that name outside of the metrics."""
    return next(one for one in RESOURCES if one.plural == plural)


def by_kind(kind: str) -> Resource:
    """Give the kind an object says it is of."""
    return next(one for one in RESOURCES if one.kind == kind)


def discovery(path: str, *, metrics: bool) -> dict[str, Any] | None:
    """What the server says about itself at `path`; None where it says nothing."""
    known = RESOURCES + (METRICS if metrics else ())
    versions = list(dict.fromkeys(one.version for one in known if one.group))
    if path == "version":
        return {"major": "1", "minor": "36", "gitVersion": "v1.36.2", "platform": "linux/amd64"}
    if path == "api":
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if path == "apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(version) for version in versions]}
    if path == "openapi/v3":
        prefixes = {one.prefix for one in known}
        return {"paths": {one: {"serverRelativeURL": f"/openapi/v3/{one}?hash=1"} for one in prefixes}}
    if path.startswith("openapi/v3/"):
        return _openapi([one for one in known if one.prefix == path.removeprefix("openapi/v3/")])
    here = [one for one in known if one.prefix == path]
    if not here:
        return None
    listed = [entry for one in here for entry in _entries(one)]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": here[0].version, "resources": listed}


def _group(version: str) -> dict[str, Any]:
    named = {"groupVersion": version, "version": version.rpartition("/")[2]}
    return {"name": version.rpartition("/")[0], "versions": [named], "preferredVersion": named}


def _entries(one: Resource) -> list[dict[str, Any]]:
    plain: dict[str, Any] = {
        "name": one.plural,
        "singularName": one.kind.lower(),
        "namespaced": one.namespaced,
        "kind": one.kind,
        "verbs": list(one.verbs),
        "shortNames": list(one.short),
        "categories": ["all"] if one.plural in {"pods", "services", "deployments", "replicasets"} else [],
    }
    return [plain, *(_sub(one, sub) for sub in one.sub)]


def _sub(one: Resource, sub: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": f"{one.plural}/{sub}", "singularName": "", "namespaced": one.namespaced}
    entry |= {
        "kind": one.kind,
        "verbs": ["get", "patch", "update"] if sub in {"scale", "status"} else ["get", "create"],
    }
    if sub == "scale":
        entry |= {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    return entry


def _openapi(here: list[Resource]) -> dict[str, Any]:
    """As much OpenAPI as kubectl reads before it patches: that dryRun and fieldValidation are understood."""
    knobs = [{"name": name, "in": "query"} for name in ("dryRun", "fieldValidation")]
    paths = {}
    for one in here:
        where = "namespaces/{namespace}/" if one.namespaced else ""
        who = {"group": one.group, "version": one.version.rpartition("/")[2], "kind": one.kind}
        patch = {"parameters": knobs, "x-kubernetes-group-version-kind": who, "responses": {}}
        paths[f"/{one.prefix}/{where}{one.plural}/{{name}}"] = {"patch": patch}
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1.36.2"}, "paths": paths}
