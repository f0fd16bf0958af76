"""The kinds of things a Kubernetes cluster has, by the names people give them.

From https://kubernetes.io/docs/reference/kubectl/#resource-types: built-in kinds only. What a cluster defines
itself only the cluster knows; `kubectl` asks it.
"""

from __future__ import annotations

from dataclasses import dataclass

_TABLE = """
v1 pods Pod po
v1 services Service svc
v1 nodes Node no !
v1 namespaces Namespace ns !
v1 configmaps ConfigMap cm
v1 events Event ev
v1 endpoints Endpoints ep
v1 serviceaccounts ServiceAccount sa
v1 persistentvolumeclaims PersistentVolumeClaim pvc
v1 persistentvolumes PersistentVolume pv !
v1 resourcequotas ResourceQuota quota
v1 replicationcontrollers ReplicationController rc
apps/v1 deployments Deployment deploy
apps/v1 replicasets ReplicaSet rs
apps/v1 statefulsets StatefulSet sts
apps/v1 daemonsets DaemonSet ds
batch/v1 jobs Job
batch/v1 cronjobs CronJob cj
autoscaling/v2 horizontalpodautoscalers HorizontalPodAutoscaler hpa
policy/v1 poddisruptionbudgets PodDisruptionBudget pdb
networking.k8s.io/v1 ingresses Ingress ing
networking.k8s.io/v1 networkpolicies NetworkPolicy netpol
storage.k8s.io/v1 storageclasses StorageClass sc !
"""  # version, plural, kind, short name; "!" belongs to no namespace


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of things, and the path its objects stand at."""

    version: str  # "v1", "apps/v1"
    plural: str
    name: str  # "Deployment"
    short: str
    namespaced: bool

    @property
    def typed(self) -> str:
        """How `-o name` calls one of them: `deployment.apps`."""
        group = self.version.rpartition("/")[0]
        return f"{self.name.lower()}.{group}" if group else self.name.lower()

    @property
    def named(self) -> str:
        """How a server's messages call them: `deployments.apps`."""
        group = self.version.rpartition("/")[0]
        return f"{self.plural}.{group}" if group else self.plural

    def path(self, namespace: str, name: str = "") -> str:
        """Where they stand: all of a namespace, all of the cluster without one, or the one of that name."""
        root = f"/apis/{self.version}" if "/" in self.version else f"/api/{self.version}"
        place = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"{root}{place}/{self.plural}" + (f"/{name}" if name else "")


def _read(line: str) -> Kind:
    version, plural, name, *rest = line.split()
    return Kind(version, plural, name, next((one for one in rest if one != "!"), ""), namespaced="!" not in rest)


KINDS = tuple(map(_read, _TABLE.strip().splitlines()))
_NAMED = {
    word: kind
    for kind in KINDS
    for group in (kind.version.rpartition("/")[0],)
    for plain in (kind.plural, kind.name.lower())
    for word in (plain, f"{plain}.{group}" if group else plain, kind.short)
    if word
}


def kind(word: str) -> Kind | None:
    """The kind that people call so: plural, singular, short, in any case; None for what only the cluster knows."""
    return _NAMED.get(word.lower())


POD, NODE, EVENT = _NAMED["pod"], _NAMED["node"], _NAMED["event"]
DEPLOYMENT, REPLICA_SET, STATEFUL_SET, DAEMON_SET = (
    _NAMED[word] for word in ("deployment", "replicaset", "statefulset", "daemonset")
)
