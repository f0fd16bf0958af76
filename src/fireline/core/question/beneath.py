"""Beneath: the look that a command takes and then prints in another form: through `grep`, or as JSON.

Such a command runs as the program, because its bytes are the program's. What is to be read first in them is found by
asking the same question once more, without the form.
"""

from __future__ import annotations

from collections.abc import Sequence

from fireline.core.guard.tree import Pair, Script, Statement
from fireline.core.question import words

# They print of what they are given, and nothing else. `awk` and `sed` are programs of their own.
FILTERS = frozenset({"grep", "egrep", "fgrep", "head", "tail", "sort", "uniq", "wc", "cut", "tr", "cat", "column"})
FORMS = ("-o", "--output")
HEADLESS = "--no-headers"


def beneath(script: Script) -> tuple[str, ...] | None:
    """The words of the look; None for a command that is no `kubectl` look in another form."""
    if script.error or len(script.statements) != 1:
        return None
    whole = script.statements[0]
    first = _first(whole)
    argv = words(first) if first else None
    if argv is None or argv[0] != "kubectl" or "--" in argv:  # what runs inside a pod is not asked twice
        return None
    bare = _formless(argv)
    return bare if first is not whole or bare != argv else None


def _first(one: Statement) -> Statement | None:
    """The head of a pipe of plain filters; the statement itself where there is none."""
    while isinstance(one.command, Pair):
        right = words(one.command.right)
        if one.redirects or one.background or one.command.op != "|" or right is None or right[0] not in FILTERS:
            return None
        if one.command.start != one.start:  # `!` turns its exit code round
            return None
        one = one.command.left
    return one


def _formless(argv: Sequence[str]) -> tuple[str, ...]:
    """The same without what says how it is printed."""
    kept: list[str] = []
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word in FORMS:
            rest = rest[1:]
        elif not word.startswith(("--output=", "-o=", "-ojson", "-oyaml", "-ocustom", "-owide", "-oname")):
            kept.append(word)
    return tuple(one for one in kept if one != HEADLESS)
