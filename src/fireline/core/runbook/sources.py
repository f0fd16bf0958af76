"""Sources: where the value of a blank can come from, the surest first.

An alert's label, what an earlier step printed, a list of what there is now, a value of the site, a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, assert_never

from fireline.core.runbook.model import Command, Placeholder, Runbook
from fireline.core.runbook.things import THINGS

SourceKind = Literal["alert", "step", "list", "site", "person"]
BINDS = re.compile(r"\s*(?:export\s+)?[A-Za-z_]\w*=")
NAMESPACE = re.compile(r"\s(?:-n|--namespace)[= ]\s*(?P<name>[a-z0-9][a-z0-9-]*)(?=\s|$)")
SHORT = 60  # characters of an earlier command that are shown
# What `kubectl get` calls the things it lists; for the others an earlier step, or a person, has to know how.
LISTED = frozenset(
    """pods namespaces nodes deployments statefulsets daemonsets replicasets services jobs cronjobs ingresses secrets
    configmaps""".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One place a value can come from.

    `names` are the labels (alert), what is listed (list), or the name in the settings (site). `line` and `command`
    are those of the earlier step; for a list, `command` prints it where there is one for that.
    """

    kind: SourceKind
    names: tuple[str, ...] = ()
    line: int | None = None
    command: str | None = None


def sources(blank: Placeholder, command: Command, runbook: Runbook) -> tuple[Source, ...]:
    """Give where the value of a command's blank can come from, the surest first; a person is always the last."""
    found: list[Source] = []
    if blank.labels:
        found.append(Source(kind="alert", names=blank.labels))
    if step := _earlier(blank, command, runbook):
        found.append(Source(kind="step", line=step.line, command=step.text))
    if blank.thing:
        plural = THINGS[blank.thing].plural
        found.append(Source(kind="list", names=(plural,), command=_lists(plural, command)))
    return (*found, Source(kind="site", names=(blank.name,)), Source(kind="person"))


def said(source: Source) -> str:
    """Tell a person where to look, in a few words."""
    match source.kind:
        case "alert":
            return f"label {' or '.join(source.names[:2])} of the alert"
        case "step":
            return f"what line {source.line} prints: {_short(source.command or '')}"
        case "list":
            return f"a list of {source.names[0]}" + (f": {source.command}" if source.command else "")
        case "site":
            return f"{source.names[0]} under [values] in the settings"
        case "person":
            return "a person"
        case _:
            assert_never(source.kind)


def _earlier(blank: Placeholder, command: Command, runbook: Runbook) -> Command | None:
    """The nearest command above that lists such things: of the same block, the same scenario, else of the process."""
    lists = THINGS[blank.thing].lists if blank.thing else None
    if lists is None:
        return None
    above = [
        one
        for one in runbook.commands
        if (one.line, one.column) < (command.line, command.column)
        and blank.name not in {other.name for other in one.placeholders}
        and one.scenario in (command.scenario, None)
        and one.condition in (command.condition, None)
        and not BINDS.match(one.text)  # prints nothing
        and lists.search(one.text)
    ]
    return max(
        above,
        key=lambda one: (one.block == command.block, one.scenario == command.scenario, one.line),
        default=None,
    )


def _lists(plural: str, command: Command) -> str | None:
    if plural not in LISTED or not re.search(r"\b(?:kubectl|oc)\b", command.text):
        return None
    program = "oc" if re.search(r"\boc\b", command.text) else "kubectl"
    if plural in ("namespaces", "nodes"):
        return f"{program} get {plural}"
    namespace = NAMESPACE.search(command.text)
    return f"{program} get {plural} " + (f"-n {namespace['name']}" if namespace else "-A")


def _short(text: str) -> str:
    words = " ".join(text.replace("\\\n", " ").split())
    return words if len(words) <= SHORT else f"{words[: SHORT - 1]}…"
