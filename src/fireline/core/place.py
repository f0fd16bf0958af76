"""Place: which cluster and namespace a command really reaches, and whether that is where the incident is.

A restart in the wrong cluster is an outage of its own. Where the settings pin an environment, a command of kubectl,
helm or argocd that would change something anywhere else is refused, when it is asked for and right before it runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from fireline.core import deployers, guard
from fireline.core.change import argv, kubectl
from fireline.core.change.kubectl import Kubectl
from fireline.core.change.model import Seen, answer, dig
from fireline.core.deployers import Argo
from fireline.core.guard import Tables
from fireline.core.guard.tree import Script

NAMES = ("environment", "env")  # labels and values by which an incident says where it is
# Flags that reach past the context that was checked.
ELSEWHERE = ("--cluster", "--user", "--kubeconfig", "--token", "--kube-apiserver", "--kube-token", "--kube-as-user",
             "--kube-as-group")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One environment as the settings pin it; what is "" or () is not pinned."""

    name: str
    context: str = ""
    namespaces: tuple[str, ...] = ()
    server: str = ""
    argocd: str = ""  # the address of its Argo CD
    runner: str = ""  # which runner carries out its commands; "" is this house


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one kubectl command goes: what its flags say, else what the lane's kubeconfig says."""

    context: str = ""
    namespace: str = ""
    server: str = ""

    def __str__(self) -> str:
        cluster = f"cluster {self.context}" if self.context else f"server {self.server}" if self.server else ""
        return " · ".join(part for part in (cluster, f"namespace {self.namespace}" if self.namespace else "") if part)


@dataclass(frozen=True, slots=True)
class Calls:
    """Where the commands of one text go: those of kubectl and helm, and those of argocd.

    `hidden` says why not all of them can be known, "" when they are.
    """

    known: tuple[Kubectl, ...]
    hidden: str = ""
    argocd: tuple[Argo, ...] = ()


def calls(text: str, parse: Callable[[str], Script], tables: Tables | None = None) -> Calls:
    """Every command of kubectl, helm and argocd in a text, wherever in it."""
    found, argo, hidden = list[Kubectl](), list[Argo](), ""
    for args, elsewhere in guard.programs(text, parse=parse, tables=tables):
        program = args[0].text.rpartition("/")[2]
        if not args[0].known or program not in kubectl.PROGRAMS | deployers.PROGRAMS:
            continue
        called = program if program in deployers.PROGRAMS else "kubectl"
        taken = _taken(called, tuple(arg.text for arg in args)) if all(arg.known for arg in args) else None
        if taken is None:
            hidden = (
                f"Where a {called} command in it goes is only known when it runs, or it has a flag nobody here knows."
            )
        elif elsewhere:
            hidden = f"It runs {called} on another machine, whose cluster nobody here knows."
        elif isinstance(taken, Argo):
            argo.append(taken)
        else:
            found.append(taken)
    if found and "KUBECONFIG" in text:
        hidden = "It names a kubeconfig of its own. Leave that out: the lane has one."
    if (found or argo) and deployers.SETS.search(text):
        hidden = "It sets a variable that says where it goes. Leave that out, and say it with a flag."
    return Calls(tuple(found), hidden, tuple(argo))


def _taken(program: str, argv: tuple[str, ...]) -> Kubectl | Argo | None:
    match program:
        case deployers.HELM:
            return deployers.helm(argv)
        case deployers.ARGOCD:
            return deployers.argocd(argv)
        case _:
            return kubectl.take(argv)


def astray(argo: Argo, environments: tuple[Environment, ...]) -> str:
    """Why an argocd command must not go to its server, "" when it may."""
    if argo.past:
        return f"{argo.past} reaches past the server that is pinned. Leave it out."
    pinned = [one for one in environments if one.argocd]
    if not pinned:
        return "Nobody has said which Argo CD this environment has: set `argocd` where the environment is pinned."
    if not argo.server:
        return f"It does not say which Argo CD it goes to: add --server={pinned[0].argocd}."
    if deployers.address(argo.server) in {deployers.address(one.argocd) for one in pinned}:
        return ""
    return f"{pinned[0].name} has the Argo CD {pinned[0].argocd}, and this goes to {argo.server}."


def pin(text: str, parse: Callable[[str], Script], environments: tuple[Environment, ...]) -> str:
    """The same command, saying itself where it goes, where that is one place and the command left it open."""
    contexts, servers = ({getattr(one, of) for one in environments} for of in ("context", "argocd"))
    alone = [next(iter(one)) if len(one) == 1 else "" for one in (contexts, servers)]
    return deployers.pinned(text, argv(text, parse), context=alone[0], server=alone[1])


def named_by_file(command: Kubectl) -> bool:
    """Whether a file may say another namespace than the one that counts here: with -n, kubectl refuses that."""
    file = any(flag in ("--filename", "--kustomize") for flag, _ in command.flags)
    return file and not command.value("--namespace")


def look(command: Kubectl) -> str:
    """The command that says which context, namespace and server kubectl would take; it asks no server."""
    context = command.value("--context")
    more = ["--context=" + context] if context else []
    return kubectl.Kubectl(argv=(command.argv[0],), verb="", words=(), flags=()).read(
        "config", "view", "--minify", *more, "-o", "json"
    )


def place(command: Kubectl, config: Seen) -> Place:
    """Where the command goes, given what `look` said; without a kubeconfig only the flags count."""
    try:
        view = json.loads(answer(config.output)) if config.ok else {}
    except ValueError:
        view = {}
    context = dig(view, "contexts", 0, "context", default={})
    namespace = dig(context, "namespace", default="default" if view else "")
    return Place(
        context=command.value("--context") or dig(view, "current-context", default=""),
        namespace="every namespace" if command.has("--all-namespaces") else command.value("--namespace") or namespace,
        server=command.value("--server") or dig(view, "clusters", 0, "cluster", "server", default=""),
    )


def chosen(environments: Iterable[Environment], values: Mapping[str, str]) -> tuple[Environment, ...]:
    """Those the incident may be in: the one its labels or the site's values name, else all of them.

    A name that no environment has gives none: then nothing may be changed, because nobody knows where it would be.
    """
    every = tuple(environments)
    named = [values[name] for name in NAMES if values.get(name)]
    return tuple(one for one in every if one.name == named[0]) if named else every


def wrong(command: Kubectl, at: Place, environments: tuple[Environment, ...]) -> str:
    """Why the command must not go there, "" when it may: one of the environments has to fit in every point."""
    if past := [flag for flag in ELSEWHERE if command.value(flag)]:
        return f"{past[0]} reaches past the context that is pinned. Leave it out."
    if not environments:
        return "The incident names an environment that the settings do not have. Add it there, or correct the label."
    troubles = [_differs(at, one) for one in environments]
    return "" if "" in troubles else troubles[0]


def _differs(at: Place, one: Environment) -> str:
    if one.context and at.context != one.context:
        return f"{one.name} is the context {one.context}, and this goes to {at.context or 'an unknown one'}."
    if one.server and at.server.rstrip("/") != one.server.rstrip("/"):
        return f"{one.name} is the server {one.server}, and this goes to {at.server or 'an unknown one'}."
    if one.namespaces and at.namespace not in one.namespaces:
        return f"{one.name} is {_namespaces(one)}, and this goes to {at.namespace or 'an unknown one'}."
    return ""


def _namespaces(one: Environment) -> str:
    kind = "namespace" if len(one.namespaces) == 1 else "namespaces"
    return f"the {kind} {', '.join(one.namespaces)}"
