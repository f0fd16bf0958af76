"""`fireline guard`: what a command would do to the world. Judges, never runs."""

from __future__ import annotations

import sys
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Queue
from threading import Thread
from typing import Annotated, BinaryIO

import msgspec
from cyclopts import App, Parameter

from fireline.cli.speak import say
from fireline.core.guard import Effect, Verdict
from fireline.core.guard import judge as verdict_on
from fireline.core.guard.policy import decide
from fireline.settings import load
from fireline.shell import parse
from fireline.workflows.library import use_tables

app = App(name="guard", help="What a command would do to the world.")

AT_ONCE = 2  # lines judged at the same time: while one waits for shfmt, the other is read
AHEAD = 64  # lines read before their answers are printed


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
    use_tables(load().guard.tables)
    if commands:
        for command in commands:
            _explain(command)
        return
    _stream(sys.stdin.buffer, explain=explain)


def _stream(lines: BinaryIO, *, explain: bool) -> None:
    """Answer each line as soon as it and all before it are judged; whoever waits for one answer gets it."""
    judged: Queue[Future[tuple[str, Verdict]] | None] = Queue(AHEAD)

    def answer() -> None:
        listening = True
        while (one := judged.get()) is not None:
            command, verdict = one.result()
            try:
                if listening and explain:
                    _explain(command, verdict)
                elif listening:
                    sys.stdout.buffer.write(_as_line(command, verdict).encode() + b"\n")
                    sys.stdout.buffer.flush()
            except BrokenPipeError:  # nobody reads on, as in `… | head`: the rest is nobody's business
                listening = False

    printer = Thread(target=answer)
    printer.start()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for line in lines:
            judged.put(pool.submit(_judged, line))
        judged.put(None)
        printer.join()


def _judged(line: bytes) -> tuple[str, Verdict]:
    """The command of one line and the verdict on it."""
    command, why = _read(line)
    return command, verdict_on(command, parse=parse) if why is None else _unread(why)


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


def _explain(command: str, verdict: Verdict | None = None) -> None:
    verdict = verdict or verdict_on(command, parse=parse)
    say(command)
    tags = f" [{', '.join(verdict.tags)}]" if verdict.tags else ""
    say(f"  {verdict.effect}{tags}, by {verdict.rule}: {verdict.why}")
    if verdict.rewritten:
        say(f"  It would run as: {verdict.rewritten}")
    if verdict.unattended:
        say("  It may run by itself.")
    else:
        say(f"  {decide(verdict.effect, severity='P1', asked_by_house=True, tags=verdict.tags).why}")
