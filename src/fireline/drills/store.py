"""The session store: a small service of our own, for machines that have nothing else; fireline's own probe notices."""

from __future__ import annotations

import sys
from pathlib import Path

from fireline.drills.plans import HANG, KILL, STOP, Blueprint, Plan, Program, Site, says
from fireline.drills.shop import LONGER_SESSIONS

PORTS = ("sessions",)


def plan(site: Site) -> Plan:
    """One session store; it only takes Python."""
    port = site.ports["sessions"]
    return Plan(
        victim=Program(
            name="sessions",
            command=(sys.executable, "-I", str(Path(__file__).with_name("sessions.py")), str(port)),
            answers=lambda: says(port, "/health"),
        ),
        told_as="sessions",
        faults={"stop": STOP, "kill": KILL, "hang": HANG},
        facts={"session_host": "127.0.0.1", "session_port": str(port)},
        probe=f"http://127.0.0.1:{port}/health",
        commits=(LONGER_SESSIONS,),
    )


WORLD = Blueprint(about="a session store of our own, in Python", ports=PORTS, packages={}, plan=plan)
