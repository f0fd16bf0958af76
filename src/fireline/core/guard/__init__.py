"""The guard: what a shell command does to the world, said before it runs.

It knows what it was told in the tables beside it, and nothing else: a program, a sub-command, a flag or
a piece of shell that no table or rule names is unknown, and unknown counts as a write. It is wrong on
the safe side or not at all; the credentials that a command runs with are the second wall.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import structs

from fireline.core.guard import shell, table
from fireline.core.guard.scope import Scope
from fireline.core.guard.table import Tables
from fireline.core.guard.tree import Script
from fireline.core.guard.verdict import Effect, Finding, Verdict
from fireline.core.guard.words import Arg

__all__ = ["Effect", "Tables", "Verdict", "judge", "programs"]

UNFILLED = re.compile(r"<[A-Za-z][\w ./:-]*>")
ROUNDS = 4  # of rewriting; each may show something new to rewrite


def judge(text: str, *, parse: Callable[[str], Script], tables: Tables | None = None) -> Verdict:
    """What `text` does to the world, by which rule and why. Never raises.

    `parse` turns a shell text into its tree (`fireline.shell.parse`); without `tables` those built in count.
    When the text never ends or wants a terminal in a way that can be taken out of it, `rewritten` is what to
    run instead, and the verdict is about that.
    """
    tables = tables or table.built_in()
    scope = _judged(text, parse, tables)
    verdict = _verdict(scope, text)
    if not _wanted(scope, verdict):
        return verdict
    now = text
    for _ in range(ROUNDS):
        if verdict.effect is Effect.UNKNOWN or not all(finding.unattended for finding in scope.findings):
            break
        now = _apply(now, _wanted(scope, verdict))
        scope = _judged(now, parse, tables)
        verdict = _verdict(scope, now)
        if verdict.effect is not Effect.UNKNOWN and not _wanted(scope, verdict):
            return structs.replace(verdict, rewritten=now)
    return _verdict(_judged(text, parse, tables, rewrite=False), text)


def programs(
    text: str, *, parse: Callable[[str], Script], tables: Tables | None = None
) -> tuple[tuple[tuple[Arg, ...], bool], ...]:
    """Every program that the text starts, with its arguments, also within pipes, loops and other shells.

    The second of each pair says that it runs in a container or on another machine. What a text starts that the
    guard does not understand is not among them.
    """
    scope = _judged(text, parse, tables or table.built_in(), rewrite=False)
    return tuple((tuple(args), elsewhere) for args, elsewhere in scope.ran)


def _judged(text: str, parse: Callable[[str], Script], tables: Tables, *, rewrite: bool = True) -> Scope:
    scope = Scope(parse=parse, tables=tables, call=shell.command, walk=shell.walk, base=0 if rewrite else None)
    try:
        shell.walk(text, scope)
    except RecursionError:
        scope.unknown("shell.depth", "It is nested too deeply to be read.")
    if not scope.findings:
        scope.unknown("shell.nothing", "No rule says what it does.")
    return scope


def _wanted(scope: Scope, verdict: Verdict) -> set[tuple[int, int, str]]:
    """The edits to make: in a text that changes something nothing is added, only left out or quoted."""
    if verdict.effect is Effect.READ:
        return scope.edits
    return {edit for edit in scope.edits if edit[2] in ("", '"')}


def _verdict(scope: Scope, text: str) -> Verdict:
    top = max(scope.findings, key=lambda finding: (finding.effect.rank, _weight(finding)))
    tags = dict.fromkeys(tag for finding in scope.findings for tag in finding.tags)
    if any(finding.effect is Effect.DESTRUCTIVE for finding in scope.findings):
        tags["destructive"] = None
    why, unattended = top.why, top.effect is Effect.READ and all(finding.unattended for finding in scope.findings)
    if top.effect is Effect.READ and not unattended:
        why = next(finding.why for finding in scope.findings if not finding.unattended)
    if UNFILLED.search(text):
        unattended = False
        tags["placeholder"] = None
    return Verdict(effect=top.effect, unattended=unattended, rule=top.rule, why=why, tags=tuple(tags))


def _weight(finding: Finding) -> int:
    """Among equals, what a program does says more than what the shell does."""
    return 0 if finding.rule.startswith("shell.") else 1


def _apply(text: str, edits: set[tuple[int, int, str]]) -> str:
    """The text with the edits made, from the back; of two that overlap the later one is left out."""
    least = len(text) + 1
    # At one place a quote goes in first, so that what shields the word stands before it.
    for start, end, new in sorted(edits, key=lambda edit: (*edit[:2], edit[2] == '"', edit[2]), reverse=True):
        if end <= least:
            text = text[:start] + new + text[end:]
            least = start
    return text
