"""Deployers: helm and argocd reach a cluster by flags of their own; which cluster, and how to say it beyond doubt.

Helm reads the kubeconfig that kubectl reads, so where it goes is asked of kubectl. Argo CD's command line goes to the
server it logged in to last, which nobody can see from outside: so the server has to be said in the command.
Flags: `helm --help` of Helm 3.18 and 4.0; https://argo-cd.readthedocs.io/en/stable/user-guide/commands/argocd/.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fireline.core.change.kubectl import Kubectl

HELM, ARGOCD = "helm", "argocd"
PROGRAMS = frozenset({HELM, ARGOCD})
# What a flag of Helm's is to kubectl. Those that reach past the context are named as Helm names them.
SCOPE = {
    "--kube-context": "--context", "--namespace": "--namespace", "-n": "--namespace", "--kubeconfig": "--kubeconfig",
    "--kube-apiserver": "--kube-apiserver", "--kube-token": "--kube-token", "--kube-as-user": "--kube-as-user",
    "--kube-as-group": "--kube-as-group",
}  # fmt: skip
SWITCHES = frozenset(
    "--atomic --cleanup-on-fail --create-namespace --debug --dependency-update --devel --disable-openapi-validation "  # noqa: SIM905
    "--dry-run --force --hide-notes --hide-secret --install -i --keep-history --no-hooks --recreate-pods "
    "--reset-values --reuse-values --reset-then-reuse-values --rollback-on-failure --skip-crds --take-ownership --wait "
    "--wait-for-jobs --force-conflicts --force-replace --server-side".split()
)
PAST = ("--core", "--port-forward", "--port-forward-namespace", "--argocd-context", "--config", "--kube-context",
        "--auth-token")  # fmt: skip
SETS = re.compile(r"\b(?:HELM_KUBE\w+|HELM_NAMESPACE|ARGOCD_\w+)=")  # they say where it goes as well


@dataclass(frozen=True, slots=True)
class Argo:
    """One argocd command: the server it names, "" for none, and a flag that reaches past that, "" for none."""

    server: str = ""
    past: str = ""


def helm(argv: tuple[str, ...]) -> Kubectl | None:
    """Where a helm command goes, as the kubectl command that goes there; None where that is not sure."""
    flags, at = list[tuple[str, str]](), 1
    while at < len(argv):
        word, before = argv[at], argv[at - 1]
        at += 1
        name, equals, value = word.partition("=")
        if not word.startswith("--") and word.startswith("-n"):
            name, value = "-n", word[2:].removeprefix("=")
            equals = value
        if name not in SCOPE:
            if re.fullmatch(r"-[a-zA-Z]+n.*", word):  # -n hidden behind another letter
                return None
            continue
        if before.startswith("-") and "=" not in before and before not in SWITCHES:
            return None  # it may be the value of the flag before it
        if not equals:
            if at >= len(argv) or argv[at].startswith("-"):
                return None
            value, at = argv[at], at + 1
        flags.append((SCOPE[name], value))
    return Kubectl(argv=("kubectl",), verb=HELM, words=argv[1:], flags=tuple(flags))


def argocd(argv: tuple[str, ...]) -> Argo:
    """Which server an argocd command names."""
    server = ""
    for at, word in enumerate(argv[1:], 1):
        name, equals, value = word.partition("=")
        if name in PAST:
            return Argo(server, name)
        if name == "--server":
            server = value if equals else argv[at + 1] if at + 1 < len(argv) else ""
    return Argo(server)


def address(server: str) -> str:
    """A server's address without what says nothing: scheme, port 443, a slash at the end."""
    return re.sub(r"^https?://|(?::443)?/*$", "", server.lower())


def pinned(text: str, argv: tuple[str, ...] | None, *, context: str, server: str) -> str:
    """The same command with the environment's context or Argo CD server in it, where it names none itself."""
    program = (argv or ("",))[0]
    if argv is None or not text.startswith(f"{program} "):
        return text
    match program:
        case "helm" if context:
            goes = helm(argv)
            said = goes is None or goes.value("--context") or goes.value("--kubeconfig")
            return text if said else text.replace(program, f"{program} --kube-context={context}", 1)
        case "argocd" if server and argocd(argv) == Argo():
            return text.replace(program, f"{program} --server={server}", 1)
        case _:
            return text
