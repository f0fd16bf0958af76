"""Every command of a page with what it is for: its phase, scenario, condition and role."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from fireline.core.runbook import placeholders
from fireline.core.runbook.fences import SHELL_LANGUAGES, Piece, Shell, is_command, known_program, pieces
from fireline.core.runbook.model import Command, Finding, Role
from fireline.core.runbook.structure import Structure, condition_of, stage_of
from fireline.core.runbook.tree import Fence, Item, Prose, Section
from fireline.core.runbook.words import CODE, code_spans, plain

PROVES = re.compile(
    r"^(?:verify|check|confirm|validate|make sure|ensure|test|prove|see (?:that|whether))\b", re.IGNORECASE
)
LOOKS = re.compile(r"^(?:see|look|list|show|inspect|get|find|read|count|describe|identify|review)\b", re.IGNORECASE)
ASSIGNMENT = re.compile(
    r"(?P<export>export\s+)?[A-Za-z_]\w*=(?:\"[^\"]*\"|'[^']*'|\$\(.*\)|`[^`]*`|[^\s;&|\"'`$()]*)", re.DOTALL
)
PRINTED = re.compile(
    r"\b(?:example|sample|expected) (?:output|response)\b|^output\b", re.IGNORECASE
)  # what follows is no command
Placed = tuple[Section, Item | None, Command]


@dataclass(slots=True)
class Commands:
    """All commands of a page in order, each with the section and list item it stands in."""

    placed: list[Placed] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def runnable(self) -> tuple[Command, ...]:
        """The commands a shell can run."""
        return tuple(c for _, _, c in self.placed if not c.manual)

    @property
    def manual(self) -> tuple[Command, ...]:
        """The steps for a person."""
        return tuple(c for _, _, c in self.placed if c.manual)

    def within(self, top: Section) -> list[Placed]:
        """The runnable ones in a section or below it."""
        return [p for p in self.placed if not p[2].manual and any(s is top for s in p[0].above())]


def read_commands(structure: Structure, source: Sequence[str], shell: Shell) -> Commands:
    """Read every command of the page, in the order of the page."""
    found = Commands()
    taken: set[str] = set()
    bindings: dict[Section, list[Command]] = {}  # by the scenario, phase or top section they hold in
    for section in structure.root.walk():
        before = ""
        for block in section.blocks:
            if isinstance(block, Fence) and PRINTED.search(before):
                found.findings += [_printed(block)] if block.info in SHELL_LANGUAGES else []
            elif isinstance(block, Fence):
                if is_command(block):
                    held = bindings.setdefault(_scope(structure, section), [])
                    _block(
                        found,
                        structure=structure,
                        section=section,
                        fence=block,
                        before=before,
                        source=source,
                        shell=shell,
                        bindings=held,
                    )
            elif isinstance(block, Prose | Item):
                before = plain(block.text.split("\n")[-1])
                _inline(found, structure, section, block, source)
    found.placed = [(s, i, _keyed(c, taken)) for s, i, c in found.placed]
    return found


def _printed(fence: Fence) -> Finding:
    message = f"The words above call this block output, but it is marked {fence.info}. It is not run; mark it text."
    return Finding(code="printed-output", line=fence.line, severity="warning", message=message)


def _keyed(command: Command, taken: set[str]) -> Command:
    key, number = command.key, 1
    while key in taken:
        number += 1
        key = f"{command.key}.{number}"
    taken.add(key)
    return replace(command, key=key)


def _block(
    found: Commands,
    *,
    structure: Structure,
    section: Section,
    fence: Fence,
    before: str,
    source: Sequence[str],
    shell: Shell,
    bindings: list[Command],
) -> None:
    read, findings = pieces(fence, source, shell)
    found.findings += findings
    bound = {name for b in bindings for name in placeholders.bound_by(b.text)}
    changed = False  # whether a mitigation stands above in this block
    fallback = plain(fence.item.text) if fence.item else before
    for piece in read:
        command = _command(
            piece,
            block=fence.line,
            structure=structure,
            section=section,
            fallback=fallback,
            bound=bound,
            changed=changed,
        )
        needed = tuple(b for b in bindings if _exported(b, fence) or _uses(command.text, b.text))
        command = replace(command, bindings=needed)
        found.placed.append((section, fence.item, command))
        changed = changed or (command.role == "mitigation" and not command.manual)
        bound |= placeholders.bound_by(piece.text)
        if ASSIGNMENT.fullmatch(piece.text):
            bindings.append(command)


def _scope(structure: Structure, section: Section) -> Section:
    """What a variable set in one block may reach: the scenario, the phase, else the section under the title."""
    above = list(section.above())
    held = (s for s in above if s in structure.scenarios or s in structure.phases)
    return next(held, above[-3] if len(above) > 2 else above[0])


def _exported(binding: Command, fence: Fence) -> bool:
    return binding.block == fence.line and binding.text.startswith("export")


def _uses(text: str, assignment: str) -> bool:
    names = "|".join(map(re.escape, placeholders.bound_by(assignment))) or r"\b\B"
    return bool(re.search(rf"\$\{{?(?:{names})\b", text))


def _inline(
    found: Commands, structure: Structure, section: Section, block: Prose | Item, source: Sequence[str]
) -> None:
    """Commands in the running text: "look at the pods with `kubectl get pods`"."""
    for at, code in code_spans(block.text):
        if "\n" in code or not known_program(code, alone=False):
            continue
        line = block.line + block.text.count("\n", 0, at)
        column = max(source[line - 1].find(code) if line <= len(source) else 0, 0) + 1
        sentence = plain(CODE.sub("", block.text[:at].rstrip("`"))).rstrip(" :-") or None
        piece = Piece(code, line, column, sentence, None)
        command = _command(piece, block=line, structure=structure, section=section)
        found.placed.append((section, block if isinstance(block, Item) else block.item, command))


def _command(
    piece: Piece,
    *,
    block: int,
    structure: Structure,
    section: Section,
    fallback: str = "",
    bound: Collection[str] = (),
    changed: bool = False,
) -> Command:
    phase = structure.phase(section)
    scenario = structure.scenario(section)
    condition = structure.condition(section)
    title = piece.title or fallback.rstrip(":") or None
    return Command(
        key=f"c{piece.line}",
        text=piece.text,
        line=piece.line,
        column=piece.column,
        block=block,
        phase=phase.title if phase else None,
        scenario=structure.scenarios[scenario] if scenario else None,
        condition=condition_of(condition.title) if condition else None,
        role=_role(structure, section, title or "", changed=changed),
        title=title,
        step=piece.step,
        placeholders=placeholders.find(piece.text, bound=bound),
        manual=piece.manual,
    )


def _role(structure: Structure, section: Section, title: str, *, changed: bool) -> Role:
    part = structure.part(section)
    phase = structure.phase(section)
    stage = stage_of(phase.title) if phase else None
    if part in ("symptoms", "impact", "diagnosis"):
        return "diagnosis"
    if part == "resolution" or structure.condition(section) or stage == "mitigate":
        if PROVES.match(title):
            return "verification" if changed else "diagnosis"
        return "diagnosis" if LOOKS.match(title) and not changed else "mitigation"
    match stage:
        case "detect" | "investigate":
            return "diagnosis"
        case "declare":
            return "declare"
        case "resolve":
            return "verification"
        case _:
            return "reference"
