"""The cache: Redis under supervisord, watched by Prometheus, whose alerts Alertmanager brings to fireline.

It breaks in five ways. Stopped, killed and hanging look alike to the shop; out of memory and "made a replica" leave it
answering PING while every write is refused, which is why the runbook looks at more than PING.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

from fireline.drills.plans import HANG, KILL, PATIENCE, STOP, Blueprint, Plan, Program, Site, as_yaml, says
from fireline.drills.shop import LONGER_SESSIONS

PORTS = ("redis", "exporter", "prometheus", "alertmanager")
PACKAGES = {
    "redis-server": "redis-server",
    "redis-cli": "redis-tools",
    "prometheus-redis-exporter": "prometheus-redis-exporter",
    "prometheus": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "curl": "curl",
}
MEMORY_MIB = 64
NOBODY = 1  # a port where no Redis listens: the master that is gone


def plan(site: Site) -> Plan:
    """Redis, its exporter, Prometheus and Alertmanager, as fast as they can be made to notice.

    Prometheus looks every second and calls Redis down after two looks; Alertmanager groups nothing
    and tells at the start and at the end.
    """
    ports = site.ports
    at = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    listen = "--web.listen-address"
    return Plan(
        victim=Program(
            name="redis",
            command=(
                *("redis-server", "--bind", "127.0.0.1", "--port", str(ports["redis"])),
                *("--dir", ".", "--save", "", "--appendonly", "no", "--maxmemory", f"{MEMORY_MIB}mb"),
            ),
            answers=lambda: writes(ports["redis"]),
        ),
        told_as="cache",
        faults={
            "stop": STOP,  # somebody stopped it
            "kill": KILL,  # as the kernel does when memory is short
            "hang": HANG,  # there, but answers nobody
            "oom": lambda: fill(ports["redis"]),  # maxmemory is reached
            "replica": lambda: demote(ports["redis"]),  # a failover that ended with no master
        },
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
                    *("--storage.tsdb.path", "prometheus", listen, at["prometheus"]),
                ),
                # ready means here: it has seen Redis up, so that going down is a change it notices
                answers=lambda: says(ports["prometheus"], "/api/v1/query?query=redis_up", '"1"'),
            ),
            Program(
                name="alertmanager",
                command=(
                    *("prometheus-alertmanager", "--config.file", "alertmanager.yml"),
                    *("--storage.path", "alertmanager", listen, at["alertmanager"]),
                    "--cluster.listen-address=",  # empty: alone, no gossip port
                ),
                answers=lambda: says(ports["alertmanager"], "/-/ready"),
            ),
        ),
        files={
            "prometheus.yml": as_yaml(_prometheus(at)),
            "rules.yml": as_yaml(_rules(at, ports)),
            "alertmanager.yml": as_yaml(_alertmanager(site)),
        },
        facts={"redis_host": "127.0.0.1", "redis_port": str(ports["redis"]), "prometheus": at["prometheus"]},
        commits=(LONGER_SESSIONS,),
    )


WORLD = Blueprint(about="Redis, watched by Prometheus and Alertmanager", ports=PORTS, packages=PACKAGES, plan=plan)


def _prometheus(at: Mapping[str, str]) -> dict[str, Any]:
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [at["alertmanager"]]}]}]},
        "scrape_configs": [{"job_name": "redis", "static_configs": [{"targets": [at["exporter"]]}]}],
    }


def _rules(at: Mapping[str, str], ports: Mapping[str, int]) -> dict[str, Any]:
    where = f"Redis at 127.0.0.1:{ports['redis']}"
    harm = "Shoppers are signed out and pages are slow: every look at the cache misses."
    full = "redis_memory_max_bytes > 0 and redis_memory_used_bytes / redis_memory_max_bytes > 0.9"
    rules = (
        ("RedisDown", "redis_up == 0", "Redis is down", f"{where} does not answer. {harm}"),
        ("RedisOutOfMemory", full, "Redis is full", f"{where} has used its memory up. {harm}"),
        ("RedisReadOnly", 'redis_instance_info{role="slave"} == 1', "Redis takes no writes", f"{where}. {harm}"),
    )
    labels = {
        "service": "cache",
        "severity": "P1",
        "redis_host": "127.0.0.1",
        "redis_port": str(ports["redis"]),
        "prometheus": at["prometheus"],
    }
    alerts = [
        {
            "alert": name,
            "expr": expression,
            "for": "2s",
            "labels": labels,
            "annotations": {"summary": summary, "description": description},
        }
        for name, expression, summary, description in rules
    ]
    return {"groups": [{"name": "cache", "rules": alerts}]}


def _alertmanager(site: Site) -> dict[str, Any]:
    hook = {
        "url": site.alerts_to,
        "send_resolved": True,
        "http_config": {"authorization": {"type": "Bearer", "credentials": site.token}},
    }
    pace = {"group_wait": "0s", "group_interval": "1s", "repeat_interval": "1m"}
    return {
        "route": {"receiver": "fireline", "group_by": ["alertname"], **pace},
        "receivers": [{"name": "fireline", "webhook_configs": [hook]}],
    }


def writes(port: int) -> bool:
    """Whether a Redis on this port takes a write. One that hangs, is full, or is a replica does not."""
    return told(port, "SET", "drill:pulse", "1", "EX", "5") == b"+OK\r\n"


def fill(port: int) -> None:
    """Write to it until it refuses to take more, as a shop does that keeps sessions for too long."""
    crumbs = "x" * 500_000
    for n in range(10 * MEMORY_MIB):
        if not (told(port, "SET", f"session:{n}", crumbs) or b"-").startswith(b"+"):
            break
    while (told(port, "APPEND", "session:last", "x" * 10_000) or b"-").startswith(b":"):
        pass


def demote(port: int) -> None:
    """Make it a replica of a master that is not there: it serves what it has, and takes no writes."""
    told(port, "REPLICAOF", "127.0.0.1", str(NOBODY))


def told(port: int, *words: str) -> bytes | None:
    """The first line that a Redis on this port answers to a command; None when it does not answer."""
    text = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as wire:
            wire.sendall(text.encode())
            with wire.makefile("rb") as lines:
                return lines.readline()
    except OSError:
        return None
