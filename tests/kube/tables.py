"""The tables the server prints for `kubectl get`: the same columns, words and ages as a real one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

Thing = dict[str, Any]
Cell = Callable[[Thing, datetime], Any]
Column = tuple[str, Cell] | tuple[str, Cell, int]  # name, what stands there, 1 if only in the wide table


def table(kind: str, items: list[Thing], now: datetime, version: int, *, whole: bool) -> Thing:
    """Give the objects as meta.k8s.io/v1 Table; `whole`: each row carries its object."""
    columns = COLUMNS.get(kind, DEFAULT)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": str(version)},
        "columnDefinitions": [
            {
                "name": name,
                "type": "string",
                "format": "name" if name == "Name" else "",
                "description": "",
                "priority": more[0] if more else 0,
            }
            for name, _, *more in columns
        ],
        "rows": [
            {
                "cells": [cell(item, now) for _, cell, *_ in columns],
                "object": item
                if whole
                else {
                    "kind": "PartialObjectMetadata",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": item["metadata"],
                },
            }
            for item in items
        ],
    }


def duration(seconds: float) -> str:
    """An age as Kubernetes writes it: two units at most, fewer the longer it is."""
    whole = int(seconds)
    if whole < 120:
        return f"{max(whole, 0)}s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if minutes < 10:
        return f"{minutes}m{whole % 60}s" if whole % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    return f"{days // 365}y{days % 365}d" if days % 365 and days < 2920 else f"{days // 365}y"


def _since(stamp: str | None, now: datetime) -> str:
    return duration((now - datetime.fromisoformat(stamp)).total_seconds()) if stamp else "<unknown>"


def _name(thing: Thing, _: datetime) -> str:
    return str(thing["metadata"]["name"])


def _age(thing: Thing, now: datetime) -> str:
    return _since(thing["metadata"].get("creationTimestamp"), now)


def _path(*way: str, default: Any = "<none>") -> Cell:
    def cell(thing: Thing, _: datetime) -> Any:
        place: Any = thing
        for part in way:
            place = place.get(part) if isinstance(place, dict) else None
        return default if place is None else place

    return cell


def _pod_ready(pod: Thing, _: datetime) -> str:
    ready = sum(one["ready"] for one in pod["status"].get("containerStatuses") or ())
    return f"{ready}/{len(pod['spec']['containers'])}"


def _pod_status(pod: Thing, _: datetime) -> str:
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    reason = str(pod["status"].get("reason") or pod["status"].get("phase", ""))
    for one in reversed(pod["status"].get("containerStatuses") or ()):
        state = one.get("state", {})
        if state.get("waiting", {}).get("reason"):
            reason = state["waiting"]["reason"]
        elif "terminated" in state:
            ended = state["terminated"]
            reason = ended.get("reason") or f"ExitCode:{ended.get('exitCode')}"
    return reason


def _pod_restarts(pod: Thing, now: datetime) -> str:
    containers = pod["status"].get("containerStatuses") or ()
    count = sum(one["restartCount"] for one in containers)
    ends = [one.get("lastState", {}).get("terminated", {}).get("finishedAt") for one in containers]
    last = max(filter(None, ends), default=None)
    return f"{count} ({_since(last, now)} ago)" if count and last else str(count)


def _containers(part: str) -> Cell:
    def cell(thing: Thing, _: datetime) -> str:
        return ",".join(one[part] for one in thing["spec"]["template"]["spec"]["containers"])

    return cell


def _selector(thing: Thing, _: datetime) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(thing["spec"]["selector"]["matchLabels"].items()))


def _ready_of(thing: Thing, _: datetime) -> str:
    return f"{thing.get('status', {}).get('readyReplicas', 0)}/{thing['spec'].get('replicas', 1)}"


def _event_object(event: Thing, _: datetime) -> str:
    return f"{event['involvedObject']['kind'].lower()}/{event['involvedObject']['name']}"


def _event_seen(event: Thing, now: datetime) -> str:
    """Tell when it was last seen; of a repeated one also how often since when."""
    last = _since(event.get("lastTimestamp"), now)
    count = event.get("count", 1)
    return f"{last} (x{count} over {_since(event.get('firstTimestamp'), now)})" if count > 1 else last


def _node_status(node: Thing, _: datetime) -> str:
    ready = {one["type"]: one["status"] for one in node["status"].get("conditions", ())}.get("Ready")
    words = ["Ready" if ready == "True" else "NotReady"]
    return ",".join(words + ["SchedulingDisabled"] * bool(node["spec"].get("unschedulable")))


def _ports(service: Thing, _: datetime) -> str:
    ports = service["spec"].get("ports", ())
    return ",".join(f"{one['port']}/{one.get('protocol', 'TCP')}" for one in ports) or "<none>"


NAME: Column = ("Name", _name)
AGE: Column = ("Age", _age)
IMAGES: tuple[Column, ...] = (("Containers", _containers("name"), 1), ("Images", _containers("image"), 1))
SELECTOR: Column = ("Selector", _selector, 1)
DEFAULT: tuple[Column, ...] = (NAME, ("Created At", _path("metadata", "creationTimestamp")))
COLUMNS: dict[str, tuple[Column, ...]] = {
    "Pod": (
        NAME,
        ("Ready", _pod_ready),
        ("Status", _pod_status),
        ("Restarts", _pod_restarts),
        AGE,
        ("IP", _path("status", "podIP"), 1),
        ("Node", _path("spec", "nodeName"), 1),
        ("Nominated Node", _path("status", "nominatedNodeName"), 1),
        ("Readiness Gates", lambda _, __: "<none>", 1),
    ),
    "Deployment": (
        NAME,
        ("Ready", _ready_of),
        ("Up-to-date", _path("status", "updatedReplicas", default=0)),
        ("Available", _path("status", "availableReplicas", default=0)),
        AGE,
        *IMAGES,
        SELECTOR,
    ),
    "ReplicaSet": (
        NAME,
        ("Desired", _path("spec", "replicas", default=0)),
        ("Current", _path("status", "replicas", default=0)),
        ("Ready", _path("status", "readyReplicas", default=0)),
        AGE,
        *IMAGES,
        SELECTOR,
    ),
    "StatefulSet": (NAME, ("Ready", _ready_of), AGE, *IMAGES),
    "Service": (
        NAME,
        ("Type", _path("spec", "type", default="ClusterIP")),
        ("Cluster-IP", _path("spec", "clusterIP")),
        ("External-IP", lambda _, __: "<none>"),
        ("Port(s)", _ports),
        AGE,
    ),
    "Node": (
        NAME,
        ("Status", _node_status),
        ("Roles", lambda _, __: "<none>"),
        AGE,
        ("Version", _path("status", "nodeInfo", "kubeletVersion")),
    ),
    "Namespace": (NAME, ("Status", _path("status", "phase", default="Active")), AGE),
    "ConfigMap": (NAME, ("Data", lambda one, _: str(len(one.get("data") or ()))), AGE),
    "Event": (
        ("Last Seen", _event_seen),
        ("Type", _path("type")),
        ("Reason", _path("reason")),
        ("Object", _event_object),
        ("Subobject", lambda _, __: "", 1),
        ("Source", _path("source", "component", default=""), 1),
        ("Message", lambda one, _: one["message"].strip()),
        ("First Seen", lambda one, now: _since(one.get("firstTimestamp"), now), 1),
        ("Count", _path("count", default=1), 1),
        ("Name", _name, 1),
    ),
}
