"""Where a database is and as whom it is asked: libpq's parameters, none of them of fireline's own environment."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from fireline.core.question import Unusable
from fireline.core.question.psql import Psql

SOCKETS = "/var/run/postgresql"  # where Debian's and Red Hat's psql look; the libpq of a wheel says /tmp
NOWHERE = "/nonexistent/fireline"  # a file that libpq looks for and does not find
Target = tuple[tuple[str, str], ...]  # libpq's parameters


def target_of(question: Psql) -> Target:
    """Where to and as whom: libpq's parameters, none of them taken from the environment of fireline itself."""
    import psycopg  # noqa: PLC0415  # imported with the first question
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        named = {name: str(value) for name, value in conninfo_to_dict(question.dsn).items()} if question.dsn else {}
    except psycopg.Error as trouble:
        raise Unusable(f"No address that libpq reads: {trouble}") from trouble
    if "service" in named or "PGSERVICE" in os.environ:
        raise Unusable("A service file says where the database is.")
    wanted = {**question.lane, **question.given, **named}
    wanted |= {"dbname": question.given["dbname"]} if "dbname" in question.given else {}
    files = Path(question.home, ".postgresql") if question.home else Path(NOWHERE)
    user = wanted.get("user") or pwd.getpwuid(os.geteuid()).pw_name
    ours = {
        "host": SOCKETS if Path(SOCKETS).is_dir() else "/tmp",  # noqa: S108  # libpq's own default
        "hostaddr": "",
        "user": user,
        "dbname": user,
        "password": "",
        "passfile": str(Path(question.home, ".pgpass")) if question.home else NOWHERE,
        "sslcert": str(files / "postgresql.crt"),
        "sslkey": str(files / "postgresql.key"),
        "sslrootcert": str(files / "root.crt"),
        "sslcrl": str(files / "root.crl"),
    }
    for option in psycopg.pq.Conninfo.get_defaults():
        if option.envvar and option.envvar.decode() in os.environ and option.keyword.decode() not in ours | wanted:
            if option.compiled is None:
                raise Unusable(f"{option.envvar.decode()} is set for fireline itself.")
            ours[option.keyword.decode()] = option.compiled.decode()
    return tuple(sorted((ours | {name: value for name, value in wanted.items() if value}).items()))


def at(target: Target) -> str:
    """Where the database is, for people: db01:5432/shop."""
    said = dict(target)
    return f"{said['hostaddr'] or said['host']}:{said.get('port') or '5432'}/{said['dbname']}"


def no_psqlrc(home: str) -> None:
    """Raises `Unusable` where psql would read a file of its own, which may change how its output looks."""
    places = {home, pwd.getpwuid(os.geteuid()).pw_dir} - {""}
    if any(next(Path(place).glob(".psqlrc*"), None) for place in places):
        raise Unusable("A .psqlrc says how psql prints.")
