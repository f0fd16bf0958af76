"""Workload: which statements take PostgreSQL's time, or what to do where it does not keep count of them."""

from __future__ import annotations

from collections.abc import Sequence

from fireline.core.question.activity import SHOWN, shortened

NAME = "pg_stat_statements"
UNDEFINED_COLUMN = "42703"  # https://www.postgresql.org/docs/current/errcodes-appendix.html

# The library's setting can be seen by superusers and pg_read_all_settings only; for others there is no row.
STATE = """
SELECT (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'shared_preload_libraries'),
       (SELECT pg_catalog.quote_ident(nspname) FROM pg_catalog.pg_extension e
        JOIN pg_catalog.pg_namespace n ON n.oid = extnamespace WHERE extname = 'pg_stat_statements'),
       (SELECT default_version FROM pg_catalog.pg_available_extensions WHERE name = 'pg_stat_statements'),
       pg_catalog.current_database(), pg_catalog.current_setting('server_version_num')
"""
Row = Sequence[str | None]


def top(schema: str, version: int) -> str:
    """The SQL for the statements that took most time; columns were renamed in PostgreSQL 13 (`version` 130000)."""
    total, mean = ("total_exec_time", "mean_exec_time") if version >= 130000 else ("total_time", "mean_time")
    return f"""SELECT {total} / greatest(sum({total}) OVER (), 1e-9) * 100, calls, {mean}, query
        FROM {schema}.{NAME} ORDER BY {total} DESC LIMIT {SHOWN}"""  # noqa: S608  # quoted by the server itself


def most(rows: Sequence[Row]) -> tuple[str, ...]:
    """The statements that took most time, from the rows of `top`; the server has put `$1` for literals itself."""
    return tuple(
        f"{float(share or 0):.0f} % of the time in {calls} calls of {float(mean or 0):.1f} ms: "
        f"{shortened(' '.join((query or '').split()))}"
        for share, calls, mean, query in rows
    )


def missing(state: Row) -> tuple[str, ...]:
    """What to do so that statements are counted, from the row of `STATE`; empty when they are."""
    loaded, schema, available, database, _ = state
    preloaded = None if loaded is None else NAME in loaded
    if schema is not None and preloaded is not False:
        return ()
    if preloaded and schema is None:
        return (
            f"{NAME} is loaded, but not created in the database {database}: CREATE EXTENSION {NAME} is all it takes.",
        )
    steps = [] if available else ["install the server's contrib package"]
    steps += [f"add {NAME} to shared_preload_libraries", "restart PostgreSQL (a reload is not enough)"]
    steps += [] if schema else [f"CREATE EXTENSION {NAME} in the database {database}"]
    known = "is not installed" if preloaded is False else "is not installed, as far as this role can see"
    return (f"{NAME} {known}, so slow statements were not counted. To have it: {', then '.join(steps)}.",)


def renamed(state: Row) -> tuple[str, ...]:
    """Why a runbook's own query finds no column `mean_time` or `total_time`."""
    if int(state[4] or 0) < 130000:
        return ()
    return ("Since PostgreSQL 13 mean_time and total_time are called mean_exec_time and total_exec_time.",)
