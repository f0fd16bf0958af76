"""`kubectl exec … -- program`: into what it goes, and which program it starts there."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fireline.core.question import flags

SWITCHES = frozenset({"-i", "-t", "--stdin", "--tty", "-q", "--quiet"})
WORKLOADS = frozenset({"deploy", "sts", "ds"})
VALUED = frozenset({"-n", "--namespace", "-c", "--container", "--context"})
# The names kubectl knows one kind by: `kubectl api-resources`
KINDS = {
    "deployments": "deploy", "deployment": "deploy", "deployments.apps": "deploy", "deployment.apps": "deploy",
    "statefulset": "sts", "statefulsets": "sts", "statefulset.apps": "sts", "statefulsets.apps": "sts",
    "daemonset": "ds", "daemonsets": "ds", "daemonset.apps": "ds", "daemonsets.apps": "ds",
    "pods": "pod", "po": "pod", "services": "svc", "service": "svc",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Inside:
    """A container as `kubectl exec` names it; "" for what it leaves to the kubeconfig."""

    target: str  # "deploy/postgres"; a bare name is a pod's
    namespace: str = ""
    container: str = ""
    context: str = ""

    def same(self, other: Inside) -> bool:
        """The same container, also where one calls a deployment what the other calls a stateful set."""
        kinds = {self.target.partition("/")[0], other.target.partition("/")[0]}
        return self == other or (
            kinds <= WORKLOADS
            and replace(self, target=self.target.partition("/")[2])
            == replace(other, target=other.target.partition("/")[2])
        )


def taken_apart(argv: Sequence[str]) -> tuple[Inside, tuple[str, ...]] | None:
    """Into what `kubectl exec …` goes, and the words of the program there. None when it is not one, or not clear."""
    words = tuple(argv)
    if words[:1] != ("kubectl",) or "--" not in words:
        return None
    cut = words.index("--")
    place = _place(words[1:cut], "exec")
    return (place, words[cut + 1 :]) if place and words[cut + 1 :] else None


def named(text: str) -> Inside | None:
    """The same container from what settings say of it: "deploy/postgres -n shop"."""
    try:
        return _place(tuple(shlex.split(text)))
    except ValueError:
        return None


def _place(args: Sequence[str], *verb: str) -> Inside | None:
    read = flags(args, switches=SWITCHES, valued=VALUED)
    if read is None or read.words[:-1] != verb or not read.words:
        return None
    kind, slash, name = read.words[-1].rpartition("/")
    kind = KINDS.get(kind.lower(), kind.lower()) if slash else "pod"
    return Inside(
        target=f"{kind}/{name}",
        namespace=read.last("-n", "--namespace") or "",
        container=read.last("-c", "--container") or "",
        context=read.last("--context") or "",
    )
