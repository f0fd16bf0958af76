"""`psql -c`: which database is asked what, and how the rows shall look.

Only statements that cannot leave a trace in a session are understood (SELECT, SHOW, EXPLAIN), because the session
goes on to be used; backslash commands, scripts and everything else runs as a process.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pgparse

from fireline.core.question import Flags, flags
from fireline.core.question.table import Layout

# https://www.postgresql.org/docs/current/libpq-envars.html. A PG variable that is not here (PGSERVICE and its
# files among them) means something that only psql shall make sense of.
VARIABLES = {
    "PGHOST": "host", "PGHOSTADDR": "hostaddr", "PGPORT": "port", "PGDATABASE": "dbname", "PGUSER": "user",
    "PGPASSWORD": "password", "PGPASSFILE": "passfile", "PGSSLMODE": "sslmode", "PGSSLCERT": "sslcert",
    "PGSSLKEY": "sslkey", "PGSSLROOTCERT": "sslrootcert", "PGSSLCRL": "sslcrl", "PGCHANNELBINDING": "channel_binding",
    "PGTARGETSESSIONATTRS": "target_session_attrs",
}  # fmt: skip
IGNORED = frozenset({"PGAPPNAME", "PGCONNECT_TIMEOUT", "PGCLIENTENCODING", "PGTZ", "PGDATESTYLE", "PGGEQO"})
SWITCHES = frozenset(
    ("-t", "--tuples-only", "-A", "--no-align", "--csv", "-q", "--quiet", "-X", "--no-psqlrc", "-w", "--no-password")
)
VALUED = frozenset(
    (
        *("-h", "--host", "-p", "--port", "-U", "--username", "-d", "--dbname", "-c", "--command"),
        *("-F", "--field-separator", "-v", "--set", "--variable", "-P", "--pset"),
    )
)
HARMLESS = frozenset({"pager=off", "pager=0", "pager", "footer=on"})  # of -P
STATEMENTS = frozenset({"SelectStmt", "VariableShowStmt", "ExplainStmt"})
LOCAL = frozenset({"", "localhost", "127.0.0.1", "::1"})  # hosts that mean "in this pod"
ACTIVITY = re.compile(r"(?i)\b(?:pg_stat_activity|max_connections)\b")
WORKLOAD = re.compile(r"(?i)\bpg_stat_statements\b")


@dataclass(frozen=True, slots=True)
class Psql:
    """SQL texts for one database. `lane` and `given` are libpq's parameters by name, `given` beats `lane`."""

    texts: tuple[str, ...]
    layout: Layout = field(default_factory=Layout)
    lane: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    dsn: str = ""  # a whole conninfo or address, where one was given; beats both
    stop: bool = False  # ON_ERROR_STOP: nothing after the first mistake
    home: str = ""  # HOME of the lane, where psql looks for files of its own
    plain: bool = False  # -X: without those

    @property
    def activity(self) -> bool:
        """Whether it is about who is connected."""
        return any(ACTIVITY.search(text) for text in self.texts)

    @property
    def workload(self) -> bool:
        """Whether it is about which statements take the time."""
        return any(WORKLOAD.search(text) for text in self.texts)


def understand(argv: Sequence[str], environment: Mapping[str, str]) -> Psql | None:
    """The question that `psql …` asks; None when it is more than statements which only read."""
    read = flags(argv[1:], switches=SWITCHES, valued=VALUED)
    names = {name for name in environment if name.startswith("PG")}
    if read is None or names - VARIABLES.keys() - IGNORED or "PSQLRC" in environment or len(read.words) > 2:
        return None
    texts = read.all("-c", "--command")
    layout = _layout(read)
    stop = _stop(read)
    if not texts or layout is None or stop is None or not all(map(_reads, texts)):
        return None
    given = {
        name: value
        for name, value in (
            ("host", read.last("-h", "--host")),
            ("port", read.last("-p", "--port")),
            ("user", read.last("-U", "--username")),
            ("dbname", read.last("-d", "--dbname")),
        )
        if value is not None
    }
    free = [name for name in ("dbname", "user") if name not in given]  # bare words fill what no flag named
    if len(read.words) > len(free):
        return None
    given |= dict(zip(free, read.words, strict=False))
    dsn = ""
    if re.search(r"=|^postgres(?:ql)?://", given.get("dbname", "")):
        dsn = given.pop("dbname")
    if "service" in dsn:
        return None
    return Psql(
        texts=texts,
        layout=layout,
        lane={VARIABLES[name]: environment[name] for name in sorted(names - IGNORED)},
        given=given,
        dsn=dsn,
        stop=stop,
        home=environment.get("HOME", ""),
        plain=read.has("-X", "--no-psqlrc"),
    )


def directly(question: Psql, url: str) -> Psql | None:
    """The same question asked at `url` instead of from within the pod. None when it is about another server.

    The address' own user asks, whoever the command names: the read lane's credentials and no others.
    """
    if question.dsn or question.given.get("host", "") not in LOCAL:
        return None
    database = {name: value for name, value in question.given.items() if name == "dbname"}
    return replace(question, lane={}, given=database, dsn=url, home="", plain=True)


def masked(sql: str) -> str:
    """`sql` on one line with `$1` for each of its literals, which may be somebody's data."""
    try:
        text = str(pgparse.normalize(sql))
    except (pgparse.PGQueryError, ValueError, RecursionError):  # cut off in the middle by track_activity_query_size
        text = re.sub(r"'(?:[^']|'')*(?:'|\Z)|\$(\w*)\$.*?(?:\$\1\$|\Z)", "$?", sql, flags=re.DOTALL)
        text = re.sub(r"(?<![\w$])\d+(?:\.\d+)?(?![\w$])", "$?", text)
    return " ".join(text.split())


def _layout(read: Flags) -> Layout | None:
    if set(read.all("-P", "--pset")) - HARMLESS:
        return None
    return Layout(
        aligned=not read.has("-A", "--no-align"),
        bare=read.has("-t", "--tuples-only"),
        csv=read.has("--csv"),
        separator=read.last("-F", "--field-separator") or "|",
    )


def _stop(read: Flags) -> bool | None:
    stop = False
    for value in read.all("-v", "--set", "--variable"):
        name, _, what = value.partition("=")
        if name != "ON_ERROR_STOP" or what not in ("1", "on", "0", "off"):
            return None
        stop = what in ("1", "on")
    return stop


def _reads(text: str) -> bool:
    if text.lstrip().startswith("\\") or "\x00" in text:
        return False
    try:
        found = pgparse.parse(text)
    except (pgparse.PGQueryError, ValueError, RecursionError):
        return False
    return bool(found) and all(set(one["stmt"]) <= STATEMENTS for one in found)
