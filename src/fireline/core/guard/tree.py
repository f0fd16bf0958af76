"""The syntax tree of a shell text: what the guard judges instead of guessing from characters.

`fireline.shell` makes it out of shfmt's JSON. Everything the guard does not need is left out, and
everything it would not understand is kept as `Opaque`, which counts as a write. All offsets are
character offsets into the text that was parsed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import msgspec


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the text: from `start` up to, not including, `end`, in characters."""

    start: int
    end: int


class Literal(Node, frozen=True, kw_only=True):
    """Characters that stand for themselves. `text` has quotes and backslashes already taken away.

    `glob` says that an unquoted `*`, `?` or `[` is among them.
    """

    text: str
    quoted: bool = False
    glob: bool = False


class Expansion(Node, frozen=True, kw_only=True):
    """`$name` or `${name…}`. `plain` means: nothing but the value of `name`.

    `inner` holds the words within the braces (defaults, replacements); `assigns` marks `${x:=y}`.
    """

    name: str
    quoted: bool = False
    plain: bool = True
    assigns: bool = False
    number: bool = False  # ${#x}: only ever digits
    inner: tuple[Word, ...] = ()


class Substitution(Node, frozen=True, kw_only=True):
    """`$(…)`, backquotes, `<(…)` or `>(…)`; `op` is how it opens."""

    op: str
    statements: tuple[Statement, ...]
    quoted: bool = False


class Arithmetic(Node, frozen=True, kw_only=True):
    """`$((…))`: evaluates to digits. `names` are the variables it reads, `inner` every word in it."""

    names: tuple[str, ...] = ()
    assigned: tuple[str, ...] = ()
    inner: tuple[Word, ...] = ()


class Opaque(Node, frozen=True, kw_only=True):
    """Something the guard has no rule for. `what` names it for the verdict."""

    what: str


Part: TypeAlias = Literal | Expansion | Substitution | Arithmetic | Opaque


class Word(Node, frozen=True, kw_only=True):
    """One word of the text before the shell expands it."""

    parts: tuple[Part, ...] = ()


class Assignment(Node, frozen=True, kw_only=True):
    """`name=value`; `plain` is False for `+=`, an array and an index (their words are in `inner`)."""

    name: str
    value: Word | None = None
    plain: bool = True
    inner: tuple[Word, ...] = ()
    names: tuple[str, ...] = ()  # read by the sum in its index


class Redirect(Node, frozen=True, kw_only=True):
    """`2>file`, `<<EOF`, `>&1`. `body` is the here-document."""

    op: str
    target: Word
    body: Word | None = None


class Call(Node, frozen=True, kw_only=True):
    """A simple command: assignments, then program and arguments."""

    assigns: tuple[Assignment, ...] = ()
    words: tuple[Word, ...] = ()


class Pair(Node, frozen=True, kw_only=True):
    """Two statements joined by `&&`, `||`, `|`, `|&` or (for one that spans another) `;`."""

    op: str
    left: Statement
    right: Statement


class Compound(Node, frozen=True, kw_only=True):
    """`if`, `while`, `until`, `case`, `{}`, `()`, `time`: the effect is that of all its parts.

    `conditions` are the statements of the condition of a loop or an if, `words` the words of a case.
    """

    kind: str
    body: tuple[Statement, ...] = ()
    conditions: tuple[Statement, ...] = ()
    words: tuple[Word, ...] = ()


class For(Node, frozen=True, kw_only=True):
    """`for name in items; do body; done`; `items` is None for the script's own arguments."""

    name: str
    items: tuple[Word, ...] | None
    body: tuple[Statement, ...]


class Function(Node, frozen=True, kw_only=True):
    """A function that is defined here; its body is judged where it stands."""

    name: str
    body: Statement


class Test(Node, frozen=True, kw_only=True):
    """`[[ … ]]`, `(( … ))` or the head of a C-style `for`. `names` are evaluated as arithmetic."""

    words: tuple[Word, ...] = ()
    names: tuple[str, ...] = ()
    assigned: tuple[str, ...] = ()
    body: tuple[Statement, ...] = ()


class Declaration(Node, frozen=True, kw_only=True):
    """`export`, `local`, `declare`, `readonly`, `typeset`; `flags` are its words that begin with `-`."""

    program: str
    flags: tuple[Word, ...] = ()
    assigns: tuple[Assignment, ...] = ()


Command: TypeAlias = Call | Pair | Compound | For | Function | Test | Declaration | Opaque


class Statement(Node, frozen=True, kw_only=True):
    """One command with its redirections, as long as a person would call it one."""

    command: Command | None = None  # None: only redirections, such as `> file`
    redirects: tuple[Redirect, ...] = ()
    background: bool = False


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """A whole text. `error` is the parser's complaint in one sentence; then there are no statements."""

    statements: tuple[Statement, ...] = ()
    error: str | None = None


def counts(word: Word) -> bool:
    """Whether a word is the output of a program that prints a number: a time, a count."""
    if len(word.parts) != 1 or not isinstance(word.parts[0], Substitution):
        return False
    inside = word.parts[0].statements
    last = inside[0].command if len(inside) == 1 else None
    while isinstance(last, Pair) and last.op == "|":
        last = last.right.command
    if not isinstance(last, Call) or not last.words:
        return False
    texts = ["".join(getattr(part, "text", "\x00") for part in one.parts) for one in last.words]
    return texts[0] in ("date", "wc", "nproc") or texts[:2] == ["grep", "-c"]


def nodes(root: object) -> Iterator[Node]:
    """`root` and everything beneath it, outermost first."""
    stack = [root]
    while stack:
        top = stack.pop()
        if isinstance(top, Node):
            yield top
            stack.extend(getattr(top, name) for name in reversed(top.__struct_fields__))
        elif isinstance(top, tuple):
            stack.extend(reversed(top))
