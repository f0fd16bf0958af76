"""Roll-outs of a cluster: which change came last before trouble began, and whether the present one is done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from fireline.connectors.kubernetes.cluster import Asking, ClusterError
from fireline.connectors.kubernetes.tables import Said, other_kinds
from fireline.core.question import cluster, rollout
from fireline.core.question.kinds import DEPLOYMENT, POD, REPLICA_SET, Kind
from fireline.core.question.kubectl import History, Status

REVISIONS = "/apis/apps/v1/namespaces/{}/controllerrevisions"


def workload(asking: Asking, kind: Kind, namespace: str, name: str) -> dict[str, Any]:
    """One workload. Raises ClusterError, which says so if another kind has that name."""
    try:
        found: dict[str, Any] = asking.get(kind.path(namespace, name))
    except ClusterError as no:
        if no.status != 404:
            raise
        hint = " ".join(other_kinds(asking, kind, name, namespace))
        raise ClusterError(no.output, f"{no.reason} {hint}".strip(), status=404) from None
    return found


def selector(thing: dict[str, Any]) -> str:
    """The label selector of a workload, as a query writes it."""
    chosen = thing["spec"].get("selector") or {}
    parts = [f"{key}={value}" for key, value in (chosen.get("matchLabels") or {}).items()]
    for one in chosen.get("matchExpressions") or ():
        values = ",".join(one.get("values") or ())
        word = {"In": "in", "NotIn": "notin"}.get(one["operator"])
        sign = "!" if one["operator"] == "DoesNotExist" else ""
        parts.append(f"{one['key']} {word} ({values})" if word else f"{sign}{one['key']}")
    return ",".join(parts)


def history(asking: Asking, question: History, now: datetime, onset: datetime | None) -> Said:
    """`kubectl rollout history`, and the newest change before the onset."""
    kind, namespace = question.kind, question.where.namespace or asking.cluster.namespace
    owner = workload(asking, kind, namespace, question.name)
    asked = {"labelSelector": selector(owner)}
    if kind is DEPLOYMENT:
        revisions = rollout.of_replica_sets(owner, asking.listed(REPLICA_SET.path(namespace), asked))
    else:
        revisions = rollout.of_controller_revisions(owner, asking.listed(REVISIONS.format(namespace), asked))
    text = rollout.history(f"{kind.typed}/{question.name}", revisions)
    return Said(text, 0, rollout.suspect(revisions, onset, now))


def status(asking: Asking, question: Status, now: datetime) -> Said:
    """`kubectl rollout status`: each line as it comes, until it is done or nobody waits any more."""
    namespace = question.where.namespace or asking.cluster.namespace
    found = workload(asking, DEPLOYMENT, namespace, question.name)
    shown = rollout.progress(found)
    lines = [shown.line]
    if not shown.over:
        asked = {"fieldSelector": f"metadata.name={question.name}", "watch": "true"}
        asked |= {"resourceVersion": found["metadata"]["resourceVersion"]}
        # what is left after the watch is for finding out why it is not done
        longest = min(question.seconds or asking.left, asking.left * 0.8)
        asked |= {"timeoutSeconds": str(max(int(longest), 1))}
        for line in asking.lines(DEPLOYMENT.path(namespace), asked, longest):
            told = msgspec.json.decode(line)
            if told["type"] not in {"ADDED", "MODIFIED"}:
                break
            found = told["object"]
            shown = rollout.progress(found)
            if shown.line != lines[-1]:
                lines.append(shown.line)
            if shown.over:
                break
    if shown.over and not shown.failed:
        return Said("".join(f"{line}\n" for line in lines))
    if not shown.failed:
        lines.append("error: timed out waiting for the condition")
    pods = asking.listed(POD.path(namespace), {"labelSelector": selector(found)})
    why = shown.line.removeprefix("Waiting for ").removeprefix("error: ").rstrip(".")
    return Said("".join(f"{line}\n" for line in lines), 1, (f"Not done: {why}.", *cluster.unready(pods, now)))
