"""The two worlds a drill can break: what runs in each, with which settings, and how to ask how it is.

real   Redis under supervisord, watched by Prometheus, whose alerts Alertmanager brings to fireline
small  a session store of our own under supervisord; fireline's own probe has to notice

Everything listens on 127.0.0.1 and keeps its files in the world's
folder, where supervisord runs it.
"""

from __future__ import annotations

import http.client
import json
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATIENCE = 1.0  # seconds for one answer from a neighbour on the same machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program under supervisord, and the question that tells whether it does its work."""

    name: str
    command: tuple[str, ...]
    answers: Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a world is made of. `victim` is the program that a drill breaks."""

    victim: Program
    others: tuple[Program, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)  # what the runbook's placeholders stand for

    @property
    def programs(self) -> tuple[Program, ...]:
        """All of them, the victim first."""
        return (self.victim, *self.others)


REAL = ("redis", "exporter", "prometheus", "alertmanager")  # each wants a port
SMALL = ("sessions",)


def real(ports: Mapping[str, int], *, alerts_to: str, token: str) -> Plan:
    """Redis, its exporter, Prometheus and Alertmanager, as fast as they can be made to notice.

    Prometheus looks every second and calls Redis down after two looks; Alertmanager groups nothing
    and tells `alerts_to` with `token` as bearer, at the start and at the end.
    """
    at = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    return Plan(
        victim=Program(
            name="redis",
            command=(
                *("redis-server", "--bind", "127.0.0.1", "--port", str(ports["redis"])),
                *("--dir", ".", "--save", "", "--appendonly", "no", "--maxmemory", "64mb"),
            ),
            answers=lambda: pongs(ports["redis"]),
        ),
        others=(
            Program(
                name="exporter",
                command=(
                    *("prometheus-redis-exporter", "-redis.addr", f"redis://{at['redis']}"),
                    *("-web.listen-address", at["exporter"], "-connection-timeout", "500ms"),
                ),
                answers=lambda: says(ports["exporter"], "/metrics", "redis_up 1"),
            ),
            Program(
                name="prometheus",
                command=(
                    *("prometheus", "--config.file", "prometheus.yml"),
                    *(
                        "--storage.tsdb.path",
                        "prometheus",
                        "--web.listen-address",
                        at["prometheus"],
                    ),
                ),
                # ready means here: it has seen Redis up, so that going down is a change it notices
                answers=lambda: says(ports["prometheus"], "/api/v1/query?query=redis_up", '"1"'),
            ),
            Program(
                name="alertmanager",
                command=(
                    *("prometheus-alertmanager", "--config.file", "alertmanager.yml"),
                    *(
                        "--storage.path",
                        "alertmanager",
                        "--web.listen-address",
                        at["alertmanager"],
                    ),
                    "--cluster.listen-address=",  # empty: alone, no gossip port
                ),
                answers=lambda: says(ports["alertmanager"], "/-/ready"),
            ),
        ),
        files={
            "prometheus.yml": as_yaml(_prometheus(at)),
            "rules.yml": as_yaml(_rules(at, ports)),
            "alertmanager.yml": as_yaml(_alertmanager(alerts_to, token)),
        },
        facts={"redis_host": "127.0.0.1", "redis_port": str(ports["redis"]), "prometheus": at["prometheus"]},
    )


def small(ports: Mapping[str, int]) -> Plan:
    """One session store; it only takes Python."""
    port = ports["sessions"]
    return Plan(
        victim=Program(
            name="sessions",
            command=(sys.executable, "-I", str(Path(__file__).with_name("sessions.py")), str(port)),
            answers=lambda: says(port, "/health"),
        ),
        facts={"session_host": "127.0.0.1", "session_port": str(port)},
    )


def _prometheus(at: Mapping[str, str]) -> dict[str, Any]:
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [at["alertmanager"]]}]}]},
        "scrape_configs": [{"job_name": "redis", "static_configs": [{"targets": [at["exporter"]]}]}],
    }


def _rules(at: Mapping[str, str], ports: Mapping[str, int]) -> dict[str, Any]:
    down = {
        "alert": "RedisDown",
        "expr": "redis_up == 0",
        "for": "2s",
        "labels": {
            "service": "cache",
            "severity": "P1",
            "redis_host": "127.0.0.1",
            "redis_port": str(ports["redis"]),
            "prometheus": at["prometheus"],
        },
        "annotations": {
            "summary": "Redis is down",
            "description": f"Redis at 127.0.0.1:{ports['redis']} does not answer. "
            "Shoppers are signed out and pages are slow: every look at the cache misses.",
        },
    }
    return {"groups": [{"name": "cache", "rules": [down]}]}


def _alertmanager(alerts_to: str, token: str) -> dict[str, Any]:
    hook = {
        "url": alerts_to,
        "send_resolved": True,
        "http_config": {"authorization": {"type": "Bearer", "credentials": token}},
    }
    pace = {"group_wait": "0s", "group_interval": "1s", "repeat_interval": "1m"}
    return {
        "route": {"receiver": "fireline", "group_by": ["alertname"], **pace},
        "receivers": [{"name": "fireline", "webhook_configs": [hook]}],
    }


def as_yaml(settings: dict[str, Any]) -> str:
    """JSON, which is YAML too, and quotes every token and path rightly."""
    return json.dumps(settings, indent=2) + "\n"


def pongs(port: int) -> bool:
    """Whether a Redis on this port answers PING. One that hangs does not."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as wire:
            wire.sendall(b"PING\r\n")
            with wire.makefile("rb") as lines:
                return lines.readline() == b"+PONG\r\n"
    except OSError:
        return False


def says(port: int, path: str, wanted: str = "") -> bool:
    """Whether a web server on this port answers 200 to GET `path`, with `wanted` in the text."""
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        wire.request("GET", path)
        answer = wire.getresponse()
        return wanted in answer.read().decode(errors="replace") and answer.status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        wire.close()
