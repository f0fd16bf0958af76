"""`kubectl` as far as it looks: get, describe pod, logs, rollout history and status, top.

Anything else, any flag that is not named here, several kinds at once, output in JSON or by a template: a process.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fireline.core.question import Flags, flags, own_settings
from fireline.core.question.kinds import DAEMON_SET, DEPLOYMENT, NODE, POD, STATEFUL_SET, Kind, kind

# What may come in the lane's environment and changes what kubectl does; `--kubeconfig` and friends are no known flags.
SETTINGS = ("KUBERC", "KUBECTL_KUBERC", "KUBERNETES_MASTER", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
PLACE = frozenset({"-n", "--namespace", "--context"})
SORTS = re.compile(r"\{?\.?([A-Za-z]+(?:\[\d+\])?(?:\.[A-Za-z]+(?:\[\d+\])?)*)\}?")
NAME = re.compile(r"[a-z0-9](?:[a-z0-9.:_-]*[a-z0-9])?")  # one path segment: nothing that leads elsewhere
DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:h|m|s))+")
UNITS = {"h": 3600, "m": 60, "s": 1}  # seconds
ROLLED = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET)


@dataclass(frozen=True, slots=True)
class Where:
    """Which cluster, and where in it. None: as the kubeconfig says."""

    kubeconfig: str  # KUBECONFIG of the lane; empty: ~/.kube/config
    home: str
    context: str | None = None
    namespace: str | None = None
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Get:
    """A table of things."""

    where: Where
    kind: Kind
    names: tuple[str, ...] = ()
    labels: str = ""
    fields: str = ""
    sort_by: str = ""  # "metadata.creationTimestamp"
    wide: bool = False
    only_names: bool = False
    header: bool = True
    show_labels: bool = False


@dataclass(frozen=True, slots=True)
class Describe:
    """Everything about one pod (or those whose names begin so), with its events; all without a name."""

    where: Where
    name: str = ""
    labels: str = ""


@dataclass(frozen=True, slots=True)
class Logs:
    """A container's lines. `kind` Pod names the pod; any other kind has its best pod looked up, as kubectl does."""

    where: Where
    kind: Kind
    name: str
    container: str = ""
    tail: int | None = None
    since: int | None = None  # seconds
    previous: bool = False
    follow: bool = False
    timestamps: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """The revisions of a deployment, stateful set or daemon set."""

    where: Where
    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a deployment's roll-out is done, waiting for at most `seconds` (None: as long as the lane lets it)."""

    where: Where
    name: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Top:
    """What pods or nodes use now."""

    where: Where
    kind: Kind
    labels: str = ""
    sort_by: str = ""  # "cpu" or "memory"
    header: bool = True


Question = Get | Describe | Logs | History | Status | Top


def understand(argv: Sequence[str], environment: Mapping[str, str]) -> Question | None:
    """The question `kubectl …` asks; None when it is more than one of these looks."""
    if own_settings(environment, *SETTINGS) or "--" in argv:
        return None
    verb = next((word for word in argv[1:] if word in _VERBS), "")
    if not verb:
        return None
    switches, valued, build = _VERBS[verb]
    read = flags(argv[1:], switches=frozenset(switches.split()), valued=PLACE | frozenset(valued.split()))
    if read is None or not read.words or read.words[0] != verb:
        return None
    read = replace(read, given=tuple((name, _attached(name, value)) for name, value in read.given))
    namespace = read.last("-n", "--namespace")
    if (namespace is not None and not NAME.fullmatch(namespace)) or read.last("--context") == "":
        return None
    where = Where(
        kubeconfig=environment.get("KUBECONFIG", ""),
        home=environment.get("HOME", ""),
        context=read.last("--context"),
        namespace=namespace,
        everywhere=read.has("-A", "--all-namespaces"),
    )
    return build(where, read, read.words[1:])


def _attached(name: str, value: str) -> str:
    """`-n=shop` is `-n shop` to kubectl."""
    return value.removeprefix("=") if len(name) == 2 else value


def _get(where: Where, read: Flags, words: Sequence[str]) -> Get | None:
    found = _named(words)
    form = read.last("-o", "--output") or ""
    sort = SORTS.fullmatch(read.last("--sort-by") or "")
    if found is None or form not in {"", "wide", "name"} or (read.has("--sort-by") and not sort):
        return None
    what, names = found
    selected = read.has("-l", "--selector", "--field-selector") or where.everywhere or sort
    if (names and selected) or (form == "name" and sort):
        return None  # kubectl's errors and corner cases are kubectl's
    return Get(
        where,
        what,
        names,
        labels=read.last("-l", "--selector") or "",
        fields=read.last("--field-selector") or "",
        sort_by=sort[1] if sort else "",
        wide=form == "wide",
        only_names=form == "name",
        header=not read.has("--no-headers"),
        show_labels=read.has("--show-labels"),
    )


def _describe(where: Where, read: Flags, words: Sequence[str]) -> Describe | None:
    found = _named(words)
    labels = read.last("-l", "--selector") or ""
    if found is None or found[0] is not POD or len(found[1]) > 1 or (found[1] and labels) or where.everywhere:
        return None
    return Describe(where, name="".join(found[1]), labels=labels)


def _logs(where: Where, read: Flags, words: Sequence[str]) -> Logs | None:
    if not 1 <= len(words) <= 2 or (len(words) == 2 and read.has("-c", "--container")):
        return None
    prefix, slash, name = words[0].rpartition("/")
    what = kind(prefix) if slash else POD
    container = words[1] if len(words) == 2 else read.last("-c", "--container") or ""
    tail, since = read.last("--tail"), read.last("--since")
    age = None if since is None else seconds(since)
    if what is None or what.plural not in {"pods", "deployments", "replicasets", "statefulsets", "daemonsets", "jobs"}:
        return None
    if not NAME.fullmatch(name) or (container and not NAME.fullmatch(container)) or (since is not None and age is None):
        return None
    if (tail is None and since is None) or (tail is not None and not re.fullmatch(r"\d{1,7}", tail)):
        return None  # a whole log may be endless: a process streams it
    return Logs(
        where,
        what,
        name,
        container=container,
        tail=None if tail is None else int(tail),
        since=None if age is None else math.ceil(age),
        previous=read.has("-p", "--previous"),
        follow=read.has("-f", "--follow"),
        timestamps=read.has("--timestamps"),
    )


def _rollout(where: Where, read: Flags, words: Sequence[str]) -> History | Status | None:
    found = _named(words[1:])
    if found is None or len(found[1]) != 1 or found[0] not in ROLLED:
        return None
    what, (name,) = found
    limit = read.last("--timeout")
    match words[0]:
        case "history" if limit is None:
            return History(where, what, name)
        case "status" if what is DEPLOYMENT and (limit is None or seconds(limit) is not None):
            return Status(where, name, seconds=(seconds(limit) or None) if limit else None)
    return None


def _top(where: Where, read: Flags, words: Sequence[str]) -> Top | None:
    what = kind(words[0]) if len(words) == 1 else None
    sort = read.last("--sort-by") or ""
    if what not in (POD, NODE) or what is None or sort not in {"", "cpu", "memory"}:
        return None
    if what is NODE and where.everywhere:
        return None
    labels = read.last("-l", "--selector") or ""
    return Top(where, what, labels=labels, sort_by=sort, header=not read.has("--no-headers"))


def _named(words: Sequence[str]) -> tuple[Kind, tuple[str, ...]] | None:
    """The one kind, and the names: `pods`, `pod a b`, `pod/a pod/b`."""
    if not words:
        return None
    if any("/" in word for word in words):
        split = [word.partition("/") for word in words]
        kinds = {kind(before) for before, _, _ in split}
        names = tuple(name for _, _, name in split)
        what = kinds.pop() if len(kinds) == 1 else None
    else:
        what, names = kind(words[0]), tuple(words[1:])
    return (what, names) if what and all(map(NAME.fullmatch, names)) else None


def seconds(text: str) -> float | None:
    """The seconds of a duration as Go writes them: `90s`, `1h30m`, `0`; None for anything else."""
    if text == "0":
        return 0.0
    if not DURATION.fullmatch(text):
        return None
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)([hms])", text))


# By verb: switches, flags with a value (beside the place), and what makes the question.
_VERBS = {
    "get": (
        "-A --all-namespaces --no-headers --show-labels",
        "-l --selector --field-selector -o --output --sort-by",
        _get,
    ),
    "describe": ("-A --all-namespaces", "-l --selector", _describe),
    "logs": ("-f --follow -p --previous --timestamps", "--tail --since -c --container", _logs),
    "rollout": ("", "--timeout", _rollout),
    "top": ("-A --all-namespaces --no-headers", "-l --selector --sort-by", _top),
}
