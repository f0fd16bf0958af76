"""Rehearsal: a change is tried on the server without being made, so that people are not asked for what cannot be done.

Kubernetes lets only an account make a dry run that may make the change itself, and keeps nothing of it
(https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run). So it is asked in the lane that will make the
change, and what the server would not take, or that lane may not do, is said before anybody says yes.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import replace

from fireline.core.change.kubectl import Kubectl
from fireline.core.change.model import UNSEEN, Change, Looked, Told

NAME = "rehearsal"
# Verbs whose --dry-run=server asks the server, in kubectl 1.36. `rollout restart` has none; of `set env` the guard does
# not tell a rehearsed variable from one that is set, so it is not asked.
VERBS = frozenset({"apply", "delete", "patch", "rollout undo", "scale", "set image"})
NO = re.compile(
    r"is invalid|\bforbidden\b|denied the request|strict decoding error|error validating|unknown field"
    r"|does not match the namespace|no matches for kind|\(BadRequest\)|\(Invalid\)|exceeded quota",
    re.IGNORECASE,
)
LONGEST = 300  # characters of what the server says


def rehearsed(change: Change, command: Kubectl) -> Change:
    """The same change with a look at what the server would say to it; as it is where the server cannot be asked."""
    reads_stdin = any(flag in {"--filename", "--patch-file"} and value == "-" for flag, value in command.flags)
    if command.verb not in VERBS or command.after or command.has("--local") or reads_stdin or not change.looks:
        return change
    looks = {**change.looks, NAME: shlex.join([*command.argv, "--dry-run=server"])}
    return replace(change, looks=looks, rehearsals=(*change.rehearsals, NAME), tell=_weighed(change.tell))


def _weighed(tell: Callable[[Looked], Told]) -> Callable[[Looked], Told]:
    def weighed(seen: Looked) -> Told:
        told = tell(seen)
        return told if told.instead else replace(told, refused=told.refused or _refused(seen))

    return weighed


def _refused(seen: Looked) -> str:
    """Why it must not be asked for, "" when the server would take it or could not be asked."""
    said = seen.get(NAME, UNSEEN)
    if said.code in (None, 0):
        return ""
    line = next((line.strip() for line in said.output.splitlines() if NO.search(line)), "")[:LONGEST]
    if not line or "failed to download openapi" in line:  # kubectl could not even ask
        return ""
    if "forbidden: user" in line.lower() or " cannot " in line:
        return f"The account that would make this change may not: {line}"
    return f"The server would not take it: {line}"
