"""Placeholders: the blanks a command's author left for the person at the keyboard.

Written <x>, [X], {x}, {{x}}, $X that nothing in the block sets, or capitals such as PAGE_ID. They are lifted
before any shell parser sees the text, because `<pod> -n` is two redirections to a shell. What only looks like
one stays: jsonpath and go-templates, curl's %{..}, here-documents, process substitution, brace expansion,
awk's $1, glob classes and array indexes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from fireline.core.runbook.model import Placeholder, PlaceholderKind
from fireline.core.runbook.things import THINGS, thing_of

ANGLE = re.compile(r"(?<![<\\])<(?P<name>['\"]?[A-Za-z](?:[^<>\n|&;$`]*[^<>\s|&;$`])?)>(?!>)")
DOUBLE = re.compile(r"(?<![{$])\{\{\s*(?P<name>[A-Za-z_][\w-]*(?: [\w-]+)*)\s*\}\}(?!\})")
BRACE = re.compile(r"(?<![\w{$%\\}])\{(?P<name>[A-Za-z_][\w-]*)\}(?!\})")
SQUARE = re.compile(r"(?<![\w\[\]()'$*.\\^])\[(?P<name>[A-Za-z][\w-]*(?: [\w-]+)*)\](?![\]\w*+?(])")
DOLLAR = re.compile(r"(?<![\\$])\$(?:(?P<plain>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)(?::?\?[^}]*)?\})")
CAPS = re.compile(r"(?<![\w$%{<\[.\-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*(?![\w=:}>\]-]|\.\w)")
CAPS_BLANK = re.compile(
    r"YOUR_\w+|(?:[A-Z0-9]+_)+(?:ID|TOKEN|NAME|KEY|HOST|PORT|URL|SECRET|PASSWORD|IP|NAMESPACE)"
    r"|TOKEN|PASSWORD|NAMESPACE|HOSTNAME|POD|PODNAME|NODENAME"
)
# PUBLISHER-CLUSTER, also in svc/PUBLISHER-CLUSTER-rw; a header such as X-REQUEST-ID: is none
DASHED_CAPS = re.compile(
    r"(?<![\w$%{<\[.\-])(?!X-)[A-Z][A-Z0-9]+(?:-[A-Z0-9]+)*-(?:NAME|ID|NAMESPACE|CLUSTER|POD|NODE|HOST|IP|PORT)(?![A-Z0-9_:=>\]]|-[A-Z])"
)
TEMPLATE_WORDS = frozenset("range end if else with template define block break continue nil print println".split())  # noqa: SIM905
# Set by the shell or the system everywhere, so nobody has to fill them in.
KNOWN_VARIABLES = frozenset(
    "HOME USER LOGNAME PWD OLDPWD PATH SHELL HOSTNAME RANDOM SECONDS UID EUID TMPDIR LANG IFS PPID LINENO"  # noqa: SIM905
    " BASH BASH_VERSION OSTYPE TERM EDITOR REPLY PIPESTATUS OPTARG OPTIND".split()
)
BINDS = re.compile(
    r"(?:^|[;&|(\n]|\b(?:do|then|else|export|local|declare|readonly|typeset)\b)\s*(?:-\w+\s+)*(?P<set>[A-Za-z_]\w*)\+?="
    r"|\bfor\s+(?P<loop>[A-Za-z_]\w*)\b|\bread\s+(?:-\w+\s+)*(?P<read>[A-Za-z_][\w ]*)",
    re.MULTILINE,
)
LANGUAGES = re.compile(
    r"\b(?:jq|yq|awk|gawk|mawk|sed|perl|python3?|ruby|node|jsonpath)\b|-o\s*=?\s*(?:jsonpath|go-template)"
)
SINGLE_QUOTED = re.compile(r"'[^']*'")

INTEGER = re.compile(r"(?:^|_)(?:pid|count|replicas?|number|num|seconds?|minutes?|hours?|limit|size|n|osd_?id|lines?)$")
HOST = re.compile(r"(?:^|_)(?:host|hostname|server|prometheus|alertmanager|ip|ip_address|address|fqdn|domain)$")
KUBERNETES = re.compile(
    r"(?:^|_)(?:pods?|namespace|ns|deployment|deploy|statefulset|daemonset|replicaset|node|service|svc|container|pvc|pv"
    r"|job|cronjob|secret|configmap|ingress|resource|cluster|hpa|type)(?:_name)?$"
)
KUBERNETES_PROGRAM = re.compile(r"\b(?:kubectl|oc|helm|k9s|stern)\b")


def find(text: str, *, bound: Collection[str] = ()) -> tuple[Placeholder, ...]:
    """Give the placeholders of a command in order; `bound` names the variables its block has set before it."""
    taken: list[tuple[int, int]] = []
    found: list[Placeholder] = []
    for start, end, name in _candidates(text, frozenset(bound) | bound_by(text)):
        if all(end <= s or e <= start for s, e in taken):
            taken.append((start, end))
            tidy = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_").lower() or "value"
            kind = kind_of(tidy, text, start)
            thing, same = thing_of(tidy, text[:start], kind)
            labels = THINGS[thing].labels if thing and same else ()
            blank = Placeholder(
                name=tidy, written=text[start:end], kind=kind, start=start, end=end, thing=thing, labels=labels
            )
            found.append(blank)
    return tuple(sorted(found, key=lambda p: p.start))


def bound_by(text: str) -> frozenset[str]:
    """Give the variables a piece of shell sets: assignments, loops, `read`."""
    names: set[str] = set()
    for match in BINDS.finditer(text):
        names.update((match["set"] or match["loop"] or match["read"] or "").split())
    return frozenset(names)


def stand_in(text: str) -> str:
    """Give the text with each blank of a shape the shell would misread replaced by letters of equal length.

    Offsets hold: `stand_in(t)[i]` stands where `t[i]` stood. Numbers stand for integers and ports.
    """
    out = list(text)
    for p in find(text):
        if p.written.startswith("$"):
            continue
        out[p.start : p.end] = ("1" if p.kind in ("port", "integer") else "x") * (p.end - p.start)
    return "".join(out)


def _candidates(text: str, bound: frozenset[str]) -> Iterator[tuple[int, int, str]]:
    quoted = [m.span() for m in SINGLE_QUOTED.finditer(text)]
    foreign = quoted if LANGUAGES.search(text) else []
    for match in ANGLE.finditer(text):
        yield match.start(), match.end(), match["name"]
    for match in DOUBLE.finditer(text):
        if match["name"].split(" ")[0] not in TEMPLATE_WORDS:
            yield match.start(), match.end(), match["name"]
    for match in BRACE.finditer(text):
        if match["name"] not in TEMPLATE_WORDS and not _inside(match.start(), foreign):
            yield match.start(), match.end(), match["name"]
    for match in SQUARE.finditer(text):
        if _square(match["name"]) and not _inside(match.start(), foreign):
            yield match.start(), match.end(), match["name"]
    for match in DOLLAR.finditer(text):
        name = match["plain"] or match["braced"]
        if name not in bound and name not in KNOWN_VARIABLES and not _inside(match.start(), quoted):
            yield match.start(), match.end(), name
    for match in CAPS.finditer(text):
        if CAPS_BLANK.fullmatch(match[0]) and match[0] not in bound:
            yield match.start(), match.end(), match[0]
    for match in DASHED_CAPS.finditer(text):
        yield match.start(), match.end(), match[0]


def _square(name: str) -> bool:
    """Tell a blank from a glob class such as [a-z] or a letter trick such as [e]rror."""
    if re.fullmatch(r"\w-\w.*", name) or len(name) < 3:
        return False
    return name.isupper() or bool(re.search(r"[-_ ]", name))


def _inside(at: int, spans: list[tuple[int, int]]) -> bool:
    return any(start < at < end for start, end in spans)


def kind_of(name: str, text: str, start: int) -> PlaceholderKind:
    """Give what kind of value fits, from the blank's name and what stands before it."""
    before = text[:start]
    if re.search(r"(?:^|_)ports?$", name):
        return "port"
    if INTEGER.search(name):
        return "integer"
    if re.search(r"(?:^|_)(?:url|uri|endpoint)$", name):
        return "host" if before.endswith("://") else "url"
    if HOST.search(name) or before.endswith("://") or re.search(r"\b(?:ssh|ping|dig|nc)\s+$", before):
        return "host"
    if KUBERNETES_PROGRAM.search(text) and (
        KUBERNETES.search(name) or re.search(r"(?:-n|--namespace[= ])\s*$", before)
    ):
        return "kubernetes_name"
    return "text"
