"""Any team's Markdown runbook becomes a program.

Markdown to a tree of sections, then one reader for each word of incident response, each of them optional.
Nothing raises on any input: what cannot be understood stays prose, what is wrong becomes a finding.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

from fireline.core.runbook.agenda import read_agenda
from fireline.core.runbook.checklists import read_checklists
from fireline.core.runbook.commands import read_commands
from fireline.core.runbook.contacts import read_contacts
from fireline.core.runbook.damage import read_damage
from fireline.core.runbook.dates import read_dates
from fireline.core.runbook.fences import Shell, is_command
from fireline.core.runbook.front import read_front, word_of, words_of
from fireline.core.runbook.model import Finding, Runbook
from fireline.core.runbook.mojibake import lines_of, repair
from fireline.core.runbook.references import read_dashboards, read_links
from fireline.core.runbook.scenarios import read_mitigations, read_scenarios
from fireline.core.runbook.severities import read_severities
from fireline.core.runbook.structure import structure_of
from fireline.core.runbook.symptoms import read_symptoms
from fireline.core.runbook.templates import read_templates
from fireline.core.runbook.thresholds import read_thresholds
from fireline.core.runbook.tree import Fence, Section, read_tree

BOM = "\ufeff"  # some editors put it in front; Markdown would take it for a letter
OVERVIEW = re.compile(r"^(?:overview|introduction|summary|purpose|about)\b", re.IGNORECASE)
# A file that is named like its only heading and like an alert: KubePodCrashLooping, etcdNoLeader
ALERT_NAME = re.compile(r"(?=.*[a-z])[A-Za-z][a-z0-9]*(?:[A-Z]+[a-z0-9]+|[A-Z]{2,})(?:[A-Z][A-Za-z0-9]*)+")


def parse(source: bytes | str, *, path: str, shell: Shell) -> Runbook:
    """Read a page. `path` is its name for people and for links; `shell` splits a block into statements."""
    text, findings = _decoded(source)
    root, front_text = read_tree(text.removeprefix(BOM))
    repaired, repairs = repair(text, untouched=_command_lines(root))
    if repairs:
        root, front_text = read_tree(repaired.removeprefix(BOM))
    findings += repairs + read_damage(repaired, root)
    front = read_front(front_text)
    name = PurePosixPath(path).stem
    title = _title(root) or word_of(front, "title") or name
    alerts = words_of(front, "alerts")
    about_alert = bool(alerts) or (ALERT_NAME.fullmatch(name) is not None and title == name)
    structure = structure_of(root, title, about_alert=about_alert)
    commands = read_commands(structure, lines_of(repaired), shell)
    last_updated, next_review = read_dates(root, front)
    return Runbook(
        title=title,
        overview=_overview(root),
        digest=hashlib.sha256(
            source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
        ).hexdigest(),
        path=path,
        source=text,
        severities=read_severities(root),
        phases=tuple(structure.phases.values()),
        checklists=read_checklists(structure),
        commands=commands.runnable,
        manual_steps=commands.manual,
        mitigations=read_mitigations(structure, commands),
        templates=read_templates(structure),
        scenarios=read_scenarios(structure, commands, alerts),
        symptoms=read_symptoms(root),
        thresholds=read_thresholds(structure),
        agenda=read_agenda(root),
        contacts=read_contacts(root),
        dashboards=read_dashboards(root),
        links=read_links(root),
        last_updated=last_updated,
        next_review=next_review,
        findings=(*findings, *commands.findings),
        front=front,
    )


def export(runbook: Runbook) -> str:
    """Give the page back: the source with its mojibake repaired, and nothing else changed."""
    root, _ = read_tree(runbook.source.removeprefix(BOM))
    return repair(runbook.source, untouched=_command_lines(root))[0]


def _decoded(source: bytes | str) -> tuple[str, tuple[Finding, ...]]:
    if isinstance(source, str):
        return source, ()
    try:
        return source.decode(), ()
    except UnicodeDecodeError as trouble:
        line = source[: trouble.start].count(b"\n") + 1
        message = "The file is not UTF-8; it was read as Windows-1252. Save it as UTF-8."
        finding = Finding(code="encoding", line=line, severity="warning", message=message)
        return source.decode("cp1252", errors="replace"), (finding,)


def _command_lines(root: Section) -> frozenset[int]:
    """Give the lines that belong to command blocks: nothing repairs what a shell will read."""
    return frozenset(
        number
        for section in root.walk()
        for block in section.blocks
        if isinstance(block, Fence) and is_command(block)
        for number in range(block.line, block.first + len(block.lines) + 1)
    )


def _title(root: Section) -> str:
    """The first heading of the first level, else the one that all others stand under."""
    first = next((s.title for s in root.parts if s.level == 1 and s.title), "")
    headed = [s for s in root.parts if not s.lead]
    return first or (headed[0].title if len(headed) == 1 else "")


def _overview(root: Section) -> str:
    """Give the words of the overview section, else those under the first title."""
    named = next((s for s in root.walk() if OVERVIEW.match(s.title)), None)
    first = next((s for s in root.walk() if s.prose()), None)
    chosen = named if named and named.prose() else first
    return chosen.prose() if chosen else ""
