"""Lease: a tunnel into the system, open for so long and no longer. What wants a terminal is handed out, not run.

A port-forward never ends by itself, and one that is forgotten is a door nobody watches. So it is leased: it ends when
its time is over, when somebody ends it, when the incident ends, and when fireline ends. It survives nothing.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fireline.core.events import LeaseBegan, LeaseEnded, Log
from fireline.core.refusal import Refused

MINUTES_MAX = 60.0  # longer than an hour nobody looks after a tunnel
SHELLS = frozenset(
    ["bash", "sh", "zsh", "ash", "dash", "fish", "psql", "redis-cli", "mysql", "mongosh", "python", "node"]
)
PROGRAMS = frozenset(["kubectl", "oc", "k3s"])


@dataclass(frozen=True, slots=True)
class Lease:
    """One tunnel."""

    began: LeaseBegan
    ended: LeaseEnded | None = None

    @property
    def number(self) -> int:
        """1 for the first of the incident."""
        return self.began.lease


def leases(log: Log) -> tuple[Lease, ...]:
    """Every tunnel of the incident, the first one first."""
    found: dict[int, Lease] = {}
    for event in log:
        match event:
            case LeaseBegan(lease=n):
                found[n] = Lease(event)
            case LeaseEnded(lease=n):
                found[n] = replace(found[n], ended=event)
            case _:
                pass
    return tuple(found.values())


def is_tunnel(command: str) -> bool:
    """One plain `kubectl port-forward`."""
    words = _words(command)
    return bool(words) and words[0].rpartition("/")[2] in PROGRAMS and "port-forward" in words and not _joined(words)


def wants_terminal(command: str) -> bool:
    """A `kubectl exec` (or attach, debug) into something to type in: there is nothing to run and to keep."""
    words = _words(command)
    if not words or words[0].rpartition("/")[2] not in PROGRAMS or _joined(words):
        return False
    flags = [word for word in words[1:] if word.startswith("-")]
    tty = any(flag in {"--tty", "--tty=true"} or (flag[1:2] != "-" and "t" in flag[1:3]) for flag in flags)
    return bool({"exec", "attach", "debug"} & set(words)) and tty and words[-1].rpartition("/")[2] in SHELLS


def begin(log: Log, at: datetime, *, run: str, command: str, minutes: float, by: str) -> LeaseBegan:
    """The tunnel is open. Of one run it is said once."""
    if any(one.began.run == run for one in leases(log)):
        raise Refused("This tunnel is open already.")
    until = at + timedelta(minutes=min(minutes, MINUTES_MAX))
    return LeaseBegan(at=at, by=by, lease=len(leases(log)) + 1, run=run, command=command, until=until)


def end(log: Log, at: datetime, *, lease: int, why: str, by: str) -> LeaseEnded:
    """The tunnel is closed."""
    one = next((one for one in leases(log) if one.number == lease), None)
    if one is None:
        raise Refused(f"There is no tunnel {lease}.", status=404)
    if one.ended:
        raise Refused(f"Tunnel {lease} is closed already.")
    return LeaseEnded(at=at, by=by, lease=lease, why=why)


def expire(log: Log, at: datetime, *, by: str) -> LeaseEnded:
    """Called by the clock, should whoever held the tunnel not have said that it is closed."""
    late = [one for one in leases(log) if not one.ended and one.began.until <= at]
    if not late:
        raise Refused("No tunnel is over its time.")
    return end(log, at, lease=late[0].number, why="its time is over", by=by)


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command.replace("\\\n", " "))
    except ValueError:
        return []


def _joined(words: list[str]) -> bool:
    return bool({"&&", "||", "|", ";", "&"} & set(words)) or any(word.endswith(";") for word in words)
