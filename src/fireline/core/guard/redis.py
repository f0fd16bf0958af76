"""What a Redis command does: by Redis' own flags, with the readers that never end and the writers that hide."""

from __future__ import annotations

import shlex

from fireline.core.guard import table
from fireline.core.guard.program import Reading, bounded, judge, shown, tamed
from fireline.core.guard.scope import Scope
from fireline.core.guard.verdict import Effect
from fireline.core.guard.words import GAP

STANDING_ALONE = ("--scan", "--bigkeys", "--memkeys", "--hotkeys", "--stat", "--latency", "--latency-history")


def redis(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """Judge `redis-cli` with its command, with commands from a here-document, or with a scan of its own."""
    if judge(reading, scope, stdin) is not Effect.READ:
        return
    words = [tamed(arg, reading, scope) for arg in reading.rest or ()]
    if any(arg.splits for arg in words):
        scope.unknown("redis", "How many words the Redis command has is only known when it runs.")
    elif reading.all("--cluster"):
        if len(words) == 1 and set(reading.all("--cluster")) <= {"check", "info"}:
            scope.add(Effect.READ, "redis-cli.--cluster", "redis-cli only looks at the cluster.")
        else:
            scope.unknown("redis-cli.--cluster", "It may rearrange the cluster.")
    elif words:
        command([arg.text for arg in words], scope)
    elif alone := [flag.name for flag in reading.flags if flag.name in STANDING_ALONE]:
        ends = set(alone) <= {"--scan", "--bigkeys", "--memkeys", "--hotkeys"} or bounded(reading, scope)
        scope.add(Effect.READ, f"redis-cli.{alone[0]}", "redis-cli only looks at the keys.", unattended=ends)
    elif stdin is None:
        scope.add(Effect.WRITE, "redis-cli", "redis-cli opens a session at a terminal.", unattended=False)
    elif GAP in stdin:
        scope.unknown("redis-cli", "Which Redis commands are fed in is only known when it runs.")
    else:
        for line in stdin.splitlines():
            try:
                parts = shlex.split(line)
            except ValueError:
                scope.unknown("redis-cli", "A Redis command that is fed in cannot be read.")
                return
            if parts:
                command(parts, scope)


def command(words: list[str], scope: Scope) -> None:
    """Judge one Redis command."""
    if GAP in words[0]:
        scope.unknown("redis", "Which Redis command it sends is only known when it runs.")
        return
    known = table.facts("redis")
    while len(words) > 1 and words[0].isdigit():  # redis-cli repeats a command after a number
        words = words[1:]
    name = words[0].upper()
    if name in known["parents"]:
        name += f"-{words[1].upper()}" if len(words) > 1 else ""
    said, rule = shown(name.replace("-", " ", 1) if name not in known["read"] else name), f"redis.{shown(name)}"
    if name in known["endless"]:
        scope.add(Effect.READ, rule, f"Redis {said} only reads, but never ends.", unattended=scope.bounded)
    elif name == "ACL-LOG" and not all(word.isdecimal() for word in words[2:]):
        scope.add(Effect.WRITE, rule, "Redis ACL LOG clears the log with RESET.")
    elif name in known["read"]:
        waits = name == "XREAD" and any(word.upper() == "BLOCK" for word in words)
        scope.add(Effect.READ, rule, f"Redis {said} only reads.", unattended=not waits)
    elif name in known["destructive"]:
        scope.add(Effect.DESTRUCTIVE, rule, f"Redis {said} deletes data or stops a server.")
    elif name in known["write"]:
        scope.add(Effect.WRITE, rule, f"Redis {said} changes something.")
    else:
        scope.unknown(rule, f"No table knows the Redis command {said[:40]}.")
