"""Questions and answers: a command that only reads, understood well enough to be asked without starting a program.

Each program has a module here with `understand(argv, environment)`: a question, or None for anything that is not
known to the last flag. What is not understood runs as a process; nothing is guessed. What comes back reads as the
program's own output, because people know it, and leads with what to read first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fireline.core.guard.tree import Call, Literal, Script, Statement
from fireline.core.guard.words import text_of


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, as the program would have given it.

    `output` is the program's text with errors among it, unmasked; `exit_code` the one it would have ended with.
    `ran` says what was really asked, and of whom. `findings` are whole sentences for whoever reads this first:
    "14 of 97 connections in use: web 9, worker 4, psql 1."
    """

    output: str
    exit_code: int
    ran: str
    findings: tuple[str, ...] = ()


class Unusable(Exception):  # noqa: N818  # "except Unusable" reads as it is meant
    """A warm client cannot ask this one: no credentials it could use, a server it cannot speak with. A program may."""


def simple(script: Script) -> tuple[str, ...] | None:
    """The words of a text that is one program with its arguments, as the program would be given them.

    None for everything else: pipes, lists, redirections, variables, patterns, a home folder's `~`.
    """
    return None if script.error or len(script.statements) != 1 else words(script.statements[0])


def words(one: Statement) -> tuple[str, ...] | None:
    """The same of one statement."""
    if one.redirects or one.background or not isinstance(one.command, Call) or one.command.assigns:
        return None
    if one.command.start != one.start:  # `!` turns its exit code round
        return None
    texts = [text_of(word, {}) for word in one.command.words]
    homes = [
        isinstance(part, Literal) and not part.quoted and part.text.startswith("~")
        for word in one.command.words
        for part in word.parts[:1]
    ]
    known = tuple(text for text in texts if text is not None)
    return known if known and len(known) == len(texts) and not any(homes) else None


@dataclass(frozen=True, slots=True)
class Flags:
    """A program's arguments taken apart: the flags in their order, a switch with "" as its value, and the words."""

    given: tuple[tuple[str, str], ...]
    words: tuple[str, ...]

    def last(self, *names: str) -> str | None:
        """The value of the last flag that has one of these names; None without any."""
        return next((value for name, value in reversed(self.given) if name in names), None)

    def all(self, *names: str) -> tuple[str, ...]:
        """The values of every flag that has one of these names, in their order."""
        return tuple(value for name, value in self.given if name in names)

    def has(self, *names: str) -> bool:
        """Whether one of these flags is there."""
        return self.last(*names) is not None


def flags(
    args: Sequence[str], *, switches: frozenset[str], valued: frozenset[str], words_end: bool = False
) -> Flags | None:
    """Take `args` apart as getopt_long does: `-xvalue`, `-x value`, `-abc`, `--long=value`, `--`.

    With `words_end` the first word ends the flags, as for redis-cli. None when a flag is in neither list, or
    when one wants a value and there is none.
    """
    given: list[tuple[str, str]] = []
    words: list[str] = []
    rest = list(args)
    while rest:
        arg = rest.pop(0)
        if arg == "--":
            return Flags(tuple(given), (*words, *rest))
        if not arg.startswith("-") or arg == "-":
            words.append(arg)
            if words_end:
                return Flags(tuple(given), (*words, *rest))
            continue
        if arg.startswith("--"):
            name, equals, value = arg.partition("=")
            if name in valued and (equals or rest):
                given.append((name, value if equals else rest.pop(0)))
            elif name in switches and not equals:
                given.append((name, ""))
            else:
                return None
            continue
        for place, letter in enumerate(arg[1:], 2):
            name = f"-{letter}"
            if name in switches:
                given.append((name, ""))
            elif name in valued and (arg[place:] or rest):
                given.append((name, arg[place:] or rest.pop(0)))
                break
            else:
                return None
    return Flags(tuple(given), tuple(words))


def own_settings(environment: Mapping[str, str], *names: str) -> bool:
    """Whether the lane sets one of these variables, upper or lower case: what it means is left to the program."""
    return any(environment.get(name) or environment.get(name.lower()) for name in names)
