"""The allow-lists: which programs, sub-commands and flags are known, and what they do.

They are TOML files beside this module, one a program or family, read once; a site may lay files of its own
over them. `docs/guard.md` tells how to add a row. A flag is written `-A` (a switch), `-n=` (takes a value, in
the same word or the next) or `--dry-run?` (takes a value in the same word only). What is not listed is unknown.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal, TypeAlias

import msgspec

from fireline.core.guard.verdict import Effect
from fireline.core.refusal import Refused


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that a program can do, and what that does to the world.

    Attributes:
        sub: names of the sub-command, several for the same row ("rollout status").
        effect: what it does when nothing below raises it.
        why: one sentence for the verdict.
        flags: known flags. A row that is no read needs none: its effect is the same with any flag.
        any_flag: no flag of this program changes anything, so that they need no list.
        values: flag to regular expression that its value must match in full, else unknown.
        raises: flag to the effect that it brings with it; such a flag is known, too.
        safe_with: flags of which one makes a change a rehearsal, with the values that do (`--dry-run`).
        positional: regular expression that each further word must match in full, else unknown.
        at_most: how many further words, -1 for any number.
        raises_more: the effect of having more words than `at_most`.
        at_least: how many further words it needs; with fewer it opens a session at a terminal.
        needs: flags of which one must be there, else the effect is `lacking`.
        fed: it ends only when something is fed in.
        loose: words of unknown number and look cannot turn it into a change.
        any_word: one word that looks like a flag cannot turn it into a change, several could.
        shield: what to put before a word that may look like a flag, so that it is none (`--`).
        drop: flags to leave out, because they never end or want a terminal.
        add: text to put in after the sub-command or program, with the flags of which any makes it needless.
        unattended: False when it never ends or wants a terminal whatever its flags.
        wraps: "words" (the rest is a command), "dashes" (what follows `--` is), "text" (the rest, joined,
            is a shell text), "-c" (the value of that flag is a shell text).
        skip: words before the wrapped command (a host, a number of seconds).
        bounds: the wrapped command is ended after a while.
        elsewhere: the wrapped command runs on another machine or in a container.
        check: name of the rule in code that has the last word.
        tags: words that go into the verdict.
    """

    sub: tuple[str, ...] = ()
    effect: Effect = Effect.READ
    why: str = ""
    flags: str = ""
    any_flag: bool = False
    values: dict[str, str] = {}
    raises: dict[str, Effect] = {}
    safe_with: dict[str, str] = {}
    positional: str = ""
    at_most: int = -1
    raises_more: Effect = Effect.UNKNOWN
    at_least: int = 0
    needs: str = ""
    lacking: Effect = Effect.UNKNOWN
    fed: bool = False
    loose: bool = False
    any_word: bool = False
    shield: str = ""
    drop: tuple[str, ...] = ()
    add: dict[str, str] = {}
    unattended: bool = True
    wraps: Literal["", "words", "dashes", "text", "-c"] = ""
    skip: int = 0
    bounds: bool = False
    elsewhere: bool = False
    check: str = ""
    tags: tuple[str, ...] = ()


class Program(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program: its names, the flags that go with all its sub-commands, and its rows.

    `dash` is "single" for programs whose long flags have one dash (terraform). `first` says that the
    flags of the program itself come before the sub-command only (git, docker).
    """

    names: tuple[str, ...]
    flags: str = ""
    values: dict[str, str] = {}
    drop: tuple[str, ...] = ()
    dash: Literal["double", "single"] = "double"
    first: bool = False
    row: tuple[Row, ...] = ()

    def rows(self) -> dict[str, Row]:
        """Rows by sub-command, "" for the program without one."""
        return {name: row for row in self.row for name in (row.sub or ("",))}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    program: tuple[Program, ...]


Known: TypeAlias = dict[str, tuple[Program, dict[str, Row]]]


@dataclass(frozen=True, slots=True, eq=False)  # told apart by being another one, so that verdicts can be kept by it
class Tables:
    """Everything that a verdict goes by: every known program by each of its names, with its rows by sub-command.

    `site` holds the programs of the site's own files, whose rows come before those built in.
    """

    built_in: Known
    site: Known = field(default_factory=dict)


@lru_cache(maxsize=1)
def built_in() -> Tables:
    """The tables beside this module and nothing else, read once."""
    known: Known = {}
    for name in sorted(entry.name for entry in _folder().iterdir() if entry.name.endswith(".toml")):
        if name.startswith("facts-"):
            continue
        for program in msgspec.convert(tomllib.loads(_folder().joinpath(name).read_text()), _File).program:
            for alias in program.names:
                if alias in known:
                    raise ValueError(f"{alias} stands in two tables, the second is {name}")
                known[alias] = (program, program.rows())
    return Tables(known)


def laid_over(files: Iterable[tuple[str, str]]) -> Tables:
    """The tables with a site's own laid over them, from pairs of file name and TOML text; the later row counts.

    Raises `Refused` naming the file and the key that is wrong. A row may not name a rule in code (`check`).
    """
    known: Known = {}
    for file, text in files:
        try:
            read = msgspec.convert(tomllib.loads(text), _File).program
            for row in (row for program in read for row in program.row):
                for expression in (row.positional, *row.values.values(), *row.safe_with.values()):
                    pattern(expression)
        except (tomllib.TOMLDecodeError, msgspec.ValidationError, re.error) as trouble:
            raise Refused(f"The guard table {file} is wrong: {trouble}.", status=400) from trouble
        for program in read:
            if any(row.check for row in program.row):
                raise Refused(
                    f"The guard table {file} is wrong: `check` in a row of {program.names[0]} names a rule in code, "
                    "which only fireline's own tables may.", status=400,
                )  # fmt: skip
            for alias in program.names:
                rows = {**known.get(alias, (program, {}))[1], **program.rows()}
                known[alias] = (_with_built_in(alias, program), rows)
    return Tables(built_in().built_in, known)


def _with_built_in(name: str, program: Program) -> Program:
    """A program of the site's with the flags of the built-in one, too."""
    if name not in built_in().built_in:
        return program
    own = built_in().built_in[name][0]
    flags, values = f"{own.flags} {program.flags}", {**own.values, **program.values}
    return msgspec.structs.replace(own, flags=flags, values=values)


@lru_cache(maxsize=8)
def facts(name: str) -> dict[str, frozenset[str]]:
    """The word lists of `tables/facts-<name>.toml`, by key."""
    text = _folder().joinpath(f"facts-{name}.toml").read_text()
    return {key: frozenset(value.split()) for key, value in tomllib.loads(text).items()}


@lru_cache(maxsize=4096)
def spec(flags: str) -> dict[str, str]:
    """Flags as written in a row: name to "" (switch), "=" (takes a value) or "?" (value attached only)."""
    return {flag.rstrip("=?"): flag[len(flag.rstrip("=?")) :] for flag in flags.split()}


@lru_cache(maxsize=1024)
def pattern(text: str) -> re.Pattern[str]:
    """A compiled pattern of a row."""
    return re.compile(text, re.DOTALL)


def _folder() -> Traversable:
    return resources.files(__package__).joinpath("tables")
