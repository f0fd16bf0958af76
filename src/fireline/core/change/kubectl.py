"""A kubectl command taken apart: verb, object, flags. What it does not know for sure it does not take."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

PROGRAMS = frozenset({"kubectl", "oc", "k"})
VERBS = {"rollout": 2, "set": 2, "config": 2}  # words of the verb; the others have one
SHORT = {
    "-n": "--namespace", "-f": "--filename", "-s": "--server", "-l": "--selector", "-o": "--output",
    "-c": "--containers", "-k": "--kustomize", "-A": "--all-namespaces", "-p": "--patch", "-e": "--env",
    "-i": "--stdin", "-t": "--tty", "-q": "--quiet", "-R": "--recursive",
}  # fmt: skip
# Flags that take a value in kubectl 1.32 (`kubectl options`, `kubectl <verb> --help`), and those that do not.
VALUED = frozenset(
    "--namespace --context --cluster --server --user --as --as-group --token --kubeconfig --request-timeout "  # noqa: SIM905
    "--filename --kustomize --selector --field-selector --output --containers --container --patch --patch-file --type "
    "--replicas --current-replicas --resource-version --to-revision --timeout --grace-period --env --from --prefix "
    "--keys --field-manager --subresource --template".split()
)
OPTIONAL = frozenset({"--dry-run", "--cascade", "--validate"})  # a value only after "="
SWITCHES = frozenset(
    "--all --all-namespaces --force --now --wait --overwrite --record --server-side --force-conflicts --local "  # noqa: SIM905
    "--resolve --list --recursive --ignore-not-found --prune --stdin --tty --quiet --stdin --interactive".split()
)
WHERE = ("--context", "--namespace", "--server", "--cluster", "--user", "--kubeconfig", "--token", "--as", "--as-group")
KINDS = {
    "deployment": ("deploy", "deployments", "deployment.apps", "deployments.apps"),
    "statefulset": ("sts", "statefulsets", "statefulset.apps", "statefulsets.apps"),
    "daemonset": ("ds", "daemonsets", "daemonset.apps", "daemonsets.apps"),
    "replicaset": ("rs", "replicasets", "replicaset.apps", "replicasets.apps"),
    "pod": ("po", "pods"),
    "service": ("svc", "services"),
    "configmap": ("cm", "configmaps"),
    "job": ("jobs", "job.batch", "jobs.batch"),
}
KIND = {alias: kind for kind, aliases in KINDS.items() for alias in (kind, *aliases)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubectl:
    """One kubectl command. `after` is what stands after `--`, the words of a command in a container."""

    argv: tuple[str, ...]
    verb: str
    words: tuple[str, ...]
    flags: tuple[tuple[str, str], ...]
    after: tuple[str, ...] = ()

    def value(self, name: str, default: str = "") -> str:
        """The last value of a flag, as kubectl takes it."""
        return next((value for flag, value in reversed(self.flags) if flag == name), default)

    def has(self, name: str) -> bool:
        """Whether a flag is there and not switched off."""
        return any(flag == name and value != "false" for flag, value in self.flags)

    @property
    def scope(self) -> tuple[str, ...]:
        """The flags that say which cluster and namespace, for the commands that look at the same."""
        return tuple(f"{flag}={value}" for flag, value in self.flags if flag in WHERE)

    @property
    def objects(self) -> tuple[str, ...]:
        """What it names, as `kind/name`; () when it names none, or not by kind."""
        words = self.words
        if not words:
            return ()
        if "/" in words[0]:
            found = [word.partition("/") for word in words if "/" in word and "=" not in word.partition("/")[0]]
            return tuple(f"{kind_of(kind)}/{name}" for kind, _, name in found)
        return tuple(f"{kind_of(words[0])}/{name}" for name in words[1:] if "=" not in name and name[-1:] != "-")

    def read(self, *words: str) -> str:
        """A kubectl command that looks at the same cluster and namespace."""
        return shlex.join([self.argv[0], *words, *self.scope])


def kind_of(word: str) -> str:
    """The one word that fireline has for a kind: `deploy` and `deployments.apps` are a deployment."""
    return KIND.get(word.lower(), word.lower())


def take(argv: tuple[str, ...]) -> Kubectl | None:
    """Take a kubectl command apart; None when it is none, or has a flag that is not known here."""
    if not argv or argv[0].rpartition("/")[2] not in PROGRAMS:
        return None
    words, flags, at = list[str](), list[tuple[str, str]](), 1
    while at < len(argv):
        word = argv[at]
        at += 1
        if word == "--":
            break
        if not word.startswith("-") or word == "-":
            words.append(word)
            continue
        name, equals, value = word.partition("=")
        if not word.startswith("--"):
            if word in ("-it", "-ti"):
                flags += [("--stdin", ""), ("--tty", "")]
                continue
            name, glued = word[:2], word[2:]
            equals, value = ("=", glued.removeprefix("=")) if glued else ("", "")
            name = SHORT.get(name, name)
        if name in VALUED and not equals:
            if at >= len(argv):
                return None
            value, at = argv[at], at + 1
        elif not (name in VALUED or name in OPTIONAL or name in SWITCHES):
            return None
        flags.append((name, value))
    many = VERBS.get(words[0], 1) if words else 1
    if len(words) < many:
        return None
    return Kubectl(
        argv=argv, verb=" ".join(words[:many]), words=tuple(words[many:]), flags=tuple(flags), after=argv[at:]
    )
