"""What an object may look like, and how a patch changes it, as the official OpenAPI document says.

The document is the vendor's Swagger where it is at hand, else the copy of the same definitions that the
kubernetes-validate package carries.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

Thing = dict[str, Any]
TYPES = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}


class Invalid(Exception):  # noqa: N818  # the server's own word
    """The object is not one: each fault in words."""

    def __init__(self, *faults: str) -> None:
        super().__init__(*faults)

    def __str__(self) -> str:
        return ", ".join(self.args)


class Schema:
    """The definitions of one OpenAPI document."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self._named = definitions
        self._of = {
            (("" if not kind["group"] else kind["group"] + "/") + kind["version"], kind["kind"]): {
                "$ref": f"#/x/{name}"
            }
            for name, one in definitions.items()
            for kind in one.get("x-kubernetes-group-version-kind", ())
        }

    @classmethod
    def read(cls, shared: Path | None) -> Schema:
        """Take the vendor's document if it is there."""
        if shared is not None:
            return cls(json.loads((shared / "contracts/kubernetes/swagger-v1.36.2.json").read_text())["definitions"])
        carried = files("kubernetes_validate") / "kubernetes-json-schema/v1.36.0-local/_definitions.json"
        return cls(json.loads(carried.read_text())["$defs"])

    def of(self, thing: Thing) -> Thing:
        """Give the schema of this object."""
        return self._of.get((thing.get("apiVersion", ""), thing.get("kind", "")), {})

    def check(self, thing: Thing, now: Thing | None = None) -> None:
        """Raise Invalid with everything that is wrong with it, or with the way from `now` to it."""
        faults = list(self._faults(thing, self.of(thing), "")) or list(_rules(thing))
        selector = thing.get("spec", {}).get("selector")
        if now and thing["apiVersion"] == "apps/v1" and now["spec"].get("selector") != selector:
            faults.append("spec.selector: Invalid value: field is immutable")
        if faults:
            raise Invalid(*faults)

    def strategic(self, now: Any, patch: Thing, schema: Thing) -> Any:
        """Give the object after a strategic merge patch: lists are merged by the keys the document names."""
        if patch.get("$patch") == "replace":
            return {key: value for key, value in patch.items() if key != "$patch"}
        schema = self._resolved(schema)
        made = dict(now or {})
        for key, value in patch.items():
            if key.startswith("$"):
                continue
            inner = schema.get("properties", {}).get(key) or schema.get("additionalProperties") or {}
            if value is None:
                made.pop(key, None)
            elif isinstance(value, dict):
                made[key] = self.strategic(made.get(key), value, inner)
            elif isinstance(value, list) and "merge" in inner.get("x-kubernetes-patch-strategy", ""):
                order = patch.get(f"$setElementOrder/{key}")
                made[key] = self._merged_list(list(made.get(key) or []), value, inner, order)
            else:
                made[key] = value
        return made

    def _merged_list(self, old: list[Any], new: list[Any], schema: Thing, order: list[Any] | None) -> list[Any]:
        by = schema.get("x-kubernetes-patch-merge-key")
        if not by:
            return old + [one for one in new if one not in old]
        for one in new:
            if by not in one:
                raise Invalid(f"map: {one} does not contain declared merge key: {by}")
            place = next((index for index, had in enumerate(old) if had.get(by) == one[by]), None)
            if one.get("$patch") == "delete":
                old = [had for had in old if had.get(by) != one[by]]
            elif place is None:
                old.append({key: value for key, value in one.items() if not key.startswith("$")})
            else:
                old[place] = self.strategic(old[place], one, schema.get("items", {}))
        wanted = [one[by] for one in order or ()]
        return sorted(old, key=lambda one: wanted.index(one[by]) if one[by] in wanted else len(wanted))

    def _resolved(self, schema: Thing) -> Thing:
        while "$ref" in schema:
            schema = self._named[schema["$ref"].rpartition("/")[2]]
        return schema

    def _faults(self, value: Any, schema: Thing, place: str) -> Iterator[str]:
        schema = self._resolved(schema)
        kind = schema.get("type", "")
        kind = kind if isinstance(kind, str) else next(one for one in kind if one != "null")  # the carried copy says so
        wanted = TYPES.get(kind)
        if schema.get("format") == "int-or-string" or value is None:
            return
        if wanted and (not isinstance(value, wanted) or (wanted is int and isinstance(value, bool))):
            yield f"{place}: Invalid value: {json.dumps(value)}: must be of type {kind}"
        elif isinstance(value, dict):
            for name in schema.get("required", ()):
                if name not in value:
                    yield f"{place}.{name}".lstrip(".") + ": Required value"
            for name, part in value.items():
                inner = schema.get("properties", {}).get(name) or schema.get("additionalProperties") or {}
                if isinstance(inner, dict):
                    yield from self._faults(part, inner, f"{place}.{name}".lstrip("."))
        elif isinstance(value, list):
            for index, part in enumerate(value):
                yield from self._faults(part, schema.get("items", {}), f"{place}[{index}]")


def _rules(thing: Thing) -> Iterator[str]:
    """Tell what the server holds beyond its document: https://kubernetes.io/docs/reference/, seen from kubectl."""
    spec = thing.get("spec") or {}
    if thing["kind"] in {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"}:
        template = spec.get("template") or {}
        labels = (template.get("metadata") or {}).get("labels") or {}
        wanted = (spec.get("selector") or {}).get("matchLabels") or {}
        if not wanted or any(labels.get(key) != value for key, value in wanted.items()):
            yield (
                f"spec.template.metadata.labels: Invalid value: {json.dumps(labels)}: "
                "`selector` does not match template `labels`"
            )
        if spec.get("replicas", 1) < 0:
            yield f"spec.replicas: Invalid value: {spec['replicas']}: must be greater than or equal to 0"
        yield from _containers((template.get("spec") or {}), "spec.template.spec")
    elif thing["kind"] == "Pod":
        yield from _containers(spec, "spec")


def _containers(spec: Thing, place: str) -> Iterator[str]:
    containers = spec.get("containers") or []
    if not containers:
        yield f"{place}.containers: Required value"
    for index, one in enumerate(containers):
        if not one.get("image"):
            yield f"{place}.containers[{index}].image: Required value"


def merged(now: Any, patch: Any) -> Any:
    """Give the object after a JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    made = dict(now) if isinstance(now, dict) else {}
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = merged(made.get(key), value)
    return made


def patched(now: Thing, operations: list[Thing]) -> Thing:
    """Give the object after a JSON patch (RFC 6902): what kubectl sends of it."""
    made = copy.deepcopy(now)
    for one in operations:
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in one["path"].split("/")[1:]]
        place: Any = made
        for part in way:
            place = place[int(part)] if isinstance(place, list) else place.setdefault(part, {})
        key: Any = last if not isinstance(place, list) else len(place) if last == "-" else int(last)
        match one["op"]:
            case "remove":
                del place[key]
            case "test":
                if place[key] != one["value"]:
                    raise Invalid(f"testing value {one['path']} failed")
            case "add" if isinstance(place, list):
                place.insert(key, one["value"])
            case "add" | "replace":
                place[key] = one["value"]
            case operation:
                raise Invalid(f"JSON Patch {operation} is not among what this server does")
    return made
