"""Changes to a deployment, stateful set or daemon set: scale, roll back, set an environment variable or image, restart.

The object is read as JSON before the yes and once more right before the change; the undo is made of what it
said the second time.
"""

from __future__ import annotations

import re
import shlex
from functools import partial
from typing import Any

from fireline.core.change.kubectl import Kubectl
from fireline.core.change.model import UNSEEN, Change, Looked, Told, answer, dig, many, objects, one_object

KINDS = ("deployment", "statefulset", "daemonset")
REVISION = "deployment.kubernetes.io/revision"  # kubectl's own: k8s.io/kubectl/pkg/util/deployment
DOES = {
    "scale": "Changes how many pods run.",
    "rollout undo": "Goes back to an earlier version: every pod is replaced.",
    "set env": "Changes the environment of the pods, which replaces every one of them.",
    "set image": "Changes the version that runs, which replaces every pod.",
    "rollout restart": "Replaces every pod.",
}
SETS = re.compile(r"(?P<name>[A-Za-z_][\w.-]*?)(?:=(?P<value>.*)|(?P<gone>-))", re.DOTALL)


def understand(command: Kubectl, text: str) -> Change | None:
    """What a kubectl command on one workload is about; None when it is another, or of several."""
    if command.verb not in DOES or len(command.objects) != 1 or command.has("--all") or command.has("--selector"):
        return None
    (target,) = command.objects
    kind = target.partition("/")[0]
    if kind not in KINDS or (command.verb == "set env" and (command.has("--from") or command.has("--env"))):
        return None
    looks = {"now": command.read("get", target, "-o", "json")}
    captures = ("now",)
    if command.verb == "scale":
        looks["scalers"] = command.read("get", "hpa", "-o", "json")
    if command.verb == "rollout undo" and kind == "deployment":
        looks["versions"] = command.read("get", "replicasets", "-o", "json")
    looks["kinds"] = kinds(command)
    return Change(
        kind=command.verb,
        object=target,
        does=DOES[command.verb],
        looks=looks,
        captures=captures,
        tell=partial(_tell, command, target, text),
        last_resort=kind == "statefulset" and command.verb == "rollout restart",
    )


def kinds(command: Kubectl) -> str:
    """The look that says which workloads of the name there are."""
    name = command.objects[0].partition("/")[2]
    return command.read("get", ",".join(KINDS), name, "--ignore-not-found", "-o", "name")


def _tell(command: Kubectl, target: str, text: str, seen: Looked) -> Told:
    looked = seen.get("now", UNSEEN)
    now = one_object(looked.output) if looked.ok else {}
    if not now:
        missing = "NotFound" in looked.output
        instead = _instead(command, target, text, seen) if missing else ""
        trouble = f"There is no {target}." if missing else f"{target} could not be read: {looked.complaint}"
        return Told(trouble=trouble, undone=f"The present state is not known: {trouble}", instead=instead)
    match command.verb:
        case "scale":
            return _scale(command, target, now, seen)
        case "rollout undo":
            return _rollback(command, target, now, seen)
        case "set env" | "set image":
            return _set(command, target, now, masked=looked.masked)
        case _:
            return _restart(command, target, now)


def really(command: Kubectl, text: str, seen: Looked) -> str:
    """The same command for the kind that the only workload of this name really has; "" where it has that kind."""
    (target,) = command.objects
    there = {line.partition("/")[0].partition(".")[0] for line in answer(seen.get("kinds", UNSEEN).output).splitlines()}
    return "" if target.partition("/")[0] in there else _instead(command, target, text, seen)


def _instead(command: Kubectl, target: str, text: str, seen: Looked) -> str:
    """The same command for the object of that name that is really there, if there is just one."""
    said = seen.get("kinds", UNSEEN)
    found = [line.strip() for line in answer(said.output).splitlines() if "/" in line] if said.ok else []
    if len(found) != 1:
        return ""
    kind, _, name = found[0].partition("/")
    real = f"{kind.partition('.')[0]}/{name}"
    for word in command.words:
        if word.endswith(f"/{name}") and text.count(word) == 1:
            return text.replace(word, real)
    return text.replace(f"{command.words[0]} {name}", real) if text.count(f"{command.words[0]} {name}") == 1 else ""


def _scale(command: Kubectl, target: str, now: dict[str, Any], seen: Looked) -> Told:
    have = int(dig(now, "spec", "replicas", default=1))
    ready = int(dig(now, "status", "readyReplicas", default=0))
    if not command.value("--replicas").isdigit():
        return Told(trouble="How many replicas it asks for cannot be read.", undone="It cannot be read.")
    want = int(command.value("--replicas"))
    preview = f"{many(have, 'replica')} now ({ready} ready), {want} next"
    steers = [one for one in objects(seen.get("scalers", UNSEEN).output) if _steers(one, target)]
    for one in steers:
        least, most = dig(one, "spec", "minReplicas", default=1), dig(one, "spec", "maxReplicas")
        preview += f"\nThe autoscaler {dig(one, 'metadata', 'name')} keeps it between {least} and {most}"
        if not int(least) <= want <= int(most or want):
            preview += ": it will take this back"
    if "scalers" in seen and not seen["scalers"].ok:
        preview += f"\nWhether an autoscaler takes this back could not be read: {seen['scalers'].complaint}"
    if want == 0:
        blast = f"Stops {'the only pod' if have == 1 else f'all {have} pods'} of {target}: nothing answers for it then."
    elif want < have:
        blast = f"Stops {have - want} of {many(have, 'pod')} of {target}; {want} stay."
    elif want > have:
        blast = f"Adds {many(want - have, 'pod')} to {target}; none is stopped."
    else:
        blast = "Changes nothing: it has that many already."
    undo = command.read("scale", target, f"--replicas={have}")
    return Told(preview=preview, blast=blast, undo=undo, undone=f"Scale {target} back to {have}")


def _steers(scaler: dict[str, Any], target: str) -> bool:
    of = dig(scaler, "spec", "scaleTargetRef", default={})
    return f"{str(dig(of, 'kind', default='')).lower()}/{dig(of, 'name')}" == target


def _rollback(command: Kubectl, target: str, now: dict[str, Any], seen: Looked) -> Told:
    if not target.startswith("deployment/"):
        return Told(
            trouble="Only the versions of a deployment can be compared beforehand.",
            blast=_replaces(target, now),
            undone="The revision that runs now is not known; see kubectl rollout history.",
        )
    revision = dig(now, "metadata", "annotations", REVISION, default="")
    undo = command.read("rollout", "undo", target, f"--to-revision={revision}") if revision else ""
    undone = f"Go back to revision {revision} of {target}" if revision else "The revision that runs is not known."
    told = partial(Told, undo=undo, undone=undone)
    if "versions" not in seen:
        return told(blast=_replaces(target, now))
    sets = {_revision(one): one for one in objects(seen["versions"].output) if _owned(one, now)}
    wanted = int(command.value("--to-revision", "0") or 0)
    earlier = [number for number in sets if number < _number(revision)]
    goal = sets.get(wanted or max(earlier, default=-1))
    if not seen["versions"].ok:
        return told(
            trouble=f"Its versions could not be read: {seen['versions'].complaint}", blast=_replaces(target, now)
        )
    if goal is None:
        why = (
            f"There is no revision {wanted} of {target}."
            if wanted
            else f"{target} has no earlier version to go back to."
        )
        return told(refused=why)
    lines = [f"revision {revision} → {_revision(goal)}", *_versions(now, goal)]
    return told(preview="\n".join(lines), blast=_replaces(target, now))


def _versions(now: dict[str, Any], goal: dict[str, Any]) -> list[str]:
    """Images and variables that differ between what runs and the version to go back to."""
    have, want = _containers(now), _containers(goal)
    lines = []
    for name, one in have.items():
        other = want.get(name, {})
        if one.get("image") != other.get("image"):
            lines.append(f"image of {name}: {one.get('image')} → {other.get('image', 'gone')}")
        mine, theirs = _variables(one), _variables(other)
        lines += [
            f"{key} of {name}: {mine.get(key, 'not set')} → {theirs.get(key, 'not set')}"
            for key in sorted({*mine, *theirs})
            if mine.get(key) != theirs.get(key)
        ]
    return lines or ["Images and variables are the same; something else differs."]


def _set(command: Kubectl, target: str, now: dict[str, Any], *, masked: int) -> Told:
    """Variables and images: what stands there now, what will, and how to put it back."""
    pairs = [found for word in command.words if (found := SETS.fullmatch(word))]
    only = command.value("--containers")
    containers = {name: one for name, one in _containers(now).items() if only in ("", "*", name)}
    lines, back = list[str](), list[str]()
    certain = bool(pairs)
    for pair in pairs:
        key, value = pair["name"], pair["value"]
        if command.verb == "set image":
            olds = {one.get("image") for name, one in containers.items() if key in (name, "*")}
        else:
            olds = {_variables(one).get(key) for one in containers.values()}
        old = next(iter(olds), None)
        lines.append(f"{key}: {'not set' if old is None else old} → {'not set' if value is None else value}")
        certain &= len(olds) == 1 and not (isinstance(old, str) and old.startswith("from "))
        back.append(f"{key}-" if old is None else f"{key}={old}")
        certain &= old is not None or command.verb == "set env"
    more = [f"--containers={only}"] if only else []
    blast, what = _replaces(target, now), ", ".join(pair["name"] for pair in pairs)
    preview = "\n".join(lines)
    if certain and not masked:
        undo = command.read(*command.verb.split(), target, *back, *more)
        return Told(preview=preview, blast=blast, undo=undo, undone=f"Put {what} of {target} back as it was")
    revision = dig(now, "metadata", "annotations", REVISION, default="")
    if revision:
        undo = command.read("rollout", "undo", target, f"--to-revision={revision}")
        return Told(preview=preview, blast=blast, undo=undo, undone=f"Go back to revision {revision} of {target}")
    why = (
        "a secret was hidden in what was read" if masked else "its containers differ, or the value comes from elsewhere"
    )
    return Told(preview=preview, blast=blast, undone=f"The old value cannot be put back by a command: {why}.")


def _restart(command: Kubectl, target: str, now: dict[str, Any]) -> Told:
    have, ready = _counts(now)
    preview = f"{many(have, 'pod')} now ({ready} ready), each stopped and started anew"
    undone = "A restart cannot be taken back; the version stays the same."
    return Told(preview=preview, blast=_replaces(target, now), undone=undone)


def _replaces(target: str, now: dict[str, Any]) -> str:
    """How many pods a rollout replaces, and whether anything answers meanwhile."""
    have, ready = _counts(now)
    if target.startswith("statefulset/"):
        alone = "nothing answers meanwhile" if have == 1 else "one after the other, each stopped before it is started"
        return f"Replaces {'the only pod' if have == 1 else f'{have} pods'} of {target}: {alone}."
    if dig(now, "spec", "strategy", "type") == "Recreate":
        return f"Stops all {have} pods of {target} at once before new ones start: nothing answers meanwhile."
    few = " It is the last one that is ready." if ready == 1 and have > 1 else ""
    first = "a new one is started first" if have == 1 else "a few at a time, the others go on answering"
    return f"Replaces {'the only pod' if have == 1 else f'{have} pods'} of {target}, {first}.{few}"


def _counts(now: dict[str, Any]) -> tuple[int, int]:
    if dig(now, "kind") == "DaemonSet":
        status = dig(now, "status", default={})
        return int(dig(status, "desiredNumberScheduled", default=0)), int(dig(status, "numberReady", default=0))
    return int(dig(now, "spec", "replicas", default=1)), int(dig(now, "status", "readyReplicas", default=0))


def _owned(one: dict[str, Any], owner: dict[str, Any]) -> bool:
    name, uid = dig(owner, "metadata", "name"), dig(owner, "metadata", "uid")
    owners = dig(one, "metadata", "ownerReferences", default=[])
    return any(ref.get("name") == name and (not uid or ref.get("uid") == uid) for ref in owners)


def _revision(one: dict[str, Any]) -> int:
    return _number(dig(one, "metadata", "annotations", REVISION, default=""))


def _number(text: str) -> int:
    return int(text) if str(text).isdigit() else 0


def _containers(one: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = dig(one, "spec", "template", "spec", "containers", default=[])
    return {container.get("name", ""): container for container in found}


def _variables(container: dict[str, Any]) -> dict[str, str]:
    """Variables with their values; one that comes from a secret or config map says so instead."""
    return {
        one.get("name", ""): f"from {shlex.quote(str(next(iter(one['valueFrom']))))}"
        if "valueFrom" in one
        else one.get("value", "")
        for one in container.get("env") or []
    }
