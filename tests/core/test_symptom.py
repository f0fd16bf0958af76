"""What somebody sees finds the runbook's own check, and what fits nothing finds none."""

from __future__ import annotations

from pathlib import Path

import pytest

from fireline.core.runbook import Runbook, parse
from fireline.core.symptom import fitting, proposals
from fireline.shell import parse as shell

BOOK = """\
# Kiosk

## Investigate

```bash
# Read what the till writes
kubectl logs deployment/till -n kiosk --tail=100

# See who uses the processor
kubectl top pods -n kiosk
```

| Symptom | Quick Check | Command |
|---|---|---|
| 5xx errors | The till's log | `kubectl logs <pod>` |
| Slow responses | Queries | `pg_stat_statements` |
| High CPU | Processes | `kubectl top pods` |
| High memory | Leaks | Heap dump analysis |
| Connection errors | The network | `curl`, `nc` |
"""


@pytest.fixture(scope="module")
def book() -> Runbook:
    return parse(BOOK, path="kiosk.md", shell=shell)


@pytest.mark.req(55)
@pytest.mark.parametrize(
    ("seen", "symptom", "command"),
    [
        ("5xx errors", "5xx errors", "kubectl logs deployment/till -n kiosk --tail=100"),
        ("users get HTTP 502 errors", "5xx errors", "kubectl logs deployment/till -n kiosk --tail=100"),
        ("the till is slow", "Slow responses", "pg_stat_statements"),
        ("p95 latency far up", "Slow responses", "pg_stat_statements"),
        ("cpu at 100 %", "High CPU", "kubectl top pods -n kiosk"),
        ("pods were OOMKilled", "High memory", "Heap dump analysis"),
        ("ECONNREFUSED everywhere", "Connection errors", "curl, nc"),
    ],
)
def test_what_somebody_sees_finds_the_row_and_the_runbooks_own_step(
    book: Runbook, seen: str, symptom: str, command: str
) -> None:
    first = proposals(seen, book)[0]
    assert (first.symptom, first.command) == (symptom, command)
    assert bool(first.step) == (command in {one.text for one in book.commands})
    assert symptom in first.why


@pytest.mark.req(55)
@pytest.mark.parametrize("seen", ["", "   ", "the cat sits on the keyboard", "the of and"])
def test_what_fits_nothing_is_proposed_nothing(book: Runbook, seen: str) -> None:
    assert proposals(seen, book) == ()


def test_several_texts_give_each_check_once(book: Runbook) -> None:
    found = fitting(["5xx errors at the till", "5xx errors again", "high cpu"], book)
    assert sorted(one.symptom for one in found) == ["5xx errors", "High CPU"]


@pytest.mark.req(55, 56, 57, 58)
@pytest.mark.parametrize(
    ("seen", "check", "begins"),
    [
        ("5xx errors", "Application logs", "kubectl logs"),
        ("slow responses", "Database queries", "pg_stat_statements"),
        ("high cpu", "Running processes", "kubectl top pods"),
        ("high memory", "Memory leaks", "Heap dump"),
        ("connection errors", "Network connectivity", "curl"),
    ],
)
def test_each_row_of_a_known_runbook_is_found_by_its_own_words(
    shared: Path, seen: str, check: str, begins: str
) -> None:
    path = shared / "seed" / "incident-response-runbook.md"
    known = parse(path.read_bytes(), path=path.name, shell=shell)
    first = proposals(seen, known)[0]
    assert (first.check, first.command.startswith(begins)) == (check, True)
