"""The rule: the names in what an earlier command printed can be chosen, and nothing else of it is taken for one."""

from __future__ import annotations

import pytest

from fireline.core.earlier import values

PODS = """\
NAME      READY   STATUS             RESTARTS      AGE
web-1     1/1     Running            0             5d
web-2     0/1     CrashLoopBackOff   7 (2m ago)    3m
"""
SESSIONS = """\
  pid  |    duration     | query
-------+-----------------+--------------
  4711 | 00:05:12.000312 | SELECT a | b
(1 row)
"""
PROCESSES = """\
    PID TTY          TIME CMD
    412 ?        00:00:01 redis-server *:6379
"""


@pytest.mark.req(134)
@pytest.mark.parametrize(
    ("output", "thing", "found"),
    [
        (PODS, "pod", (("web-1", "1/1 · Running · 0 · 5d"), ("web-2", "0/1 · CrashLoopBackOff · 7 · (2m · ago) · 3m"))),
        (SESSIONS, "pid", (("4711", "00:05:12.000312 · SELECT a · b"),)),
        (PROCESSES, "pid", (("412", "? · 00:00:01 · redis-server · *:6379"),)),
        ("No resources found in prod namespace.\n", "pod", ()),
        (PODS, "pid", ()),
    ],
)
def test_names_are_read_from_the_tables_programs_print(
    output: str, thing: str, found: tuple[tuple[str, str], ...]
) -> None:
    assert values(output, thing) == found
