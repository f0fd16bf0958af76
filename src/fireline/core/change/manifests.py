"""Changes to objects of a cluster: apply a file, delete, patch.

An object that is there is read whole first; to undo the change it is put back as it was. The preview is what the
server itself says would change, or what the file sets otherwise than it is now where the server does not say.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any

from fireline.core.change.kubectl import Kubectl, kind_of
from fireline.core.change.model import UNSEEN, Change, Looked, Seen, Told, differences, dig, many, objects, short

UNDO_MAX_CHARS = 15_000  # of a command that puts objects back; a longer one is kept by nobody in their head
# The server writes these; put back, they would be refused or mean nothing.
SERVERS_OWN = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"  # kubectl apply keeps its file there
NAMED_MAX = 5


def understand(command: Kubectl, text: str) -> Change | None:
    """What a kubectl apply, delete or patch is about; None for any other command."""
    match command.verb:
        case "apply":
            return _apply(command)
        case "delete" | "patch" if command.objects or command.words:
            return _pods(command) if _is_pods(command) else _objects(command)
        case _:
            return None


def _apply(command: Kubectl) -> Change | None:
    files = [f"{flag}={value}" for flag, value in command.flags if flag in ("--filename", "--kustomize", "--recursive")]
    if not files or "--filename=-" in files or command.words:
        return None
    files = [one if one != "--recursive=" else "--recursive" for one in files]
    named = ", ".join(value for flag, value in command.flags if flag in ("--filename", "--kustomize"))
    return Change(
        kind="apply",
        object=named,
        does="Creates or changes the objects of the file.",
        looks={
            "diff": command.read("diff", *files),
            "wanted": command.read("create", *files, "--dry-run=client", "-o", "json"),
            "now": command.read("get", *files, "--ignore-not-found", "-o", "json"),
        },
        captures=("now", "wanted"),
        rehearsals=("diff",),
        tell=partial(_tell_apply, command),
    )


def _tell_apply(command: Kubectl, seen: Looked) -> Told:
    now, wanted, diff = seen.get("now", UNSEEN), seen.get("wanted", UNSEEN), seen.get("diff", UNSEEN)
    if not wanted.ok:
        return Told(trouble=f"The file could not be read: {wanted.complaint}", undone="What it changes is not known.")
    if not now.ok:
        return Told(
            trouble=f"What is there now could not be read: {now.complaint}", undone="The present state is not known."
        )
    have = {_name(one): one for one in objects(now.output)}
    want = {_name(one): one for one in objects(wanted.output)}
    new = [name for name in want if name not in have]
    lines = [f"+ {name} is new" for name in new]
    for name, one in want.items():
        if name in have:
            lines += [f"{name} {line}" for line in differences(have[name], _bare(one))]
    if diff.code in (0, 1) and "forbidden" not in diff.output.lower():
        preview = short(diff.output) or "The server says that nothing would change."
    else:
        preview = short("\n".join(lines)) or "Nothing in the file differs from what is there."
    changed = [name for name in want if name in have]
    parts = [f"changes {_names(changed)}"] if changed else []
    parts += [f"creates {_names(new)}"] if new else []
    rolls = [name for name in changed if name.partition("/")[0] in ("deployment", "statefulset", "daemonset")]
    restarts = f" If the pod template differs, the pods of {_names(rolls)} are replaced." if rolls else ""
    blast = f"It {' and '.join(parts)}.{restarts}" if parts else ""
    back = [_apply_again(command, [have[name] for name in changed])] if changed else []
    back += [command.read("delete", name, *_namespace(command, [want[name]])) for name in new]
    spaces = tuple(sorted({space for one in want.values() if (space := dig(one, "metadata", "namespace"))}))
    written = sha256(wanted.output.encode()).hexdigest()
    told = Told(preview=preview, blast=blast, namespaces=spaces, written=written)
    return _with_undo(told, "\n".join(back), f"Put {_names([*changed, *new])} back", now)


def _is_pods(command: Kubectl) -> bool:
    kinds = {name.partition("/")[0] for name in command.objects} or {kind_of(command.words[0])}
    return command.verb == "delete" and kinds == {"pod"}


def _pods(command: Kubectl) -> Change:
    names = [one.partition("/")[2] for one in command.objects]
    selector = command.value("--selector")
    looks = {"pods": command.read("get", "pods", "-o", "json")}
    if selector:
        looks["chosen"] = command.read("get", "pods", f"--selector={selector}", "-o", "json")
    return Change(
        kind="delete pods",
        object=", ".join(f"pod/{name}" for name in names) or f"pods with {selector}"
        if selector or names
        else "all pods",
        does="Ends pods. Whatever controls them starts others in their place.",
        looks=looks,
        captures=tuple(looks),
        tell=partial(_tell_pods, tuple(names), bool(selector)),
    )


def _tell_pods(names: tuple[str, ...], by_selector: bool, seen: Looked) -> Told:  # noqa: FBT001  # bound by a partial
    looked = seen.get("chosen" if by_selector else "pods", UNSEEN)
    everything = {dig(one, "metadata", "name"): one for one in objects(seen.get("pods", UNSEEN).output)}
    if not looked.ok:
        why = f"The pods could not be read: {looked.complaint}"
        return Told(trouble=why, undone="A pod that was deleted cannot be brought back.")
    chosen = {name: one for name, one in everything.items() if name in names or not (names or by_selector)}
    if by_selector:
        chosen = {dig(one, "metadata", "name"): one for one in objects(looked.output)}
    gone = [name for name in names if name not in everything]
    if gone or not chosen:
        return Told(
            refused=f"There is no pod {gone[0]}." if gone else "No pod fits.", undone="There is nothing to undo."
        )
    lines, warnings = list[str](), list[str]()
    orphans = [name for name, one in chosen.items() if not _owner(one)]
    for owner in dict.fromkeys(_owner(one) for one in chosen.values() if _owner(one)):
        mine = [one for one in everything.values() if _owner(one) == owner]
        ready = [dig(one, "metadata", "name") for one in mine if _ready(one)]
        left = [name for name in ready if name not in chosen]
        ends = [name for name, one in chosen.items() if _owner(one) == owner]
        lines.append(
            f"{owner}: ends {len(ends)} of {many(len(mine), 'pod')}; {len(ready)} ready now, {len(left)} meanwhile"
        )
        if ready and not left:
            warnings.append(f"No pod of {owner} is left that is ready: nothing answers until a new one is.")
    lines += [
        f"{name}: {dig(one, 'status', 'phase', default='?')}, restarted {_restarts(one)} times"
        for name, one in chosen.items()
    ]
    warnings += [f"{name} belongs to nothing: nobody starts it again." for name in orphans]
    blast = " ".join([f"Ends {many(len(chosen), 'pod')}.", *warnings])
    undone = (
        "Nothing to undo: a new pod takes its place."
        if not orphans
        else "Nobody starts it again, and there is no undo."
    )
    return Told(preview=short("\n".join(lines)), blast=blast, undone=undone)


def _objects(command: Kubectl) -> Change | None:
    targets = command.objects
    if any(one.startswith(("secret/", "secrets/")) for one in targets):
        return None  # looking would put the secret into the evidence
    if not targets or command.has("--all") or command.has("--selector"):
        return None
    looks = {"now": command.read("get", *targets, "-o", "json")}
    if command.verb == "patch":
        looks["wanted"] = shlex.join([*command.argv, "--dry-run=server", "-o", "json"])
    does = "Deletes the object." if command.verb == "delete" else "Changes fields of the object."
    return Change(
        kind=command.verb,
        object=", ".join(targets),
        does=does,
        looks=looks,
        captures=("now",),
        rehearsals=("wanted",) if command.verb == "patch" else (),
        tell=partial(_tell_objects, command),
    )


def _tell_objects(command: Kubectl, seen: Looked) -> Told:
    now = seen.get("now", UNSEEN)
    have = objects(now.output) if now.ok else []
    if not have:
        trouble = f"It could not be read: {now.complaint}"
        return Told(trouble=trouble, undone=f"The present state is not known. {trouble}")
    named = _names([_name(one) for one in have])
    if command.verb == "delete":
        told = Told(
            preview=f"{named}, since {dig(have[0], 'metadata', 'creationTimestamp', default='?')}",
            blast=f"Deletes {named}, and whatever belongs to it.",
        )
        return _with_undo(told, _create(command, have), f"Create {named} anew, as it was", now)
    wanted = seen.get("wanted", UNSEEN)
    lines = differences(have[0], _bare(next(iter(objects(wanted.output)), {}))) if wanted.ok else []
    trouble = "" if wanted.ok else f"The server's dry run is not to be had: {wanted.complaint}"
    rolls = any(line.startswith("spec.template") for line in lines)
    blast = f"Changes {named}." + (" Its pods are replaced." if rolls else "")
    preview = short("\n".join(lines)) or ("The server says that nothing would change." if wanted.ok else "")
    told = Told(preview=preview, trouble=trouble, blast=blast)
    return _with_undo(told, _put_back(command, have), f"Put {named} back as it was", now)


def _with_undo(told: Told, undo: str, what: str, now: Seen) -> Told:
    if now.masked or any(one.get("kind") == "Secret" for one in objects(now.output)):
        return replace(
            told, undone="It holds a secret, which fireline does not keep: it cannot be put back by a command."
        )
    if len(undo) > UNDO_MAX_CHARS:
        return replace(told, undone="What is there now is too long for a command that puts it back.")
    return replace(told, undo=undo, undone=what)


def _put_back(command: Kubectl, have: list[dict[str, Any]]) -> str:
    return f"{command.read('replace', '-f', '-', *_namespace(command, have))} <<'UNDO'\n{_as_list(have)}\nUNDO"


def _apply_again(command: Kubectl, have: list[dict[str, Any]]) -> str:
    """Apply takes back what an apply has set: the fields of its file that the old object did not have go, too."""
    olds = []
    for one in have:
        metadata = dict(dig(one, "metadata", default={}))
        kept = {key: value for key, value in (metadata.get("annotations") or {}).items() if key != LAST_APPLIED}
        olds.append(
            {**one, "metadata": metadata | {"annotations": kept} if kept else _without(metadata, "annotations")}
        )
    return f"{command.read('apply', '-f', '-', *_namespace(command, have))} <<'UNDO'\n{_as_list(olds)}\nUNDO"


def _without(thing: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in thing.items() if name != key}


def _create(command: Kubectl, have: list[dict[str, Any]]) -> str:
    return f"{command.read('create', '-f', '-', *_namespace(command, have))} <<'UNDO'\n{_as_list(have)}\nUNDO"


def _namespace(command: Kubectl, have: list[dict[str, Any]]) -> list[str]:
    """The namespace the objects stand in, as a flag, where the command did not say it and it is one."""
    spaces = {dig(one, "metadata", "namespace") for one in have} - {None}
    return [f"--namespace={spaces.pop()}"] if len(spaces) == 1 and not command.value("--namespace") else []


def _as_list(have: list[dict[str, Any]]) -> str:
    bare = [_bare(one) for one in have]
    whole = bare[0] if len(bare) == 1 else {"apiVersion": "v1", "kind": "List", "items": bare}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def _bare(one: dict[str, Any]) -> dict[str, Any]:
    """The object without its status and what only the server writes."""
    kept = {key: value for key, value in one.items() if key != "status"}
    kept["metadata"] = {key: value for key, value in dig(one, "metadata", default={}).items() if key not in SERVERS_OWN}
    return kept


def _name(one: dict[str, Any]) -> str:
    return f"{str(one.get('kind', '')).lower()}/{dig(one, 'metadata', 'name', default='?')}"


def _names(names: list[str]) -> str:
    more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
    return ", ".join(names[:NAMED_MAX]) + more


def _owner(pod: dict[str, Any]) -> str:
    ref = dig(pod, "metadata", "ownerReferences", 0, default={})
    return f"{str(ref.get('kind', '')).lower()}/{ref.get('name')}" if ref else ""


def _ready(pod: dict[str, Any]) -> bool:
    conditions = dig(pod, "status", "conditions", default=[])
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def _restarts(pod: dict[str, Any]) -> int:
    return sum(int(one.get("restartCount") or 0) for one in dig(pod, "status", "containerStatuses", default=[]))
