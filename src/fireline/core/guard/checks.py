"""Rules in code, for programs whose arguments are a language or another command. Tables name them by `check`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from msgspec import structs

from fireline.core.guard import cloud, redis, sql, text
from fireline.core.guard.environment import variable
from fireline.core.guard.program import Reading, bounded, inside, judge, tamed
from fireline.core.guard.scope import PIPE, Scope
from fireline.core.guard.verdict import Effect
from fireline.core.guard.words import GAP, Arg

Check = Callable[[Reading, Scope, str | None], None]
SETTING = re.compile(r"([A-Za-z_]\w*)=")
# Of httpie: a header, a query parameter; not `:=`, `=`, `@`.
PARAMETER = re.compile(r"(?i:(?!x-(?:http-)?method))[\w-]+(?::(?!=)|==).*", re.DOTALL)
CEPH = re.compile(
    r"version|status|ops|ops_in_flight|dump_(ops_in_flight|historic_ops|blocked_ops|mempools|osd_network|reservations)|"
    r"perf (dump|schema)|config (show|diff|get \w+)|mon_status|quorum_status|(session|client|damage) ls|cache status|"
    r"get_heap_property \w+|objecter_requests|dump_historic_slow_ops|list_unfound"
)
# ZooKeeper's words of four letters, memcached's and HAProxy's questions; none changes anything
QUESTIONS = {"ruok", "stat", "srvr", "mntr", "conf", "cons", "envi", "isro", "wchs", "dump", "stats", "version",
             "show info", "show stat", "show errors", "show backend", "PING", "INFO"}  # fmt: skip


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
        elif any(text.after for text in texts) and not row.positional:  # `bash deploy.sh -c ls` runs deploy.sh
            scope.unknown(reading.rule, f"Before -c stands what {reading.rule} would run instead.")
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
            bare = all(arg.verbatim == arg.start and arg.end - arg.start == len(arg.text) for arg in words)
            at = words[0].start if bare and all(b.start == a.end + 1 for a, b in pairwise(words)) else None
            inner.within(" ".join(arg.text for arg in words), words[0] if len(words) == 1 else None, at=at)
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


def named(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """`unset` and `read`: as setting the variables."""
    if judge(reading, scope, stdin) is Effect.READ:
        for name in (*(word.text for word in reading.words), *reading.all("-a")):
            variable(name, scope, given=False)


def alone(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """`ovs-vsctl` and its kin: after `--` comes another command."""
    if any(arg.text == "--" for arg in reading.args):
        scope.unknown(reading.rule, "After -- comes another command.")
    else:
        judge(reading, scope, stdin)


def connected(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """`openssl s_client`: what is fed in goes to the server, so it may be nothing, or Q to quit."""
    if stdin is None:
        last = reading.args[-1].end if reading.args else 0
        if judge(reading, scope, "") is Effect.READ and not (last and scope.edit(last, last, " </dev/null")):
            scope.add(Effect.WRITE, reading.rule, "It opens a session at a terminal.", unattended=False)
    elif stdin.strip() in ("", "Q"):
        judge(reading, scope, stdin)
    else:
        scope.unknown(reading.rule, "What is fed in is sent to the server: feed in nothing, as in </dev/null.")


def asked(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """`nc`: with -z it sends nothing; else only questions that are known to change nothing may be fed in."""
    if reading.given() & {"-z"}:
        judge(reading, scope, stdin)
    elif stdin is None or stdin.strip() not in QUESTIONS or judge(reading, scope, stdin) is not Effect.READ:
        scope.add(Effect.WRITE, reading.rule, "What it sends to the other side may do anything there.")


def ceph(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """`ceph tell` and `ceph daemon`: after the daemon's name comes a command of its own."""
    who, asked = reading.words[:1], " ".join(word.text for word in reading.words[1:])
    if who and all(word.known for word in reading.words) and not reading.flags and CEPH.fullmatch(asked):
        scope.add(Effect.READ, reading.rule, f"The daemon only shows its {asked}.")
    else:
        scope.unknown(reading.rule, "Which command the daemon gets is not on the list of those that only show.")


def services(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """`service NAME status`: the other words of a service start, stop or reload it."""
    words = [word.text for word in reading.words]
    if all(word.known for word in reading.words) and len(words) == 2 and words[1] == "status" and not reading.flags:
        scope.add(Effect.READ, reading.rule, "It only shows the state of a service.")
    else:
        judge(reading, scope, stdin)


def over_http(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """`gh api` and `http`: fields, a body or a method other than GET may change something."""
    if judge(reading, scope, stdin) is not Effect.READ:
        return
    words = [word.text for word in reading.words]
    methods = [word for word in words[:1] if word.isupper()] if reading.rule.startswith("http") else []
    methods += reading.all("-X", "--method")
    rest = words[1:] if methods and reading.rule.startswith("http") else words
    if any(method.upper() not in ("GET", "HEAD", "OPTIONS") for method in methods):
        scope.add(Effect.WRITE, reading.rule, f"An HTTP {methods[-1][:20]} may change something.")
    elif not methods and stdin not in (None, ""):
        scope.unknown(reading.rule, "What is fed in is sent along.")
    elif not rest or any(word.known is False for word in reading.words) or not all(map(PARAMETER.fullmatch, rest[1:])):
        scope.unknown(reading.rule, "Only a GET of one address with headers and query parameters is known to read.")
    elif re.match(r"/?graphql", rest[0]):
        scope.unknown(reading.rule, "A GraphQL text may change something.")


def bounded_only(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """What reads but never ends by itself: it is given a time-out."""
    if judge(reading, scope, stdin) is Effect.READ and not bounded(reading, scope):
        scope.add(Effect.READ, reading.rule, "It goes on for ever.", unattended=False)


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
    "tar": text.tar,
    "tee": text.tee,
    "curl": text.curl,
    "psql": sql.psql,
    "mysql": sql.mysql,
    "redis": redis.redis,
    "test": compared,
    "named": named,
    "alone": alone,
    "asked": asked,
    "ceph": ceph,
    "services": services,
    "over_http": over_http,
    "bounded": bounded_only,
    "connected": connected,
    "aws": cloud.aws,
    "verbs": cloud.verbs,
}
