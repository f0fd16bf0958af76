"""What an SQL text does, by PostgreSQL's own grammar (libpg_query) and lists of what may stand in a read.

A SELECT can end a session or write a file through the functions it calls; so every function has to be on
the list of PostgreSQL's own that change nothing, and every kind of node on the list of those known here.
"""

from __future__ import annotations

import re
from typing import Any

import pgparse

from fireline.core.guard import table
from fireline.core.guard.program import Reading, judge
from fireline.core.guard.scope import Scope
from fireline.core.guard.verdict import Effect
from fireline.core.guard.words import GAP

# \d and its kin list objects, \l databases, \conninfo the connection; no backquote: psql would run it.
META = re.compile(
    r"\\(d[A-Za-z]*[S+]*|l\+?|list|z|conninfo|encoding|timing|x|a|t|sf\+?|sv\+?|echo|qecho|q|pset|errverbose|"
    r"copyright|\?|h)(\s+[^`\\|\x00]*)?"
)
HARMLESS = frozenset({"ON_ERROR_STOP", "QUIET", "VERBOSITY", "FETCH_COUNT", "HISTFILE", "ECHO"})
MYSQL_READ = re.compile(
    r"(show|describe|desc|explain\s+(?!analyze\b)(format\s*=\s*\w+\s+)?select|select|with|use|status)\b", re.IGNORECASE
)
MYSQL_FORBIDDEN = re.compile(r"\b(into|for\s+update|for\s+share|lock\s+in)\b|:=|/\*|--|#|\\[!.TPRe]", re.IGNORECASE)
MYSQL_WITH = re.compile(r"with\b.*\b(insert|update|delete|replace)\b", re.IGNORECASE | re.DOTALL)


def psql(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """Judge `psql` with `-c`, with `-l`, or with a here-document."""
    if judge(reading, scope, stdin) is not Effect.READ:
        return
    texts = reading.all("-c", "--command")
    if not texts and reading.all("-l", "--list", "-V", "--version"):
        scope.add(Effect.READ, "psql", "psql only lists databases or shows its version.")
        return
    if not texts and stdin is None:
        scope.add(Effect.WRITE, "psql", "psql opens a session at a terminal.", unattended=False)
        return
    if not texts:
        names = {value.partition("=")[0] for value in reading.all("-v", "--set", "--variable")}
        if names - HARMLESS or stdin is None or GAP in stdin:
            scope.unknown("psql", "Which SQL is fed in is only known when it runs.")
            return
        texts = _parts(stdin)
    for text in texts:
        if text.lstrip().startswith("\\"):
            meta(text.strip(), scope)
        else:
            postgres(text, scope)


def _parts(fed: str) -> list[str]:
    """A text fed to psql, parted into lines with meta-commands and the SQL between them."""
    parts: list[str] = [""]
    for line in fed.splitlines():
        if line.lstrip().startswith("\\"):
            parts += [line, ""]
        else:
            parts[-1] += line + "\n"
    return [part for part in parts if part.strip()]


def meta(text: str, scope: Scope) -> None:
    """Judge a psql meta-command."""
    if META.fullmatch(text):
        scope.add(Effect.READ, "psql.meta", "A psql command that only shows something.")
    else:
        scope.unknown("psql.meta", f"No rule knows the psql command {text.split(maxsplit=1)[0][:30]}.")


def postgres(text: str, scope: Scope) -> None:
    """Judge one SQL text of PostgreSQL, which may hold several statements."""
    if GAP in text:
        scope.unknown("sql", "Part of the SQL is only known when it runs.")
        return
    if "\\'" in text:  # servers do not agree whether that ends the string: standard_conforming_strings
        scope.unknown("sql", "A backslash stands before a quote, which servers read differently.")
        return
    try:
        found = pgparse.parse(text)
    except (pgparse.PGQueryError, ValueError, RecursionError) as trouble:
        scope.unknown("sql", f"It is no SQL that PostgreSQL reads: {trouble}.")
        return
    for item in found:
        statement(item["stmt"], scope)


def statement(node: dict[str, Any], scope: Scope) -> None:
    """Judge one parsed statement."""
    ((kind, body),) = node.items()
    known = table.facts("postgres")
    rule = f"sql.{kind.removesuffix('Stmt').lower()}"
    match kind:
        case "SelectStmt":
            reading(node, scope, known["nodes"], "sql.select")
        case "TransactionStmt" if body.get("kind", "").endswith("_PREPARED"):
            scope.add(Effect.WRITE, rule, "It ends a prepared transaction.")
        case "VariableShowStmt" | "TransactionStmt":
            scope.add(Effect.READ, rule, "It only shows a setting or brackets other statements.")
        case "ExplainStmt":
            options = {item["DefElem"]["defname"].lower() for item in body.get("options", ())}
            runs = "analyze" in options
            reading(body["query"], scope, known["nodes"] | (frozenset() if runs else known["changes"]), "sql.explain")
        case "CopyStmt" if not {"filename", "is_from", "is_program"} & body.keys():
            reading(body.get("query") or {"RangeVar": body.get("relation", {})}, scope, known["nodes"], "sql.copy")
        case "VariableSetStmt" if body.get("name", "").lower() in known["settings"]:
            scope.add(Effect.READ, "sql.set", "It only sets how this session reads.")
        case "DropStmt" | "TruncateStmt" | "DeleteStmt" | "DropdbStmt" | "DropRoleStmt" | "DropTableSpaceStmt":
            scope.add(Effect.DESTRUCTIVE, rule, "The SQL deletes.")
        case _:
            scope.add(Effect.WRITE, rule, f"The SQL statement {kind.removesuffix('Stmt')} is no read.")


def reading(node: dict[str, Any], scope: Scope, nodes: frozenset[str], rule: str) -> None:
    """Judge a query: nothing in it may lock, store or call what is not known to be harmless."""
    known = table.facts("postgres")
    stack: list[Any] = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, list):
            stack.extend(top)
        elif isinstance(top, dict):
            for key, value in top.items():
                if key == "FuncCall":
                    _function(value, scope, known)
                elif key in ("ColumnRef", "A_Indirection"):
                    _notation(value, scope, known)
                elif key == "A_Expr" and _foreign(value):
                    scope.add(Effect.WRITE, f"{rule}.operator", "The operator is not PostgreSQL's own.")
                elif key in ("intoClause", "lockingClause"):
                    scope.add(Effect.WRITE, f"{rule}.{key}", "The query stores its rows or locks them.")
                elif key[:1].isupper() and key not in nodes:
                    effect = Effect.DESTRUCTIVE if key == "DeleteStmt" else Effect.WRITE
                    scope.add(effect, f"{rule}.{key}", f"The query holds {key}, which is no read.")
                stack.append(value)
    scope.add(Effect.READ, rule, "The SQL only reads.")


def _foreign(expression: dict[str, Any]) -> bool:
    """Whether an operator is named with a schema that is not PostgreSQL's own."""
    names = [part["String"]["sval"] for part in expression.get("name", ())]
    return len(names) > 1 and names[0] != "pg_catalog"


def _function(call: dict[str, Any], scope: Scope, known: dict[str, frozenset[str]]) -> None:
    names = [part["String"]["sval"] for part in call["funcname"]]
    name, rule = names[-1], f"sql.function:{'.'.join(names)}"
    if len(names) > 1 and names[:-1] != ["pg_catalog"]:
        scope.add(Effect.WRITE, rule, f"{'.'.join(names)}() is not PostgreSQL's own, so it may change anything.")
    elif name in known["kills"]:
        scope.add(Effect.DESTRUCTIVE, rule, f"{name}() ends sessions or removes something.")
    elif name not in known["functions"]:
        scope.add(Effect.WRITE, rule, f"{name}() is not on the list of functions that change nothing.")


def _notation(value: dict[str, Any], scope: Scope, known: dict[str, frozenset[str]]) -> None:
    """A dot may call a function: PostgreSQL takes `(7).pg_cancel_backend` for `pg_cancel_backend(7)`."""
    parts = value.get("indirection") or value.get("fields", ())[1:]
    for name in (part["String"]["sval"] for part in parts if "String" in part):
        if name in known["changing"] | known["kills"]:
            scope.add(Effect.WRITE, f"sql.function:{name}", f"{name}() is called by a dot, and may change something.")
        elif "A_Const" in value.get("arg", {}):
            scope.add(Effect.WRITE, f"sql.function:{name}", f"A value has no columns, so it calls {name}().")


def mysql(reading_: Reading, scope: Scope, stdin: str | None) -> None:
    """Judge `mysql` by a small rule of its own: no grammar of MySQL is at hand, so little is known to read."""
    if judge(reading_, scope, stdin) is not Effect.READ:
        return
    texts = reading_.all("-e", "--execute")
    if not texts and stdin is None:
        scope.add(Effect.WRITE, "mysql", "mysql opens a session at a terminal.", unattended=False)
        return
    for text in texts or [stdin or ""]:
        bare = re.sub(r"'[^'\\\n]*'|\"[^\"\\\n]*\"", "''", text)
        parts = [part.strip() for part in re.sub(r"\\G", ";", bare).split(";") if part.strip()]
        calls = {name.lower() for name in re.findall(r"([\w.`$@]+(?:\s*\.\s*[\w`$]+)*)\s*\(", bare)}
        changing = any(MYSQL_WITH.match(part) for part in parts)
        if GAP in text or "\\" in re.sub(r"\\G", "", bare) or "'" in bare.replace("''", "") or '"' in bare:
            scope.unknown("mysql", "The SQL is not plain enough to be judged.")
        elif MYSQL_FORBIDDEN.search(bare) or changing or not all(MYSQL_READ.match(part) for part in parts):
            scope.add(Effect.WRITE, "mysql", "The SQL is not on the short list of MySQL statements that read.")
        elif calls - table.facts("mysql")["functions"]:
            scope.unknown(
                "mysql", f"No table knows the MySQL function {min(calls - table.facts('mysql')['functions'])}."
            )
        else:
            scope.add(Effect.READ, "mysql.read", "The SQL only reads.")
