"""Templates: words prepared for people, in a block without a language (or Markdown) where people are told.

A status-page block that runs through several states (**Investigating** ... **Resolved**) is one template for
each state. What looks like a heading or a tick box inside belongs to the template and structures nothing.
"""

from __future__ import annotations

import re

from fireline.core.runbook.fences import TEMPLATE_LANGUAGES, is_command
from fireline.core.runbook.model import Template
from fireline.core.runbook.structure import Structure, stage_of
from fireline.core.runbook.tree import Fence, Section
from fireline.core.runbook.words import plain

ABOUT = re.compile(
    r"\b(?:template|communicat\w*|status|update|message|e-?mail|mail|announce\w*|notif\w*|post-?mortem|report)\b",
    re.IGNORECASE,
)
KINDS = (
    ("review", re.compile(r"post-?mortem|retrospective|review|incident report|learning", re.IGNORECASE)),
    ("customer", re.compile(r"customer|client|\buser|reader|e-?mail|\bmail\b", re.IGNORECASE)),
    ("status", re.compile(r"status|external|public", re.IGNORECASE)),
    ("internal", re.compile(r"internal|slack|channel|team|stakeholder|update", re.IGNORECASE)),
)
STATE = re.compile(
    r"^\s*\*\*(?P<name>Investigating|Identified|Monitoring|Resolved|Update|Scheduled|In progress|Completed)\*\*",
    re.IGNORECASE,
)


def read_templates(structure: Structure) -> tuple[Template, ...]:
    """Give the templates in the order of the page."""
    found: list[Template] = []
    for section in structure.root.walk():
        for block in section.blocks:
            if isinstance(block, Fence) and is_template(block, section, structure):
                found += _templates(block, section)
    return tuple(found)


def is_template(fence: Fence, section: Section, structure: Structure) -> bool:
    """Whether a block holds words for people: no command, and its titles speak of telling somebody."""
    if fence.info not in TEMPLATE_LANGUAGES or is_command(fence) or not "".join(fence.lines).strip():
        return False
    phase = structure.phase(section)
    telling = phase is not None and stage_of(phase.title) == "communicate"
    return telling or any(ABOUT.search(s.title) for s in section.above() if s.level > 1)


def _templates(fence: Fence, section: Section) -> list[Template]:
    name = section.title or "Template"
    titles = [s.title for s in section.above() if s.level > 1]
    kind = next((k for title in titles for k, words in KINDS if words.search(title)), "other")
    starts = [at for at, text in enumerate(fence.lines) if STATE.match(text)]
    if len(starts) < 2:
        return [Template(name=name, kind=kind, line=fence.first, text="\n".join(fence.lines).rstrip("\n"))]
    made = []
    for start, end in zip(starts, [*starts[1:], len(fence.lines)], strict=True):
        state = plain(re.match(r"\s*\*\*(.+?)\*\*", fence.lines[start])[1])  # type: ignore[index]  # STATE matched
        text = "\n".join(fence.lines[start:end]).strip("\n")
        made.append(Template(name=state, kind="status", line=fence.first + start, text=text.rstrip()))
    return made
