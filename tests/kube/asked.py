"""What a request says: its selectors, its Protocol Buffers; and the no it may get."""

from __future__ import annotations

from typing import Any

Thing = dict[str, Any]


class No(Exception):  # noqa: N818  # the answer to a request that will not be had
    """A Status object with its code."""

    def __init__(self, code: int, reason: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        about = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "details": details}
        self.body = about | {"message": message, "reason": reason, "code": code}


def reviewed(raw: bytes) -> Thing:
    """Read a SelfSubjectAccessReview that came as Protocol Buffers, as kubectl sends this one kind."""
    # https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding: four bytes, then Unknown.raw = 2
    attributes = fields(fields(fields(fields(raw[4:])[2])[2])[1])
    named = {1: "namespace", 2: "verb", 3: "group", 4: "version", 5: "resource", 6: "subresource", 7: "name"}
    about = {named[number]: value.decode() for number, value in attributes.items() if number in named}
    kind = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    return kind | {"spec": {"resourceAttributes": about}}


def fields(message: bytes) -> dict[int, bytes]:
    """Give the fields of a Protocol Buffers message that has only strings and messages in it."""
    found: dict[int, bytes] = {}
    place = 0
    while place < len(message):
        number, size, place = message[place] >> 3, message[place + 1], place + 2
        if size & 0x80:
            size, place = (size & 0x7F) | message[place] << 7, place + 1
        found[number] = message[place : place + size]
        place += size
    return found


def matches(query: dict[str, str], thing: Thing) -> bool:
    """Whether the object is what labelSelector and fieldSelector ask for."""
    labels = thing["metadata"].get("labels") or {}
    return all(_label(one, labels) for one in filter(None, query.get("labelSelector", "").split(","))) and all(
        _field(one, thing) for one in filter(None, query.get("fieldSelector", "").split(","))
    )


def _label(wanted: str, labels: dict[str, str]) -> bool:
    if "!=" in wanted:
        key, _, value = wanted.partition("!=")
        return labels.get(key) != value
    if "=" in wanted:
        key, _, value = wanted.replace("==", "=").partition("=")
        return labels.get(key) == value
    if " " in wanted:
        raise No(400, "BadRequest", f"this stand-in does not understand the selector {wanted}")
    return (wanted.lstrip("!") in labels) != wanted.startswith("!")


def _field(wanted: str, thing: Thing) -> bool:
    no = "!=" in wanted
    path, _, value = wanted.replace("!=", "=").replace("==", "=").partition("=")
    place: Any = thing
    for part in path.split("."):
        place = place.get(part) if isinstance(place, dict) else None
    return (str(place or "") == value) != no
