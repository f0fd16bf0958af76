"""The rule: what a block holds decides whether it is run, not what its tag says; and what is left out is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fireline.core.runbook import Runbook

Read = Callable[[str], Runbook]

FOREIGN = {
    "sql": "SELECT pid, state\nFROM pg_stat_activity\n\nWHERE state = 'active';",
    "sql lower": "-- who waits\nselect pid from pg_locks\nwhere not granted;",
    "promql": 'sum by (job) (rate(http_requests_total{code=~"5.."}[5m]))\n  / ignoring (code) up',
    "promql selector": 'redis_up{instance="cache-1:6379"} == 0',
    "promql comparison": "redis_connected_clients > 900",
    "json": '{\n  "status": "red",\n  "nodes": [1, 2]\n}',
    "json line": '{"level": "error", "message": "out of memory"}',
    "yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web",
    "log": "2026-11-23T03:10:00Z checkout ERROR pool is empty\n2026-11-23T03:10:01Z checkout ERROR again",
    "klog": 'E1123 03:10:00.123456       1 leaderelection.go:332] error retrieving lock "x"',
    "powershell": "Get-Service -Name W3SVC | Where-Object Status -eq Stopped\nRestart-Service W3SVC",
    "powershell variable": "$p = Get-Process -Name till\n$p.Kill()",
    "table": "NAME     READY   AGE\nweb-1    1/1     2d",
    "words": "Ask the database people whether a migration is running.",
}


def texts(runbook: Runbook) -> list[str]:
    return [c.text for c in runbook.commands]


@pytest.mark.parametrize("holds", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("tag", ["bash", "sh", "shell"])
def test_a_shell_block_that_holds_something_else_is_found_out_and_not_run(read: Read, tag: str, holds: str) -> None:
    page = read(f"Look:\n\n```{tag}\n{holds}\n```\n")
    assert texts(page) == []
    assert [m.title for m in page.manual_steps] == []
    assert [(f.code, f.line, f.severity) for f in page.findings] == [("wrong-tag", 3, "warning")]


@pytest.mark.timeout(20)
def test_a_very_long_line_is_read_at_once(read: Read) -> None:
    for line in ('"' + "a " * 50_000, "(" * 50_000, "A " * 50_000, "sum" + " " * 50_000, "- " * 50_000):
        assert texts(read(f"```bash\n{line}\n```\n")) in ([], [line.strip()])


@pytest.mark.parametrize("tag", ["sql", "promql", "json", "yaml", "powershell", "log", "python"])
def test_a_block_marked_as_another_language_holds_no_command(read: Read, tag: str) -> None:
    page = read(f"```{tag}\nkubectl delete pod web-1\n```\n")
    assert (texts(page), page.findings) == ([], ())


@pytest.mark.parametrize("holds", FOREIGN.values(), ids=FOREIGN)
def test_something_else_below_a_command_is_left_out_and_told(read: Read, holds: str) -> None:
    page = read(f"```bash\nkubectl get pods -n shop\n{holds}\n\n# Then this\ndf -h\n```\n")
    assert texts(page) == ["kubectl get pods -n shop", "df -h"]
    assert page.commands[1].title == "Then this"
    (finding,) = page.findings
    assert finding.code in ("wrong-tag", "printed-output")
    assert finding.line in (3, 4)


@pytest.mark.parametrize(
    "command",
    [
        "cat <<EOF | kubectl apply -f -\napiVersion: v1\nkind: Pod\nEOF",
        'psql -c "\nSELECT 1\nFROM t\n"',
        'curl -d \'{\n  "state": "green"\n}\' http://till.example',
        'words=(\n  "one two"\n  "three four"\n)',
        "round() {\n  df -h\n}",
        "[ -f /etc/motd ] && cat /etc/motd",
        "{ df -h; free; }",
        "(cd /var && du -sh log)",
        "while true; do\n  date\n  sleep 1\ndone",
        "LEVEL=debug ./till check",
        "/opt/till/bin/till restart",
        "time curl -fsS http://till.example",
        "select-editor",
        "count 3",
    ],
)
def test_what_a_shell_really_runs_is_taken_for_nothing_else(read: Read, command: str) -> None:
    page = read(f"```bash\n{command}\n```\n")
    assert (texts(page), page.findings) == ([command], ())
