"""The state of one stand-in cluster, and the controllers that make pods of what is wanted.

Everything happens under one lock and at once: a write returns when its pods are there. An image named in
`broken` gives pods that never become ready; while `starting` is true no new pod does, until `settle`.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from kube import status
from kube.resources import Resource, by_kind, by_plural
from kube.schema import Schema, Thing

Key = tuple[str, str, str]  # plural, namespace, name
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
CAUSE = "kubernetes.io/change-cause"


@dataclass(frozen=True, slots=True)
class Request:
    """One request the server answered."""

    user: str
    method: str
    path: str  # with its query
    code: int
    body: str = ""


@dataclass(slots=True)
class Cluster:
    """Objects by plural, namespace and name; every change is told to whoever watches."""

    schema: Schema
    now: Callable[[], datetime] = lambda: datetime.now(UTC)  # stories set the clock
    objects: dict[Key, Thing] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)  # image: why its pods wait, "CrashLoopBackOff"
    starting: bool = False
    warning: str = ""  # said with every answer, as a cluster does of what is deprecated (RFC 7234, 299)
    metrics: bool = True  # whether there is a metrics server
    usage: dict[str, tuple[str, str]] = field(default_factory=dict)  # pod or node: CPU, memory
    lines: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)  # namespace, pod, container
    before: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)  # of the container before that one
    inside: dict[str, Callable[[list[str]], tuple[int, str]]] = field(default_factory=dict)  # what exec can start
    page: int = 500  # objects of a list that are given at once, however many are asked for
    forgets: bool = False  # what was asked for in pieces is gone by the second one, as after a compaction
    requests: list[Request] = field(default_factory=list)  # those that are answered
    asked: list[str] = field(default_factory=list)  # the paths of all that came, also of those still under way
    log: list[tuple[int, str, Key, Thing]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=lambda: threading.Condition(threading.RLock()))
    closed: bool = False
    version: int = 100

    @property
    def changes(self) -> list[Request]:
        """What was asked for that changed something: no looks, no dry runs, no noes."""
        return [
            one
            for one in self.requests
            if one.method != "GET" and one.code < 300 and "dryRun=" not in one.path and "accessreviews" not in one.path
        ]

    def stamp(self) -> str:
        """The time as the server writes it."""
        return status.written(self.now())

    def get(self, plural: str, namespace: str, name: str) -> Thing:
        """One object as it is now; KeyError if there is none."""
        return self.objects[plural, namespace, name]

    def all(self, plural: str, namespace: str = "") -> list[Thing]:
        """Every object of a kind, by namespace and name; everywhere without a namespace."""
        found = [key for key in self.objects if key[0] == plural and namespace in {"", key[1]}]
        return [self.objects[key] for key in sorted(found)]

    def put(self, thing: Thing) -> Thing:
        """Have this object, and what follows from it. Raises schema.Invalid."""
        self.schema.check(thing)
        kind = by_kind(thing["kind"])
        with self.changed:
            return self.write(kind, self.completed(kind, thing))

    def delete(self, plural: str, namespace: str, name: str) -> Thing:
        """Have it no longer; what belonged to it goes too, and a pod that is still wanted comes back."""
        with self.changed:
            gone = self.objects.pop((plural, namespace, name))
            self._tell("DELETED", (plural, namespace, name), gone)
            for key, one in list(self.objects.items()):
                if key in self.objects and _owner(one) == gone["metadata"]["uid"]:
                    self.delete(*key)
            if plural == "pods":
                self._replace(gone)
            return gone

    def completed(self, kind: Resource, thing: Thing) -> Thing:
        """Add what the server adds to a new object, or keeps of the old one."""
        made = copy.deepcopy(thing)
        about = made.setdefault("metadata", {})
        old = self.objects.get((kind.plural, about.get("namespace", ""), about["name"]))
        about.setdefault("uid", old["metadata"]["uid"] if old else str(uuid4()))
        about.setdefault("creationTimestamp", old["metadata"]["creationTimestamp"] if old else self.stamp())
        if "template" in made.get("spec", {}):
            made["spec"].setdefault("replicas", 1)
            same = old is not None and old["spec"] == made["spec"]
            about["generation"] = (old["metadata"].get("generation", 1) if old else 0) + (not same)
            if old:
                made.setdefault("status", old.get("status", {}))
        return made

    def write(self, kind: Resource, thing: Thing) -> Thing:
        """Store it and let its controller work; what it is afterwards. Call it under the lock."""
        key = (kind.plural, thing["metadata"].get("namespace", ""), thing["metadata"]["name"])
        self._store(key, thing)
        if kind.plural == "deployments":
            self._deployment(key)
        elif kind.plural == "statefulsets":
            self._stateful(key)
        return self.objects[key]

    def settle(self) -> None:
        """Pods that were starting are ready now; roll-outs end."""
        with self.changed:
            self.starting = False
            for pod in self.all("pods"):
                if pod["status"].get("phase") == "Pending" and _owner(pod):
                    self.delete("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])
            for plural in ("deployments", "statefulsets"):
                for one in self.all(plural):
                    self.write(by_plural(plural), copy.deepcopy(one))

    def become(self, namespace: str, name: str, state: Thing) -> Thing:
        """Give a pod this status (see `status.py`) on top of what it has; its owner counts again."""
        with self.changed:
            pod = copy.deepcopy(self.get("pods", namespace, name))
            pod["status"] |= state
            if state.get("phase") == "Pending" and not state.get("startTime"):
                pod["spec"].pop("nodeName", None)
            self._store(("pods", namespace, name), pod)
            self._recount(namespace)
            return pod

    def say(self, namespace: str, pod: str, *lines: str, container: str = "app") -> None:
        """Have the container write these lines."""
        with self.changed:
            self.lines.setdefault((namespace, pod, container), []).extend(lines)
            self.changed.notify_all()

    def event(self, about: Thing, reason: str, message: str, *, kind: str = "Normal", count: int = 1) -> Thing:
        """Write an event about an object, as the parts of a cluster do."""
        name, namespace = about["metadata"]["name"], about["metadata"].get("namespace", "default")
        at = self.stamp()
        what = {"kind": about["kind"], "name": name, "namespace": namespace, "uid": about["metadata"]["uid"]}
        return self.put(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": f"{name}.{uuid4().hex[:16]}", "namespace": namespace},
                "involvedObject": what | {"apiVersion": about["apiVersion"]},
                "type": kind,
                "reason": reason,
                "message": message,
                "count": count,
                "firstTimestamp": at,
                "lastTimestamp": at,
                "source": {"component": "kubelet" if about["kind"] == "Pod" else "deployment-controller"},
            }
        )

    def since(self, version: int) -> Iterator[tuple[int, str, Key, Thing]]:
        """What has happened after that version."""
        yield from [one for one in self.log if one[0] > version]

    def _store(self, key: Key, thing: Thing) -> None:
        told = "MODIFIED" if key in self.objects else "ADDED"
        self.objects[key] = thing
        self._tell(told, key, thing)

    def _tell(self, told: str, key: Key, thing: Thing) -> None:
        self.version += 1
        thing["metadata"]["resourceVersion"] = str(self.version)
        self.log.append((self.version, told, key, copy.deepcopy(thing)))
        self.changed.notify_all()

    def _replace(self, pod: Thing) -> None:
        owner = next((one for one in self.objects.values() if one["metadata"]["uid"] == _owner(pod)), None)
        if owner is None:
            return
        if owner["kind"] == "ReplicaSet":
            owner = next(one for one in self.objects.values() if one["metadata"]["uid"] == _owner(owner))
        self.write(by_kind(owner["kind"]), copy.deepcopy(owner))

    def _deployment(self, key: Key) -> None:
        """Keep one replica set for each template, and the pods of the newest; a broken one moves only partly."""
        namespace, wanted = key[1], self.objects[key]
        uid, template = wanted["metadata"]["uid"], wanted["spec"]["template"]
        mine = [one for one in self.all("replicasets", namespace) if _owner(one) == uid]
        last = max((int(one["metadata"]["annotations"][REVISION]) for one in mine), default=0)
        current = next((one for one in mine if _shape(one["spec"]["template"]) == _shape(template)), None)
        if current is None:
            current = self._replica_set(wanted, last + 1)
            mine.append(current)
        notes = current["metadata"]["annotations"]
        if int(notes[REVISION]) < last:
            notes[HISTORY] = ",".join(filter(None, [notes.get(HISTORY), notes[REVISION]]))
            notes[REVISION] = str(last + 1)
        own = wanted["metadata"].setdefault("annotations", {})
        if CAUSE in own:
            notes[CAUSE] = own[CAUSE]
        elif CAUSE in notes and own.get(REVISION) != notes[REVISION]:
            own[CAUSE] = notes[CAUSE]
        count = wanted["spec"]["replicas"]
        old = [one for one in mine if one is not current and one["spec"]["replicas"]]
        well = self._healthy(template)
        fresh = count if well or not old else min(count, math.ceil(count / 4) + count // 4)
        left = 0 if well else count - count // 4
        for one in [*old, current]:
            goal = fresh if one is current else min(left, one["spec"]["replicas"])
            if goal > one["spec"]["replicas"]:
                self._scaled(wanted, one, goal)
            self._pods(one, goal)
        own[REVISION] = notes[REVISION]
        self._count_deployment(key)

    def _replica_set(self, wanted: Thing, revision: int) -> Thing:
        template = copy.deepcopy(wanted["spec"]["template"])
        digest = hashlib.sha256(_shape(template).encode()).hexdigest()[:9]
        template.setdefault("metadata", {}).setdefault("labels", {})["pod-template-hash"] = digest
        name, namespace = f"{wanted['metadata']['name']}-{digest}", wanted["metadata"]["namespace"]
        labels = wanted["spec"]["selector"]["matchLabels"] | {"pod-template-hash": digest}
        thing = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": dict(template["metadata"]["labels"]),
                "annotations": {REVISION: str(revision)},
                "ownerReferences": [_reference(wanted)],
            },
            "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
            "status": {"replicas": 0},
        }
        made = self.completed(by_plural("replicasets"), thing)
        self._store(("replicasets", namespace, name), made)
        return made

    def _scaled(self, wanted: Thing, one: Thing, goal: int) -> None:
        text = f"Scaled up replica set {one['metadata']['name']} from {one['spec']['replicas']} to {goal}"
        self.event(wanted, "ScalingReplicaSet", text)

    def _pods(self, one: Thing, goal: int) -> None:
        """Have exactly `goal` pods of this replica set."""
        namespace, name = one["metadata"]["namespace"], one["metadata"]["name"]
        one["spec"]["replicas"] = goal
        have = [pod for pod in self.all("pods", namespace) if _owner(pod) == one["metadata"]["uid"]]
        for pod in have[goal:]:
            gone = ("pods", namespace, pod["metadata"]["name"])
            self._tell("DELETED", gone, self.objects.pop(gone))
        for _ in range(len(have), goal):
            self._pod(one, f"{name}-{uuid4().hex[:5]}")
        pods = [pod for pod in self.all("pods", namespace) if _owner(pod) == one["metadata"]["uid"]]
        ready = sum(status.is_ready(pod) for pod in pods)
        one["status"] = {"replicas": goal, "readyReplicas": ready, "availableReplicas": ready, "observedGeneration": 1}
        self._store(("replicasets", namespace, name), one)

    def _pod(self, owner: Thing, name: str, **labels: str) -> None:
        template, namespace = owner["spec"]["template"], owner["metadata"]["namespace"]
        thing = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": dict(template["metadata"]["labels"]) | labels,
                "ownerReferences": [_reference(owner)],
            },
            "spec": copy.deepcopy(template["spec"]) | {"nodeName": "n1"},
        }
        made = self.completed(by_plural("pods"), thing)
        images = [one["image"] for one in template["spec"]["containers"]]
        why = next((self.broken[image] for image in images if image in self.broken), None)
        why = "ContainerCreating" if self.starting and why is None else why
        made["status"] = status.waiting(made, why, self.now()) if why else status.running(made, self.now())
        self._store(("pods", namespace, name), made)

    def _stateful(self, key: Key) -> None:
        """Keep pods name-0 to name-n, made anew when the template is another, and the history of templates."""
        _, namespace, name = key
        wanted = self.objects[key]
        uid, template = wanted["metadata"]["uid"], wanted["spec"]["template"]
        digest = hashlib.sha256(_shape(template).encode()).hexdigest()[:10]
        revision = f"{name}-{digest}"
        mine = [one for one in self.all("controllerrevisions", namespace) if _owner(one) == uid]
        last = max((one["revision"] for one in mine), default=0)
        kept = next((one for one in mine if one["metadata"]["name"] == revision), None)
        if kept is None or kept["revision"] < last:
            self._store(("controllerrevisions", namespace, revision), self._revision(wanted, revision, last + 1))
        names = [f"{name}-{index}" for index in range(wanted["spec"]["replicas"])]
        for pod in [pod for pod in self.all("pods", namespace) if _owner(pod) == uid]:
            about = pod["metadata"]
            if about["name"] not in names or about["labels"].get("controller-revision-hash") != revision:
                gone = ("pods", namespace, about["name"])
                self._tell("DELETED", gone, self.objects.pop(gone))
        for one in names:
            if ("pods", namespace, one) not in self.objects:
                self._pod(wanted, one, **{"controller-revision-hash": revision})
        ready = sum(status.is_ready(self.get("pods", namespace, one)) for one in names)
        wanted["status"] = {
            "observedGeneration": wanted["metadata"]["generation"],
            "replicas": len(names),
            "readyReplicas": ready,
            "currentReplicas": len(names),
            "updatedReplicas": len(names),
            "availableReplicas": ready,
            "currentRevision": revision,
            "updateRevision": revision,
        }
        self._store(key, wanted)

    def _revision(self, wanted: Thing, name: str, number: int) -> Thing:
        about = {
            "name": name,
            "namespace": wanted["metadata"]["namespace"],
            "labels": dict(wanted["spec"]["selector"]["matchLabels"]),
            "ownerReferences": [_reference(wanted)],
        }
        data = {"spec": {"template": copy.deepcopy(wanted["spec"]["template"]) | {"$patch": "replace"}}}
        thing = {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": about, "revision": number}
        return self.completed(by_plural("controllerrevisions"), thing | {"data": data})

    def _healthy(self, template: Thing) -> bool:
        return not self.starting and not any(one["image"] in self.broken for one in template["spec"]["containers"])

    def _recount(self, namespace: str) -> None:
        for one in self.all("deployments", namespace):
            self._count_deployment(("deployments", namespace, one["metadata"]["name"]))

    def _count_deployment(self, key: Key) -> None:
        wanted = copy.deepcopy(self.objects[key])
        sets = [one for one in self.all("replicasets", key[1]) if _owner(one) == wanted["metadata"]["uid"]]
        by_set = {one["metadata"]["uid"]: one for one in sets}
        pods = [pod for pod in self.all("pods", key[1]) if _owner(pod) in by_set]
        revision = wanted["metadata"]["annotations"][REVISION]
        fresh = [pod for pod in pods if by_set[_owner(pod)]["metadata"]["annotations"][REVISION] == revision]
        wanted["status"] = status.deployment(wanted, pods, fresh, self.stamp())
        self._store(key, wanted)


def _owner(thing: Thing) -> str:
    owners = thing["metadata"].get("ownerReferences") or [{}]
    return str(owners[0].get("uid", ""))


def _reference(thing: Thing) -> Thing:
    about = {"apiVersion": thing["apiVersion"], "kind": thing["kind"], "name": thing["metadata"]["name"]}
    return about | {"uid": thing["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}


def _shape(template: Thing) -> str:
    """The template without the label the controller adds and without what is empty: one shape is one revision."""
    about: dict[str, Any] = dict(template.get("metadata") or {})
    labels = {key: value for key, value in (about.get("labels") or {}).items() if key != "pod-template-hash"}
    return json.dumps(_bare(template | {"metadata": about | {"labels": labels}}), sort_keys=True)


def _bare(part: Any) -> Any:
    """The same without anything empty: clients written in Go send `resources: {}` and `creationTimestamp: null`."""
    match part:
        case dict():
            bare = {key: _bare(value) for key, value in part.items()}
            return {key: value for key, value in bare.items() if value not in (None, {}, [])}
        case list():
            return [_bare(one) for one in part]
        case _:
            return part
