"""A secret on a command line: everybody on the machine reads it in the process list, and it stays in the history.

A secret that stands in the page itself is worse: whoever may read the runbook has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fireline.core.runbook.model import Command

VALUE = r"(?P<value>\"[^\"]*\"|'[^']*'|[^\s'\";|&)]+)"
WORD = r"[\w-]*(?:password|passwd|secret|token|api-?key|access-?key)"
# What a program is given, and what to use instead. The first that matches tells.
WAYS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"\b(?:mysql|mysqladmin|mysqldump|mariadb)\b[^|;&\n]*?\s-p(?P<value>[^\s'\";|&)]+)"),
        "keep it in ~/.my.cnf, or give --defaults-extra-file",
    ),
    (
        re.compile(rf"\bredis-cli\b[^|;&\n]*?\s(?:-a|--pass)[ =]{VALUE}"),
        "put it into the environment as REDISCLI_AUTH",
    ),
    (
        re.compile(rf"\b(?:curl|http|wget)\b[^|;&\n]*?\s(?:-u|--user)[ =]?(?P<quote>[\"']?)[^\s:'\"]+:{VALUE}"),
        "use --netrc, or a configuration file with --config",
    ),
    (
        re.compile(
            r"[\"']?(?:Authorization:\s*(?:Bearer|Basic|Token|GenieKey)|(?:X-)?(?:Api-Key|Auth-Token|Vault-Token):)\s+"
            r"(?P<value>\$\([^)]*\)|[^\s'\"]+)",
            re.IGNORECASE,
        ),
        "let curl read the header from a file: -H @file",
    ),
    (re.compile(r"://[^\s/:@'\"]+:(?P<value>[^\s/@'\"]+)@"), "leave the password out of the address"),
    (
        re.compile(rf"\s--{WORD}[ =]{VALUE}", re.IGNORECASE),
        "give the program a file or its environment instead",
    ),
    (re.compile(rf"\bcreate secret\b[^|;&]*?\s--from-literal=[\w.-]+={VALUE}"), "use --from-file or --from-env-file"),
)
IN_ENVIRONMENT = re.compile(
    rf"(?:^|[\s;&|(])(?:PGPASSWORD|MYSQL_PWD|REDISCLI_AUTH|[A-Z][A-Z0-9_]*_(?:PASSWORD|SECRET|TOKEN|KEY|PWD))={VALUE}"
)
LONGEST = 4096  # characters of a command that are looked at
NO_SECRET = re.compile(
    r"^[\"']?(?:\$.*|[*x.<\[{].*|value|(?:my|your)?-?(?:password|secret|token)|changeme|-.*|true|false|no|none|/.*|@.*|)[\"']?$",
    re.IGNORECASE | re.DOTALL,
)
NOT_EVEN_A_NAME = re.compile(r"^[\"']?(?:-.*|true|false|no|none|/.*|@.*|)[\"']?$", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Leak:
    """`written`: the secret itself stands in the page, not a blank or a variable for it."""

    written: bool
    instead: str


def leak_in(command: Command) -> Leak | None:
    """Give the worst secret a command shows to everybody, None for none."""
    return max(_leaks(command), key=lambda leak: leak.written, default=None)


def _leaks(command: Command) -> Iterator[Leak]:
    for pattern, instead in WAYS:
        for match in pattern.finditer(command.text[:LONGEST]):
            if not NOT_EVEN_A_NAME.match(match["value"]):
                yield Leak(_written(command, match), instead)
    for match in IN_ENVIRONMENT.finditer(command.text[:LONGEST]):
        if _written(command, match):
            yield Leak(written=True, instead="let the machine's own settings hold it")


def _written(command: Command, match: re.Match[str]) -> bool:
    start, end = match.span("value")
    blank = any(p.start < end and start < p.end for p in command.placeholders)
    return not blank and not NO_SECRET.match(match["value"])
