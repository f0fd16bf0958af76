"""`fireline guard`: what a command would do to the world. Judges, never runs."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Annotated, BinaryIO

import msgspec
from cyclopts import App, Parameter
from msgspec import structs

from fireline.cli.speak import say
from fireline.core.guard import Effect, Tables, Verdict
from fireline.core.guard import judge as verdict_on
from fireline.core.guard.policy import decide
from fireline.core.guard.tree import Script
from fireline.core.runbook.placeholders import find
from fireline.settings import load
from fireline.shell import parse, parse_many
from fireline.workflows.tables import read_tables

app = App(name="guard", help="What a command would do to the world.")

AT_ONCE = 64  # lines that shfmt reads in one start, when so many are there
READ_AT_ONCE = 1 << 16  # bytes
# `cat <in>out` may be redirections: a blank that begins a word like that one and has this after it is not filled in.
OPEN_END = re.compile(r"[\w/~$*?\[]|\./")


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One verdict as `guard judge` prints it."""

    command: str
    effect: str
    unattended: bool
    tags: tuple[str, ...]
    rule: str
    why: str


class Asked(msgspec.Struct, frozen=True):
    """One line of input in its long form."""

    command: str


@app.command
def judge(
    *commands: Annotated[str, Parameter(name="COMMAND", allow_leading_hyphen=True, help="Quoted, one argument each.")],
    explain: Annotated[
        bool, Parameter(negative="", help="Explain for people, also what comes from standard input.")
    ] = False,
) -> None:
    """Judge commands: read, local, write, destructive or unknown, by which rule and why.

    Without arguments it reads standard input, a JSON string or `{"command": …}` a line, and answers each line,
    in order, with one line of JSON: command, effect, unattended, tags, rule, why. Nothing is run.
    """
    tables = read_tables(load().guard.tables)
    if commands:
        for command in commands:
            _explain(command, _verdict(command, tables, parse))
        return
    for command, verdict in _answers(sys.stdin.buffer, tables):
        try:
            if explain:
                _explain(command, verdict)
            else:
                sys.stdout.buffer.write(_as_line(command, verdict).encode() + b"\n")
                sys.stdout.buffer.flush()
        except BrokenPipeError:  # nobody reads on, as in `… | head`: the rest is nobody's business
            with suppress(OSError):
                sys.stdout.close()
            return


def _answers(lines: BinaryIO, tables: Tables) -> Iterator[tuple[str, Verdict]]:
    """Each line's command with the verdict on it, as soon as the lines that have come can be judged."""
    for pile in _piles(lines):
        asked = [_read(line) for line in pile]
        parse_ = _parser(parse_many([_filled(command)[0] for command, why in asked if why is None]))
        for command, why in asked:
            yield command, _verdict(command, tables, parse_) if why is None else _unread(why)


def _piles(lines: BinaryIO) -> Iterator[list[bytes]]:
    """The lines as they come: one when somebody types, many from a file."""
    begun: list[bytes] = []  # of a line whose end has not come
    while come := lines.read1(READ_AT_ONCE):  # type: ignore[attr-defined]  # a buffered reader, as standard input is
        *whole, rest = come.split(b"\n")
        if whole:
            whole[0] = b"".join([*begun, whole[0]])
            begun = []
        begun += [rest] if rest else []
        for start in range(0, len(whole), AT_ONCE):
            yield whole[start : start + AT_ONCE]
    if begun:
        yield [b"".join(begun)]


def _parser(trees: Mapping[str, Script]) -> Callable[[str], Script]:
    return lambda text: trees.get(text) or parse(text)


def _verdict(command: str, tables: Tables, parse: Callable[[str], Script]) -> Verdict:
    """The verdict on a command, its blanks holding harmless values, as `runbook show` gives it."""
    text, blanks = _filled(command)
    verdict = verdict_on(text, parse=parse, tables=tables)
    if not blanks:
        return verdict
    rewritten = verdict.rewritten
    for value, written in blanks.items():
        rewritten = rewritten and rewritten.replace(value, written)
    why = f"{verdict.why} To be filled in before it runs: {', '.join(blanks.values())}."
    return structs.replace(verdict, tags=(*verdict.tags, "placeholder"), rewritten=rewritten, why=why)


def _filled(command: str) -> tuple[str, dict[str, str]]:
    """A command with a word or number where `<pod>` stands, and by each of these what was written there."""
    text, values = command, dict[str, str]()
    for blank in reversed(find(command)) if "<" in command else ():
        word_before = command[: blank.start].endswith((" ", "\t", "\n"))
        if blank.written.startswith("<") and not (word_before and OPEN_END.match(command, blank.end)):
            value = f"{7_000_000 + blank.start}" if blank.kind in ("port", "integer") else f"blank{blank.start}x"
            text = text[: blank.start] + value + text[blank.end :]
            values[value] = blank.written
    return text, dict(reversed(values.items()))


def _read(line: bytes) -> tuple[str, str | None]:
    """The command of one line; with why it could not be read, when it could not."""
    try:
        asked = msgspec.json.decode(line, type=str | Asked)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as trouble:
        return line.decode(errors="replace").rstrip("\r\n"), f"This line is no JSON string: {trouble}."
    return (asked if isinstance(asked, str) else asked.command), None


def _unread(why: str) -> Verdict:
    return Verdict(effect=Effect.UNKNOWN, unattended=False, rule="input", why=why)


def _as_line(command: str, verdict: Verdict) -> str:
    judged = Judged(
        command=command, effect=str(verdict.effect), unattended=verdict.unattended, tags=verdict.tags,
        rule=verdict.rule, why=verdict.why,
    )  # fmt: skip
    try:
        return msgspec.json.encode(judged).decode()
    except UnicodeEncodeError:  # half a character: JSON can carry it, UTF-8 cannot
        return _as_line(command.encode(errors="replace").decode(), verdict)


def _explain(command: str, verdict: Verdict) -> None:
    say(command)
    tags = f" [{', '.join(verdict.tags)}]" if verdict.tags else ""
    say(f"  {verdict.effect}{tags}, by {verdict.rule}: {verdict.why}")
    if verdict.rewritten:
        say(f"  It would run as: {verdict.rewritten}")
    if verdict.unattended:
        say("  It may run by itself." if "placeholder" not in verdict.tags else "  Filled in, it may run by itself.")
    else:
        say(f"  {decide(verdict.effect, severity='P1', asked_by_house=True, tags=verdict.tags).why}")
