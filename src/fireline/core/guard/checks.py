"""Rules in code, for programs whose arguments are a language or another command. Tables name them by `check`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from msgspec import structs

from fireline.core.guard import cloud, redis, sql, text
from fireline.core.guard.environment import variable
from fireline.core.guard.program import Reading, inside, judge, tamed
from fireline.core.guard.scope import PIPE, Scope
from fireline.core.guard.verdict import Effect
from fireline.core.guard.words import GAP, Arg

Check = Callable[[Reading, Scope, str | None], None]
SETTING = re.compile(r"([A-Za-z_]\w*)=")


def _unknown_words(number: int = 1) -> list[Arg]:
    return [Arg(text=GAP, start=0, end=0, splits=True)] * number


def wraps(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """Judge the command that this one runs, wherever it runs it."""
    row, rest, inner = reading.row, reading.rest, inside(reading, scope)
    if row is None:
        return
    if row.wraps == "-c":
        texts = [flag for flag in reading.flags if flag.name in ("-c", "--command")]
        if texts and texts[0].last is texts[0].arg and texts[0].name == "-c":  # for bash -ce, the e is a flag
            scope.unknown(reading.rule, "Put the text that it runs into a word of its own.")
        elif len(texts) == 1 and GAP not in (texts[0].value or ""):
            inner.within(texts[0].value or "", texts[0].last if texts[0].last.text == texts[0].value else None)
        elif not texts and not reading.words and stdin is None:
            scope.add(Effect.WRITE, reading.rule, f"{reading.rule} opens a shell at a terminal.", unattended=False)
        else:
            scope.unknown(reading.rule, f"What {reading.rule} runs is only known when it runs.")
    elif not rest:
        if reading.words[row.skip :]:
            scope.unknown(reading.rule, f"Put -- before the command that {reading.rule} runs.")
        else:
            scope.add(Effect.WRITE, reading.rule, f"{reading.rule} opens a session at a terminal.", unattended=False)
    elif row.wraps == "text":
        words = [tamed(arg, reading, scope) for arg in rest]
        if any(not arg.known for arg in words):
            scope.unknown(reading.rule, f"What {reading.rule} runs is only known when it runs.")
        else:
            inner.within(" ".join(arg.text for arg in words), words[0] if len(words) == 1 else None)
    else:
        inner.call(rest, inner, stdin)


def settings(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """`env` and `sudo`: variables first, then a command; `env` alone prints the environment."""
    if judge(reading, scope, stdin) is not Effect.READ:
        return
    rest = list(reading.rest or ())
    while rest and (found := SETTING.match(rest[0].text)):
        variable(found[1], scope, given=True)
        rest.pop(0)
    if rest:
        inner = inside(reading, scope)
        inner.call(rest, inner, stdin)
    elif reading.rule == "env":
        scope.add(Effect.READ, "env", "env prints the environment.", tags=("secret",))
    else:
        scope.unknown(reading.rule, f"{reading.rule} runs nothing that is written here.")


def repeated(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """`watch`: the command once instead of again and again."""
    if judge(reading, scope, stdin) is not Effect.READ:
        return
    rest = reading.rest or []
    if not rest or any(not arg.known for arg in rest):
        scope.unknown("watch", "What watch runs is only known when it runs.")
        return
    first = rest[0]
    if len(rest) == 1 and first.verbatim is not None:
        done = scope.edit(reading.start, first.verbatim, "") and scope.edit(
            first.verbatim + len(first.text), first.end, ""
        )
    else:
        done = len(rest) > 1 and scope.edit(reading.start, first.start, "")
    once = replace(scope, findings=[], edits=set())  # what is to be rewritten in it shows the next time round
    once.within(" ".join(arg.text for arg in rest), None)
    scope.findings.extend(structs.replace(found, unattended=found.unattended or done) for found in once.findings)
    scope.add(Effect.READ, "watch", "watch is left out: its command is run once.", unattended=done)


def each(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """`xargs`: the command with words that are only known when it runs."""
    if judge(reading, scope, stdin) is not Effect.READ:
        return
    rest = list(reading.rest or [Arg(text="echo", start=0, end=0)])
    marks = [mark or "{}" for mark in reading.all("-I", "--replace", "-i")]
    if any(GAP in mark for mark in marks) or len(marks) > 1:
        scope.unknown("xargs", "Where xargs puts its words is only known when it runs.")
    elif marks:
        rest = [structs.replace(arg, text=arg.text.replace(marks[0], GAP), verbatim=None) for arg in rest]
        scope.call(rest, inside(reading, scope), PIPE)
    else:
        scope.call([*rest, *_unknown_words()], inside(reading, scope), PIPE)


def literal_shell(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """`eval`: its words, joined, are a shell text."""
    if all(arg.known for arg in reading.words) and not reading.trouble:
        scope.within(" ".join(arg.text for arg in reading.words), None, same_shell=True)
    else:
        scope.unknown("eval", "What eval runs is only known when it runs.")


def looked_up(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """`command`: with -v it looks a program up, else it runs it."""
    if reading.all("-v", "-V"):
        scope.add(Effect.READ, "command", "It only looks up where a program is.")
    elif reading.trouble or not reading.rest:
        scope.unknown("command", "What command runs is not understood.")
    else:
        scope.call(reading.rest, inside(reading, scope), stdin)


def compared(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """`[` and `test`: -v runs the subscript of the name that it tests, so no word may turn out to be one."""
    if judge(reading, scope, stdin) is not Effect.READ:
        return
    words = [tamed(arg, reading, scope) for arg in reading.args]
    if any(word.splits or (word.globs and not re.search(r"[./]", word.text)) for word in words):
        scope.unknown("test", "It may turn out to have more words; put quotes around what splits.")
    for word, after in pairwise(words):
        maybe = word.text == "-v" or (not word.known and word.text[:1] in ("-", GAP, "*", "?", "["))
        if maybe and not (after.known and re.fullmatch(r"\w+|\]|-[a-z]+|!?=|==|<|>", after.text)):
            scope.unknown("test", "It may turn out to test a name with a subscript, which the shell would run.")


def unset(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """`unset`: as setting the variable."""
    if judge(reading, scope, stdin) is Effect.READ:
        for word in reading.words:
            variable(word.text, scope, given=False)


def alone(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """`ovs-vsctl` and its kin: after `--` comes another command."""
    if any(arg.text == "--" for arg in reading.args):
        scope.unknown(reading.rule, "After -- comes another command.")
    else:
        judge(reading, scope, stdin)


def connected(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """`openssl s_client`: what is fed in goes to the server, so it may be nothing, or Q to quit."""
    if stdin is None or stdin.strip() in ("", "Q"):
        judge(reading, scope, stdin)
    else:
        scope.unknown(reading.rule, "What is fed in is sent to the server: feed in nothing, as in </dev/null.")


CHECKS: dict[str, Check] = {
    "wraps": wraps,
    "settings": settings,
    "repeated": repeated,
    "each": each,
    "eval": literal_shell,
    "command": looked_up,
    "find": text.find,
    "sed": text.sed,
    "awk": text.awk,
    "sampled": text.sampled,
    "tee": text.tee,
    "curl": text.curl,
    "psql": sql.psql,
    "mysql": sql.mysql,
    "redis": redis.redis,
    "test": compared,
    "unset": unset,
    "alone": alone,
    "connected": connected,
    "aws": cloud.aws,
    "verbs": cloud.verbs,
}
