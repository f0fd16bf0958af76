"""What is known while a text is being judged: where we are in it, and what was found so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from fireline.core.guard.table import Tables
from fireline.core.guard.tree import Script
from fireline.core.guard.verdict import Effect, Finding
from fireline.core.guard.words import GAP, Arg

PIPE = GAP  # standard input that is only known when the command runs
DEEPEST = 8  # texts within texts; nobody reads `ssh a "ssh b '…'"` deeper than that


@dataclass(slots=True, kw_only=True)
class Scope:
    """One text being judged.

    `findings`, `edits` and `ran` are shared with the texts within it. `base` is the offset of this text in the
    outermost one, None when it does not stand there as it is, so that nothing in it can be rewritten;
    `fence` is the quote around it. `elsewhere` says that it runs in a container or on another machine, `bounded`
    that it is ended after a while.
    `values` are the texts that a variable may have here, `possible` those it may ever have in this text,
    `tainted` the variables whose value is not sure to be a number, `outer` those that it may not set.
    `call` and `walk` judge one command and one text; they are handed in so that rules can recurse.
    """

    parse: Callable[[str], Script]
    tables: Tables
    call: Callable[[list[Arg], Scope, str | None], None]
    walk: Callable[[str, Scope], None]
    findings: list[Finding] = field(default_factory=list)
    edits: set[tuple[int, int, str]] = field(default_factory=set)
    ran: list[tuple[list[Arg], bool]] = field(default_factory=list)  # every program, and whether it runs elsewhere
    base: int | None = 0
    fence: str = ""
    elsewhere: bool = False
    bounded: bool = False
    depth: int = 0
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    possible: dict[str, tuple[str, ...]] = field(default_factory=dict)
    functions: frozenset[str] = frozenset()
    tainted: frozenset[str] = frozenset()
    outer: frozenset[str] = frozenset()

    def add(self, effect: Effect, rule: str, why: str, *, unattended: bool = True, tags: tuple[str, ...] = ()) -> None:
        """Note what a part does."""
        if effect is Effect.LOCAL and self.elsewhere:
            effect = Effect.WRITE
        self.findings.append(Finding(effect, rule, why, unattended, tags))

    def unknown(self, rule: str, why: str) -> None:
        """Note that a part is not understood."""
        self.findings.append(Finding(Effect.UNKNOWN, rule, why, unattended=False))

    def edit(self, start: int, end: int, text: str) -> bool:
        """Ask for the characters `start` to `end` of this text to become `text`; False if that cannot be."""
        if self.base is None or (self.fence and self.fence in text) or (self.fence == '"' and "$" in text):
            return False
        self.edits.add((self.base + start, self.base + end, text))
        return True

    def within(self, text: str, arg: Arg | None, *, at: int | None = None, same_shell: bool = False) -> None:
        """Judge a text that this one hands to another shell; `arg` is the argument it stands in, alone.

        `at` is where it stands in this one as it is, without quotes.

        `same_shell` says that this very shell runs it (`eval`): then it may not set variables of this text.
        """
        if self.depth >= DEEPEST:
            self.unknown("shell.depth", "It is a text within a text within a text, too deep to read.")
            return
        base, fence = None, ""
        if arg and arg.verbatim is not None and arg.text == text and arg.fence in ("'", '"') and not self.fence:
            base, fence = None if self.base is None else self.base + arg.verbatim, arg.fence
        elif at is not None and not self.fence:
            base = None if self.base is None else self.base + at
        deeper = replace(
            self,
            base=base,
            fence=fence,
            depth=self.depth + 1,
            values={},
            possible={},
            functions=frozenset(),
            outer=frozenset(self.possible) if same_shell else frozenset(),
        )
        self.walk(text, deeper)
