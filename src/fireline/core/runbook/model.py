"""A runbook as a program: what a Markdown page says, as objects that know their line.

Every object carries the line (counted from 1) it stands on in the file, so that a responder can be shown
the words a thing came from. Nothing in here parses or decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["diagnosis", "mitigation", "verification", "declare", "reference"]
PlaceholderKind = Literal["port", "host", "kubernetes_name", "integer", "url", "text"]
Weight = Literal["error", "warning", "note"]
Front = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about the page that its owner should know, and how to put it right."""

    code: str
    line: int
    severity: Weight
    message: str
    column: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Severity:
    """One row of the severity table; `response_minutes` is the promise to acknowledge."""

    id: str
    name: str
    impact: str
    response_minutes: int
    examples: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One numbered part of the process, such as "3. Investigate"."""

    number: int
    title: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistItem:
    """One box to tick."""

    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """Boxes that stand together under one title, in this phase or scenario if they stand in one."""

    title: str
    line: int
    items: tuple[ChecklistItem, ...]
    phase: str | None = None
    scenario: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """A blank in a command: `start` and `end` are offsets into the command's text.

    `thing` is what it asks for ("pod", "pid"), None where nothing tells; `labels` are those of an alert that carry its
    value, the best first. `sources` tells where else the value can come from.
    """

    name: str
    written: str
    kind: PlaceholderKind
    start: int
    end: int
    thing: str | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One shell statement, as it stands in the file, and where it stands.

    `block` is the line its code block opens on, `step` the number its comment gave it ("3" for "# 3. Check
    logs"). `bindings` are the assignments of the same block that this command relies on; `fill` puts them in
    front. `manual` is a step for a person: it has a title and no text. `columns` tells where each line of the text
    begins in its line of the file, where prompts and indentation were taken off. `inside` is the line of the command
    that opens the shell this one is typed in, which fireline cannot do.
    """

    key: str
    text: str
    line: int
    column: int
    block: int
    phase: str | None = None
    scenario: str | None = None
    condition: str | None = None
    role: Role = "reference"
    title: str | None = None
    step: str | None = None
    placeholders: tuple[Placeholder, ...] = ()
    bindings: tuple[Command, ...] = ()
    manual: bool = False
    columns: tuple[int, ...] = ()
    inside: int | None = None

    @property
    def judged(self) -> str:
        """The text with every blank holding a harmless value, for a verdict before anybody has filled it in."""
        out = list(self.text)
        for blank in reversed(self.placeholders):
            out[blank.start : blank.end] = "1" if blank.kind in ("port", "integer") else "x"
        return "\n".join([*(binding.judged for binding in self.bindings), "".join(out)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Mitigation:
    """A stopgap with its condition: "If Recent Deployment"."""

    condition: str
    line: int
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """One way out of a scenario, with the commands that do it and those that prove it."""

    text: str
    line: int
    commands: tuple[Command, ...] = ()
    verification: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One common incident: how it shows, how to look, how to end it."""

    title: str
    line: int
    symptoms: str
    alerts: tuple[str, ...]
    diagnosis: tuple[Command, ...]
    resolution: tuple[Resolution, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Words prepared for people: kind is internal, status, customer, review, or other."""

    name: str
    kind: str
    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """One row of the symptom table; `command` is None where the cell holds plain words."""

    symptom: str
    check: str
    command: str | None
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A measurable condition for "back to normal": error rate < 0.1 %."""

    metric: str
    operator: str
    value: float
    unit: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaPart:
    """One part of the review meeting and its minutes."""

    title: str
    minutes: int
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Who to reach, how, and by which phone (None where the page names none)."""

    role: str
    contact: str
    phone: str | None
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """A dashboard by name."""

    name: str
    url: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A Markdown link; `target` may be relative to the runbook's own place."""

    title: str
    target: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """A parsed page at one content hash. `source` is the page as it came in; see `export`."""

    title: str
    overview: str
    digest: str
    path: str
    source: str
    severities: tuple[Severity, ...] = ()
    phases: tuple[Phase, ...] = ()
    checklists: tuple[Checklist, ...] = ()
    commands: tuple[Command, ...] = ()
    manual_steps: tuple[Command, ...] = ()
    mitigations: tuple[Mitigation, ...] = ()
    templates: tuple[Template, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    symptoms: tuple[Symptom, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    agenda: tuple[AgendaPart, ...] = ()
    contacts: tuple[Contact, ...] = ()
    dashboards: tuple[Dashboard, ...] = ()
    links: tuple[Link, ...] = ()
    last_updated: str | None = None
    next_review: str | None = None
    findings: tuple[Finding, ...] = ()
    front: Front = field(default_factory=dict)
