"""Tables of a cluster: get, top, describe, in kubectl's form, with what to read first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any

from fireline.connectors.kubernetes.cluster import Asking, ClusterError
from fireline.core.question import Unusable, cluster, described
from fireline.core.question.columns import at, natural, quantity, tabbed, table
from fireline.core.question.kinds import (
    DAEMON_SET,
    DEPLOYMENT,
    EVENT,
    NODE,
    POD,
    REPLICA_SET,
    STATEFUL_SET,
    Kind,
)
from fireline.core.question.kubectl import Describe, Get, Top

MI = 1024 * 1024
MOST_DESCRIBED = 20  # pods in one text
METRICS = "/apis/metrics.k8s.io/v1beta1"
WHOLE = frozenset({POD, NODE, EVENT, DEPLOYMENT, STATEFUL_SET, DAEMON_SET})  # of which the objects are looked at, too


@dataclass(frozen=True, slots=True)
class Said:
    """A text, the exit code kubectl would have, and what to read first."""

    output: str
    code: int = 0
    findings: tuple[str, ...] = ()


def get(asking: Asking, question: Get, now: datetime) -> Said:
    """`kubectl get`: pods that are not ready come first, unless another order was asked for."""
    kind, where = question.kind, question.where
    namespace = "" if where.everywhere else where.namespace or asking.cluster.namespace
    whole = kind in WHOLE or bool(question.sort_by)
    shown = {"includeObject": "Object"} if whole else {}
    columns, rows, noes = _rows(asking, question, namespace, shown)
    failed = "".join(no.output for no in noes)
    if not rows:
        place = f" in {namespace} namespace" if namespace and kind.namespaced else ""
        nothing = f"No resources found{place}.\n" if place else "No resources found\n"
        empty = "" if question.names or question.only_names else nothing
        return Said(
            empty + failed, int(bool(noes)), tuple(no.reason for no in noes) + _elsewhere(asking, kind, question.names)
        )
    if question.sort_by:
        rows = _sorted(rows, question.sort_by)
    elif kind is POD and not question.names:
        rows = sorted(rows, key=lambda row: cluster.ready(row["object"]))
    if question.only_names:
        text = "".join(f"{kind.typed}/{row['object']['metadata']['name']}\n" for row in rows)
    else:
        text = _printed(columns, rows, question)
    found = _findings(kind, [row["object"] for row in rows], now) if whole else ()
    return Said(text + failed, int(bool(noes)), tuple(no.reason for no in noes) + found)


def _rows(
    asking: Asking, question: Get, namespace: str, shown: dict[str, str]
) -> tuple[list[Any], list[Any], list[ClusterError]]:
    """The columns, the rows, and what was said of names that are not there."""
    if not question.names:
        asked = shown | {"labelSelector": question.labels, "fieldSelector": question.fields}
        columns, rows = asking.table(question.kind.path(namespace), asked, one=False)
        return columns, rows, []
    columns, rows, noes = [], [], []
    for name in question.names:
        try:
            more, found = asking.table(question.kind.path(namespace, name), shown, one=True)
        except ClusterError as no:
            if no.status != 404:
                raise
            noes.append(no)
        else:
            columns, rows = columns or more, rows + found
    return columns, rows, noes


def _printed(columns: Sequence[Any], rows: Sequence[Any], question: Get) -> str:
    kept = [index for index, one in enumerate(columns) if question.wide or not one.get("priority")]
    spaced = question.where.everywhere and question.kind.namespaced
    head = (
        ["NAMESPACE"] * spaced + [columns[index]["name"].upper() for index in kept] + ["LABELS"] * question.show_labels
    )
    body = []
    for row in rows:
        about = row["object"]["metadata"]
        labels = ",".join(f"{key}={value}" for key, value in sorted((about.get("labels") or {}).items())) or "<none>"
        cells = [row["cells"][index] for index in kept]
        body.append([about.get("namespace", "")] * spaced + cells + [labels] * question.show_labels)
    return table([head, *body] if question.header else body)


def _sorted(rows: list[Any], path: str) -> list[Any]:
    """By what stands at `path`; as in kubectl, what has nothing there comes first."""
    values = [at(row["object"], path) for row in rows]
    if all(value is None for value in values):
        raise Unusable(f"nothing has {path}: kubectl says so in its own words")

    def key(pair: tuple[Any, Any]) -> tuple[Any, ...]:
        value = pair[0]
        if value is None:
            return (0,)
        return (1, value) if isinstance(value, int) else (2, natural(str(value)))

    return [row for _, row in sorted(zip(values, rows, strict=True), key=key)]


def _findings(kind: Kind, things: list[Any], now: datetime) -> tuple[str, ...]:
    if kind is POD:
        every = (f"All {len(things)} pods are ready." if len(things) > 1 else "The pod is ready.",)
        return cluster.unready(things, now) or every
    if kind is NODE:
        return cluster.nodes_unwell(things)
    if kind is EVENT:
        seen = [one for one in map(cluster.happened, things) if one is not None]
        return cluster.warnings(seen, now)
    return cluster.short_of(things)


def describe(asking: Asking, question: Describe, now: datetime) -> Said:
    """`kubectl describe pod`, with the events about each."""
    namespace = question.where.namespace or asking.cluster.namespace
    try:
        path = POD.path(namespace, question.name)
        pods = [asking.get(path)] if question.name else asking.listed(path, {"labelSelector": question.labels})
        exact = True
    except ClusterError as no:
        if no.status != 404:
            raise
        exact, listed = False, asking.listed(POD.path(namespace))
        pods = [pod for pod in listed if pod["metadata"]["name"].startswith(question.name)]
        if not pods:
            raise no from None
    if not pods:
        return Said(f"No resources found in {namespace} namespace.\n")
    if len(pods) > MOST_DESCRIBED:
        raise Unusable(f"more than {MOST_DESCRIBED} pods to describe")
    texts, seen = [], []
    for pod in pods:
        about = pod["metadata"]
        fields = {"involvedObject.name": about["name"], "involvedObject.namespace": namespace}
        fields |= {"involvedObject.uid": about["uid"]}
        wanted = ",".join(f"{key}={value}" for key, value in fields.items())
        events = asking.listed(EVENT.path(namespace), {"fieldSelector": wanted})
        texts.append(described.pod(pod, events, now))
        seen += [one for one in map(cluster.happened, events) if one is not None]
    return Said(
        ("\n\n".join(texts) if exact else "".join(f"{text}\n" for text in texts)),
        0,
        cluster.unready(pods, now) + cluster.warnings(seen, now),
    )


def top(asking: Asking, question: Top) -> Said:
    """`kubectl top`. Without a metrics server it says so, and where else to look."""
    kind, where = question.kind, question.where
    namespace = "" if where.everywhere or kind is NODE else where.namespace or asking.cluster.namespace
    place = f"/namespaces/{namespace}" if namespace else ""
    try:
        measured = asking.listed(f"{METRICS}{place}/{kind.plural}", {"labelSelector": question.labels})
    except ClusterError as no:
        if no.status not in {404, 503}:
            raise
        text = "error: Metrics API not available\n" if no.status == 404 else no.output
        absent = "has no metrics server" if no.status == 404 else "has a metrics server that does not answer"
        found = f"{asking.cluster.called.capitalize()} {absent}, so it cannot say what {kind.plural} use."
        where_else = "Prometheus may know: container_cpu_usage_seconds_total, container_memory_working_set_bytes."
        return Said(text, 1, (found, where_else))
    used = [(one["metadata"], *_used(one)) for one in measured]
    if not used:
        return Said(f"No resources found in {namespace} namespace.\n" if namespace else "No resources found\n")
    order: dict[str, Callable[[tuple[Any, Decimal, Decimal]], Any]] = {
        "cpu": lambda one: -one[1],
        "memory": lambda one: -one[2],
        "": lambda one: (one[0].get("namespace", ""), one[0]["name"]),
    }
    used = sorted(sorted(used, key=order[""]), key=order[question.sort_by])
    shares = _shares(asking, question) if kind is NODE else {}
    head = ["NAMESPACE"] * where.everywhere + ["NAME", "CPU(cores)", "MEMORY(bytes)"]
    if kind is NODE:
        head = ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"]
    rows = [head] if question.header else []
    for about, cpu, memory in used:
        cells = [_milli(cpu), f"{int(memory) // MI}Mi"]
        if kind is NODE:
            whole_cpu, whole_memory = shares.get(about["name"], (Decimal(0), Decimal(0)))
            cells = [cells[0], _share(cpu, whole_cpu), cells[1], _share(memory, whole_memory)]
        rows.append([about.get("namespace", "")] * where.everywhere + [about["name"], *cells])
    text = tabbed(["\t".join([*row, ""]) for row in rows], least=6, padding=3)
    hottest, largest = max(used, key=lambda one: one[1]), max(used, key=lambda one: one[2])
    found = f"Most CPU: {hottest[0]['name']} with {_milli(hottest[1])}. "
    return Said(text, 0, (found + f"Most memory: {largest[0]['name']} with {int(largest[2]) // MI}Mi.",))


def _used(one: dict[str, Any]) -> tuple[Decimal, Decimal]:
    parts = [part["usage"] for part in one["containers"]] if "containers" in one else [one["usage"]]
    cpu, memory = (sum((quantity(part.get(key, "0")) for part in parts), Decimal(0)) for key in ("cpu", "memory"))
    return cpu, memory


def _shares(asking: Asking, question: Top) -> dict[str, tuple[Decimal, Decimal]]:
    """What each node has to give."""
    nodes = asking.listed(NODE.path(""), {"labelSelector": question.labels})
    given = {one["metadata"]["name"]: one.get("status", {}).get("allocatable") or {} for one in nodes}
    return {name: (quantity(one.get("cpu", "0")), quantity(one.get("memory", "0"))) for name, one in given.items()}


def _milli(cores: Decimal) -> str:
    return f"{int((cores * 1000).to_integral_value(ROUND_CEILING))}m"


def _share(used: Decimal, whole: Decimal) -> str:
    return f"{int(used / whole * 100)}%" if whole else "<unknown>"


def names(asking: Asking, kind: Kind, namespace: str, *, labels: str = "", fields: str = "") -> tuple[str, ...]:
    """What the things of a kind are called; pods that are not ready first."""
    asked = {"labelSelector": labels, "fieldSelector": fields}
    if kind is POD:
        pods = asking.listed(kind.path(namespace), asked)
        return tuple(one["metadata"]["name"] for one in sorted(pods, key=cluster.ready))
    _, rows = asking.table(kind.path(namespace), asked, one=False)
    return tuple(row["object"]["metadata"]["name"] for row in rows)


def _elsewhere(asking: Asking, kind: Kind, wanted: Sequence[str]) -> tuple[str, ...]:
    return tuple(text for name in wanted for text in other_kinds(asking, kind, name))


def other_kinds(asking: Asking, kind: Kind, name: str, namespace: str = "") -> tuple[str, ...]:
    """Which other kinds of workload have the name that this kind has not: a runbook errs there easily."""
    others = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET)
    if kind not in (*others, REPLICA_SET):
        return ()
    place = namespace or asking.cluster.namespace
    found = [one for one in others if one is not kind and names(asking, one, place, fields=f"metadata.name={name}")]
    return tuple(f"{name} is a {one.name} here: {one.name.lower()}/{name}." for one in found)
