"""The database: a real PostgreSQL, and a checkout that leaks connections into it until none is left.

It breaks in three ways, and PostgreSQL has other words for each: the checkout's own role has used up its limit, only
the superuser's slots are left, or not even those.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from datetime import timedelta
from functools import partial
from pathlib import Path

from fireline.core.refusal import Refused
from fireline.drills.plans import Blueprint, Plan, Program, Site, asked, says
from fireline.drills.shop import Commit

PORTS = ("postgres", "checkout")
PACKAGES = {"initdb": "postgresql", "psql": "postgresql-client"}
SLOTS = 14  # max_connections: few, so that they are soon used up
RESERVED = 3  # of those, for superusers; PostgreSQL's default
ROLE_LIMIT = 4
LEAK_SECONDS = 20.0  # for all of them to be taken
# Each statement on a line of its own, as single-user mode reads them
ROLES = f"""CREATE ROLE shop LOGIN CONNECTION LIMIT -1
CREATE ROLE batch LOGIN CONNECTION LIMIT {ROLE_LIMIT}
CREATE ROLE reader LOGIN
GRANT pg_monitor TO reader
CREATE DATABASE orders
"""
POOL = Commit(
    timedelta(days=1, hours=3),
    "Ben Okafor <ben@lanternbooks.example>",
    "Checkout: talk to the database without a pool, it was in the way",
    "checkout.toml",
    "[database]\npool_size = 0  # connections that are kept; 0: no pool\nidle_timeout = 0  # seconds; 0: for ever\n",
)


def plan(site: Site) -> Plan:
    """PostgreSQL with few slots, and the checkout."""
    ports = site.ports
    programs = server_programs()
    # not in the world's folder: that is closed to the user PostgreSQL runs as
    data = Path(tempfile.gettempdir()) / f"fireline-drill-postgres-{os.getpid()}-{ports['postgres']}"
    become = _become()
    options = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "max_connections": SLOTS,
        "superuser_reserved_connections": RESERVED,
        "fsync": "off",  # nothing in a drill has to outlive it
        "logging_collector": "off",
    }
    words = [word for key, value in options.items() if key != "max_connections" for word in ("-c", f"{key}={value}")]
    door = f"http://127.0.0.1:{ports['checkout']}/health"

    def leak(role: str) -> None:
        asked(ports["checkout"], f"/leak/{role}", seconds=LEAK_SECONDS)

    def leak_all() -> None:
        leak("shop")
        leak("operator")

    return Plan(
        victim=Program(
            name="checkout",
            command=(
                *(sys.executable, "-I", str(Path(__file__).with_name("checkout.py"))),
                *(str(ports["checkout"]), str(ports["postgres"])),
            ),
            answers=lambda: says(ports["checkout"], "/health"),
        ),
        told_as="checkout",
        faults={
            "leak": partial(leak, "shop"),
            "leak-all": leak_all,  # the operator's reserved slots, too: psql itself is turned away
            "role-limit": partial(leak, "batch"),
        },
        others=(
            Program(
                name="postgres",
                command=(*become, str(programs / "postgres"), "-D", str(data), "-p", str(ports["postgres"]), *words),
                answers=lambda: says(ports["checkout"], "/health"),
            ),
        ),
        facts={"database_host": "127.0.0.1", "idle_seconds": "1"},
        probe=door,
        environment={"PGPORT": str(ports["postgres"]), "PGCONNECT_TIMEOUT": "5"},
        commits=(POOL,),
        # the way in that is held open, so that a full database can still be asked
        settings={"databases.orders": {"url": f"postgresql://reader@127.0.0.1:{ports['postgres']}/orders"}},
        prepare=lambda: _cluster(programs, become, data, SLOTS),
        clear=lambda: shutil.rmtree(data, ignore_errors=True),
    )


WORLD = Blueprint(about="PostgreSQL, and a checkout that leaks connections", ports=PORTS, packages=PACKAGES, plan=plan)


def server_programs() -> Path:
    """The folder of the newest PostgreSQL server here; Debian keeps it off the PATH."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda path: float(path.parent.name))
    return Path(shutil.which("initdb") or "/usr/bin/initdb").parent


def _become() -> tuple[str, ...]:
    """PostgreSQL refuses to run as root: the words that make it somebody else, when we are."""
    if os.geteuid() != 0:
        return ()
    for name in ("postgres", "nobody"):
        try:
            who = pwd.getpwnam(name)
        except KeyError:
            continue
        setpriv = shutil.which("setpriv") or "setpriv"
        return (setpriv, "--pdeathsig", "KILL", f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups")
    raise Refused("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`.", status=503)


def _cluster(programs: Path, become: tuple[str, ...], data: Path, slots: int) -> None:
    """Make the cluster with its roles, before the server starts; `max_connections` where ALTER SYSTEM beats it."""
    data.mkdir(mode=0o700)
    if become:
        who = next(int(word.partition("=")[2]) for word in become if word.startswith("--reuid="))
        os.chown(data, who, -1)
    how = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--username=operator", "--no-sync")
    _run((*become, str(programs / "initdb"), f"--pgdata={data}", *how), data)
    with (data / "postgresql.conf").open("a") as conf:
        conf.write(f"max_connections = {slots}\n")
    _run((*become, str(programs / "postgres"), "--single", "-D", str(data), "postgres"), data, ROLES)


def _run(command: tuple[str, ...], folder: Path, said: str = "") -> None:
    done = subprocess.run(
        command, cwd=folder, input=said, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        raise Refused(f"{Path(command[-1]).name} failed:\n{done.stdout[-1500:]}", status=503)
