"""Every command of a page with what it is for: its phase, scenario, condition and role."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from fireline.core.runbook import placeholders
from fireline.core.runbook.fences import SHELL_LANGUAGES, Piece, Shell, is_command, known_program, pieces
from fireline.core.runbook.model import Command, Finding, Role
from fireline.core.runbook.sessions import Session
from fireline.core.runbook.structure import Structure, condition_of, stage_of
from fireline.core.runbook.tree import Fence, Item, Prose, Section
from fireline.core.runbook.words import CODE, code_spans, plain

PROVES = re.compile(
    r"^(?:verify|check|confirm|validate|make sure|ensure|test|prove|see (?:that|whether))\b", re.IGNORECASE
)
LOOKS = re.compile(r"^(?:see|look|list|show|inspect|get|find|read|count|describe|identify|review)\b", re.IGNORECASE)
ASSIGNED = re.compile(r"\s*(?:export\s+)?[A-Za-z_]\w*=")
ELIDED = re.compile(r"(?:^|[\s\w])(?:\.{3}|…)(?=\s|$)")  # "kubectl describe pod ..." is talked about, not typed
# How many words kubectl's verbs want behind them at least; `pod/web-1` is two, and `-f`, `-l`, `--all` are enough.
SENTENCE = re.compile(r"(?<=[.!?:])\s+(?=[A-Z])")
OBJECTS = {"delete": 2, "patch": 2, "edit": 2, "rollout": 2, "label": 2, "annotate": 2, "set": 2, "taint": 2, "adm": 2}
ALONE = frozenset(
    """version cluster-info api-resources api-versions whoami status projects ps ls list images info log diff show
    history get-contexts list-units""".split()  # noqa: SIM905
)
MANY = frozenset("docker podman git helm aws gcloud az systemctl terraform npm pip argocd istioctl ceph".split())  # noqa: SIM905
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
                found.findings += [_printed(block, source)] if block.info in SHELL_LANGUAGES else []
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
                before = SENTENCE.split(plain(block.text))[-1]
                _inline(found, structure, section, block, source)
    sessions: defaultdict[Section, Session] = defaultdict(Session)
    found.placed = [(s, i, _settled(c, taken, sessions[_part(structure, s)])) for s, i, c in found.placed]
    return found


def _part(structure: Structure, section: Section) -> Section:
    """The part of a scenario a section stands in, else the outermost section below the title."""
    above = list(section.above())
    for inner, outer in itertools.pairwise(above):
        if outer in structure.scenarios or outer in structure.phases:
            return inner
    return above[max(len(above) - 3, 0)]


def _printed(fence: Fence, source: Sequence[str]) -> Finding:
    message = f"The words above call this block output, but it is marked {fence.info}. It is not run; mark it text."
    column = len(source[fence.line - 1]) - len(source[fence.line - 1].lstrip()) + 1
    return Finding(code="printed-output", line=fence.line, severity="warning", message=message, column=column)


def _settled(command: Command, taken: set[str], session: Session) -> Command:
    """Give the command a key of its own on the page, and say whether it is typed in a shell that another opened."""
    key, number = command.key, 1
    while key in taken:
        number += 1
        key = f"{command.key}.{number}"
    taken.add(key)
    inside = None if command.manual else session.line_of(command)
    return replace(command, key=key, inside=inside) if (key, inside) != (command.key, None) else command


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
        command = replace(command, bindings=needed) if needed else command
        found.placed.append((section, fence.item, command))
        changed = changed or (command.role == "mitigation" and not command.manual)
        bound |= placeholders.bound_by(piece.text)
        if ASSIGNED.match(piece.text) and _assigns(placeholders.stand_in(piece.text)):
            bindings.append(command)


def _scope(structure: Structure, section: Section) -> Section:
    """What a variable set in one block may reach: the scenario, the phase, else the section under the title."""
    above = list(section.above())
    held = (s for s in above if s in structure.scenarios or s in structure.phases)
    return next(held, above[-3] if len(above) > 2 else above[0])


def _assigns(text: str) -> bool:
    """Whether a statement sets one variable and does nothing else: nothing follows the value."""
    begins = ASSIGNED.match(text)
    if not begins:
        return False
    waits: list[str] = []  # what closes the quotes and substitutions that are open: `"$(oc get pod -l "a=b")"` nests
    at = begins.end()
    while at < len(text):
        char, inner = text[at], waits[-1] if waits else ""
        if char == "\\" and inner != "'":
            at += 1
        elif char == inner:
            waits.pop()
        elif inner != "'":
            if text.startswith(("$(", "<("), at):
                waits.append(")")
                at += 1
            elif char in '"`' or (char == "'" and inner != '"'):
                waits.append(char)
            elif char == "(":
                waits.append(")")
            elif not waits and (char.isspace() or char in ";&|<>"):
                return not text[at:].strip()
        at += 1
    return not waits


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
        if "\n" in code or not known_program(code, alone=False) or not _whole(code):
            continue
        line = block.line + block.text.count("\n", 0, at)
        column = max(source[line - 1].find(code) if line <= len(source) else 0, 0) + 1
        sentence = plain(CODE.sub("", block.text[:at].rstrip("`"))).rstrip(" :-") or None
        piece = Piece(code, line, column, sentence, None, columns=(column,))
        command = _command(piece, block=line, structure=structure, section=section)
        found.placed.append((section, block if isinstance(block, Item) else block.item, command))


def _whole(code: str) -> bool:
    """Whether a command in the running text is to be typed, not only talked about: "try `kubectl delete pod`"."""
    if ELIDED.search(code):
        return False
    words = code.split()
    if words[0] not in ("kubectl", "oc"):
        return len(words) > 2 or words[0] not in MANY or words[1] in ALONE
    named = [word for word in words[1:] if not word.startswith("-")]
    if not named or not re.fullmatch(r"[a-z-]+", named[0]):
        return bool(named) and len(words) > 2  # `kubectl -n shop get pods` begins with its flag's value
    objects = sum(1 + ("/" in word) for word in named[1:])
    chosen = any(word in ("-f", "-l", "--all", "-k") or word.startswith(("--selector", "--filename")) for word in words)
    return named[0] in ALONE or chosen or objects >= OBJECTS.get(named[0], 1)


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
        columns=piece.columns,
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
