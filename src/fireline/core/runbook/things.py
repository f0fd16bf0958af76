"""Things: what a blank asks for (a pod, a host, a process), whatever its author called it.

A thing knows which labels of an alert carry its name and which commands list such things, so that a blank can be
filled from the alert, or from what an earlier step printed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fireline.core.runbook.model import PlaceholderKind


@dataclass(frozen=True, slots=True)
class Thing:
    """`plural` is what a list of them is called; `labels` fit best first; `lists` finds a command that lists them."""

    plural: str
    labels: tuple[str, ...] = ()
    lists: re.Pattern[str] | None = None


def _kinds(aliases: str, *labels: str, plural: str, also: str = "") -> Thing:
    """A kind of Kubernetes object: listed by `get` without a name behind it; `also` lists them on the side."""
    flags = r"(?:\s+--?[\w-]+(?:[= ][^\s-]\S*)?)*?"
    named = rf"(?:[\w.]+,)*(?:{aliases})(?:,[\w.,]+)*"
    whole = rf"\b(?:kubectl|oc)\b[^|;&\n]*?\b(?:get|top){flags}\s+{named}(?=\s*$|\s+-|\s*[|;&>)\\])"
    return Thing(plural, labels, re.compile(f"{whole}|{also}" if also else whole, re.MULTILINE))


def _listed(lists: str, *labels: str, plural: str) -> Thing:
    return Thing(plural, labels, re.compile(lists, re.IGNORECASE | re.DOTALL))


PODS_EVERYWHERE = r"\b(?:kubectl|oc)\b[^|;&\n]*?\bget\s[^|;&\n]*?(?:\s-A\b|--all-namespaces\b)"
PODS_WIDE = r"\b(?:kubectl|oc)\b[^|;&\n]*?\bget\s+(?:pods?|po)\b[^|;&\n]*-o\s*=?wide\b"
# Labels: kube-state-metrics (https://github.com/kubernetes/kube-state-metrics/tree/main/docs), cAdvisor, node_exporter,
# postgres_exporter. A Kubernetes job has `job_name`: in Prometheus `job` names who was scraped.
THINGS: dict[str, Thing] = {
    "pod": _kinds("pods?|po|all", "pod", "pod_name", "kubernetes_pod_name", plural="pods"),
    "namespace": _kinds(
        "namespaces?|ns|projects?",
        "namespace",
        "kubernetes_namespace",
        plural="namespaces",
        also=PODS_EVERYWHERE,
    ),
    "node": _kinds("nodes?|no", "node", "kubernetes_node", plural="nodes", also=PODS_WIDE),
    "deployment": _kinds("deployments?|deploy|all", "deployment", plural="deployments"),
    "statefulset": _kinds("statefulsets?|sts|all", "statefulset", plural="statefulsets"),
    "daemonset": _kinds("daemonsets?|ds|all", "daemonset", plural="daemonsets"),
    "replicaset": _kinds("replicasets?|rs|all", "replicaset", plural="replicasets"),
    "service": _kinds("services?|svc|all", "service", "service_name", plural="services"),
    "job": _kinds("jobs?", "job_name", plural="jobs"),
    "cronjob": _kinds("cronjobs?|cj", "cronjob", plural="cronjobs"),
    "ingress": _kinds("ingress(?:es)?|ing", "ingress", plural="ingresses"),
    "pvc": _kinds("persistentvolumeclaims?|pvcs?", "persistentvolumeclaim", plural="volume claims"),
    "pv": _kinds("persistentvolumes?|pvs?", "persistentvolume", plural="volumes"),
    "hpa": _kinds("horizontalpodautoscalers?|hpa", "horizontalpodautoscaler", "hpa", plural="autoscalers"),
    "secret": _kinds("secrets?", "secret", plural="secrets"),
    "configmap": _kinds("configmaps?|cm", "configmap", plural="configmaps"),
    "csr": _kinds("csrs?|certificatesigningrequests?", plural="certificate requests"),
    "operator": _kinds("clusteroperators?|co", "name", plural="cluster operators"),
    "vm": _kinds("virtualmachines?|vms?", "vm", plural="virtual machines"),
    "vmi": _kinds("virtualmachineinstances?|vmis?", "vmi", plural="running virtual machines"),
    "machine": _kinds("machines?", "machine", plural="machines"),
    "container": Thing("containers", ("container", "container_name")),
    "container_id": _listed(r"\b(?:docker|podman|crictl)\s+(?:container\s+)?(?:ps|ls)\b", plural="containers"),
    "pid": _listed(
        r"\bpid\b.*\bpg_(?:stat_activity|locks)\b|\bpg_(?:stat_activity|locks)\b.*\bpid\b|\*\s+from\s+pg_stat_activity"
        r"|\bshow\s+(?:full\s+)?processlist\b|(?:^|[|;&(]\s*|--\s+)(?:sudo\s+)?(?:ps|pgrep|lsof|fuser)\s"
        r"|\b(?:ss|netstat)\s+-\w*p",
        plural="processes",
    ),
    "host": Thing("hosts", ("host", "hostname", "instance")),
    "port": Thing("ports", ("port", "instance")),
    "instance": Thing("instances", ("instance",)),
    "device": _listed(r"\b(?:lsblk|blkid|iostat|df)\b", "device", plural="devices"),
    "interface": _listed(r"\bip\s+(?:-\w+\s+)*(?:a|addr|l|link)\b|\bifconfig\b", "device", plural="interfaces"),
    "mountpoint": _listed(r"(?:^|[|;&(]\s*|--\s+)(?:df|findmnt|mount)\b", "mountpoint", plural="mount points"),
    "database": _listed(r"\bpg_database\b|\\l\b|\bshow\s+databases\b", "datname", "database", plural="databases"),
    "table": _listed(r"\bpg_(?:stat_user_)?tables\b|\\dt\b|\bshow\s+tables\b", "table", "relname", plural="tables"),
    "index": _listed(r"_cat/indices\b|\bpg_stat_user_indexes\b", "index", plural="indices"),
    "topic": _listed(r"\bkafka-topics\b.*--list\b", "topic", plural="topics"),
    "consumer_group": _listed(
        r"\bkafka-consumer-groups\b.*--list\b", "consumergroup", "group", plural="consumer groups"
    ),
    "queue": _listed(r"\brabbitmqctl\b.*\blist_queues\b", "queue", plural="queues"),
    "release": _listed(r"\bhelm\b.*\s(?:ls|list)\b", "release", plural="releases"),
    "revision": _listed(r"\brollout\s+history\b|\bhelm\b.*\shistory\b", plural="revisions"),
    "commit": _listed(r"\bgit\s+(?:log|reflog)\b", plural="commits"),
    "instance_id": _listed(r"\baws\s+ec2\s+describe-instances\b", "instance_id", plural="instances"),
    "osd_id": _listed(r"\bceph\s+osd\s+(?:tree|ls|df|status)\b", plural="OSDs"),
    "cluster": Thing("clusters", ("cluster",)),
    "region": Thing("regions", ("region",)),
}
SAME = {
    "ns": "namespace",
    "project": "namespace",
    "podname": "pod",
    "nodename": "node",
    "deploy": "deployment",
    "sts": "statefulset",
    "ds": "daemonset",
    "rs": "replicaset",
    "svc": "service",
    "app": "service",
    "persistentvolumeclaim": "pvc",
    "persistentvolume": "pv",
    "horizontalpodautoscaler": "hpa",
    "cm": "configmap",
    "clusteroperator": "operator",
    "cid": "container_id",
    "backend_pid": "pid",
    "process_id": "pid",
    "processid": "pid",
    "hostname": "host",
    "server": "host",
    "ip": "host",
    "ip_address": "host",
    "address": "host",
    "fqdn": "host",
    "disk": "device",
    "nic": "interface",
    "iface": "interface",
    "mount_point": "mountpoint",
    "mount": "mountpoint",
    "db": "database",
    "dbname": "database",
    "datname": "database",
    "consumergroup": "consumer_group",
    "rev": "revision",
    "sha": "commit",
    "commit_sha": "commit",
    "osd": "osd_id",
}
# Words that only say "the one this is about": <failing-pod> is the alert's pod, <redis-pod> need not be.
ABOUT = frozenset(
    """failing failed affected bad broken your my the this that target problem problematic crashing crashed crashlooping
    pending stuck unhealthy hung slow current given some relevant respective impacted faulty degraded not ready unready
    name names k8s kube kubernetes of to with value label from alert alerting in""".split()  # noqa: SIM905
)
FLAG = re.compile(r"(?:-n|--namespace)[= ]*$")
# `kubectl describe pod <name>`, `oc debug node/<name>`, `kubectl get deploy -n shop <name>`
KIND_BEFORE = re.compile(r"\b(?P<kind>[a-z]+?)(?:/|\s+(?:-n\s+\S+\s+|--namespace[= ]\S+\s+)?)$")
LOGS = re.compile(r"\b(?:kubectl|oc)\s+(?:-n\s+\S+\s+)?(?:logs|exec)\s+(?:-\S+\s+)*$")


def thing_of(name: str, before: str, kind: PlaceholderKind) -> tuple[str | None, bool]:
    """Give (thing, whether it is the very one the alert is about) for a blank's name and the text before it."""
    if FLAG.search(before) and kind == "kubernetes_name":
        return "namespace", not set(name.split("_")) - ABOUT - {"namespace", "ns", "project"}
    words = [word for word in name.split("_") if word not in ABOUT]
    core = _known("_".join(words))
    if core:
        return core, True
    if not words and kind in ("kubernetes_name", "text"):
        return _known_before(before), True
    tail = _known("_".join(words[-2:])) or (_known(words[-1]) if words else None)
    if tail is None and kind in ("host", "port"):
        return kind, False
    return tail, False


def _known(word: str) -> str | None:
    word = SAME.get(word, word)
    singular = word.removesuffix("s")
    return word if word in THINGS else SAME.get(singular, singular if singular in THINGS else None)


def _known_before(before: str) -> str | None:
    kind = KIND_BEFORE.search(before)
    return (kind and _known(kind["kind"])) or ("pod" if LOGS.search(before) else None)
