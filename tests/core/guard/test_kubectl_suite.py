"""The rule: every line of a real script of kubectl calls is judged, and each call by what its verb does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fireline.core.guard import judge
from fireline.shell import parse

CHANGES = re.compile(
    r"rollout (undo|restart|pause|resume)|scale|set (env|image|resources)|annotate|label|patch|delete|cordon|uncordon|"
    r"drain|apply|create|taint|edit|replace|expose|autoscale|run|debug|cp"
)
READS = re.compile(
    r"version|api-resources|get|describe|logs|rollout (status|history)|top|events|explain|auth can-i|exec .* -- date"
)


@pytest.mark.req(60)
def test_each_call_of_the_suite_is_judged_by_its_verb(shared: Path) -> None:
    lines = (shared / "data" / "kubectl-suite.sh").read_text().splitlines()
    assert [line for line in lines if judge(line, parse=parse).why == ""] == []
    calls = [found[1] for line in lines if (found := re.match(r"(?:\w+=\S+ )?r (?!\()(.+)", line))]
    writes = [call for call in calls if CHANGES.match(call)]
    reads = [call for call in calls if READS.match(call)]
    assert len(writes) >= 10
    assert len(reads) >= 15
    assert len(writes) + len(reads) == len(calls)
    assert [call for call in writes if not judge(f"kubectl {call}", parse=parse).effect.writes] == []
    assert [call for call in reads if judge(f"kubectl {call}", parse=parse).effect.writes] == []
