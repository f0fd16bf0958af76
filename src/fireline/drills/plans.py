"""What a world is made of: its programs, its files, what breaks it, and the questions that tell how it is.

Each world has a module of its own (cache, sessions, database, gateway, website) with its `PORTS`, its `PACKAGES` and
its `plan`. Everything listens on 127.0.0.1 and keeps its files in the world's folder, where supervisord runs it.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from fireline.drills.shop import Commit

PATIENCE = 1.0  # seconds for one answer from a neighbour on the same machine

# How supervisorctl breaks a program. Its name comes after the words.
STOP, KILL, HANG = ("stop",), ("signal", "KILL"), ("signal", "STOP")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a world stands: its folder, a port for each name, whom its alerts go to, and what time it is.

    `alerts_to` is the URL of fireline's Alertmanager hook and `token` what hooks have to show.
    """

    folder: Path
    ports: Mapping[str, int]
    alerts_to: str
    token: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program under supervisord, and the question that tells whether it does its work."""

    name: str
    command: tuple[str, ...]
    answers: Callable[[], bool]


# Words for supervisorctl, before the program's name; or what somebody does.
Break = tuple[str, ...] | Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a world is made of. `victim` is the program that a drill breaks, and `told_as` what its alert calls it.

    `faults` are the ways to break it. `facts` is what the runbook's placeholders stand for, and `probe` what
    fireline's own probe asks, where it is not Prometheus that notices. `environment` goes to the lanes, `commits` to
    the shop's history, and `settings` to fireline's own, as sections. `prepare` is called before anything starts,
    `clear` when all has ended.
    """

    victim: Program
    told_as: str
    faults: Mapping[str, Break]
    others: tuple[Program, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    probe: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    commits: tuple[Commit, ...] = ()
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    prepare: Callable[[], None] = lambda: None
    clear: Callable[[], None] = lambda: None

    @property
    def programs(self) -> tuple[Program, ...]:
        """All of them, the victim first."""
        return (self.victim, *self.others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """A kind of world: what it is, the ports and packages it wants (program: Debian package), how it is made."""

    about: str
    ports: tuple[str, ...]
    packages: Mapping[str, str]
    plan: Callable[[Site], Plan]


def as_yaml(settings: dict[str, Any]) -> str:
    """JSON, which is YAML too, and quotes every token and path rightly."""
    return json.dumps(settings, indent=2) + "\n"


def says(port: int, path: str, wanted: str = "") -> bool:
    """Whether a web server on this port answers 200 to GET `path`, with `wanted` in the text."""
    answer = asked(port, path)
    return answer is not None and answer[0] == http.client.OK and wanted in answer[1]


def asked(port: int, path: str, *, seconds: float = PATIENCE) -> tuple[int, str] | None:
    """Status and text that a web server on this port answers to GET `path`; None when it does not answer in time."""
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        wire.request("GET", path)
        answer = wire.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return None
    finally:
        wire.close()


def nginx(config: str) -> tuple[str, ...]:
    """The command of an nginx whose settings lie in the world's folder."""
    return ("nginx", "-p", ".", "-c", config, "-g", "daemon off;")


def nginx_conf(name: str, http_section: str, *, alone: bool = False) -> str:
    """A whole nginx.conf for a small server; its own pid and logs lie beside it, in the folder it is started in.

    `alone` is one process that does everything: who signals it signals all of it.
    """
    user = "user root root;\n" if os.geteuid() == 0 else ""  # the folder is closed to everybody else
    return f"""{user}master_process {"off" if alone else "on"};
worker_processes 1;
worker_shutdown_timeout 1s;
pid {name}.pid;
error_log {name}-error.log;
events {{ worker_connections 256; }}
http {{
  access_log {name}-access.log combined;
  client_body_temp_path {name}-temp/body;
  proxy_temp_path {name}-temp/proxy;
  fastcgi_temp_path {name}-temp/fastcgi;
  uwsgi_temp_path {name}-temp/uwsgi;
  scgi_temp_path {name}-temp/scgi;
{http_section}}}
"""
