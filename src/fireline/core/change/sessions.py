"""Ending database sessions: which ones a predicate means, how old they are, whose, and which must not be touched.

The preview asks PostgreSQL for the rows of the same predicate without ending anything. PostgreSQL's own
sessions (replication, maintenance) and the one that asks are never ended on purpose, so a change that would is refused.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pgparse

from fireline.core.change import kubectl, workload
from fireline.core.change.kubectl import Kubectl
from fireline.core.change.model import UNSEEN, Change, Looked, Told, answer, many, objects

FUNCTIONS = {"pg_terminate_backend": "terminate", "pg_cancel_backend": "cancel"}
# https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
ROWS = (
    "SELECT json_build_object('pid', pid, 'own', pid = pg_backend_pid(), 'type', backend_type,"
    " 'app', application_name, 'user', usename, 'state', state,"
    " 'seconds', extract(epoch FROM now() - coalesce(query_start, backend_start))::int,"
    " 'fireline', application_name LIKE 'fireline%')"
)
WORKLOADS = tuple(f"{kind}/" for kind in workload.KINDS)
LISTED = 12  # sessions in a preview; the count tells of the others
LISTS = "SELECT pid, usename, application_name, state, now() - {since} AS since, left(query, 200) AS query"
SLOW = "state = 'active' AND backend_type = 'client backend' AND now() - query_start > interval '1 minute'"
IDLE = (
    "state IN ('idle', 'idle in transaction') AND backend_type = 'client backend'"
    " AND now() - state_change > interval '5 minutes'"
)


@dataclass(frozen=True, slots=True)
class Psql:
    """A psql command with one SQL text: the words before and after it, and those that lead to psql itself."""

    before: tuple[str, ...]  # up to and with -c
    sql: str
    after: tuple[str, ...]
    psql: int  # where psql stands in `before`

    def ask(self, sql: str) -> str:
        """The same connection asked something else, rows bare and without a frame."""
        words = (*self.before[: self.psql + 1], "-X", "-A", "-t", *self.before[self.psql + 1 :], sql, *self.after)
        return shlex.join(words)

    def run(self, sql: str) -> str:
        """The same command with another SQL text."""
        return shlex.join((*self.before, sql, *self.after))


@dataclass(frozen=True, slots=True)
class Ready:
    """A command for a responder to ask for, with its title."""

    title: str
    command: str


def psql(argv: tuple[str, ...]) -> Psql | None:
    """Take a psql command apart, in a container or not; None when it is none, or has not exactly one `-c`."""
    at = next((n for n, word in enumerate(argv) if word.rpartition("/")[2] == "psql"), None)
    if at is None or (at > 0 and argv[at - 1] != "--"):
        return None
    texts = [n for n in range(at + 1, len(argv)) if argv[n] in ("-c", "--command", "-tc", "-Atc")]
    if len(texts) != 1 or texts[0] + 1 >= len(argv) or any(one.startswith("--command=") for one in argv):
        return None
    n = texts[0]
    return Psql(argv[: n + 1], argv[n + 1], argv[n + 2 :], at)


def understand(argv: tuple[str, ...], text: str) -> Change | None:
    """What `SELECT pg_terminate_backend(…)` or its gentler sister is about; None for any other command."""
    command = psql(argv)
    ending = _ending(command.sql) if command else None
    if command is None or ending is None:
        return None
    how, rows = ending
    into = kubectl.take(argv)
    into = into if into and into.verb == "exec" and into.objects[:1] and into.objects[0].startswith(WORKLOADS) else None
    gentle = re.sub("pg_terminate_backend", "pg_cancel_backend", command.sql, flags=re.IGNORECASE)
    tell = partial(_tell, how, command.run(gentle) if how == "terminate" else "", "pid =" in rows)
    return Change(
        kind=f"{how} sessions",
        object=_place(command),
        does="Ends sessions: their clients are cut off."
        if how == "terminate"
        else "Cancels queries; the sessions stay.",
        looks={"sessions": command.ask(f"{ROWS} {rows}")} | ({"kinds": workload.kinds(into)} if into else {}),
        captures=("sessions",),
        tell=partial(_told, into, text, tell),
        place="" if "--" in argv else f"database {_place(command).rpartition('/')[2]}",
    )


def ready(command: Psql) -> tuple[Ready, ...]:
    """What a responder can ask for: look first, cancel before terminate, and the idle ones, too."""
    tail = " FROM pg_stat_activity WHERE "
    return (
        Ready("List the slow queries", command.run(LISTS.format(since="query_start") + tail + SLOW)),
        Ready("Cancel the slow queries", command.run("SELECT pid, pg_cancel_backend(pid)" + tail + SLOW)),
        Ready(
            "End the sessions of the slow queries", command.run("SELECT pid, pg_terminate_backend(pid)" + tail + SLOW)
        ),
        Ready("List the idle connections", command.run(LISTS.format(since="state_change") + tail + IDLE)),
        Ready("End the idle connections", command.run("SELECT pid, pg_terminate_backend(pid)" + tail + IDLE)),
    )


def _ending(sql: str) -> tuple[str, str] | None:
    """How it ends them, and the rest of the SELECT that says which: `FROM pg_stat_activity WHERE pid = 4711`."""
    try:
        found = pgparse.parse(sql)
    except (pgparse.PGQueryError, ValueError, RecursionError):
        return None
    if len(found) != 1 or "SelectStmt" not in found[0]["stmt"]:
        return None
    select: dict[str, Any] = found[0]["stmt"]["SelectStmt"]
    if {"withClause", "groupClause", "intoClause", "larg"} & select.keys():
        return None
    calls = [target["ResTarget"]["val"].get("FuncCall") for target in select.get("targetList", ())]
    calls = [call for call in calls if call and call["funcname"][-1]["String"]["sval"] in FUNCTIONS]
    if len(calls) != 1:
        return None
    how = FUNCTIONS[calls[0]["funcname"][-1]["String"]["sval"]]
    which = calls[0].get("args", [{}])[0]
    tables = select.get("fromClause", ())
    if not tables and "ival" in which.get("A_Const", {}):
        return how, f"FROM pg_stat_activity WHERE pid = {which['A_Const']['ival'].get('ival', 0)}"
    if len(tables) == 1 and tables[0].get("RangeVar", {}).get("relname") == "pg_stat_activity" and "ColumnRef" in which:
        source = sql.encode()  # PostgreSQL counts bytes
        rest = source[tables[0]["RangeVar"]["location"] :].decode().strip().rstrip(";")
        return how, f"FROM {rest}"
    return None


def _told(into: Kubectl | None, text: str, tell: Callable[[Looked], Told], seen: Looked) -> Told:
    """What the sessions tell; where `kubectl exec` names a kind that is not there, the command for the one that is."""
    real = workload.really(into, text, seen) if into else ""
    return Told(instead=real) if real else tell(seen)


def _tell(how: str, gentler: str, by_pid: bool, seen: Looked) -> Told:  # noqa: FBT001  # bound by a partial
    looked = seen.get("sessions", UNSEEN)
    rows = objects(looked.output) if looked.ok else []
    undone = "A session that was ended cannot be brought back; its client connects anew."
    if how == "cancel":
        undone = "A query that was cancelled has to be started again by whoever asked it."
    told = Told(undone=undone, gentler=gentler)
    if not looked.ok:
        return replace(told, trouble=f"The sessions could not be listed: {looked.complaint}")
    if answer(looked.output) and not rows:
        return replace(told, trouble="The list of sessions could not be read.")
    if not rows:
        none = "It is gone already: no session has that PID." if by_pid else ""
        return replace(told, refused=none, preview="No session fits now.", blast="It ends nothing as things stand.")
    trouble = _forbidden(rows)
    verb = "ends" if how == "terminate" else "cancels the query of"
    apps = Counter(str(row.get("app") or "no name") for row in rows)
    whose = ", ".join(f"{app} {n}" if len(apps) > 1 else app for app, n in apps.most_common(5))
    oldest = max(int(row.get("seconds") or 0) for row in rows)
    lines = [_line(row) for row in rows]
    preview = f"This {verb} {many(len(rows), 'connection')}, the oldest {oldest} s, of app {whose}."
    listed = [*lines[:LISTED], *([f"… and {len(lines) - LISTED} more"] if len(lines) > LISTED else [])]
    blast = f"{many(len(rows), 'client')} of {whose} get an error" + (
        " and have to connect anew." if how == "terminate" else "."
    )
    return replace(told, preview="\n".join([preview, *listed]), blast=blast, refused=trouble)


def _line(row: dict[str, Any]) -> str:
    """One session: PID, application, user, state, how long."""
    parts = (
        f"PID {row['pid']}",
        row.get("app") or "no name",
        row.get("user"),
        row.get("state"),
        f"{row.get('seconds')} s",
    )
    return " · ".join(str(part) for part in parts if part)


def _forbidden(rows: list[dict[str, Any]]) -> str:
    """Why not: PostgreSQL's own, replication's or fireline's own sessions are among them."""
    others = [row for row in rows if row.get("type") != "client backend"]
    if others:
        named = ", ".join(sorted({f"{row.get('type')} {row['pid']}" for row in others}))
        return f"It would end PostgreSQL's own work ({named}). Add: AND backend_type = 'client backend'"
    if any(row.get("own") for row in rows):
        return "It would end the very session that runs it. Add: AND pid <> pg_backend_pid()"
    if any(row.get("fireline") for row in rows):
        return "It would end fireline's own session. Add: AND application_name NOT LIKE 'fireline%'"
    return ""


def _place(command: Psql) -> str:
    """Where psql connects to, as far as the command says: the container's object, or the host and the database."""
    words = command.before
    if command.psql:
        found = [word for word in words[: command.psql] if "/" in word and not word.startswith("-")]
        return found[0] if found else "database/postgres"
    given = {flag: words[n + 1] for n, flag in enumerate(words[:-1]) if flag in ("-h", "-d", "-U")}
    return f"database/{given.get('-d') or given.get('-U') or 'postgres'}{'@' + given['-h'] if '-h' in given else ''}"
