"""A pod in full, as `kubectl describe pod` tells it, from the objects of the Kubernetes API (JSON)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from fireline.core.question.columns import age, tabbed, when

Thing = dict[str, Any]
SMALL = 2  # blanks between columns
LONGEST = 140  # characters of an annotation on one line


def pod(thing: Thing, events: Sequence[Thing], now: datetime) -> str:
    """The pod and the events about it. Kinds of volumes that are rare are named, not spelt out."""
    lines = [*_head(thing), *_containers(thing), *_tail(thing), *_events(events, now)]
    return tabbed(lines, least=0, padding=SMALL)


def _head(thing: Thing) -> Iterator[str]:
    about, spec, status = thing["metadata"], thing["spec"], thing.get("status", {})
    yield f"Name:\t{about['name']}"
    yield f"Namespace:\t{about['namespace']}"
    for key, title in (
        ("priority", "Priority"),
        ("priorityClassName", "Priority Class Name"),
        ("runtimeClassName", "Runtime Class Name"),
        ("serviceAccountName", "Service Account"),
    ):
        if spec.get(key) not in (None, ""):
            yield f"{title}:\t{spec[key]}"
    yield f"Node:\t{spec['nodeName']}/{status.get('hostIP', '')}" if spec.get("nodeName") else "Node:\t<none>"
    if status.get("startTime"):
        yield f"Start Time:\t{_date(status['startTime'])}"
    yield from _pairs("Labels", about.get("labels"), "=")
    yield from _pairs("Annotations", about.get("annotations"), ": ")
    if about.get("deletionTimestamp"):
        yield f"Status:\tTerminating (since {_date(about['deletionTimestamp'])})"
    else:
        yield f"Status:\t{status.get('phase', '')}"
    for key in ("reason", "message"):
        if status.get(key):
            yield f"{key.capitalize()}:\t{status[key]}"
    yield f"IP:\t{status.get('podIP', '')}"
    if addresses := status.get("podIPs"):
        yield "IPs:"
        yield from (f"  IP:\t{one['ip']}" for one in addresses)
    else:
        yield "IPs:\t<none>"
    owner = next((one for one in about.get("ownerReferences") or () if one.get("controller")), None)
    if owner:
        yield f"Controlled By:\t{owner['kind']}/{owner['name']}"


def _containers(thing: Thing) -> Iterator[str]:
    status = thing.get("status", {})
    for title, key, states in (
        ("Init Containers", "initContainers", "initContainerStatuses"),
        ("Containers", "containers", "containerStatuses"),
    ):
        known = {one["name"]: one for one in status.get(states) or ()}
        if thing["spec"].get(key):
            yield f"{title}:"
        for one in thing["spec"].get(key) or ():
            yield from _container(one, known.get(one["name"]))


def _container(one: Thing, state: Thing | None) -> Iterator[str]:
    yield f"  {one['name']}:"
    if state is not None:
        yield f"    Container ID:\t{state.get('containerID', '')}"
    yield f"    Image:\t{one.get('image', '')}"
    if state is not None:
        yield f"    Image ID:\t{state.get('imageID', '')}"
    ports = one.get("ports") or ()
    plural = "s" if len(ports) > 1 else ""
    inner = ", ".join(f"{port['containerPort']}/{port.get('protocol', 'TCP')}" for port in ports)
    outer = ", ".join(f"{port.get('hostPort', 0)}/{port.get('protocol', 'TCP')}" for port in ports)
    yield f"    Port{plural}:\t{inner or '<none>'}"
    yield f"    Host Port{plural}:\t{outer or '<none>'}"
    for key in ("command", "args"):
        if one.get(key):
            yield f"    {key.capitalize()}:"
            yield from (f"      {line}" for word in one[key] for line in word.split("\n"))
    if state is not None:
        yield from _state("State", state.get("state") or {})
        if state.get("lastState"):
            yield from _state("Last State", state["lastState"])
        yield f"    Ready:\t{bool(state.get('ready'))}"
        yield f"    Restart Count:\t{state.get('restartCount', 0)}"
    for key in ("limits", "requests"):
        if amounts := (one.get("resources") or {}).get(key):
            yield f"    {key.capitalize()}:"
            yield from (f"      {name}:\t{amount}" for name, amount in sorted(amounts.items()))
    for key, title in (("livenessProbe", "Liveness"), ("readinessProbe", "Readiness"), ("startupProbe", "Startup")):
        if one.get(key):
            yield f"    {title}:\t{_probe(one[key])}"
    yield from _environment(one)
    mounts = one.get("volumeMounts") or ()
    yield "    Mounts:" if mounts else "    Mounts:\t<none>"
    for mount in sorted(mounts, key=lambda mount: str(mount["mountPath"])):
        path = f',path="{mount["subPath"]}"' if mount.get("subPath") else ""
        yield f"      {mount['mountPath']} from {mount['name']} ({'ro' if mount.get('readOnly') else 'rw'}{path})"


def _state(title: str, state: Thing) -> Iterator[str]:
    kind = next(iter(state), "waiting")
    what = state.get(kind) or {}
    yield f"    {title}:\t{kind.capitalize()}"
    if kind == "running":
        yield f"      Started:\t{_date(what.get('startedAt'))}"
    if what.get("reason"):
        yield f"      Reason:\t{what['reason']}"
    if kind == "terminated":
        if what.get("message"):
            yield f"      Message:\t{what['message']}"
        yield f"      Exit Code:\t{what.get('exitCode', 0)}"
        if what.get("signal"):
            yield f"      Signal:\t{what['signal']}"
        yield f"      Started:\t{_date(what.get('startedAt'))}"
        yield f"      Finished:\t{_date(what.get('finishedAt'))}"


def _probe(one: Thing) -> str:
    times = (
        f"delay={one.get('initialDelaySeconds', 0)}s timeout={one.get('timeoutSeconds', 1)}s "
        f"period={one.get('periodSeconds', 10)}s #success={one.get('successThreshold', 1)} "
        f"#failure={one.get('failureThreshold', 3)}"
    )
    if "exec" in one:
        return f"exec [{' '.join(one['exec'].get('command') or ())}] {times}"
    if asked := one.get("httpGet"):
        scheme = asked.get("scheme", "HTTP").lower()
        return f"http-get {scheme}://{asked.get('host', '')}:{asked['port']}{asked.get('path', '')} {times}"
    if asked := one.get("tcpSocket"):
        return f"tcp-socket {asked.get('host', '')}:{asked['port']} {times}"
    if asked := one.get("grpc"):
        return f"grpc <pod>:{asked['port']} {asked.get('service') or ''} {times}"
    return f"unknown {times}"


def _environment(one: Thing) -> Iterator[str]:
    if sources := one.get("envFrom"):
        yield "    Environment Variables from:"
        for source in sources:
            kind, ref = next((key, source[f"{key}Ref"]) for key in ("configMap", "secret") if f"{key}Ref" in source)
            title = "ConfigMap" if kind == "configMap" else "Secret"
            yield f"      {ref['name']}\t{title}\tOptional: {str(bool(ref.get('optional'))).lower()}"
    given = one.get("env") or ()
    yield "    Environment:" if given else "    Environment:\t<none>"
    for name, value in ((item["name"], item) for item in given):
        yield f"      {name}:\t{_value(value)}"


def _value(item: Thing) -> str:
    source = item.get("valueFrom")
    if not source:
        return "\n      \t".join(str(item.get("value", "")).split("\n"))
    for key, what in (("secretKeyRef", "in secret"), ("configMapKeyRef", "of config map")):
        if ref := source.get(key):
            optional = str(bool(ref.get("optional"))).lower()
            return f"<set to the key '{ref['key']}' {what} '{ref['name']}'>\tOptional: {optional}"
    if ref := source.get("fieldRef"):
        return f" ({ref.get('apiVersion', 'v1')}:{ref['fieldPath']})"
    return f"<from {', '.join(source)}>"


def _tail(thing: Thing) -> Iterator[str]:
    spec, status = thing["spec"], thing.get("status", {})
    if conditions := status.get("conditions"):
        yield "Conditions:"
        yield "  Type\tStatus"
        yield from (f"  {one['type']} \t{one['status']} " for one in conditions)
    volumes = spec.get("volumes") or ()
    yield "Volumes:" if volumes else "Volumes:\t<none>"
    for volume in volumes:
        yield from _volume(volume)
    yield f"QoS Class:\t{status.get('qosClass', '')}"
    yield from _pairs("Node-Selectors", spec.get("nodeSelector"), "=")
    tolerations = sorted(map(_toleration, spec.get("tolerations") or ()))
    yield f"Tolerations:\t{tolerations[0] if tolerations else '<none>'}"
    yield from (f"\t{one}" for one in tolerations[1:])


def _volume(volume: Thing) -> Iterator[str]:
    none: tuple[str, Thing] = ("unknown", {})
    kind, what = next(((key, value) for key, value in volume.items() if key != "name"), none)
    yield f"  {volume['name']}:"
    optional = f"    Optional:\t{str(bool(what.get('optional'))).lower()}"
    match kind:
        case "emptyDir":
            yield "    Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)"
            yield f"    Medium:\t{what.get('medium', '')}"
            yield f"    SizeLimit:\t{what.get('sizeLimit', '<unset>')}"
        case "configMap":
            yield "    Type:\tConfigMap (a volume populated by a ConfigMap)"
            yield f"    Name:\t{what['name']}"
            yield optional
        case "secret":
            yield "    Type:\tSecret (a volume populated by a Secret)"
            yield f"    SecretName:\t{what['secretName']}"
            yield optional
        case "persistentVolumeClaim":
            yield ("    Type:\tPersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)")
            yield f"    ClaimName:\t{what['claimName']}"
            yield f"    ReadOnly:\t{str(bool(what.get('readOnly'))).lower()}"
        case "projected":
            yield "    Type:\tProjected (a volume that contains injected data from multiple sources)"
            for source in what.get("sources") or ():
                yield from _projected(source)
        case _:
            yield f"    Type:\t{kind}"


def _projected(source: Thing) -> Iterator[str]:
    if token := source.get("serviceAccountToken"):
        yield f"    TokenExpirationSeconds:\t{token.get('expirationSeconds', 3600)}"
    for key, title in (("configMap", "ConfigMapName"), ("secret", "SecretName")):
        if ref := source.get(key):
            yield f"    {title}:\t{ref['name']}"
            yield f"    Optional:\t{str(bool(ref.get('optional'))).lower()}"
    if "downwardAPI" in source:
        yield "    DownwardAPI:\ttrue"


def _toleration(one: Thing) -> str:
    text: str = one.get("key", "")
    if one.get("value"):
        text += f"={one['value']}"
    if one.get("effect"):
        text += f":{one['effect']}"
    if one.get("operator") == "Exists":
        text += " op=Exists"
    if one.get("tolerationSeconds") is not None:
        text += f" for {one['tolerationSeconds']}s"
    return text


def _events(events: Sequence[Thing], now: datetime) -> Iterator[str]:
    if not events:
        yield "Events:\t<none>"
        return
    yield "Events:"
    yield "  Type\tReason\tAge\tFrom\tMessage"
    yield "  ----\t------\t----\t----\t-------"
    for one in sorted(events, key=lambda one: str(one.get("lastTimestamp") or one.get("eventTime") or "")):
        last = when(one.get("lastTimestamp") or one.get("eventTime"))
        first = when(one.get("firstTimestamp")) or last
        seen = age((now - last).total_seconds()) if last else "<unknown>"
        if (one.get("count") or 1) > 1 and first:
            seen += f" (x{one['count']} over {age((now - first).total_seconds())})"
        source = one.get("reportingComponent") or (one.get("source") or {}).get("component", "")
        message = (one.get("message") or "").strip().replace("\n", " ").replace("\t", " ")
        yield f"  {one.get('type', '')}\t{one.get('reason', '')}\t{seen}\t{source}\t{message}"


def _pairs(title: str, pairs: dict[str, str] | None, sign: str) -> Iterator[str]:
    if not pairs:
        yield f"{title}:\t<none>"
    for index, (key, value) in enumerate(sorted((pairs or {}).items())):
        head = "" if index else f"{title}:"
        if sign == ": " and (len(key) + len(value) + 2 >= LONGEST or "\n" in value):
            yield f"{head}\t{key}:"
            yield from (f"\t  {line}" for line in value.rstrip("\n").split("\n"))
        else:
            yield f"{head}\t{key}{sign}{value}"


def _date(stamp: str | None) -> str:
    moment = when(stamp)
    return f"{moment:%a, %d %b %Y %H:%M:%S %z}" if moment else "<unknown>"
